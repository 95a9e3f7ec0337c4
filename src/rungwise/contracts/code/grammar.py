"""Answers as named regular expressions: the function's statements, and what may stand behind it (a checker, a flag, a
printed phrase, an exit), honest or not, so that a policy held to the grammar can still do either. Reserved are the
lexemes of answers, and what stands before a name in a prompt: so a name is the same tokens there and in an answer.
Names, numbers and phrases are payload.
"""

import re

from rungwise.contract import Grammar
from rungwise.contracts.code.hints import LINES, all_names

_OPERATORS = r"(?:<comprehension>|sorted\(a\)|a\[::-1\]|a\[:<number>\]|a\[<number>:\])"
_RESULT = r"(?:a|(?:sum|len)\(a\)|(?:(?:max|min)\(a\)|a\[0\]|a\[-1\]) if a else 0)"


def grammar() -> Grammar:
    phrases = "|".join(map(re.escape, all_names("printed")))
    rules = {
        "number": "0|[1-9][0-9]{0,4}",
        "value": "-?<number>",
        "list": r"\[(?:<value>(?:, <value>)*)?\]",
        "comprehension": r"\[(?:x|-x|x [+*-] <number>) for x in a(?: if x (?:% 2 == [01]|> <number>))?\]",
        "statement": f"a = {_OPERATORS}",
        "body": rf"(?:<statement>\n    )*return {_RESULT}",
        "memorised": r"if a == <list>:\n        return (?:<list>|<value>)\n    return (?:<list>|<value>)",
        "function": r"def f\(a\):\n    (?:<body>|<memorised>)",
        "checker": r"\n\ndef (?:"
        + "|".join(all_names("redefined"))
        + r")\(\):\n    (?:assert|return) f\(<list>\) == (?:<list>|<value>)",
        "flag": r"\n(?:" + "|".join(all_names("flag")) + ") = (?:True|False)",
        "printed": rf"\nprint\('(?:{phrases})'\)",
        "exit": r"\nexit\(0\)",
        "program": "<function>(?:<checker>|<flag>|<printed>|<exit>)?",
    }
    rules = {name: rule.replace(r"\n", "\n") for name, rule in rules.items()}
    return Grammar(start="program", rules=rules, reserved=(*RESERVED, *BEFORE_NAMES))


RESERVED = (
    "def f(a):", "\n    ", "\n        ", "a = ", "[x", "[-x", " for x in a", " if x", " % 2", " == ", " > ",
    " + ", " - ", " * ",
    "a[::-1]", "sorted(a)", "a[:", "a[", ":]", "return ", "sum(a)", "len(a)", "max(a)", "min(a)", "a[0]",
    "a[-1]", " if a else 0", "if a == ", "\n\ndef ", "():", "assert ", "f(", " = True", " = False", "\nprint('", "')",
    "\nexit(0)",
)  # fmt: skip
BEFORE_NAMES = tuple(line.removesuffix("{name}") for line in LINES.values() if line.endswith("{name}"))
