"""The ladder: what may follow what, that nothing is rewritten unseen, and that neither kill nor crowd harms it."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rungwise.contract import hash_of
from rungwise.errors import InputError, RungwiseError
from rungwise.ladder.artifacts import artifact, artifacts, sha256_of
from rungwise.ladder.handoff import handoff, standings, verify
from rungwise.ladder.ledger import GENESIS, KEYS, Ledger, Line, Overtaken, lines_of, snapshot

CANVAS, PROBE = "canvas@2[surface=compact]", "ab" * 32
FIGURES = {"pass@1": [0.61, 0.512, 0.698, 100], "score": 0.8}
Change = Callable[[sqlite3.Connection], object]


def body(kind: str, **more: Any) -> dict[str, Any]:
    bodies: dict[str, dict[str, Any]] = {
        "preregistered": {
            "rung": "first", "contract": CANVAS, "probe": PROBE, "text": "seed = 1", "sha256": "aa",
            "settings": {"k": 8}, "settings_sha256": "bb", "seed": 1, "question": "Does k help?",
            "hypothesis": "yes", "expectations": [], "axis": "budget", "baseline": None,
        },
        "trained": {"artifacts": [], "cost": {"wall_seconds": 12.5}},
        "measured": {"probe": PROBE, "result": "cc", "headline": FIGURES},
        "ruled": {"verb": "promote", "reasons": ["the target rose"], "by": "Ada"},
        "champion": {"contract": CANVAS, "probe": PROBE},
        "unfrozen": {"contract": CANVAS, "probe": PROBE, "reason": "its judge had a hole"},
        "note": {"text": "a word"},
    }  # fmt: skip
    return bodies[kind] | more


def went(ledger: Ledger, run: str, *kinds: str, **more: Any) -> None:
    """`more` goes into the last one's body."""
    for i, kind in enumerate(kinds, 1):
        ledger.append(kind, run, body(kind, **(more if i == len(kinds) else {})))


WHOLE = ("preregistered", "trained", "measured", "ruled")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "runs" / "ladder.db")


def refusal(act: Callable[[], object], error: type[RungwiseError] = InputError) -> str:
    with pytest.raises(error) as caught:
        act()
    told = str(caught.value)
    assert "\n" not in told
    return told


# ---- what may follow what ----


def test_a_run_goes_through_its_states_in_order(ledger: Ledger) -> None:
    for at, kind in enumerate((*WHOLE, "champion")):
        for later in (*WHOLE, "champion")[at + 1 :]:
            told = refusal(lambda later=later: ledger.append(later, "runs/a", body(later)))  # type: ignore[misc]
            assert told.startswith(f"runs/a: {later}: ") and "is missing before it" in told
        went(ledger, "runs/a", kind)
    assert [entry.kind for entry in ledger.entries("runs/a")] == [*WHOLE, "champion"]
    assert [entry.number for entry in ledger.entries()] == [1, 2, 3, 4, 5]


def test_a_refusal_says_what_is_missing_and_leaves_nothing(ledger: Ledger) -> None:
    went(ledger, "runs/a", "preregistered")
    told = refusal(lambda: went(ledger, "runs/a", "ruled"))
    assert "'measured' is missing" in told and "this one is preregistered" in told
    assert len(ledger.entries()) == 1 and verify(ledger.path) == []


def test_what_was_measured_before_training_went_on_is_not_ruled_on(ledger: Ledger) -> None:
    went(ledger, "runs/a", "preregistered", "trained", "measured", "trained")
    assert "'measured' is missing" in refusal(lambda: went(ledger, "runs/a", "ruled"))
    went(ledger, "runs/a", "measured", "ruled")


def test_another_runs_entries_are_no_help(ledger: Ledger) -> None:
    went(ledger, "runs/a", *WHOLE)
    assert "not in the ladder" in refusal(lambda: went(ledger, "runs/b", "trained"))


