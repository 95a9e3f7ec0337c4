"""The picture of a canvas is sound whatever was answered: one XML document, bounded, with its own names."""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from rungwise.contracts.canvas import canvas
from rungwise.contracts.canvas.judge import Problem, Scenario, problem_of
from rungwise.contracts.canvas.language import MODES, TYPES
from rungwise.contracts.canvas.layers import layout
from rungwise.contracts.canvas.picture import picture

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {"svg", "title", "desc", "style", "rect", "g", "defs", "clipPath", "pattern", "circle", "path", "text"}
MOST_BYTES = 400_000
HOSTILE = (
    "<script>alert(1)</script>",
    '"/><image href="https://example.org/x" onload="alert(1)"/>',
    "]]></style></svg><h1>out</h1>",
    "'&amp;&#0;<!--",
    "W" * 400,
    "\u05d0\u05d1\u05d2 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 " * 20,
    "\u6f22\u5b57" * 200,
    "e" + "\u0301" * 399,
)
FAULTS = {
    "empty": "",
    "junk": "\x00\u202e\ud800<b>",
    "not json": "{" * 70_000,
    "schema": '{"name":"x","components":[],"connections":[]}',
    "unknown field": '{"<script>":1}',
    "duplicate": 'canvas "a"\nx step queue\nx step queue',
    "dangling": 'canvas "a"\nx step queue\nx > y',
    "same line twice": 'canvas "a"\nx step queue\ny step queue\nx > y\nx > y #z',
}


@pytest.fixture(scope="module")
def problem() -> Problem:
    kinds = ("baseline", "spike", "outage", "latency", "cascade", "adversarial")
    drawn = Problem(
        title="A yard", tier="dp6", load=12, budget=300, max_components=13, required=["queue", "split", "storage"],
        scenarios=[Scenario(kind, f"label of {kind}", "", 20, 20, 200 if kind != "latency" else 4) for kind in kinds],
        weights=dict.fromkeys(("stability", "delivery", "cost", "constraints", "design"), 20),
        criteria={"stability": 80, "drop": 6, "delivery": 88, "errors": 5}, leak=0.2, certificate="",
    )  # fmt: skip
    return msgspec.convert(msgspec.to_builtins(drawn), Problem)


def tangle(components: int, lines: int, seed: int, label: str = "") -> str:
    """A compact canvas with lines anywhere: cycles, loops, cards that nothing reaches."""
    rng = random.Random(seed)
    text = [f"canvas {json.dumps(label)}"]
    for number in range(components):
        scale = rng.choice(("", " x2", " x4"))
        text.append(f"n{number} {rng.choice(TYPES)} {rng.choice(MODES)}{scale} {json.dumps(label or 'card')}")
    ends = [(a, b) for a in range(components) for b in range(components)]
    text += [f"n{a} > n{b} {json.dumps(label)}" for a, b in rng.sample(ends, lines)]
    return "\n".join(text)


def forward(components: int, lines: int) -> str:
    """The longest lines that there are, none of them back: the most lanes that a picture can need."""
    chain = [(number, number + 1) for number in range(components - 1)]
    spans = sorted(((a, b) for b in range(components) for a in range(b - 1)), key=lambda ends: ends[0] - ends[1])
    text = ['canvas "forward"', *[f"n{number} step queue" for number in range(components)]]
    return "\n".join(text + [f"n{a} > n{b}" for a, b in (chain + spans)[:lines]])


def parsed(drawn: str) -> ElementTree.Element:
    """The picture as XML, with everything checked that holds of any picture."""
    assert len(drawn.encode()) < MOST_BYTES
    root = ElementTree.fromstring(drawn)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= DRAWN
    names = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(names) == len(set(names)) and all(str(name).startswith(str(root.get("id"))) for name in names)
    assert set(re.findall(r"url\(#([^)]*)\)", drawn)) <= set(names)
    for element in root.iter():
        assert not [key for key in element.attrib if key.startswith("on") or "href" in key or key == "style"]
        assert "://" not in "".join(element.attrib.values())
    style = str(root.findtext(f"{SVG}style"))
    assert all(f"#{root.get('id')} " in rule for rule in re.findall(r"[^{}]+\{[^{}]+\}", style))
    return root


def words(drawn: str) -> str:
    return "\n".join(str(element.text) for element in parsed(drawn).iter(f"{SVG}text"))


def test_golds_of_every_tier_are_drawn_with_their_verdict() -> None:
    contract = canvas(surface="compact")
    tasks = list(contract.tasks("dev", len(contract.tiers), 0))
    assert {task.tier for task in tasks} == set(contract.tiers)
    for task in tasks:
        answer = str(contract.gold(task))
        told = words(picture(problem_of(task), answer, "compact"))
        assert "PASSED" in told and f"{100 * contract.judge(task, answer).score:.1f}" in told
        assert all(scenario.label in told for scenario in problem_of(task).scenarios)
        assert all(line.split()[0] in told for line in answer.split("\n")[1:] if " > " not in line)


