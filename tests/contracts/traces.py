"""Problems written by hand, one or more an expert, with their gold traces; traces drawn at random; and a second,
slower machine to hold the first against."""

import random
from fractions import Fraction
from functools import cache

import msgspec

from rungwise.contract import Task, Verdict
from rungwise.contracts.trace.judge import judge
from rungwise.contracts.trace.numbers import CONSTANTS
from rungwise.contracts.trace.operations import EXPERTS, of_expert
from rungwise.contracts.trace.stated import stated
from rungwise.contracts.trace.tree import (
    Block,
    Constant,
    Init,
    Line,
    Literal,
    Pointer,
    Query,
    Source,
    Step,
    Trace,
    Value,
)
from rungwise.contracts.trace.wanted import spelled_gold, wanted_of

PROBLEMS = {
    "eggs": (
        "Nora collects 16 eggs. She eats 3 and bakes with 4 of them, then sells what is left for $2 an egg. "
        "How many dollars does she get?",
        "18",
        "@arithmetic\neggs = #1\neaten = #2\nbaked = #3\nprice = #4\nstep1 = sub eggs eaten\nstep2 = sub step1 baked\n"
        "result = mul step2 price\n? result",
    ),
    "discount": (
        "A coat costs $80 and is sold at 25% off. Iris has a $15 voucher for it and splits the rest with 2 sisters, "
        "the three paying alike. What does each pay?",
        "15",
        "@percentage\nprice = #1\nrate = #2\nresult = pct_off price rate\n? result\n"
        "@arithmetic\ncost = @prev\nvoucher = #3\npayers = $all_three\nstep1 = sub cost voucher\n"
        "result = div step1 payers\n? result",
    ),
    "tip": (
        "Omar eats for $45 and Jun for $35. They leave a tip of 15 percent of the whole. How large is the tip?",
        "12",
        "@arithmetic\nomar.bill = #1\njun.bill = #2\nresult = add omar.bill jun.bill\n? result\n"
        "@percentage\nwhole = @prev\nrate = #3\nresult = pct_of whole rate\n? result",
    ),
    "journey": (
        "A van drives at 48 miles an hour for 5 hours. A lorry covers the same way at 40 miles an hour. "
        "How long is the lorry on the road?",
        "6",
        "@rate_equation\nvan.rate = #1\nvan.time = #2\nlorry.rate = #3\nway = amount van.rate van.time\n"
        "result = duration way lorry.rate\n? result",
    ),
    "savings": (
        "Tess saves $13 a week for 6 weeks, and has $55 already. How much more does she need for a bike of $240?",
        "107",
        "@rate_equation\nrate = #1\ntime = #2\nresult = amount rate time\n? result\n"
        "@arithmetic\nsaved = @0\nalready = #3\nbike = #4\nstep1 = add saved already\n"
        "result = sub bike step1\n? result",
    ),
    "stamps": (
        "Ben has 45 stamps. Cleo has 3 times as many as Ben, and Dan has 17 fewer than Cleo. How many has Dan?",
        "118",
        "@comparison\nben = #1\nfactor = #2\ndiff = #3\ncleo = times ben factor\ndan = less cleo diff\n? dan",
    ),
    "share": (
        "A school has 720 pupils. Two thirds of them play a sport, and 56 more pupils sing than play a sport. "
        "How many pupils sing?",
        "536",
        "@comparison\npupils = #1\npart = #2\nmore_by = #3\nplay = fraction pupils part\n"
        "sing = more play more_by\n? sing",
    ),
    "marbles": (
        "Ann has 38 marbles and Bob has 21. Ann gives Bob 9 marbles, then Bob loses 5. How many marbles has Bob?",
        "25",
        "@entity_track\nann.marbles = #1\nbob.marbles = #2\ngiven = #3\nlost = #4\n"
        "transfer ann.marbles bob.marbles given\nconsume bob.marbles lost\n? bob.marbles",
    ),
    "week": (
        "A shop sells 35 loaves a day and 14 cakes a day. How many of both does it sell in a week?",
        "343",
        "@arithmetic\nloaves = #1\ncakes = #2\ndays = $days_per_week\nstep1 = add loaves cakes\n"
        "result = mul step1 days\n? result",
    ),
    "halls": (
        "A hall has 28 rows of 32 seats and a balcony with 64 seats. Tickets for 3/4 of all seats are sold. "
        "How many tickets is that?",
        "720",
        "@arithmetic\nrows = #1\nseats = #2\nbalcony = #3\npart = #4\nstep1 = mul rows seats\n"
        "step2 = add step1 balcony\nresult = mul step2 part\n? result",
    ),
    "quarter": (
        "Rosa earns $9 an hour for 8 hours. Milo earns a quarter of what Rosa earns. How much is that?",
        "18",
        "@rate_equation\nrate = #1\ntime = #2\nresult = amount rate time\n? result\n"
        "@comparison\nrosa = @prev\nshare = #3\nresult = fraction rosa share\n? result",
    ),
    "pay": (
        "Maria earns $19 an hour and works 38 hours. Her brother earns $456 in 24 hours. "
        "How much more is her pay than 24 times his pay an hour?",
        "266",
        "@rate_equation\nmaria.rate = #1\nmaria.time = #2\nresult = amount maria.rate maria.time\n? result\n"
        "@rate_equation\nbrother.pay = #3\nbrother.time = #4\nresult = pace brother.pay brother.time\n? result\n"
        "@arithmetic\nhers = @0\nhis = @1\nhours = #5\nstep1 = mul his hours\nresult = sub hers step1\n? result",
    ),
}  # fmt: skip


