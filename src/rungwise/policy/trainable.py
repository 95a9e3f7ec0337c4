"""Which weights are trained, said in a phrase: "last 6 blocks + head", "attention only", "first 30% frozen".

1. A phrase is one of `PHRASES`, or a pattern on names ("*.q_proj.*"), or several of these joined by " + ".
2. Names are those of Hugging Face models: a block is `layers.N` or `h.N`; what is outside of the blocks is embeddings,
   head or last norm.
3. "head" is the output matrix. Where it is tied to the token embeddings there is no lm_head, and "head" is that one
   matrix: training the head then moves the embeddings too, and freezing the embeddings freezes the head.
4. "first P% frozen" freezes the embeddings and the first P% of the blocks, to the nearest whole block.
"""

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import partial

from rungwise.errors import InputError, nearest

PHRASES = (
    "all",
    "last N blocks",
    "first N blocks",
    "first P% frozen",
    "attention only",
    "mlp only",
    "norms",
    "embeddings",
    "head",
)

BLOCK = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.")
ATTENTION = re.compile(r"(?:^|\.)(?:self_attn|attn|attention|self_attention)\.")
MLP = re.compile(r"(?:^|\.)(?:mlp|feed_forward|ffn)\.")
NORM = re.compile(r"(?:norm|(?:^|\.)ln_\w+)[^.]*\.(?:weight|bias)$")
TOKENS = re.compile(r"(?:^|\.)(?:embed_tokens|wte|embed_in)\.")
POSITIONS = re.compile(r"(?:^|\.)(?:wpe|embed_positions)\.")
HEAD = re.compile(r"(?:^|\.)(?:lm_head|embed_out)\.")

Wanted = Callable[[str], bool]


def chosen(names: Sequence[str], phrase: str) -> tuple[str, ...]:
    """The names that the phrase trains, in the order they came in."""
    parts = [_wanted(names, " ".join(part.split())) for part in phrase.split(" + ")]
    trained = tuple(name for name in names if any(part(name) for part in parts))
    if not trained:
        raise InputError(f"{phrase!r} trains nothing; the model's weights are {_outline(names)}", field="trainable")
    return trained


def _wanted(names: Sequence[str], part: str) -> Wanted:
    fixed: dict[str, Wanted] = {
        "all": lambda _: True,
        "attention only": lambda name: bool(ATTENTION.search(name)),
        "mlp only": lambda name: bool(MLP.search(name)),
        "norms": lambda name: bool(NORM.search(name)),
        "embeddings": _embedding,
        "head": partial(_head, tied=not any(map(HEAD.search, names))),
    }
    if part in fixed:
        return fixed[part]
    if counted := re.fullmatch(r"(first|last) (\d+) blocks?", part):
        return _counted(names, part, counted[1], int(counted[2]))
    if frozen := re.fullmatch(r"first (\d+(?:\.\d+)?)% frozen", part):
        return _above(names, part, float(frozen[1]))
    if part in names or set(part) & set("*?["):
        return partial(_matching, pattern=part)
    raise InputError(f"no phrase {part!r}; {_nearest(part)}", field="trainable")


def _counted(names: Sequence[str], part: str, end: str, n: int) -> Wanted:
    blocks = _blocks(names)
    if not 1 <= n <= blocks:
        raise InputError(f"{part!r}, and the model has {blocks} blocks", field="trainable")
    low, high = (0, n) if end == "first" else (blocks - n, blocks)
    return lambda name: low <= _block(name) < high


def _above(names: Sequence[str], part: str, percent: float) -> Wanted:
    if percent > 100:
        raise InputError(f"{part!r}; expected at most 100%", field="trainable")
    frozen = int(_blocks(names) * percent / 100 + 0.5)
    return lambda name: not _embedding(name) and not 0 <= _block(name) < frozen


def _embedding(name: str) -> bool:
    return bool(TOKENS.search(name) or POSITIONS.search(name))


def _head(name: str, tied: bool) -> bool:
    return bool((TOKENS if tied else HEAD).search(name))


def _matching(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)


def _block(name: str) -> int:
    """The number of the block a weight is in; -1 outside of all."""
    found = BLOCK.search(name)
    return int(found[1]) if found else -1


def _blocks(names: Sequence[str]) -> int:
    return 1 + max(map(_block, names), default=-1)


def _nearest(part: str) -> str:
    """The phrases as they would be written with this part's own number."""
    number = re.search(r"\d+", part)
    own = number[0] if number else "2"
    return nearest(part, [re.sub(r"\b[NP]\b", own, known) for known in PHRASES]) + ' (or a pattern, "*.q_proj.*")'


def _outline(names: Sequence[str]) -> str:
    """A few names to go by: the first block's, and those outside of the blocks."""
    shown = [name for name in names if _block(name) < 1]
    return ", ".join(shown[:12]) + (f" and {len(names) - len(shown[:12])} more" if len(names) > 12 else "")