@pytest.mark.parametrize("key", ["sha256", "settings_sha256", "seed", "hypothesis", "expectations", "probe"])
def test_what_was_asked_stands_once_something_was_trained(ledger: Ledger, key: str) -> None:
    other: dict[str, Any] = {"seed": 2, "expectations": ["greedy >= 0"]}
    changed = {key: other.get(key, "other")}
    went(ledger, "runs/a", "preregistered")
    went(ledger, "runs/a", "preregistered", **changed)
    went(ledger, "runs/a", "trained")
    told = refusal(lambda: went(ledger, "runs/a", "preregistered"))
    assert f"{key} changed since it was preregistered (entry 2)" in told
    went(ledger, "runs/a", "preregistered", **changed)
    assert key in refusal(lambda: went(ledger, "runs/a", "preregistered"))
    went(ledger, "runs/a", "measured")


def test_a_measurement_is_ruled_once_or_again_with_reasons(ledger: Ledger) -> None:
    went(ledger, "runs/a", *WHOLE)
    assert "ruled already (promote, entry 4)" in refusal(lambda: went(ledger, "runs/a", "ruled", verb="reject"))
    assert "again = true" in refusal(lambda: went(ledger, "runs/a", "ruled", again="yes"))
    assert "'reasons' is empty" in refusal(lambda: went(ledger, "runs/a", "ruled", again=True, reasons=[]))
    went(ledger, "runs/a", "ruled", verb="reject", again=True, reasons=["a leak was found"])
    went(ledger, "runs/a", "measured", "ruled")


def test_only_a_promote_ruling_makes_a_champion(ledger: Ledger) -> None:
    went(ledger, "runs/a", "preregistered", "trained", "measured")
    went(ledger, "runs/a", "ruled", verb="reject")
    assert "its last ruling is reject; expected promote" in refusal(lambda: went(ledger, "runs/a", "champion"))
    went(ledger, "runs/a", "ruled", again=True)
    for key in ("contract", "probe"):
        told = refusal(lambda key=key: went(ledger, "runs/a", "champion", **{key: "other"}))  # type: ignore[misc]
        assert f"{key} 'other'; expected that which was" in told
    went(ledger, "runs/a", "champion")
    went(ledger, "runs/a", "measured")
    assert "'ruled' is missing" in refusal(lambda: went(ledger, "runs/a", "champion"))


def test_nobody_becomes_champion_by_a_ruling_against_one_that_no_longer_stands(ledger: Ledger) -> None:
    for run in ("runs/a", "runs/b", "runs/c"):
        went(ledger, run, *WHOLE)
    went(ledger, "runs/a", "champion", instead_of=None)
    told = refusal(lambda: went(ledger, "runs/b", "champion", instead_of=None), Overtaken)
    assert "against no champion, and runs/a stands now" in told
    went(ledger, "runs/b", "champion", instead_of="runs/a")
    assert "against runs/a, and runs/b stands now" in refusal(
        lambda: went(ledger, "runs/c", "champion", instead_of="runs/a"), Overtaken
    )
    went(ledger, "runs/b", "unfrozen")
    went(ledger, "runs/c", "champion", instead_of="runs/a")


def test_the_champion_is_the_last_that_was_not_set_aside(ledger: Ledger) -> None:
    assert ledger.champion(CANVAS, PROBE) is None
    for run in ("runs/a", "runs/b"):
        went(ledger, run, *WHOLE, "champion")
        assert (found := ledger.champion(CANVAS, PROBE)) and found.run == run
    assert "'reason' is empty" in refusal(lambda: went(ledger, "runs/b", "unfrozen", reason=""))
    went(ledger, "runs/b", "unfrozen")
    assert (found := ledger.champion(CANVAS, PROBE)) and found.run == "runs/a"
    assert "is no champion" in refusal(lambda: went(ledger, "runs/b", "unfrozen"))
    went(ledger, "runs/a", "unfrozen")
    assert ledger.champion(CANVAS, PROBE) is None
    assert ledger.champion(CANVAS, "other") is None


