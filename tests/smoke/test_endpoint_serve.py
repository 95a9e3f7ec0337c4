"""A tiny model behind `transformers serve`, measured on a probe like any other: it writes there what it writes here."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

httpx = pytest.importorskip("httpx")
transformers = pytest.importorskip("transformers")
pytest.importorskip("openai")  # `transformers serve` needs it

from rungwise.errors import RungwiseError  # noqa: E402
from rungwise.policy.endpoint import EndpointWriter  # noqa: E402
from rungwise.policy.policy import Decode  # noqa: E402
from rungwise.policy.writer import open_local  # noqa: E402
from rungwise.probe.freeze import Probe, freeze  # noqa: E402
from rungwise.probe.measure import measure  # noqa: E402
from rungwise.scaffold import TEMPLATE  # noqa: E402
from tests.unit.test_hub import saved  # noqa: E402

PATIENCE = 45.0  # seconds until the server must be up


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama, because of Qwen's kind this server takes answers apart by a template that only Qwen's prompts have. It
    samples only where the model's folder says so, and ends by the one token that is not part of the text."""
    made = saved("Llama", tmp_path_factory.mktemp("llama"), tied=False)
    path = made / "generation_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "do_sample": True, "top_k": 0, "eos_token_id": [1]}))
    return made


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = str(Path(sys.executable).with_name("transformers"))
    command = [own, "serve", str(folder), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _wait(health: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(health, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"the server did not come up (exit code {process.poll()})")


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Probe:
    spec = f"{TEMPLATE / 'newlang' / '__init__.py'}:newlang"
    return freeze(tmp_path_factory.mktemp("probe"), spec, {}, {"test": 6}, k=2, max_new_tokens=12, workers=1)


@pytest.mark.parametrize("chat", [True, False])
def test_a_model_is_measured_through_a_server_as_it_is_here(chat: bool, url: str, folder: Path, probe: Probe) -> None:
    served = measure(probe, EndpointWriter(url, str(folder), chat=chat, at_once=4, timeout=20))
    local = measure(probe, open_local(folder, probe.contract, chat=chat, precision="fp32"))
    assert [row.greedy for row in served.rows] == [row.greedy for row in local.rows]
    for at, one in local.texts.items():
        if at[1] == "greedy":
            assert (served.texts[at].text, served.texts[at].tokens) == (one.text, one.tokens)
    assert all(served.texts[task.id, "sample", 0] != served.texts[task.id, "sample", 1] for task in probe.tasks)
    assert served.policy["served"] == [f"{folder}@main"]


def test_the_server_draws_the_same_answers_for_the_same_seed(url: str, folder: Path, probe: Probe) -> None:
    """One at a time: this server keeps one random state for all that it is asked at once."""
    alone = EndpointWriter(url, str(folder), at_once=1, timeout=20)
    decode = Decode(temperature=0.9, max_new_tokens=8)
    first, again, other = (list(alone.write(probe.tasks[:3], 2, decode, seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_group_is_filled_up_though_this_server_knows_no_n(url: str, folder: Path, probe: Probe) -> None:
    together = EndpointWriter(url, str(folder), together=True, at_once=1, timeout=20)
    assert [len(group) for group in together.write(probe.tasks[:2], 3, Decode(max_new_tokens=4), 0)] == [3, 3]


def test_what_the_server_refuses_is_told_in_a_line(url: str, probe: Probe) -> None:
    with pytest.raises(RungwiseError, match=r"status 400: Server is pinned to \S+ requested 'another'\.$"):
        list(EndpointWriter(url, "another").write(probe.tasks, 1, Decode(), 0))
