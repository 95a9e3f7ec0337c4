"""Wrong answers, each with the label that the judge must give it; and what the unskilled write."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rungwise.contract import Json, Sabotage, Task
from rungwise.contracts.clue.judge import published_of, puzzle_of
from rungwise.contracts.clue.language import BETWEEN, HEAD, write_answer, write_clues
from rungwise.contracts.clue.names import Names, options
from rungwise.contracts.clue.published import LONGEST
from rungwise.contracts.clue.solver import Refusal, solve
from rungwise.contracts.clue.spelling import MAX_CLUES
from rungwise.contracts.clue.tasks import PUBLISHED
from rungwise.contracts.clue.tree import Answer, Element, Is, Literal, Puzzle
from rungwise.seeds import stream

CYRILLIC = str.maketrans("aeopcxABEKMHOPCTX", "аеорсхАВЕКМНОРСТХ")  # noqa: RUF001 - look-alikes, on purpose


def sabotage(task: Task, settings: Mapping[str, Json]) -> Iterator[Sabotage]:
    if task.split == PUBLISHED:
        yield from _sheets(task)
        return
    puzzle, names = puzzle_of(task, settings["surface"])
    if settings["answer"] == "clues":
        yield from _clues(puzzle, names)
        return
    yield from _answers(task, puzzle, names, settings["surface"])


def _answers(task: Task, puzzle: Puzzle, names: Names, surface: str) -> Iterator[Sabotage]:
    lines, answer = task.facts["lines"], tuple(task.facts["answer"])
    head, between = HEAD[surface], BETWEEN[surface]
    known = names.letters if surface == "compact" else names.words
    gold = write_answer(lines, answer, puzzle, names, surface)
    last = gold.split("\n")[-1]
    told = last[len(head) + 1 :].split(between)
    for at in range(len(answer)):
        yield Sabotage(answer=write_answer(lines, _other(answer, at, puzzle), puzzle, names, surface), label="wrong",
                       why=f"question {at + 1} is wrong and all else is right")  # fmt: skip
    yield Sabotage(answer="\n", label="empty", why="nothing but a line end")
    yield Sabotage(answer=f"{last}\n" * 400, label="too_long", why="the answer four hundred times")
    yield Sabotage(answer=f"So, who was it?\n{gold}", label="illegible", why="prose before the answer")
    yield Sabotage(answer=between.join(told), label="no_answer", why="names without the word that marks the answer")
    yield Sabotage(answer=f" {last}", label="no_answer", why="a blank before the answer")
    yield Sabotage(answer=f"{gold}\n{last}", label="second_answer", why="the answer twice")
    yield Sabotage(answer=f"{gold}\n\n", label="tail", why="an empty line behind the answer")
    yield Sabotage(answer=f"{gold}\nor not", label="tail", why="a doubt behind the answer")
    yield Sabotage(answer=between.join([f"{head} {told[0]}", *told]), label="wrong_count", why="a name more")
    yield Sabotage(answer=f"{head} ", label="wrong_count", why="no name at all")
    hedged = [f"{name}/{known[_element(puzzle, answer, at, 1)]}" for at, name in enumerate(told)]
    yield Sabotage(answer=f"{head} {between.join(hedged)}", label="unknown_name", why="two names for each question")
    alike = [name.translate(CYRILLIC) for name in told]
    if alike != told:
        yield Sabotage(answer=f"{head} {between.join(alike)}", label="unknown_name", why="letters that look the same")
    if told != told[::-1] and len({slot.category for slot in puzzle.slots}) == len(told):
        swapped = between.join(told[::-1])
        yield Sabotage(answer=f"{head} {swapped}", label="wrong_type", why="the names in another order")


def _other(answer: Answer, at: int, puzzle: Puzzle) -> Answer:
    number = _element(puzzle, answer, at, 1).number
    return (*answer[:at], number, *answer[at + 1 :])


def _element(puzzle: Puzzle, answer: Answer, at: int, step: int) -> Element:
    """The element `step` places behind the right one."""
    category = puzzle.slots[at].category
    return Element(category, (answer[at] + step) % options(category, puzzle.shape))


# ---- clues ----


def _clues(puzzle: Puzzle, names: Names) -> Iterator[Sabotage]:
    gold = write_clues(puzzle.clues, names)
    yield Sabotage(answer="", label="empty", why="nothing")
    yield Sabotage(answer="\n".join([gold.split("\n")[0]] * (MAX_CLUES + 1)), label="too_long", why="more than may be")
    yield Sabotage(answer=f"{gold}\nsolve it", label="illegible", why="a line that is no clue")
    first = next((clue for clue in puzzle.clues if not hasattr(clue, "op")), None)
    if first is not None:
        opposite = replace(first, holds=not first.holds)
        yield Sabotage(answer=write_clues((*puzzle.clues, opposite), names), label="contradictory",
                       why="a clue and its opposite")  # fmt: skip
    yield Sabotage(answer=write_clues((*puzzle.clues, puzzle.clues[0]), names), label="twice", why="a clue twice")
    yield Sabotage(answer=write_clues(puzzle.clues[:1], names), label="several", why="one clue alone")
    if wrong := _pinned(puzzle):
        yield Sabotage(answer=write_clues(wrong, names), label="wrong", why="clues that say another answer")


def _pinned(puzzle: Puzzle) -> Sequence[Literal]:
    """Facts from which a wrong answer follows; nothing where no such facts can hold."""
    solved = solve(puzzle)
    assert not isinstance(solved, Refusal)
    for at in range(len(puzzle.slots)):
        answer = _other(solved.answer, at, puzzle)
        told = zip(puzzle.slots, answer, strict=True)
        facts = [Is(slot.subject, Element(slot.category, number)) for slot, number in told if slot.time is None]
        found = solve(Puzzle(puzzle.shape, tuple(facts), puzzle.slots))
        if not isinstance(found, Refusal) and found.answer == answer:
            return facts
    return ()


# ---- sheets ----


def _sheets(task: Task) -> Iterator[Sabotage]:
    puzzle = published_of(task)
    sheet = [f"{letter}. {puzzle.solution[letter]}" for letter in puzzle.types]
    kind = puzzle.types["A"]
    others = [thing for thing in puzzle.things[kind] if thing != puzzle.solution["A"]]
    foreign = next(things[0] for name, things in puzzle.things.items() if things and name != kind)
    yield Sabotage(answer=" ", label="empty", why="a blank")
    yield Sabotage(answer="\n" * LONGEST + "\n".join(sheet), label="too_long", why="the sheet behind many line ends")
    yield Sabotage(answer="\n".join(sheet[:-1]), label="no_answer", why="the last question is left out")
    yield Sabotage(answer="\n".join([*sheet, *sheet]), label="second_answer", why="the sheet twice")
    yield Sabotage(answer="\n".join(["A. nobody", *sheet[1:]]), label="unknown_name", why="nobody of the puzzle")
    yield Sabotage(answer="\n".join([f"A. {foreign}", *sheet[1:]]), label="wrong_type", why="a thing of another kind")
    if others:
        yield Sabotage(answer="\n".join([f"A. {others[0]}", *sheet[1:]]), label="wrong", why="A is wrong")


# ---- the unskilled ----


def attempt(task: Task, seed: int, settings: Mapping[str, Json]) -> str:
    """A guess of the right form."""
    rng = stream(seed, "clue attempt", task.id)
    if task.split == PUBLISHED:
        sheet = published_of(task)
        return "\n".join(f"{letter}. {rng.choice(sheet.things[kind])}" for letter, kind in sheet.types.items())
    puzzle, names = puzzle_of(task, settings["surface"])
    if settings["answer"] == "clues":
        kept = [clue for clue in puzzle.clues if rng.random() < 0.8]
        return write_clues(kept, names)
    guess = tuple(rng.randrange(options(slot.category, puzzle.shape)) for slot in puzzle.slots)
    return write_answer((), guess, puzzle, names, settings["surface"])
