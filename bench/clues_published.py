"""The published way to draw a night, written from its description, to be timed beside ours.

1. A night is played: every suspect and the victim stay with probability 0.5 or go next door, a weapon goes along with a
   suspect of its room with probability 0.8. Of all moments at which a suspect is alone with the victim and a weapon is
   there, one is the murder; the victim lies still from then on. Motives belong to one suspect each or are shared.
2. Every true clue of every kind is a candidate, the indirect kinds up to a third of the direct ones each. Each has a
   bias plus a random number between 0 and 1; the lowest go first.
3. From first to last: a clue is dropped where the others still allow one whole state alone. For each, a CP-SAT model is
   built anew (a Boolean for each piece, time and room, one for each possible murder, one for each possible motive),
   solved, forbidden what was found, and solved again.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, pairwise, product

from ortools.sat.python import cp_model

from rungwise.contracts.clue.moments import neighbour, within_reach
from rungwise.contracts.clue.tree import (
    CULPRIT,
    TOOL,
    VICTIM,
    At,
    Beside,
    Category,
    Compound,
    Element,
    Formula,
    Is,
    Literal,
    Met,
    Moves,
    Op,
    Shape,
    With,
)

STAYS, CARRIED, SHARED = 0.5, 0.8, 0.5
NIGHTS = 60  # until one has a moment for a murder
THIRD = 3  # one indirect clue of a kind for so many direct ones
# What is added to the number that decides how early a clue is dropped.
SOLUTION, DIRECT, THROUGH, MOTIVE, ONE_OF_TWO, BOTH = -0.2, -0.15, -0.1, 0.0, -0.05, 0.05
SAME_ROOM, TOGETHER, THROUGH_BOTH, MOVED, WEAPON_MOVED, BESIDE = 0.5, 0.8, 1.5, 0.1, 0.2, 0.2

Bool = cp_model.IntVar
Candidate = tuple[float, Formula]


def puzzle(rng: random.Random) -> tuple[Shape, tuple[Formula, ...], int]:
    """At the smallest size, for one player: shape, clues that are left, and how often the solver was asked."""
    shape = Shape(
        kind="moments", size=2, weapons=2, columns=2, rows=1, times=rng.randint(1, 2), motives=True, carried=True
    )
    night = next(filter(None, (_night(shape, rng) for _ in iter(int, 1))))
    ordered = sorted(_candidates(night, rng), key=lambda one: one[0] + rng.random())
    kept = [clue for _, clue in ordered]
    for _, clue in ordered:
        fewer = [one for one in kept if one is not clue]
        if _unique(night, fewer):
            kept = fewer
    return shape, tuple(kept), len(ordered)


# ---- a night ----


@dataclass(frozen=True)
class Night:
    shape: Shape
    paths: dict[Element, tuple[int, ...]]
    motives: tuple[int, ...]  # of the suspects
    shared: bool  # whether several may have the same
    murder: tuple[int, int, int, int]  # suspect, weapon, room, time

    @property
    def suspects(self) -> list[Element]:
        return [Element(Category.SUSPECT, number) for number in range(self.shape.size)]

    @property
    def weapons(self) -> list[Element]:
        return [Element(Category.WEAPON, number) for number in range(self.shape.weapons)]

    def path(self, piece: Element) -> tuple[int, ...]:
        if piece == CULPRIT:
            return self.paths[Element(Category.SUSPECT, self.murder[0])]
        if piece == TOOL:
            return self.paths[Element(Category.WEAPON, self.murder[1])]
        return self.paths[piece]


def _night(shape: Shape, rng: random.Random) -> Night | None:
    shared = rng.random() < SHARED
    motives = range(rng.randint(1, 2) if shared else shape.size)
    for _ in range(NIGHTS):
        paths = _walks(shape, rng)
        moments = list(_moments(paths))
        if moments:
            murder = rng.choice(moments)
            lies = (murder[2],) * (shape.times - murder[3])
            paths[VICTIM] = paths[VICTIM][: murder[3]] + lies
            of_each = [rng.choice(motives) for _ in range(shape.size)]
            return Night(shape, paths, tuple(of_each if shared else rng.sample(motives, shape.size)), shared, murder)
    return None


def _walks(shape: Shape, rng: random.Random) -> dict[Element, tuple[int, ...]]:
    reach = within_reach(shape)
    suspects = [Element(Category.SUSPECT, number) for number in range(shape.size)]
    weapons = [Element(Category.WEAPON, number) for number in range(shape.weapons)]
    paths = {piece: [rng.randrange(shape.rooms)] for piece in (VICTIM, *suspects, *weapons)}
    for time in range(1, shape.times):
        for piece in (VICTIM, *suspects):
            room = paths[piece][-1]
            paths[piece].append(room if rng.random() < STAYS else rng.choice(reach[room][1:]))
        for weapon in weapons:
            room = paths[weapon][-1]
            there = [one for one in suspects if paths[one][time - 1] == room]
            goes = there and rng.random() < CARRIED
            paths[weapon].append(paths[rng.choice(there)][time] if goes else room)
    return {piece: tuple(path) for piece, path in paths.items()}


def _moments(paths: dict[Element, tuple[int, ...]]) -> Iterator[tuple[int, int, int, int]]:
    for time, room in enumerate(paths[VICTIM]):
        there = [piece for piece, path in paths.items() if path[time] == room]
        alone = [one.number for one in there if one.category is Category.SUSPECT]
        if len(alone) == 1:
            yield from ((alone[0], one.number, room, time) for one in there if one.category is Category.WEAPON)


# ---- clues ----


def _candidates(night: Night, rng: random.Random) -> list[Candidate]:
    suspect, weapon, room, time = night.murder
    named = [VICTIM, *night.suspects, *night.weapons]
    times = range(night.shape.times)
    direct: list[Candidate] = [
        (SOLUTION, Is(CULPRIT, Element(Category.SUSPECT, suspect))),
        (SOLUTION, Is(TOOL, Element(Category.WEAPON, weapon))),
        (SOLUTION, Is(CULPRIT, Element(Category.ROOM, room))), (SOLUTION, Is(CULPRIT, Element(Category.TIME, time))),
        (SOLUTION, Is(CULPRIT, Element(Category.MOTIVE, night.motives[suspect]))),
    ]  # fmt: skip
    direct += [(DIRECT, At(piece, night.path(piece)[t], t)) for piece in named for t in times]
    direct += [(THROUGH, At(piece, night.path(piece)[t], t)) for piece in (CULPRIT, TOOL) for t in times]
    direct += [
        (MOTIVE, Is(one, Element(Category.MOTIVE, motive)))
        for one, motive in zip(night.suspects, night.motives, strict=True)
    ]
    families = (
        _of_two(night, direct, rng),
        _both(night, direct, rng),
        _same_room(night),
        _moved(night),
        _beside(night),
    )
    most = max(1, len(direct) // THIRD)
    return direct + [one for family in map(list, families) for one in rng.sample(family, min(most, len(family)))]


def _of_two(night: Night, direct: list[Candidate], rng: random.Random) -> Iterator[Candidate]:
    for _, clue in direct:
        pair = [clue, _false(night, clue, rng)]
        rng.shuffle(pair)
        yield ONE_OF_TWO, Compound(pair[0], Op.ONE, pair[1])


def _both(night: Night, direct: list[Candidate], rng: random.Random) -> Iterator[Candidate]:
    for (_, one), (_, other) in pairwise(rng.sample(direct, len(direct))):
        if rng.random() < 0.5:
            one, other = _false(night, one, rng), _false(night, other, rng)
        yield BOTH, Compound(one, Op.SAME, other)


def _false(night: Night, clue: Literal, rng: random.Random) -> Literal:
    """The same said of another room, or of another element where there is one."""
    shape = night.shape
    if isinstance(clue, At):
        return At(clue.piece, rng.choice([room for room in range(shape.rooms) if room != clue.room]), clue.time)
    assert isinstance(clue, Is)
    category = clue.second.category
    many = {Category.WEAPON: shape.weapons, Category.ROOM: shape.rooms, Category.TIME: shape.times}.get(category, 2)
    others = [number for number in range(many) if number != clue.second.number]
    return Is(clue.first, Element(category, rng.choice(others or [many])))


def _same_room(night: Night) -> Iterator[Candidate]:
    for one, other in combinations(sorted((CULPRIT, TOOL, VICTIM, *night.suspects, *night.weapons)), 2):
        extra = THROUGH_BOTH if {one, other} & {CULPRIT, TOOL} else 0.0
        shared = [t for t in range(night.shape.times) if night.path(one)[t] == night.path(other)[t]]
        yield from ((SAME_ROOM + extra, With(one, other, t)) for t in shared)
        yield from ((TOGETHER + extra, Met(one, other, room)) for room in {night.path(one)[t] for t in shared})


def _moved(night: Night) -> Iterator[Candidate]:
    for piece in (VICTIM, *night.suspects, *night.weapons):
        for t, (before, after) in enumerate(pairwise(night.path(piece))):
            weapon = piece.category is Category.WEAPON
            yield WEAPON_MOVED if weapon else MOVED, Moves(piece, t, before != after)


def _beside(night: Night) -> Iterator[Candidate]:
    pieces = (VICTIM, *night.suspects, *night.weapons)
    for one, other in product(pieces, pieces):
        for t, side in product(range(night.shape.times), "nesw"):
            if night.path(one)[t] == neighbour(night.shape, night.path(other)[t], side):
                yield BESIDE, Beside(one, side, other, t)  # type: ignore[arg-type]


# ---- the model ----


@dataclass
class Model:
    """Built anew for every question."""

    night: Night
    cp: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    at: dict[tuple[Element, int, int], Bool] = field(default_factory=dict)
    murders: dict[tuple[int, int, int, int], Bool] = field(default_factory=dict)
    motives: dict[tuple[int, int], Bool] = field(default_factory=dict)
    ands: dict[frozenset[int], Bool] = field(default_factory=dict)

    def state(self) -> list[Bool]:
        return [*self.at.values(), *self.murders.values(), *self.motives.values()]

    def both(self, one: Bool, other: Bool) -> Bool:
        key = frozenset((one.index, other.index))
        if key not in self.ands:
            found = self.ands[key] = self.cp.new_bool_var("")
            self.cp.add_bool_and([one, other]).only_enforce_if(found)
            self.cp.add_bool_or([one.negated(), other.negated(), found])
        return self.ands[key]

    def any(self, options: Iterable[Bool]) -> Bool:
        found = self.cp.new_bool_var("")
        self.cp.add_max_equality(found, [*options, self.cp.new_constant(0)])
        return found


def _unique(night: Night, clues: Iterable[Formula]) -> bool:
    model = _model(night)
    for clue in clues:
        model.cp.add(_said(model, clue) == 1)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    found = solver.solve(model.cp)
    assert found == cp_model.OPTIMAL, "a true clue is false in the model"
    state = model.state()
    model.cp.add_bool_or([one.negated() if solver.value(one) else one for one in state])
    return solver.solve(model.cp) == cp_model.INFEASIBLE


def _model(night: Night) -> Model:
    model, shape = Model(night), night.shape
    rooms, times = range(shape.rooms), range(shape.times)
    for piece in (VICTIM, *night.suspects, *night.weapons):
        for t in times:
            for room in rooms:
                model.at[piece, t, room] = model.cp.new_bool_var("")
            model.cp.add_exactly_one(model.at[piece, t, room] for room in rooms)
    for suspect, motive in product(range(shape.size), range(2)):
        model.motives[suspect, motive] = model.cp.new_bool_var("")
    for suspect in range(shape.size):
        model.cp.add_exactly_one(model.motives[suspect, motive] for motive in range(2))
    if not night.shared:
        for motive in range(2):
            model.cp.add_at_most_one(model.motives[suspect, motive] for suspect in range(shape.size))
    _walking(model)
    _murdering(model)
    return model


def _walking(model: Model) -> None:
    shape, at = model.night.shape, model.at
    for t, room in product(range(shape.times - 1), range(shape.rooms)):
        for piece in (VICTIM, *model.night.suspects):
            nearby = [at[piece, t + 1, other] for other in within_reach(shape)[room]]
            model.cp.add_bool_or([at[piece, t, room].negated(), *nearby])
        for weapon in model.night.weapons:
            for other in (one for one in range(shape.rooms) if one != room):
                moves = model.both(at[weapon, t, room], at[weapon, t + 1, other])
                along = [model.both(at[one, t, room], at[one, t + 1, other]) for one in model.night.suspects]
                model.cp.add_bool_or([moves.negated(), *along])


def _murdering(model: Model) -> None:
    night, shape, at, cp = model.night, model.night.shape, model.at, model.cp
    sizes = (shape.size, shape.weapons, shape.rooms, shape.times)
    for suspect, weapon, room, time in product(*map(range, sizes)):
        murder = model.murders[suspect, weapon, room, time] = cp.new_bool_var("")
        cp.add_implication(murder, at[VICTIM, time, room])
        cp.add_implication(murder, at[night.weapons[weapon], time, room])
        for number, one in enumerate(night.suspects):
            there = at[one, time, room]
            cp.add_implication(murder, there if number == suspect else there.negated())
        for later in range(time + 1, shape.times):
            cp.add_implication(murder, at[VICTIM, later, room])
    cp.add_exactly_one(model.murders.values())


# ---- what a clue says in the model ----


def _said(model: Model, clue: Formula) -> Bool:
    if isinstance(clue, Compound):
        one, other = _said(model, clue.first), _said(model, clue.second)
        differ = model.cp.new_bool_var("")
        model.cp.add_bool_xor([one, other, differ.negated()])  # an odd number of them
        return differ if clue.op is Op.ONE else differ.negated()
    true = SAID[type(clue)](model, clue)
    return true if clue.holds else true.negated()


def _done_by(model: Model, place: int, number: int) -> Bool:
    return model.any(murder for key, murder in model.murders.items() if key[place] == number)


def _is(model: Model, clue: Is) -> Bool:
    category, number = clue.second.category, clue.second.number
    if category is not Category.MOTIVE:
        places = (Category.SUSPECT, Category.WEAPON, Category.ROOM, Category.TIME)
        return _done_by(model, places.index(category), number)
    if clue.first != CULPRIT:
        return model.motives[clue.first.number, number]
    suspects = range(model.night.shape.size)
    return model.any(model.both(_done_by(model, 0, one), model.motives[one, number]) for one in suspects)


def _is_at(model: Model, piece: Element, time: int, room: int) -> Bool:
    if piece not in (CULPRIT, TOOL):
        return model.at[piece, time, room]
    place, pieces = (0, model.night.suspects) if piece == CULPRIT else (1, model.night.weapons)
    return model.any(model.both(_done_by(model, place, one.number), model.at[one, time, room]) for one in pieces)


def _at(model: Model, clue: At) -> Bool:
    return _is_at(model, clue.piece, clue.time, clue.room)


def _shared(model: Model, one: Element, other: Element, time: int, room: int) -> Bool:
    return model.both(_is_at(model, one, time, room), _is_at(model, other, time, room))


def _with(model: Model, clue: With) -> Bool:
    rooms = range(model.night.shape.rooms)
    return model.any(_shared(model, clue.first, clue.second, clue.time, room) for room in rooms)


def _met(model: Model, clue: Met) -> Bool:
    times = range(model.night.shape.times)
    return model.any(_shared(model, clue.first, clue.second, time, clue.room) for time in times)


def _moves(model: Model, clue: Moves) -> Bool:
    at, rooms = model.at, range(model.night.shape.rooms)
    stays = (model.both(at[clue.piece, clue.time, room], at[clue.piece, clue.time + 1, room]) for room in rooms)
    return model.any(stays).negated()


def _is_beside(model: Model, clue: Beside) -> Bool:
    shape, at = model.night.shape, model.at
    pairs = ((neighbour(shape, room, clue.side), room) for room in range(shape.rooms))
    return model.any(
        model.both(at[clue.first, clue.time, one], at[clue.second, clue.time, room])
        for one, room in pairs if one is not None
    )  # fmt: skip


SAID: dict[type, Callable[..., Bool]] = {
    Is: _is, At: _at, With: _with, Met: _met, Moves: _moves, Beside: _is_beside,
}  # fmt: skip
