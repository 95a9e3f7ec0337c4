"""Text is as wide as the fonts say, and is broken into lines that fit."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.contracts.scene.metrics import WORDS_KEPT, face, wrapped

FACES = ("sans", "sans_bold", "serif", "serif_bold", "mono", "mono_bold")
SEEN = st.characters(codec="utf-8", exclude_categories=("Z", "C"))
WORDS = st.lists(st.text(SEEN, min_size=1, max_size=12), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("name", "text", "thousandths"),
    [  # from Adobe's metrics of Helvetica, Times and Courier, which these fonts share
        ("sans", "A", 667), ("sans", "m", 833), ("sans_bold", "a", 556), ("serif", "W", 944), ("serif_bold", "g", 500),
        ("mono", "i", 600), ("mono_bold", "W", 600), ("sans", " ", 278),
    ],
)  # fmt: skip
def test_widths_are_those_of_the_fonts_everyone_has(name: str, text: str, thousandths: int) -> None:
    measured = face(name).space if text == " " else face(name)[text]
    assert measured * 1000 == pytest.approx(thousandths, abs=0.6)


@pytest.mark.parametrize("name", FACES)
def test_letters_of_other_scripts_signs_and_arrows_are_known(name: str) -> None:
    assert all(char in face(name).advances for char in "éßŁžΩλЖя\u2013\u2014…→≤€")


def test_what_the_fonts_do_not_have_is_an_em_and_marks_are_nothing() -> None:
    assert face("sans")["漢字"] == 2
    assert face("sans")["e\u0301"] == face("sans")["e"]
    assert face("sans")["🚀"] == 1.25


@given(WORDS, st.floats(0.5, 40), st.sampled_from(FACES))
def test_lines_fit_keep_every_word_and_are_as_full_as_can_be(words: list[str], room: float, name: str) -> None:
    measured = face(name)
    lines = wrapped(" ".join(words), measured, room)
    if lines is None:
        assert max(measured[word] for word in words) > room
        return
    assert [word for line in lines for word in line.split()] == words
    assert all(measured.width(line) <= room + 1e-9 for line in lines)
    for line, after in pairwise(lines):
        assert measured.width(f"{line} {after.split()[0]}") > room


def test_a_long_lived_cache_of_words_stays_small() -> None:
    measured = face("mono_bold")
    for number in range(WORDS_KEPT + 10):
        assert measured[f"w{number}"] > 0
    assert len(measured) <= WORDS_KEPT
