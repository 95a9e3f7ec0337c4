"""The choice among k answers without the judge: of those that compile, the scene that most of them agree on."""

from collections import Counter
from collections.abc import Sequence

from rungwise.contract import Json, Task
from rungwise.contracts.scene.compiler import Drawing, compile_scene
from rungwise.contracts.scene.language import parse, write
from rungwise.contracts.scene.tree import Fault


def pick(task: Task, answers: Sequence[str], surface: str) -> int:
    """The first answer of the scene that most agree on; the first answer where none compiles."""
    spelled = [_compiled(answer, task.facts["content"], surface) for answer in answers]
    votes = Counter(scene for scene in spelled if scene is not None)
    return spelled.index(votes.most_common(1)[0][0]) if votes else 0


def _compiled(answer: str, content: dict[str, Json], surface: str) -> str | None:
    read = parse(answer, surface)
    if isinstance(read, Fault) or not isinstance(compile_scene(read, content), Drawing):
        return None
    return write(read)