@pytest.mark.parametrize("kind", KEYS)
def test_every_key_that_a_kind_needs_is_asked_for_by_name(ledger: Ledger, kind: str) -> None:
    for key in KEYS[kind]:
        short = {name: value for name, value in body(kind).items() if name != key}
        told = refusal(lambda short=short: ledger.append(kind, "runs/a", short))  # type: ignore[misc]
        assert told.startswith(f"{kind} body: is missing {key};")


@pytest.mark.parametrize(
    ("kind", "wrong", "told"),
    [
        ("champion", {"contract": ["canvas"]}, "champion body: contract: Expected `str`"),
        ("trained", {"artifacts": [{"path": "a"}]}, "trained body: artifacts: "),
        ("ruled", {"reasons": "because"}, "ruled body: reasons: Expected `array`"),
        ("ruled", {"verb": "promot"}, "did you mean 'promote'?"),
        ("note", {"text": b"\xff".decode("utf-8", "surrogateescape")}, "note body: cannot be written down"),
    ],
)
def test_a_body_that_is_not_what_its_kind_has_is_refused(ledger: Ledger, kind: str, wrong: Any, told: str) -> None:
    went(ledger, "runs/a", "preregistered", "trained", "measured")
    assert told in refusal(lambda: ledger.append(kind, "runs/a", body(kind, **wrong)))
    assert len(ledger.entries()) == 3


def test_names_are_checked(ledger: Ledger, tmp_path: Path) -> None:
    assert "did you mean 'ruled'?" in refusal(lambda: ledger.append("rules", "runs/a", {}))
    assert "did you mean 'ruled'?" in refusal(lambda: ledger.entries(kind="rules"))
    assert "no run is named" in refusal(lambda: went(ledger, "", "preregistered"))
    went(ledger, "", "note")
    assert "ends in .head" in refusal(lambda: went(Ledger(tmp_path / "x.head"), "", "note"))
    (tmp_path / "words.db").write_text("no database, only many words " * 40)
    assert "is no database" in refusal(lambda: went(Ledger(tmp_path / "words.db"), "", "note"))
    assert [fault.kind for fault in verify(tmp_path / "words.db")] == ["unreadable"]


def test_a_run_is_its_folder_however_it_is_written(ledger: Ledger) -> None:
    went(ledger, "./runs//a/", "preregistered")
    ledger.append("trained", Path("runs/a"), body("trained"))
    assert (found := ledger.last("runs/a", "trained")) and found.run == "runs/a"
    assert ledger.last("runs/a", "measured") is None


def test_a_body_reads_as_it_was_written(ledger: Ledger) -> None:
    written = ledger.append("note", "", {"text": "zwölf\n\x00 'quoted'; --", "b": {"y": [1, 2.5, None], "x": True}})
    assert ledger.entries() == [written] and written.body["b"] == {"x": True, "y": [1, 2.5, None]}


def test_a_ladder_that_is_not_there_is_empty_and_is_not_made_by_looking(ledger: Ledger) -> None:
    assert ledger.entries() == [] and standings(ledger.path) == [] and verify(ledger.path) == []
    assert not ledger.path.parent.exists()


# ---- nothing is rewritten unseen ----


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET body = '{}' WHERE number = 2",
        "DELETE FROM entries WHERE number = 3",
        "INSERT OR REPLACE INTO entries SELECT number, at, kind, run, '{}', before, hash FROM entries WHERE number = 2",
        "INSERT INTO entries SELECT number + 7, at, kind, run, body, before, hash FROM entries WHERE number = 2",
    ],
)
def test_the_database_itself_refuses_a_slip(ledger: Ledger, statement: str) -> None:
    went(ledger, "runs/a", *WHOLE)
    with (
        closing(sqlite3.connect(ledger.path)) as other,
        pytest.raises(sqlite3.IntegrityError, match="only added to"),
        other,
    ):
        other.execute(statement)
    assert verify(ledger.path) == []


def tampered(path: Path, change: Change) -> None:
    """As somebody would who knows of the triggers."""
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("PRAGMA synchronous = OFF")
        for name in ("never_changed", "never_removed", "added_at_the_end"):
            other.execute(f"DROP TRIGGER {name}")
        change(other)


