"""A place to run programs that nobody trusts.

    with Sandbox() as box:
        [outcome] = box.run([Program("def f(a):\\n    return a[::-1]", (Call("f", ([1, 2],)),))])
    outcome.status, outcome.returned     # "ok", ([2, 1],)
    same(outcome.returned[0], [2, 1])    # True; expected values never leave this process

A program is a module in a subset of Python, then calls of its functions with plain values (None, bool, int, float,
str, and list, tuple, dict, set of these). Its outcome says how it ended, what each call returned or raised, what was
printed, whether exit() was reached, which variables hold what. Each program has fresh globals; each call has fuel of
its own. The same program has the same outcome whatever ran before it, alone or in a batch.

    ok        the module ran to its end, and every call returned or raised
    syntax    no Python             refused   Python outside the subset (`inspect` says both, and runs nothing)
    raised    the module raised     exited    exit() was reached
    fuel      out of ticks          memory    made something too large
    time      out of processor time           killed    anything else that ends a worker

The last two are for what got past the first layer. Where a program stopped, `returned` holds the calls before.

Three layers, always all of them. Where one is missing nothing runs: JudgeUnavailable says which, and what to do.

    language  an allow-list over the syntax tree; fuel for each turn, call, element and character
    kernel    a process with one pipe, no environment, limits, and a handful of system calls
    trust     the process gets sources and inputs; plain values come back, and are read strictly

What is left: programs of one batch share an interpreter, so one that broke the first layer could answer for those
after it. `Sandbox(fresh=True)` gives every program a worker of its own, at some 4 ms: for evaluation, to check a batch.

confined/    what is loaded where programs run: the first two layers
box.py       Sandbox: batches over lanes
lane.py      one small process that forks a worker a batch; if that dies, the program it died of is tried once more,
             alone, before it is blamed, and the rest goes on
program.py   what goes in, what comes out, and how it is read
"""

from rungwise.contracts.code.sandbox.box import Layer, Sandbox
from rungwise.contracts.code.sandbox.confined.language import Checked, Refusal, inspect
from rungwise.contracts.code.sandbox.confined.values import Value, same
from rungwise.contracts.code.sandbox.program import STATUSES, Call, Outcome, Program, Raised

__all__ = [
    "STATUSES", "Call", "Checked", "Layer", "Outcome", "Program", "Raised", "Refusal", "Sandbox", "Value", "inspect",
    "same",
]  # fmt: skip
