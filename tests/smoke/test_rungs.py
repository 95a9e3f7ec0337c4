"""Every way that rungs which ship go walks the line in miniature: real judge, real training, real report. Every
mandate and blueprint that ships holds what it says."""

import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")

from rungwise.contract import load_contract
from rungwise.ladder import mandate
from rungwise.ladder.rung import Rung, read
from tests.smoke.test_run import rungwise

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "rungs").rglob("*.toml"))
ASKING = [path for path in FILES if path.name not in ("policy.toml", "blueprint.toml") and read(path).asks]


def way(path: Path) -> str:
    """Which way a rung goes through the code: its contract, its stages, where its rows and its model are from, and
    whether it is steered. Losses, rewards and the like have tests of their own."""
    told = tomllib.loads(path.read_text())
    mixture = told.get("sft", {}).get("mixture", [])
    sources = [(one["source"] in ("gold", "attempt") and one["source"], "draw" in one) for one in mixture]
    steered = "steer" in told.get("rl", {})
    return json.dumps([path.parent.name, "sft" in told, "rl" in told, sources, "path" in told["model"], steered])


WALKED = list({way(path): path for path in reversed(ASKING)}.values())[::-1]  # the first of each way


@pytest.fixture(scope="session")
def probe_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Rung], Path]:
    """A few tasks of a rung's contract: too few to say anything, enough to walk on. Frozen once for all its rungs."""
    places: dict[str, Path] = {}

    def frozen(rung: Rung) -> Path:
        settings = {
            name: json.dumps(value) if not isinstance(value, str) else value
            for name, value in rung.contract.settings.items()
        }
        key = json.dumps([rung.contract.name, settings])
        if key not in places:
            places[key] = tmp_path_factory.mktemp("probes") / "few"
            given = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
            rungwise(
                places[key].parent, "freeze", rung.contract.name, *given, "--split", f"{held_out(rung)}=6",
                "--pool-tasks", 6, "-k", 2, "-o", places[key],
            )  # fmt: skip
        return places[key]

    return frozen


def held_out(rung: Rung) -> str:
    splits = load_contract(rung.contract.name, rung.contract.settings).splits
    return "test" if "test" in splits else splits[2]  # behind train and dev


@pytest.mark.parametrize("path", WALKED, ids=lambda path: path.relative_to(ROOT / "rungs").as_posix())
def test_a_rung_walks_the_line_in_miniature(path: Path, probe_of: Callable[[Rung], Path], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rungs", tmp_path / "rungs")
    rung = read(path)
    assert rung.probe is not None
    if "gym:" in str(rung.contract.settings):
        pytest.importorskip("reasoning_gym", reason="needs the extra gym")
    source = rung.contract.settings.get("source")
    if isinstance(source, str) and not (ROOT / source).exists():
        pytest.skip(f"{source} is not there: a file of problems that people bring")
    shutil.copytree(probe_of(rung), tmp_path / rung.probe.path)
    done = rungwise(tmp_path, "run", path.relative_to(ROOT), "--smoke", "--out", "run")
    assert done.stdout.splitlines()[0].split(":")[0] in ("promote", "reject", "repair", "branch")
    assert (tmp_path / "run" / "smoke" / "report.html").stat().st_size > 20_000


def named(name: str) -> list[Path]:
    return [path for path in FILES if path.name == name]


@pytest.mark.parametrize("path", named("policy.toml"), ids=lambda path: path.parent.name)
def test_a_mandate_starts_from_a_rung_that_ships(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    made, start = mandate.read(path)
    assert start.contract == made.contract and start.asks


@pytest.mark.parametrize("path", named("blueprint.toml"), ids=lambda path: path.parent.name)
def test_a_blueprint_holds_for_the_rows_it_is_about(path: Path) -> None:
    done = rungwise(ROOT, "blueprint", path.relative_to(ROOT), "--tasks", 900)
    assert "0 faults" in done.stdout