def sql(*statements: str) -> Change:
    return lambda other: [other.execute(statement) for statement in statements]


def shifted(first: int, by: int) -> tuple[str, str]:
    return (
        f"UPDATE entries SET number = -(number + {by}) WHERE number >= {first}",
        "UPDATE entries SET number = -number WHERE number < 0",
    )


def forged(other: sqlite3.Connection, number: int, **more: Any) -> None:
    """An entry written anew with a hash that fits it."""
    names = ("at", "kind", "run", "body", "before")
    was = other.execute(f"SELECT {', '.join(names)} FROM entries WHERE number = {number}").fetchone()
    row = [more.get(name, value) for name, value in zip(names, was, strict=True)]
    other.execute(
        "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", (number, *row, hash_of([number, *row]))
    )


def put_between(other: sqlite3.Connection) -> None:
    [other.execute(statement) for statement in shifted(3, 1)]
    before = other.execute("SELECT hash FROM entries WHERE number = 2").fetchone()[0]
    other.execute("INSERT INTO entries SELECT 3, at, kind, run, body, before, hash FROM entries WHERE number = 2")
    forged(other, 3, before=before, body='{"text":"never said"}')


def rewritten_from(first: int, **more: str) -> Change:
    """The whole chain after an edit: everything fits but the head."""

    def change(other: sqlite3.Connection) -> None:
        forged(other, first, **more)
        for number in range(first + 1, 7):
            before = other.execute(f"SELECT hash FROM entries WHERE number = {number - 1}").fetchone()[0]
            forged(other, number, before=before)

    return change


def swapped(other: sqlite3.Connection) -> None:
    for was, now in ((3, -3), (4, 3), (-3, 4)):
        other.execute(f"UPDATE entries SET number = {now} WHERE number = {was}")


def edited(what: str, number: int) -> Change:
    return sql(f"UPDATE entries SET {what} WHERE number = {number}")