@cache
def task(name: str) -> Task:
    question, answer, gold = PROBLEMS[name]
    return made(question, answer, gold, name)


def made(question: str, answer: str, gold: str | None, name: str = "own") -> Task:
    numbers = msgspec.to_builtins(stated(question))
    facts = {"question": question, "answer": answer, "numbers": numbers, "gold": gold}
    return Task(id=name, contract="trace", split="test", tier="t1", family=name, prompt=question, facts=facts)


def verdict(name: str, answer: str, surface: str = "compact", numbers: str = "literal") -> Verdict:
    return judge(task(name), answer, surface, numbers)


def gold(name: str, numbers: str = "literal") -> Trace:
    trace = spelled_gold(wanted_of(task(name)), numbers)
    assert trace is not None
    return trace


# ---- traces drawn at random ----


def wild(rng: random.Random, numbers: str = "literal") -> Trace:
    """A trace that is right in form: every name has a value, every block asks for what it computes."""
    return Trace(tuple(_block(rng, numbers, place) for place in range(rng.choice((1, 1, 2, 3)))))


def _block(rng: random.Random, numbers: str, place: int) -> Block:
    expert = rng.choice(EXPERTS)
    lines: list[Line] = []
    names: list[str] = []
    for n in range(rng.randint(2, 4)):
        names.append(rng.choice(("x", "price", "bob.cards", "n_of")) + str(n))
        lines.append(Init(names[-1], _value(rng, numbers, place)))
    asked = ""
    for n in range(rng.randint(1, 4)):
        one = rng.choice(of_expert(expert))
        operands = (
            tuple(rng.sample(names, 3)) if len(one.fields) > 2 and len(names) > 2 else tuple(rng.sample(names, 2))
        )
        op = one.name if len(one.fields) == len(operands) else "gain"
        asked = operands[0] if one.moves else f"step{n}"
        lines.append(Step(op, operands, "" if one.moves else asked))
        names += [] if one.moves else [asked]
    return Block(expert, (*lines, Query(asked)))


def _value(rng: random.Random, numbers: str, place: int) -> Value:
    if place and rng.random() < 0.4:
        return Source(rng.choice((None, *range(place))))
    if numbers == "pointer":
        return rng.choice((Pointer(rng.randint(1, 9)), Constant(rng.choice(list(CONSTANTS)))))
    return Literal(rng.choice(("0", "7", "16", "80000", "0.25", "2/3", "-3", "12.5", "999999999999999")))


# ---- a second machine: by names, block by block, in Fractions ----


def result_of(trace: Trace, numbers: tuple[str, ...] = ()) -> Fraction:
    """The result of a checked trace. Raises where it divides by zero or takes what is not there."""
    results: list[Fraction] = []
    for block in trace.blocks:
        held: dict[str, Fraction] = {}
        for line in block.lines:
            if isinstance(line, Init):
                held[line.name] = _worth(line.value, numbers, results)
            elif isinstance(line, Step):
                _do(line, held)
            else:
                results.append(held[line.name])
    return results[-1]


def _worth(value: Value, numbers: tuple[str, ...], results: list[Fraction]) -> Fraction:
    if isinstance(value, Literal):
        return Fraction(value.text)
    if isinstance(value, Pointer):
        return Fraction(numbers[value.index - 1])
    if isinstance(value, Constant):
        return Fraction(CONSTANTS[value.name])
    return results[-1 if value.block is None else value.block]


def _do(line: Step, held: dict[str, Fraction]) -> None:
    a, b = (held[name] for name in line.args[:2])
    if line.op in ("gain", "consume", "transfer"):
        amount = held[line.args[-1]]
        left = a + amount if line.op == "gain" else a - amount
        if amount < 0 or left < 0:
            raise ValueError("stock")
        held[line.args[0]] = left
        if line.op == "transfer":
            held[line.args[1]] += amount
        return
    held[line.name] = {
        "add": lambda: a + b, "more": lambda: a + b, "sub": lambda: a - b, "less": lambda: a - b,
        "mul": lambda: a * b, "times": lambda: a * b, "fraction": lambda: a * b, "amount": lambda: a * b,
        "div": lambda: a / b, "ratio": lambda: a / b, "duration": lambda: a / b, "pace": lambda: a / b,
        "pct_of": lambda: a * b / 100, "pct_off": lambda: a - a * b / 100, "pct_up": lambda: a + a * b / 100,
    }[line.op]()  # fmt: skip
