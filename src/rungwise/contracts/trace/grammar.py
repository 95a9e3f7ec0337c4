"""Both surfaces as named regular expressions, made from the table of operations: an expert's block has its own
operations, and ends with its query. What no automaton can say (that a name has a value, that a result was computed)
stays with the machine. Reserved are the words of structure; names, numbers and pointers are payload.
"""

from rungwise.contract import Grammar
from rungwise.contracts.trace.flow import FORMS
from rungwise.contracts.trace.numbers import CONSTANTS, SPELLED
from rungwise.contracts.trace.operations import EXPERTS, Operation, of_expert
from rungwise.contracts.trace.spelling import BLOCK, NAME, POINTER


def grammar(surface: str, numbers: str) -> Grammar:
    rules = {"name": NAME, "number": SPELLED, "pointer": POINTER, "constant": "|".join(CONSTANTS), "block": BLOCK}
    return _compact(rules, numbers) if surface == "compact" else _yaml(rules, numbers)


# ---- compact ----


def _compact(rules: dict[str, str], numbers: str) -> Grammar:
    given = "<number>" if numbers == "literal" else r"#<pointer>|\$(?:<constant>)"
    rules["given"] = rf"<name> = (?:{given}|@(?:prev|<block>))" + "\n"
    for expert in EXPERTS:
        steps = "|".join(_compact_step(one) for one in of_expert(expert))
        rules[expert] = f"@{expert}\n(?:<given>|(?:{steps})\n)+" + r"\? <name>"
    blocks = "|".join(f"<{expert}>" for expert in EXPERTS)
    rules["trace"] = f"(?:{blocks})(?:\n(?:{blocks}))*"
    words = ("\n? ", " = ", *[f"@{expert}\n" for expert in EXPERTS], " = @prev\n", " = @")
    return Grammar(start="trace", rules=rules, reserved=(*words, *_compact_words(numbers)))


def _compact_step(one: Operation) -> str:
    operands = " <name>" * len(one.fields)
    return f"{one.name}{operands}" if one.moves else f"<name> = {one.name}{operands}"


def _compact_words(numbers: str) -> tuple[str, ...]:
    steps = [f"{one.name} " if one.moves else f" = {one.name} " for expert in EXPERTS for one in of_expert(expert)]
    return (*steps, *_references(" = #", " = $", numbers))


def _references(pointer: str, constant: str, numbers: str) -> tuple[str, ...]:
    return (pointer, *[f"{constant}{name}" for name in CONSTANTS]) if numbers == "pointer" else ()


# ---- yaml ----


def _yaml(rules: dict[str, str], numbers: str) -> Grammar:
    """One block bare, or several as a list: the same rules with other beginnings of lines."""
    value = "value: <number>" if numbers == "literal" else "number: <pointer>|constant: (?:<constant>)"
    rules["given"] = rf"\{{op: init, var: <name>, (?:{value}|source: (?:prev|sub(?:<block>))\.result)\}}"
    rules["asked"] = r"\{op: query, var: <name>\}"
    for expert in EXPERTS:
        rules[f"{expert}_step"] = r"\{op: (?:" + "|".join(map(_yaml_step, of_expert(expert))) + r")\}"
        for rule, first, rest in ((f"{expert}_alone", "", ""), (f"{expert}_item", "- ", "  ")):
            line = f"\n{rest}- (?:<given>|<{expert}_step>)"
            rules[rule] = f"{first}expert: {expert}\n{rest}trace:(?:{line})+\n{rest}- <asked>"
    alone, item = ("|".join(f"<{expert}_{rule}>" for expert in EXPERTS) for rule in ("alone", "item"))
    rules["trace"] = f"(?:{alone})|(?:{item})(?:\n(?:{item}))+"
    words = (
        "- {op: init, var: ", "- {op: query, var: ", "- {op: compute, compute_op: ", "}\n", "}\n  ", ", var: ",
        ", value: ", ", source: prev.result", ", source: sub", ".result", "], var: ", ", args: [",
        *[f"expert: {expert}\n" for expert in EXPERTS], "trace:\n", "- expert: ", "  trace:\n  ",
    )  # fmt: skip
    return Grammar(start="trace", rules=rules, reserved=(*words, *_yaml_words(numbers)))


def _yaml_step(one: Operation) -> str:
    if one.expert == "arithmetic":
        return rf"compute, compute_op: {one.name}, args: \[<name>, <name>\], var: <name>"
    return one.name + "".join(f", {field}: <name>" for field in FORMS[one.name])


def _yaml_words(numbers: str) -> tuple[str, ...]:
    steps = [one for expert in EXPERTS for one in of_expert(expert)]
    named = [f"- {{op: {one.name}, {one.fields[0]}: " for one in steps if one.expert != "arithmetic"]
    fields = [f", {field}: " for one in steps if one.expert != "arithmetic" for field in one.fields[1:]]
    plain = [one.name for one in steps if one.expert == "arithmetic"]
    return (*dict.fromkeys([*named, *fields, *plain]), *_references(", number: ", ", constant: ", numbers))