EDITED_2, NO_JSON_2 = ("edited", 2), ("not JSON", 2)
TAMPERINGS: dict[str, tuple[Change, set[tuple[str, int | None]]]] = {
    "a figure edited": (edited("body = replace(body, '0.61', '0.91')", 3), {("edited", 3)}),
    "a time edited": (edited("at = '2020-01-01T00:00:00Z'", 1), {("edited", 1)}),
    "a run edited": (edited("run = 'runs/b'", 6), {("edited", 6)}),
    "a hash edited": (edited("hash = 'x'", 4), {("edited", 4)}),
    "a link edited": (edited("before = 'x'", 4), {("edited", 4)}),
    "edited, its hash made to fit": (lambda other: forged(other, 3, body='{"text":"?"}'), {("edited", 3)}),
    "edited, the rest made to fit": (rewritten_from(4, body="{}"), {("edited", 6)}),
    "two edited": (sql("UPDATE entries SET kind = 'note' WHERE number IN (2, 5)"), {EDITED_2, ("edited", 5)}),
    "one removed": (sql("DELETE FROM entries WHERE number = 3"), {("removed", 3)}),
    "two removed": (sql("DELETE FROM entries WHERE number IN (2, 3)"), {("removed", 3)}),
    "the first removed": (sql("DELETE FROM entries WHERE number = 1"), {("removed", 1)}),
    "one removed, the rest moved up": (
        sql("DELETE FROM entries WHERE number = 3", *shifted(4, -1)),
        {("removed", 3), ("moved", 3), ("moved", 4), ("moved", 5)},
    ),
    "one put between": (put_between, {("inserted", 3), ("moved", 4), ("moved", 5), ("moved", 6), ("moved", 7)}),
    "one put before": (
        sql("INSERT INTO entries SELECT 0, at, kind, run, body, before, hash || 'x' FROM entries WHERE number = 1"),
        {("inserted", 0)},
    ),
    "one put behind": (
        sql("INSERT INTO entries SELECT 7, at, kind, run, body, 'x', 'y' FROM entries WHERE number = 6"),
        {("inserted", 7)},
    ),
    "two exchanged": (swapped, {("moved", 3), ("moved", 4)}),
    "the last cut off": (sql("DELETE FROM entries WHERE number = 6"), {("tail cut", 6)}),
    "all but one cut off": (sql("DELETE FROM entries WHERE number > 1"), {("tail cut", 6)}),
    "all cut off": (sql("DELETE FROM entries"), {("tail cut", 6)}),
    "the table gone": (sql("DROP TABLE entries"), {("tail cut", 6)}),
    "a body cut in two": (edited("body = substr(body, 1, 9)", 2), {EDITED_2, NO_JSON_2}),
    "a body that is no text": (edited("body = x'FFFE00'", 2), {EDITED_2, NO_JSON_2}),
    "a body that is a list": (edited("body = '[1]'", 2), {EDITED_2, NO_JSON_2}),
    "another table": (
        sql("ALTER TABLE entries RENAME TO was",
            "CREATE TABLE entries AS SELECT number, at, kind, run, body, before, hash FROM was",
            "INSERT INTO entries SELECT * FROM entries WHERE number = 2",
            "INSERT INTO entries VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL)"),
        {("inserted", 2), ("inserted", 0), ("not JSON", 0)},
    ),
    "other columns": (sql("ALTER TABLE entries DROP COLUMN at"), {("unreadable", None)}),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_every_tampering_is_named_and_nothing_is_believed_after_it(ledger: Ledger, name: str) -> None:
    change, expected = TAMPERINGS[name]
    went(ledger, "runs/a", *WHOLE, "champion", "note")
    assert verify(ledger.path) == []
    tampered(ledger.path, change)
    found = verify(ledger.path)
    assert {(fault.kind, fault.number) for fault in found} == expected and len(found) == len(expected)
    assert not any(fault.warning for fault in found)
    for act in (ledger.entries, lambda: ledger.champion(CANVAS, PROBE), lambda: went(ledger, "runs/a", "note")):
        refusal(act, RungwiseError)
    assert handoff(ledger, CANVAS).count("\n- ") == len(found)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (None, {("head missing", None)}),
        (b"{", {("head missing", None)}),
        (b'{"number":6,"hash":"x"}', {("edited", 6)}),
        (b'{"number":9,"hash":"x"}', {("tail cut", 9)}),
        (b'{"number":-1,"hash":""}', {("head missing", None)}),
    ],
)
def test_a_head_that_does_not_fit_is_a_fault(ledger: Ledger, head: bytes | None, expected: object) -> None:
    went(ledger, "runs/a", *WHOLE, "champion", "note")
    place = ledger.path.with_suffix(".head")
    place.unlink() if head is None else place.write_bytes(head)
    assert {(fault.kind, fault.number) for fault in verify(ledger.path)} == expected
    assert "was tampered with" in refusal(lambda: went(ledger, "runs/a", "note"), RungwiseError)


def test_a_chain_that_begins_with_nothing_before_it_begins_somewhere_else(ledger: Ledger) -> None:
    """Entries, hashes and head are one whole, but the first is written onto an entry that is not there."""
    went(ledger, "runs/a", *WHOLE, "champion", "note")
    tampered(ledger.path, rewritten_from(1, before="f" * 64))
    with closing(sqlite3.connect(ledger.path)) as other:
        last = other.execute("SELECT hash FROM entries WHERE number = 6").fetchone()[0]
    ledger.path.with_suffix(".head").write_bytes(msgspec.json.encode({"number": 6, "hash": last}))
    assert [(fault.kind, fault.number) for fault in verify(ledger.path)] == [("edited", 1)]
    refusal(ledger.entries, RungwiseError)


def test_a_tail_that_was_cut_is_not_grown_over(ledger: Ledger) -> None:
    went(ledger, "runs/a", *WHOLE)
    tampered(ledger.path, sql("DELETE FROM entries WHERE number = 4"))
    refusal(lambda: went(ledger, "runs/a", "ruled", verb="reject"), RungwiseError)
    assert [str(fault) for fault in verify(ledger.path)] == ["entry 4: tail cut: entry 4 is gone"]


