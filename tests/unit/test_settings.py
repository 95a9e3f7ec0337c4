"""Rung files: defaults, every fault at once with its line, overrides, and names that are those of the code."""

import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rungwise.contract import load_contract
from rungwise.errors import InputError
from rungwise.train import settings
from rungwise.train.fitting import require_known
from rungwise.train.rungfile import parsed
from rungwise.train.settings import Rung, read

LEAST = '[contract]\nname = "canvas"\n[model]\nsize = "1M"\n'
BOTH = LEAST + "[sft]\n[rl]\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "first.toml"
    path.write_text(text)
    return path


def faults(folder: Path, text: str, *overrides: str) -> list[str]:
    path = written(folder, text)
    with pytest.raises(InputError) as caught:
        read(path, overrides)
    return str(caught.value).replace(str(path), "first.toml").split("\n")


# ---- what is read ----


def test_a_section_that_is_not_there_is_a_stage_that_is_not_run(tmp_path: Path) -> None:
    rung = read(written(tmp_path, LEAST))
    assert (rung.name, rung.seed, rung.sft, rung.rl) == ("first", 0, None, None)


def test_an_empty_header_takes_all_defaults(tmp_path: Path) -> None:
    rung = read(written(tmp_path, BOTH), seed=3)
    assert rung.sft and rung.rl
    assert (rung.seed, rung.sft.epochs, rung.sft.steps, rung.rl.loss, rung.rl.betas) == (
        3,
        10.0,
        None,
        "grpo",
        (0.9, 0.99),
    )
    assert [source.title() for source in rung.sft.mixture] == ["gold"]


def test_the_record_is_all_of_it_and_reads_as_the_same(tmp_path: Path) -> None:
    text = BOTH + '[rl.reward]\nform = "tiered"\n[[rl.shaping]]\nname="a"\nkind="length"\nshare=0.1\nhigh={dp1 = 9}\n'
    record = read(written(tmp_path, text)).record()
    assert record["rl"]["shaping"][0]["high"] == {"dp1": 9.0}
    assert Rung.model_validate(record).record() == record


def test_values_do_not_change_once_read(tmp_path: Path) -> None:
    rung = read(written(tmp_path, BOTH))
    with pytest.raises(ValidationError, match="frozen"):
        rung.seed = 1  # type: ignore[misc]


def test_forms_and_terms_are_those_of_shaping(tmp_path: Path) -> None:
    shaped = (
        '[[rl.shaping]]\nname = "size"\nkind = "band"\nreads = "components"\nshare = 0.2\nlow = 3\nhigh = {dp1 = 5}\n'
    )
    rl = read(written(tmp_path, BOTH + '[rl.reward]\nform = "partial"\npower = 2.0\n' + shaped)).rl
    assert rl is not None
    assert (rl.form().name, rl.form().power) == ("partial", 2.0)
    (term,) = rl.terms()
    assert (term.name, term.reads, term.low, term.high) == ("size", "components", 3.0, {"dp1": 5.0})


# ---- faults ----


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = """gates = 1
[contract]
name = "canvas"
[model]
size = "2M"
[sft]
lr = "fast"
tasks = [
  1,
]
mixture = [
  {source = "gold"},
  {source = "a.jsonl", wieght = 2},
]
[rl]
k = 0
los = "grpo"
betas = [0.9, 1.5]
top_k = 5
[rl.reward]
form = "partal"
[[rl.shaping]]
name = "size"
kind = "band"
share = 0.1
reads = "components"
[[rl.shaping]]
name = "length"
kind = "length"
"""
    assert faults(tmp_path, text) == [
        "first.toml:1: gates: no such section or field; expected one of: contract, model, name, rl, seed, sft, tokens",
        "first.toml:5: model.size: '2M'; expected one of: 0.1M, 10M, 1M, 3M, 45M",
        "first.toml:7: sft.lr: 'fast'; expected a number",
        "first.toml:8: sft.tasks: [1]; expected a whole number",
        "first.toml:11: sft.mixture.1.wieght: no such field; did you mean 'weight'?",
        "first.toml:16: rl.k: 0; expected greater than or equal to 1",
        "first.toml:17: rl.los: no such field; did you mean 'loss'?",
        "first.toml:18: rl.betas.1: 1.5; expected less than 1",
        "first.toml:19: rl.top_k: " + settings.REFUSED["rl.top_k"],
        "first.toml:21: rl.reward.form: 'partal'; did you mean 'partial'?",
        "first.toml:27: rl.shaping.1.share: is missing",
    ]


