"""The failure classifier, validated by mutation: gold with one thing wrong gets the name of that thing and no other."""

from collections import Counter

import pytest

from rungwise.contracts.trace.broken import broken
from rungwise.contracts.trace.classify import CATEGORIES, LABELS, classify
from rungwise.contracts.trace.dag import draw
from rungwise.contracts.trace.language import parse
from rungwise.contracts.trace.machine import Program, check
from rungwise.contracts.trace.tree import Trace
from rungwise.contracts.trace.wanted import wanted_of
from tests.contracts.traces import PROBLEMS, task


def labels(name: str, trace: Trace) -> tuple[str, ...]:
    wanted = wanted_of(task(name))
    program = check(trace, wanted.numbers)
    assert isinstance(program, Program) and wanted.gold is not None
    graph = wanted.gold.graph.copy()
    return classify(graph, draw(program, graph).root, wanted)


def confusion(numbers: str) -> Counter[tuple[str, str]]:
    table: Counter[tuple[str, str]] = Counter()
    for name in PROBLEMS:
        for one in broken(wanted_of(task(name)), numbers):
            found = labels(name, one.trace)
            table[one.label, "two_faults" if len(found) == 2 else found[0]] += 1
    return table


@pytest.mark.parametrize("numbers", ["literal", "pointer"])
def test_the_confusion_matrix_is_diagonal_and_whole(numbers: str) -> None:
    table = confusion(numbers)
    assert {pair for pair in table if pair[0] != pair[1]} == set()
    assert {label for label, _ in table} == set(LABELS)


def test_the_five_published_categories() -> None:
    assert set(CATEGORIES.values()) == {"multi_entity", "value", "truncation", "rate_time", "decimal"}
    assert set(CATEGORIES) <= {*LABELS, "truncated"}


# what is wrong -> (problem, trace, labels)
BY_HAND = {
    "right, by other experts": (
        "journey", "@arithmetic\na = 48\nb = 5\nc = 40\ns = mul a b\nr = div s c\n? r", ("routing_only",),
    ),
    "a pair": (
        "eggs", "@arithmetic\na = 16\nb = 3\nc = 4\np = 77\ns = sub a b\nt = add s c\nr = mul t p\n? r",
        ("invented_value", "wrong_op"),
    ),
    "the tip without its base": (
        "discount", "@percentage\na = 80\nb = 25\ns = pct_of a b\n? s", ("missing_steps",),
    ),
    "a shared number wrong once is wrong once": (
        "discount", "@percentage\np = 81\nr = 25\ns = pct_off p r\n? s\n"
        "@arithmetic\nc = @prev\nv = 15\nn = 3\ns = sub c v\nt = div s n\n? t", ("invented_value",),
    ),
    "an increase for a discount": (
        "discount", "@percentage\np = 80\nr = 25\ns = pct_up p r\n? s\n"
        "@arithmetic\nc = @prev\nv = 15\nn = 3\ns = sub c v\nt = div s n\n? t", ("wrong_op",),
    ),
    "nothing of it": (
        "eggs", "@arithmetic\na = 601\nb = 702\nc = 803\ns = div a b\nt = div s c\nu = div t a\n? u",
        ("other_structure",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BY_HAND)
def test_by_hand(what: str) -> None:
    name, text, expected = BY_HAND[what]
    trace = parse(text)
    assert isinstance(trace, Trace)
    assert labels(name, trace) == expected