def test_a_ladder_that_is_gone_behind_its_head_is_a_cut_tail(ledger: Ledger) -> None:
    went(ledger, "runs/a", *WHOLE)
    ledger.path.unlink()
    assert [(fault.kind, fault.number) for fault in verify(ledger.path)] == [("tail cut", 4)]
    refusal(ledger.entries, RungwiseError)


def test_a_flipped_byte_in_the_database_is_found(ledger: Ledger) -> None:
    went(ledger, "runs/a", *WHOLE)
    content = bytearray(ledger.path.read_bytes())
    content[content.index(b"Does k help?")] ^= 0x80
    ledger.path.write_bytes(content)
    assert [(fault.kind, fault.number) for fault in verify(ledger.path)][:1] == [("edited", 1)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ledger = Ledger(tmp_path_factory.mktemp("built") / "ladder.db")
    went(ledger, "runs/a", *WHOLE, "champion", "note")
    return ledger.path


NUMBER = st.integers(-1, 9)
OPERATIONS = st.one_of(
    st.tuples(st.just("DELETE FROM entries WHERE number = {}"), NUMBER),
    st.tuples(st.just("UPDATE OR REPLACE entries SET number = {} WHERE number = {}"), NUMBER, NUMBER),
    st.tuples(st.just("UPDATE entries SET body = '{}' WHERE number = {}"), NUMBER, NUMBER),
    st.tuples(
        st.just("UPDATE OR IGNORE entries SET {} = (SELECT {} FROM entries WHERE number = {}) WHERE number = {}"),
        st.sampled_from(["before", "hash"]), st.sampled_from(["before", "hash"]), st.integers(1, 6), NUMBER,
    ),
    st.tuples(st.just("INSERT OR REPLACE INTO entries SELECT {}, at, kind, run, body, before, hash FROM entries "
                      "WHERE number = {}"), NUMBER, NUMBER),
)  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OPERATIONS, min_size=1, max_size=5), st.integers(-1, 7), st.sampled_from([0, 1, 3, 6, None]))
def test_whatever_is_done_a_ladder_is_believed_just_where_no_fault_is_found(
    built: Path, tmp_path: Path, operations: Sequence[Sequence[Any]], number: int, of: int | None
) -> None:
    path = tmp_path / "ladder.db"
    shutil.copy(built, path)
    hashes = {entry.number: entry.hash for entry in Ledger(built).entries()} | {0: GENESIS}
    shutil.copy(built.with_suffix(".head"), path.with_suffix(".head"))
    if of is not None:
        path.with_suffix(".head").write_bytes(msgspec.json.encode({"number": number, "hash": hashes[of]}))
    tampered(path, sql(*(text.format(*given) for text, *given in operations)))
    faults = verify(path)
    try:
        Ledger(path).entries()
    except RungwiseError:
        assert faults
    else:
        assert faults == []


# ---- kills and crowds ----


WRITER = """
import sys
from rungwise.ladder.ledger import Ledger
ledger = Ledger(__import__("pathlib").Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    print(ledger.append("note", "runs/" + sys.argv[3], {"text": "x" * 3000}).number, flush=True)
"""