@pytest.mark.parametrize(
    ("added", "fault"),
    [
        ("[rl]\nk = 1\nstart = 'model'\n", "6: rl.k: 1; expected at least 2, or advantage"),
        ("[rl]\n", "5: rl.start: 'sft', but there is no [sft]; expected"),
        ("[rl]\nstart = 'model'\nprompts = 2\nsteps_per_batch = 3\n", "8: rl.steps_per_batch: 3; expected at most"),
        ("[rl]\nstart = 'model'\ndifficulty = [0.9, 0.1]\n", "7: rl.difficulty: [0.9, 0.1]; expected [low, high]"),
        ("[rl]\nstart = 'model'\ncurriculum = 'custom'\n", "5: rl.tiers: missing; expected with curriculum"),
        ("[rl]\nstart = 'model'\ntiers = {dp1 = 0}\ncurriculum = 'custom'\n", "7: rl.tiers: all are 0; expected"),
        ("[rl]\nstart = 'model'\nanswer = 'after:'\n", "7: rl.answer: 'after:'; expected all, fenced or after:MARK"),
        ("[rl]\nfloor = nan\nstart = 'model'\n", "6: rl.floor: nan; expected a number"),
        ("[rl]\ngrammar = 1\nstart = 'model'\n", "6: rl.grammar: 1; expected true or false"),
        ("context = 64\n[sft.expert]\nmax_new_tokens = 64\n", "7: sft.expert.max_new_tokens: 64; expected less than"),
        ("path = 'x'\n", "4: model.size: given with path; expected either size or path"),
        ("chat = true\n", "5: model.chat: true; expected it with model.path only"),
        ("[sft]\nsteps = 3\nepochs = 1.0\n", "6: sft.steps: given with epochs; expected one of them"),
        ("[sft]\nseconds = 3\n", "6: sft.seconds: not offered: a run is repeatable"),
        ("[sft]\nmixture = []\n", "6: sft.mixture: []; expected"),
        ("[sft.expert]\nkeep = 'pased'\n", "6: sft.expert.keep: 'pased'; did you mean 'passed'? or a number"),
        ("[sft.expert]\nkeep = 1.5\n", "6: sft.expert.keep: 1.5; expected one of: passed or less than or equal to 1"),
        ("[[sft.mixture]]\n[[sft.mixture]]\n", "6: sft.mixture.1.name: 'gold' stands twice; expected"),
        ("[[sft.mixture]]\ntiers = {dp1 = 0}\n", "6: sft.mixture.0.tiers: all are 0; expected"),
        (
            "[[sft.mixture]]\nsource = 'f'\ntasks = 3\n",
            "7: sft.mixture.0.tasks: given for 'f'; expected it for gold or attempt only",
        ),
        (
            "[rl]\nstart = 'model'\n[[rl.shaping]]\nname = 'a'\nkind = 'part'\nshare = 0.1\n",
            "7: rl.shaping.0.reads: ''; expected a measure",
        ),
    ],
)
def test_a_fault_is_one_line_with_its_place(tmp_path: Path, added: str, fault: str) -> None:
    (line,) = faults(tmp_path, LEAST + added)
    assert line.startswith(f"first.toml:{fault}")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[contract]\nname = = 3\n", "first.toml:2: not TOML: Invalid value, column 8"),
        ('[contract]\r\nname = """\r\n', "first.toml:3: not TOML: Unterminated string"),
        ("a = 1\na = 2\n", "first.toml:2: not TOML: Cannot overwrite a value"),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    (line,) = faults(tmp_path, text)
    assert line.startswith(fault)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml: cannot read: No such file"):
        read(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(InputError, match=r"bytes\.toml: not UTF-8: invalid start byte at byte 8"):
        read(tmp_path / "bytes.toml")


VALUES = st.sampled_from(
    ["1", "'x'", '"""\nk = 1\n[fake]\n"""', "[\n  1,\n  [2]\n]", "{a = 1, b = [2]} # no", "'''\n'''"]
)
NAMES = st.sampled_from(["a", "b", "'c.d'", '"e"', "f . g"])
HEADERS = st.sampled_from(["[p]", "[[q]]", "[[q.r]]", "[q.s]", "[ t . u ] # c", "['v.w']", ""])


@given(
    st.lists(
        st.tuples(HEADERS, st.lists(st.tuples(NAMES, VALUES), max_size=3, unique_by=lambda pair: pair[0])), max_size=5
    )
)
def test_every_key_has_the_line_its_statement_begins_in(
    tmp_path_factory: pytest.TempPathFactory, sections: list[tuple[str, list[tuple[str, str]]]]
) -> None:
    marks = iter(range(10**6))
    text, expected = "", {}
    for header, keys in sections:
        text += f"{header}\n"
        for name, value in keys:
            mark = f"m{next(marks)}"
            expected[mark] = text.count("\n") + 1
            text += f"{name}.{mark} = {value}\n"
    path = tmp_path_factory.mktemp("rung") / "x.toml"
    path.write_text(text)
    try:
        data, source = parsed(path, ())
    except InputError:  # the sections do not go together
        return
    found = {mark: keys for keys in _places(data) if (mark := str(keys[-1])) in expected}
    assert {mark: source.lines[keys] for mark, keys in found.items()} == expected
    assert set(source.lines) >= set(_places(data))


def _places(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, below in inner for place in [(*above, key), *_places(below, (*above, key))]]


# ---- overrides ----


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("rl.k=16", 16),
        ("rl.lr = 1e-3", 1e-3),
        ("rl.grammar=true", True),
        ("rl.start=2026-01-31", "2026-01-31"),
        ("rl.start=runs/a b", "runs/a b"),
        ("rl.answer=after:= ", "after:="),
        ("rl.watch=['a']", ("a",)),
        ('rl.watch=["a", "b"]', ("a", "b")),
        ("rl.clip_low=null", None),
    ],
)
def test_an_override_is_toml_or_json_or_text(tmp_path: Path, override: str, value: object) -> None:
    rl = read(written(tmp_path, BOTH + "k = 4\nclip_low = 0.1\n"), [override]).rl
    assert getattr(rl, override.partition("=")[0].strip().removeprefix("rl.")) == value


