"""The report of a run is made whatever the run's folder holds, tells what is wrong with it, and nothing in it runs."""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from rungwise.contract import Task
from rungwise.probe.result import Outcome, Row
from rungwise.report import misses
from rungwise.report.frame import placed
from rungwise.report.probed import Probed
from rungwise.report.run_files import FILES, read_run
from rungwise.report.run_page import SECTIONS, run_page
from tests.unit.reported import put, rows_in, section, walked
from tests.unit.test_page import EVIL, PLAIN, Reader


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return walked(tmp_path_factory.mktemp("walked"))


@pytest.fixture(scope="module")
def rows(home: Path) -> list[Row]:
    return rows_in(home)


@pytest.fixture
def run(home: Path, tmp_path: Path) -> Path:
    """A copy that may be spoilt; its probe stays where it is."""
    return Path(shutil.copytree(home, tmp_path / "seed-0"))


# ---- whatever the files hold ----


def test_the_same_folder_gives_the_same_bytes_wherever_it_lies(run: Path, home: Path) -> None:
    assert run_page(run) == run_page(home)


def test_no_place_of_this_machine_is_told(home: Path) -> None:
    assert str(home.parent.parent.parent.parent) not in run_page(home)
    assert placed("see /a/b/c/d.toml: 1/2 and runs/x") == "see c/d.toml: 1/2 and runs/x"


def test_an_empty_folder_has_a_page_that_says_what_is_missing(tmp_path: Path) -> None:
    page = run_page(tmp_path)
    assert all(f'id="part-{name}"' in page for name, _, _ in SECTIONS)
    assert page.count('class="missing"') >= len(SECTIONS)


@pytest.mark.parametrize("name", FILES)
def test_a_file_may_be_absent_or_be_anything(run: Path, name: str) -> None:
    (run / name).unlink(missing_ok=True)
    without = run_page(run)
    assert f'id="file-{name.replace("/", "-").replace(".", "-")}"' not in without
    (run / name).parent.mkdir(parents=True, exist_ok=True)
    for content in (b"", b"null", b"[]", b"\xff{", b"[" * 5000, b'{"step": 1}\n' * 3):
        (run / name).write_bytes(content)
        read_run(run)
    (run / name).write_bytes(b'{"verb": 7, "rows": "x", "task": "t", "answer": "a", "held": {"reward": ""}}')
    assert "</html>" in run_page(run)


def test_a_file_that_cannot_be_read_is_named(run: Path) -> None:
    (run / "ruling.json").write_text("{]")
    assert "ruling.json is not what was expected" in run_page(run)


def test_rows_that_were_edited_are_named(run: Path) -> None:
    path = run / "probe/rows.jsonl"
    path.write_text(path.read_text().replace('"passed":false', '"passed":true', 1))
    assert "it was edited since" in run_page(run)