def test_a_failing_canvas_says_why_and_what_was_lost_where(problem: Problem) -> None:
    answer = (
        'canvas "thin"\nin trigger passthrough\nwork step passthrough\nend storage passthrough\nin > work\nwork > end'
    )
    told = words(picture(problem, answer, "compact"))
    assert "FAILED" in told and "missing required" in told and "WORST" in told
    assert re.search(r"[\d,.]+ dropped", told)
    assert "label of outage" in told.split("The worst of 6 scenarios: ")[1].split("\n")[0]


def test_the_fault_mark_stands_only_where_a_fault_strikes(problem: Problem) -> None:
    answer = 'canvas "c"\nin trigger passthrough\nwork step passthrough\nend storage passthrough\nin > work\nwork > end'
    calm = msgspec.structs.replace(problem, scenarios=problem.scenarios[:2])
    assert "faults strike here" in words(picture(problem, answer, "compact"))
    assert "faults strike here" not in words(picture(calm, answer, "compact"))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_are_cut_and_escaped(problem: Problem, text: str) -> None:
    scenarios = [
        msgspec.structs.replace(s, label=f"{text}\x00\ud800\u202e", description=text) for s in problem.scenarios
    ]
    poisoned = msgspec.structs.replace(problem, title=text, tier=text, scenarios=scenarios)
    drawn = picture(poisoned, tangle(12, 20, 1, text), "compact")
    parsed(drawn)
    assert "<script" not in drawn and "<image" not in drawn and "<h1" not in drawn and "\u202e" not in drawn


@pytest.mark.parametrize(("components", "lines"), [(1, 0), (1, 1), (2, 4), (40, 60), (64, 0), (64, 256)])
def test_tangles_are_drawn_whole(problem: Problem, components: int, lines: int) -> None:
    drawn = picture(problem, tangle(components, lines, components, "&<'\"" * 25), "compact")
    assert len([e for e in parsed(drawn).iter(f"{SVG}path") if e.get("class", "").startswith("wire")]) >= lines
    assert words(drawn).count("carried") >= components


def test_the_longest_lines_keep_within_the_bound(problem: Problem) -> None:
    parsed(picture(problem, forward(64, 256), "compact"))


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_no_canvas_gets_a_card(problem: Problem, name: str) -> None:
    surface = "json" if FAULTS[name].startswith("{") else "compact"
    told = words(picture(problem, FAULTS[name], surface))
    assert "NOT A CANVAS" in told and len(told) < 1500


@pytest.mark.parametrize("seed", range(4))
def test_cards_never_overlap_and_lines_run_from_left_to_right(seed: int) -> None:
    rng = random.Random(seed)
    lines = rng.sample([(a, b) for a in range(30) for b in range(34)], 25 * (seed + 1))
    plan = layout(36, lines, 160, 108)
    for number, (x, y) in enumerate(plan.places):
        assert 0 <= x <= plan.width - 160 and 0 <= y <= plan.height - 108
        assert all(abs(x - u) >= 160 or abs(y - v) >= 108 for u, v in plan.places[:number])
    for number, (a, b) in enumerate(lines):
        first, last = (b, a) if number in plan.turned else (a, b)
        route = plan.routes[number]
        if a == b:
            assert not route
            continue
        assert route[0][0] == plan.places[first][0] + 160 and route[-1][0] == plan.places[last][0]


def test_lines_without_a_cycle_are_never_turned() -> None:
    lines = [(a, b) for a in range(12) for b in range(a + 1, 12)]
    assert not layout(12, lines, 160, 108).turned
    assert len(layout(3, [(0, 1), (1, 2), (2, 0)], 160, 108).turned) == 1


ELSEWHERE = """
import hashlib, json, sys
import msgspec
from rungwise.contracts.canvas.judge import Problem
from rungwise.contracts.canvas.picture import picture
problem, answers = json.load(sys.stdin)
drawn = [picture(msgspec.convert(problem, Problem), answer, "compact") for answer in answers]
print(hashlib.sha256("".join(drawn).encode()).hexdigest())
"""


def test_the_bytes_are_the_same_in_every_process(problem: Problem) -> None:
    answers = [tangle(20, 40, 1, "<&>"), tangle(64, 200, 2), "no canvas"]
    here = hashlib.sha256("".join([picture(problem, answer, "compact") for answer in answers]).encode()).hexdigest()
    sent = json.dumps([msgspec.to_builtins(problem), answers])
    runs = [
        subprocess.Popen([sys.executable, "-c", ELSEWHERE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                         cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONHASHSEED": seed})
        for seed in ("1", "2")
    ]  # fmt: skip
    assert {run.communicate(sent, timeout=60)[0].strip() for run in runs} == {here}
