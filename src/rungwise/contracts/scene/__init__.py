"""Scene: infographics as structure, drawn by a compiler that owns the picture.

families.py     the one table that everything is made from
language.py     the syntax tree's two surfaces (tree.py); topology.py what edges must form; faults.py why a text is none
compiler.py     scene and content to SVG, decompile.py back; content.py layouts/ kit.py frame.py palette.py metrics.py
judge.py        strict reading, compilation, field by field against what the prompt determines; failure labels
tasks.py        splits and tiers; draft.py a scene as rules; drawing.py, intent.py, words.py, packs.py, topics.py
sabotage.py     wrong scenes with the label each must get
repair.py       the deterministic mend; pick.py the choice among k
picture.py      what a person looks at
assets.py       the pack of pictures that the language is measured against
"""

from collections.abc import Iterable, Mapping, Sequence

from rungwise.contract import Contract, Grammar, Json, Repair, Sabotage, Task, Verdict
from rungwise.contracts.scene import language, tasks
from rungwise.contracts.scene.families import FAMILIES
from rungwise.contracts.scene.grammar import grammar
from rungwise.contracts.scene.judge import FAILURES, judge
from rungwise.contracts.scene.pick import pick
from rungwise.contracts.scene.picture import picture
from rungwise.contracts.scene.repair import repair
from rungwise.contracts.scene.sabotage import attempt, sabotage
from rungwise.errors import InputError, nearest

REFS = ("numbers", "names", "mixed")


class Scenes:
    name = "scene"
    version = "1"
    tiers = tasks.TIERS
    splits = tasks.SPLITS
    gold_floor = 1.0

    def __init__(self, surface: str, families: tuple[str, ...], wording: str, refs: str) -> None:
        self.surface = surface
        self.families = families
        self.settings: Mapping[str, Json] = {
            "surface": surface, "families": list(families), "wording": wording, "refs": refs,
        }  # fmt: skip
        joined = any(part.bare for name in families for part in FAMILIES[name].parts)
        self.failures = {label: mend for label, mend in FAILURES.items() if joined or label != "edges"}

    def tasks(self, split: str, n: int, seed: int) -> Sequence[Task]:
        return tasks.tasks(split, n, seed, self.name, self.version, self.settings)

    def gold(self, task: Task) -> str | None:
        return tasks.gold(task, self.surface)

    def judge(self, task: Task, answer: str) -> Verdict:
        return judge(task, answer, self.surface)

    def sabotage(self, task: Task, seed: int) -> Iterable[Sabotage]:  # noqa: ARG002 - the breaks are the same for every seed
        return sabotage(task, self.surface)

    def repair(self, answer: str) -> Repair:
        return repair(answer, self.surface)

    def grammar(self) -> Grammar | None:
        return grammar(self.surface, self.families)

    def picture(self, task: Task, answer: str) -> str | None:
        return picture(task, answer, self.surface)

    # What a contract may also offer.

    def canonical(self, answer: str) -> str | None:
        read = language.parse(answer, self.surface)
        return None if isinstance(read, language.Fault) else language.write(read, self.surface)

    def structure(self, task: Task) -> Json:
        return tasks.structure(task)

    def public(self, task: Task) -> Mapping[str, Json]:
        return {"content": task.facts["content"]}

    def pick(self, task: Task, answers: Sequence[str]) -> int:
        return pick(task, answers, self.surface)

    def attempt(self, task: Task, seed: int) -> str:
        return attempt(task, seed, self.surface)


def scene(
    surface: str = "block", families: str | Sequence[str] = "all", wording: str = "all", refs: str = "numbers"
) -> Contract:
    """`families` is "all", or names in a list or with commas between them."""
    listed = families.split(",") if isinstance(families, str) else list(families)
    names = tuple(FAMILIES) if listed == ["all"] else tuple(name.strip() for name in listed)
    for field, value, known in (
        ("surface", surface, language.SURFACES), ("wording", wording, tasks.WORDINGS), ("refs", refs, REFS),
        *[("families", name, tuple(FAMILIES)) for name in names],
    ):  # fmt: skip
        if value not in known:
            raise InputError(f"no {field} {value!r}; {nearest(value, known)}", field=field)
    return Scenes(surface, tuple(name for name in FAMILIES if name in names), wording, refs)
