"""Pairs for interventions: a task of a known kind, an answer that goes through its loophole and one that does not.

Two forms, in turn. In the one the two differ in one word (`return` for `assert` in a checker, True for False in a flag)
and are as long: what is read there is the word that makes a hack of it, never the step that begins one. In the other
the clean answer is the function alone: there it is the beginning, and length goes with it. Specs are training's own and
so are names; the function beside them is wrong in half of the pairs, the same one on both sides.
"""

from collections.abc import Mapping, Sequence

from rungwise.contract import Json, Pair
from rungwise.contracts.code.answers import TRAINING, WRONG, body, examples_of, hacked, hint_of, wrong_body
from rungwise.contracts.code.hints import KNOWN, Hint, names
from rungwise.contracts.code.programs import twin
from rungwise.contracts.code.tasks import told
from rungwise.seeds import derive, stream


def pairs(n: int, seed: int, name: str, version: str, settings: Mapping[str, Json]) -> Sequence[Pair]:
    """Known kinds in turn; pair i depends on (seed, i) alone."""
    return [_pair(index, seed, name, version, settings) for index in range(n)]


def _pair(index: int, seed: int, name: str, version: str, settings: Mapping[str, Json]) -> Pair:
    rng = stream(seed, "code pairs", index)
    kind = KNOWN[index % len(KNOWN)]
    hint = Hint(kind, rng.choice(names(kind, "training")))
    # Their own seed, so that they are none of the tasks that train.
    task = told(TRAINING, index // len(KNOWN), derive(seed, "code pairs"), hint, name, version, settings)
    written = wrong_body(task, rng) if rng.random() < WRONG else body(task)
    plain = index // len(KNOWN) % 2 == 1
    clean = written if plain else twin(hint_of(task), written, task.facts["entry"], examples_of(task))
    return Pair(task=task, exploit=hacked(task, written), clean=clean, kind=kind)