def test_rows_that_do_not_agree_on_how_many_samples_they_have_are_not_counted(run: Path, rows: Sequence[Row]) -> None:
    uneven = [replace(rows[0], samples=()), *rows[1:]]
    (run / "probe/rows.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, uneven)))
    page = run_page(run)
    assert "not measured alike" in page and "Nothing was measured yet" in page


def test_a_probe_that_has_changed_gives_no_pictures_and_is_named(run: Path, tmp_path: Path, home: Path) -> None:
    own = Path(shutil.copytree(home.parent.parent.parent / "probe", tmp_path / "probe"))
    settings = json.loads((run / "settings.json").read_text())
    put(run, "settings.json", {**settings, "probe": {"path": str(own)}})
    assert "<figure" in section(run_page(run), "misses")
    tasks = own / "tasks.jsonl"
    tasks.write_text(tasks.read_text().replace('"limit":2', '"limit":3', 1))
    gallery = section(run_page(run), "misses")
    assert "<figure" not in gallery and "was edited" in gallery and "Actual: what it wrote" in gallery


@pytest.mark.parametrize("key", ["tasks", "judge"])
def test_another_probe_in_its_place_gives_no_pictures(run: Path, key: str) -> None:
    result = json.loads((run / "probe/result.json").read_text())
    put(run, "probe/result.json", {**result, "probe": {**result["probe"], key: "another"}})
    gallery = section(run_page(run), "misses")
    assert "<figure" not in gallery and "no longer the one that this run was measured on" in gallery


# ---- hostile text ----


class Hostile:
    """A contract whose pictures and words are hostile, or that fails whenever it is asked."""

    def __init__(self, picture: str | None = None) -> None:
        self.failures = {EVIL: EVIL}
        self.tiers = (EVIL,)
        self._picture = picture

    def picture(self, _task: Task, answer: str) -> str | None:
        if self._picture is None:
            raise ValueError(answer)
        return self._picture

    def judge(self, _task: Task, answer: str) -> None:
        raise RecursionError(answer)


def evil_rows(rows: Sequence[Row], word: str = EVIL) -> list[Row]:
    def evil(one: Outcome) -> Outcome:
        failure = word if one.failure else None
        return replace(one, failure=failure, shape=word, exploit=word, parts={word: 7.5}, measures={word: -1e300})

    return [
        replace(row, task=f"{word}{at}", split=word, tier=word, family=f"{word}{at % 3}", greedy=evil(row.greedy),
                repaired=evil(row.repaired))
        for at, row in enumerate(rows)
    ]  # fmt: skip


WRITTEN = EVIL.replace("\ud800", "")  # what of it can be written to a file


def spoilt(value: object) -> object:
    """Every text in a record, names too, made hostile; numbers as they are."""
    if isinstance(value, dict):
        return {
            key if isinstance(key, str) and key in KEYS else f"{WRITTEN}{key}": spoilt(one)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [spoilt(one) for one in value]
    return WRITTEN if isinstance(value, str) else value


KEYS = frozenset(re.findall(r"\w+", " ".join([
    "name seed question hypothesis axis baseline target expectations gates contract settings tokens size model path",
    "context trainable sft rl probe changed held passed detail warned findings verb reasons next headline comparisons",
    "champion run metric value low high n p test parts adjusted improved regressed condition status point diagnosis",
    "primary secondary evidence threshold layer mend symptoms severity sentence action claims signed needed by",
    "machine currency money rows tasks duplicates contradictions overlaps prompt answers both gold p50 p95 most",
    "classes unreadable declared row_share token_share epochs answer_ids learned prompt_ids hash judge decode policy",
    "weights files ended answer k temperature max_new_tokens",
])))  # fmt: skip


def require_harmless(text: str) -> None:
    text.encode()
    read = Reader(text)
    assert not {"script", "object", "embed", "base", "form", "b0", "textarea"} & {tag for tag, _ in read.tags}
    for tag, attributes in read.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href"):
            assert str(attributes.get(name) or "#").startswith(("#", "data:image/svg+xml;base64,", "data:,")), tag
    policy = str(read.all("meta")[1]["content"])
    assert "default-src 'none'" in policy and "script" not in policy and "http" not in policy
    outside = re.sub(r'srcdoc="[^"]*"|src="data:[^"]*"|xmlns="[^"]*"', "", text)
    assert not re.search("[\x00\u202e]", outside)
    assert "https:" not in outside.replace("&lt;img src=https:", "") and "<img src=http" not in outside


def test_nothing_runs_whatever_a_run_says(run: Path, rows: Sequence[Row]) -> None:
    for name in FILES:
        if name.endswith(".json") and (run / name).exists():
            put(run, name, spoilt(json.loads((run / name).read_text())))
    (run / "rung.toml").write_bytes(EVIL.encode("utf-8", "replace"))
    told = [msgspec.json.encode(row) for row in evil_rows(rows, WRITTEN)]
    (run / "probe/rows.jsonl").write_bytes(b"\n".join(told))
    (run / "sft/metrics.jsonl").write_text(
        json.dumps({"step": 1, WRITTEN: 1.0, "loss": 1.0, "marks": [WRITTEN]}) + "\n"
    )
    assert [fault for fault in read_run(run).faults if "edited" not in fault] == []
    page = run_page(run)
    assert page.count("&lt;script&gt;") > 100  # it is there to be seen
    require_harmless(page)


PICTURES = (
    None, EVIL, '<svg xmlns="http://www.w3.org/2000/svg" id="part-misses" width="9"><rect id="top"/></svg>',
    f"<svg>{EVIL}</svg>", f"<p>{EVIL}</p>", PLAIN,
)  # fmt: skip


@pytest.mark.parametrize("picture", PICTURES)
def test_nothing_runs_whatever_answers_prompts_and_pictures_hold(
    home: Path, rows: Sequence[Row], picture: str | None
) -> None:
    run, bad = read_run(home), evil_rows(rows)
    tasks = {
        row.task: Task(id=row.task, contract="c", split="s", tier="t", family="f", prompt=EVIL, facts={"s": "a secret"})
        for row in bad
    }
    run = replace(run, rows=bad, answers={row.task: EVIL for row in bad})
    probe = Probed(tasks, {row.task: f"{EVIL} gold" for row in bad}, Hostile(picture))  # type: ignore[arg-type]
    head = '<meta charset="utf-8"><meta content="default-src \'none\'">'
    page = head + misses.gallery(run, probe)
    require_harmless(page)
    assert "a secret" not in page
    names = [str(attributes["id"]) for _, attributes in Reader(page).tags if "id" in attributes]
    assert len(names) == len(set(names)) and not {"part-misses", "top"} & set(names)
