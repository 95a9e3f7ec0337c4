"""The deterministic mend: out of its fence, without the prose around it, tabs as spaces, in its canonical spelling."""

import re
from collections.abc import Iterator

from rungwise.contract import Repair
from rungwise.contracts.code.language import Reading, canonical, read

MOST_CHARS, MOST_CUTS = 20_000, 20  # of an answer; of lines behind it
_FENCE = re.compile(r"```[a-zA-Z]*\n(.*?)(?:\n```|$)", re.DOTALL)


def repair(answer: str) -> Repair:
    if len(answer) > MOST_CHARS or isinstance(read(answer), Reading):
        return Repair(answer=answer)
    for mended, edit in _mends(answer):
        spelled = canonical(mended)
        if spelled is not None and isinstance(read(spelled), Reading):  # it may have grown too long
            return Repair(answer=spelled, edits=(edit,))
    return Repair(answer=answer)


def _mends(answer: str) -> Iterator[tuple[str, str]]:
    """Texts that are more and more mended, the least first."""
    fenced = _FENCE.search(answer)
    inner = fenced[1] if fenced else answer
    if fenced:
        yield inner, "the fence is gone"
    rows = [row.rstrip().expandtabs(4) for row in inner.split("\n")]
    yield "\n".join(rows), "tabs are spaces"
    begins = next((at for at, row in enumerate(rows) if row.startswith("def ")), None)
    if begins is None:
        return
    rows = rows[begins:]
    for cut in range(min(len(rows) - 1, MOST_CUTS) + 1):
        yield "\n".join(rows[: len(rows) - cut]), "what is no program around it is gone"
