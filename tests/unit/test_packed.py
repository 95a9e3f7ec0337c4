"""Rows without padding: whatever is packed, each label is predicted from exactly what stands before it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rungwise.policy.packed import Packed, Row, pack, portions

IDS = st.integers(0, 99)
ANSWERS = st.lists(st.lists(IDS, min_size=1, max_size=6), min_size=1, max_size=4)
ROWS = st.lists(st.tuples(st.lists(IDS, min_size=1, max_size=6), ANSWERS), min_size=1, max_size=5)


def read_by(batch: Packed, index: int) -> list[tuple[int, int]]:
    """The (position, token) pairs that the query at a flat index may see, itself last."""
    start, _, parent, past = next(s for s in batch.segments.tolist() if s[0] <= index < s[0] + s[1])
    seen = [*range(parent, parent + past), *range(start, index + 1)]
    return [(int(batch.positions[i]), int(batch.tokens[i])) for i in seen]


@given(ROWS)
def test_every_label_is_predicted_from_its_prompt_and_what_was_written_before_it(rows: list[Row]) -> None:
    batch = pack(rows)
    flat = [(prompt, answer) for prompt, answers in rows for answer in answers]
    expected = [
        (owner, list(enumerate([*prompt, *answer[:t]])), label)
        for owner, (prompt, answer) in enumerate(flat)
        for t, label in enumerate(answer)
    ]
    found = [
        (owner, read_by(batch, source), label)
        for owner, source, label in zip(batch.owner.tolist(), batch.source.tolist(), batch.labels.tolist(), strict=True)
    ]
    assert found == expected
    assert batch.answers == len(flat)


@given(ROWS)
def test_a_prompt_stands_once_and_segments_cover_all_without_overlap(rows: list[Row]) -> None:
    batch = pack(rows)
    least = sum(len(prompt) + sum(len(answer) - 1 for answer in answers) for prompt, answers in rows)
    assert len(batch.tokens) == len(batch.positions) == least
    covered = [i for start, length, _, _ in batch.segments.tolist() for i in range(start, start + length)]
    assert covered == list(range(least))


@given(ROWS, st.integers(1, 40))
def test_portions_keep_all_answers_in_order_and_within_the_budget(rows: list[Row], budget: int) -> None:
    cut = list(portions(rows, budget))
    assert [(p, a) for part in cut for p, answers in part for a in answers] == [(p, a) for p, s in rows for a in s]
    for part in cut:
        cost = sum(len(prompt) + sum(map(len, answers)) for prompt, answers in part)
        assert cost <= budget or sum(len(answers) for _, answers in part) == 1
        assert all(answers for _, answers in part)
    for part, following in pairwise(cut):  # none is cut off before it is full
        (prompt, answers), again = following[0], part[-1][0] is following[0][0]
        held = sum(len(p) + sum(map(len, a)) for p, a in part)
        assert held + len(answers[0]) + (0 if again else len(prompt)) > budget