def test_overrides_reach_into_tables_and_lists(tmp_path: Path) -> None:
    text = BOTH + "[[sft.mixture]]\nweight = 1\n[[sft.mixture]]\nname = 'b'\n"
    rung = read(written(tmp_path, text), ["sft.mixture.1.weight=3", 'rl.reward={"form": "exact"}', "rl.reward.power=2"])
    assert rung.sft and rung.rl
    assert [source.weight for source in rung.sft.mixture] == [1.0, 3.0]
    assert (rung.rl.reward.form, rung.rl.reward.power) == ("exact", 2.0)


def test_a_fault_in_an_override_is_told_as_the_options(tmp_path: Path) -> None:
    assert faults(tmp_path, BOTH + "k = 0\n", "rl.k=x", "sft.rows=1") == [
        "--set sft.rows: no such field; expected one of: " + ", ".join(sorted(settings.SftSettings.model_fields)),
        "--set rl.k: 'x'; expected a whole number",
    ]


@pytest.mark.parametrize("override", ["rl.k", "=3", "rl..k=3", "seed.x=1", "sft.mixture.0.weight.x=2"])
def test_an_override_that_names_no_field(tmp_path: Path, override: str) -> None:
    (line,) = faults(tmp_path, "seed = 1\n" + BOTH + "[[sft.mixture]]\nweight = 1\n", override)
    assert line.startswith(f"--set: {override!r}")


# ---- names ----


def test_the_names_are_those_of_the_code() -> None:
    from rungwise.train import advantages, curriculum, shaping

    assert get_args(settings.AdvantageName) == advantages.ADVANTAGE_NAMES
    assert get_args(settings.FormName) == tuple(shaping.FORMS)
    assert get_args(settings.TermKind) == tuple(shaping.TERMS)
    assert get_args(settings.CurriculumName) == curriculum.CURRICULA
    fields = settings.RlSettings.model_fields
    assert set(get_args(fields["overlong"].annotation)) == set(advantages.OVERLONG)
    assert get_args(fields["zero_variance"].annotation) == advantages.ZERO_VARIANCE


def test_the_names_are_those_of_the_losses() -> None:
    pytest.importorskip("torch")
    from rungwise.train import losses

    assert get_args(settings.LossName) == tuple(losses.LOSSES)
    assert get_args(settings.RlSettings.model_fields["kl"].annotation) == losses.KL_ESTIMATORS
    # What needs no group to compare with: `k = 1` is refused for all others.
    assert [name for name, loss in losses.LOSSES.items() if loss.advantage == "baseline"] == ["reinforce"]


def test_the_names_are_those_of_the_models() -> None:
    pytest.importorskip("torch")
    nano = pytest.importorskip("rungwise.policy.nano")
    assert get_args(settings.Size) == tuple(nano.SIZES)
    assert get_args(settings.Precision) == nano.PRECISIONS


def test_reading_needs_no_torch() -> None:
    code = "import sys, rungwise.train.fitting; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_editors_get_a_schema() -> None:
    schema = Rung.model_json_schema()
    assert schema["$defs"]["RlSettings"]["properties"]["loss"]["enum"] == list(get_args(settings.LossName))
    assert schema["additionalProperties"] is False


# ---- against the contract ----


def test_splits_tiers_and_labels_are_the_contracts(tmp_path: Path) -> None:
    text = """[contract]
name = "canvas"
[model]
size = "1M"
[sft]
split = "trian"
[sft.tiers]
dp1 = 1
dp9 = 2
[[sft.mixture]]
tiers = {px = 1}
[rl]
curriculum = "custom"
tiers = {easy = 1}
[[rl.shaping]]
name = "size"
kind = "triangle"
reads = "components"
share = 0.1
low = 5
"""
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        require_known(read(path), load_contract("canvas"))
    assert str(caught.value).replace(str(path), "first.toml").split("\n") == [
        "first.toml:6: sft.split: no split 'trian'; did you mean 'train'?",
        "first.toml:9: sft.tiers.dp9: no tier 'dp9'; did you mean 'dp6'?",
        "first.toml:11: sft.mixture.0.tiers.px: no tier 'px'; expected one of: dp1, dp2, dp3, dp4, dp5, dp6",
        "first.toml:14: rl.tiers.easy: no tier 'easy'; expected one of: dp1, dp2, dp3, dp4, dp5, dp6",
        "first.toml:12: rl: term size: low 5, peak 0.5, high 1; expected them to rise",
    ]


def test_a_rung_that_fits_its_contract(tmp_path: Path) -> None:
    require_known(read(written(tmp_path, BOTH + 'curriculum = "custom"\ntiers = {dp1 = 1}\n')), load_contract("canvas"))