def writer(ledger: Ledger, times: int, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(ledger.path), str(times), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_killed_writer_leaves_a_whole_ladder_with_all_it_had_told(ledger: Ledger) -> None:
    draw, told = random.Random(0), []
    for turn in range(8):
        with writer(ledger, 10_000, str(turn)) as process:
            assert process.stdout is not None
            told += [int(process.stdout.readline()) for _ in range(1 + turn % 3)]
            time.sleep(draw.random() * 0.03)
            os.kill(process.pid, signal.SIGKILL)
            told += [int(line) for line in process.stdout.read().split("\n")[:-1]]
        assert process.returncode == -signal.SIGKILL
        assert verify(ledger.path) == []
    numbers = [entry.number for entry in ledger.entries()]
    assert numbers == list(range(1, len(numbers) + 1)) and set(told) <= set(numbers)
    went(ledger, "runs/a", *WHOLE)


KILLED = """
import os, signal, sys
opened = []

def hook(event, args):
    if event == "open" and str(args[0]).endswith(".ladder.head"):
        opened.append(event)
        if len(opened) == int(sys.argv[4]):
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
"""


@pytest.mark.parametrize(("at", "entries"), [(1, 0), (2, 1), (3, 2)])
def test_a_kill_between_an_entry_and_its_head_is_no_fault_and_is_mended(ledger: Ledger, at: int, entries: int) -> None:
    command = [sys.executable, "-c", KILLED + WRITER, str(ledger.path), "9", "a", str(at)]
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == -signal.SIGKILL
    assert verify(ledger.path) == [] and len(ledger.entries()) == entries
    head = ledger.path.with_suffix(".head")
    assert not head.exists() if at == 1 else msgspec.json.decode(head.read_bytes())["number"] == entries - 1
    went(ledger, "runs/a", "note")
    assert msgspec.json.decode(head.read_bytes())["number"] == entries + 1 and verify(ledger.path) == []


def test_a_first_entry_that_comes_while_somebody_looks_is_no_fault(ledger: Ledger) -> None:
    def read() -> list[Line]:
        if not ledger.path.exists():
            went(ledger, "runs/a", "note")
        return lines_of(ledger.path)

    head, lines = snapshot(ledger.path, read)
    assert head and len(lines) == 1 and (head.number, head.hash) == (1, lines[0].hash)


def test_many_writers_at_once_lose_nothing(ledger: Ledger) -> None:
    processes = [writer(ledger, 25, str(i)) for i in range(4)]
    told = []
    for process in processes:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        told += [int(line) for line in out.split()]
    assert sorted(told) == list(range(1, 101)) and verify(ledger.path) == []
    counts = {str(i): len(ledger.entries(f"runs/{i}")) for i in range(4)}
    assert set(counts.values()) == {25}
    assert msgspec.json.decode(ledger.path.with_suffix(".head").read_bytes())["number"] == 100


# ---- artifacts ----


def test_an_artifact_that_is_not_what_was_recorded_is_a_fault_and_a_missing_one_a_warning(
    ledger: Ledger, tmp_path: Path
) -> None:
    model, lines = tmp_path / "model.safetensors", tmp_path / "metrics.jsonl"
    model.write_bytes(bytes(range(256)) * 4096)
    lines.write_text("{}\n")
    went(ledger, "runs/a", "preregistered", "trained", artifacts=[artifact(model), artifact(lines)])
    assert verify(ledger.path, artifacts=True) == []
    content = bytearray(model.read_bytes())
    content[500_000] ^= 1
    model.write_bytes(content)
    lines.unlink()
    changed, missing = sorted(verify(ledger.path, artifacts=True), key=lambda fault: fault.warning)
    assert (changed.kind, changed.number, changed.warning) == ("artifact changed", 2, False)
    assert model.name in changed.detail
    assert (missing.kind, missing.number, missing.warning) == ("artifact missing", 2, True)
    assert verify(ledger.path) == []
    went(ledger, "runs/a", "trained", artifacts=[artifact(model)])  # trained on: the newer record counts
    assert [fault.kind for fault in verify(ledger.path, artifacts=True)] == ["artifact missing"]
    model.unlink()
    model.mkdir()
    assert "artifact changed" in [fault.kind for fault in verify(ledger.path, artifacts=True)]


def test_artifacts_of_a_folder_are_sorted_and_stand_once(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "deep/c.json", "d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    found = artifacts(tmp_path, ["*.json", "a.*", "**/*.json", "*"])
    assert [Path(own["path"]).name for own in found] == ["a.json", "b.json", "d.txt", "c.json"]
    assert found[0] == {
        "path": (tmp_path / "a.json").as_posix(), "sha256": sha256_of(tmp_path / "a.json"), "bytes": 6
    }  # fmt: skip
    assert "cannot read" in refusal(lambda: artifact(tmp_path / "none"))


# ---- what it says to people ----


def test_standings_say_where_each_run_stands(ledger: Ledger) -> None:
    went(ledger, "runs/a", *WHOLE, "champion")
    went(ledger, "runs/b", "preregistered", rung="second")
    went(ledger, "", "note")
    first, second = standings(ledger.path)
    assert (first.run, first.rung, first.state, first.ruling) == ("runs/a", "first", "ruled", "promote")
    assert first.champion and first.headline == FIGURES and first.cost == {"wall_seconds": 12.5}
    assert (second.rung, second.state, second.ruling, second.champion) == ("second", "preregistered", None, False)
    assert second.headline == {} and second.question == "Does k help?"


def test_a_handoff_is_of_what_stands_on_the_ladder_and_of_no_clock_or_place(tmp_path: Path) -> None:
    ladders = [Ledger(tmp_path / name / "ladder.db") for name in ("one", "two")]
    for ledger in ladders:
        went(ledger, "runs/a", *WHOLE, "champion")
    (text,) = {handoff(ledger, CANVAS) for ledger in ladders}
    assert not any(entry.at in text for ledger in ladders for entry in ledger.entries())


def test_a_handoff_says_what_stands_what_is_open_and_what_comes_next(ledger: Ledger) -> None:
    assert handoff(ledger, CANVAS).count("None.") == 5
    went(ledger, "runs/a", *WHOLE, "champion")
    went(ledger, "runs/b", "preregistered", "trained")
    went(ledger, "runs/c", "preregistered", "trained", "measured")
    went(
        ledger, "runs/c", "ruled", verb="reject", reasons=["fell\n## Champion", "dp3 fell"], next=["more dp3", "k = 16"]
    )
    went(ledger, "runs/other", "preregistered", contract="scene@1")
    text = handoff(ledger, CANVAS)
    sections = dict(part.split("\n\n", 1) for part in text.split("\n## ")[1:])
    assert text.startswith(f"# Handoff: {CANVAS}\n")
    assert sections["Champion"].strip() == f"- runs/a on probe {PROBE}: pass@1 0.61 [0.512, 0.698] n=100, score 0.8"
    assert sections["Last rulings"].splitlines()[0].endswith("fell ## Champion; dp3 fell")
    assert "promote runs/a (entry 4, by Ada): the target rose" in sections["Last rulings"]
    assert sections["Open"].strip() == "- runs/b (Does k help?): trained, waits to be measured"
    assert sections["Next rung"].strip() == "- more dp3\n- k = 16"
    assert sections["Hard stops"].strip() == "None." and "runs/other" not in text


def test_a_handoff_names_what_must_stop(ledger: Ledger) -> None:
    went(ledger, "runs/a", *WHOLE, "champion")
    for run in ("runs/b", "runs/c"):
        went(ledger, run, "preregistered", "trained", "measured")
        went(ledger, run, "ruled", verb="reject")
    assert "2 rulings in a row without a promote" in handoff(ledger, CANVAS)
    went(ledger, "runs/a", "ruled", verb="reject", again=True)
    assert "champion runs/a" in handoff(ledger, CANVAS).partition("Hard stops")[2]
    went(ledger, "runs/a", "trained")
    assert "was trained again since" in handoff(ledger, CANVAS)
    went(ledger, "runs/a", "unfrozen")
    assert "champion runs/a" not in handoff(ledger, CANVAS)


def test_a_promotion_that_waits_for_a_name_is_open(ledger: Ledger) -> None:
    went(ledger, "runs/a", *WHOLE, waits=True)
    assert "waits to be signed by a person" in handoff(ledger, CANVAS)
    assert "waits for a person's name" in refusal(lambda: went(ledger, "runs/a", "champion"))
    went(ledger, "runs/a", "ruled", again=True)
    assert "waits to be" not in handoff(ledger, CANVAS)


def test_the_ladder_needs_no_torch() -> None:
    code = "import sys, rungwise.ladder.handoff, rungwise.ladder.queue; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"
