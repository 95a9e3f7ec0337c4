"""Sentences with percents: A active, B inverted, C within the question. The last of each family is held out."""

FORMS = {
    "pct_of": {
        "A": (
            "{new} {has} {pct} of what {base} {has}.",
            "{new} {has} as many {noun} as {pct} of {what}.",
            "{new} {has} just {pct} of {what}.",
            "{new} {has} a share of {pct} of {what}.",
            "{new} {has} just {pct} of what {base} {has}.",
        ),
        "B": (
            "{pct} of {what} is what {new} {has}.",
            "Compared with {base}, {new} {has} {pct} of the {noun}.",
            "Take {pct} of {what} and you get what {new} {has}.",
            "What {new} {has} is {pct} of {what}.",
            "What {new} {has} is just {pct} of what {base} {has}.",
        ),
        "C": (
            "If {new} {has} {pct} of what {base} {has}, {ask}?",
            "{ask} if {pct} of {what} is what {new} {has}?",
            "Given that {new} {has} just {pct} of {what}, {ask}?",
            "With {pct} of {what}, how many {noun} does {new} {have}?",
            "Given that what {new} {has} is {pct} of {what}, {ask}?",
        ),
    },
    "pct_off": {
        "A": (
            "{new} {has} {pct} less than {base}.",
            "{new} {has} {pct} fewer {noun} than {base}.",
            "{new} {has} what {base} {has} less {pct}.",
            "{new} {has} a number of {noun} that is {pct} below {base}.",
            "{new} {has} {pct} less than what {base} {has}.",
        ),
        "B": (
            "Compared with {base}, {new} {has} {pct} less.",
            "Cut {what} by {pct} and you get what {new} {has}.",
            "{what} less {pct} is what {new} {has}.",
            "What {new} {has} is {pct} below what {base} {has}.",
            "Compared with what {base} {has}, what {new} {has} is {pct} less.",
        ),
        "C": (
            "If {new} {has} {pct} less than {base}, {ask}?",
            "{ask} if {new} {has} {pct} fewer {noun} than {base}?",
            "Given that {what} less {pct} is what {new} {has}, {ask}?",
            "With {pct} fewer {noun} than {base}, how many {noun} does {new} {have}?",
            "Given that what {new} {has} is {pct} below what {base} {has}, {ask}?",
        ),
    },
    "pct_up": {
        "A": (
            "{new} {has} {pct} more than {base}.",
            "{new} {has} {pct} more {noun} than {base}.",
            "{new} {has} what {base} {has} plus {pct}.",
            "{new} {has} a number of {noun} that is {pct} above {base}.",
            "{new} {has} {pct} more than what {base} {has}.",
        ),
        "B": (
            "Compared with {base}, {new} {has} {pct} more.",
            "Raise {what} by {pct} and you get what {new} {has}.",
            "{what} plus {pct} is what {new} {has}.",
            "What {new} {has} is {pct} above what {base} {has}.",
            "Compared with what {base} {has}, what {new} {has} is {pct} more.",
        ),
        "C": (
            "If {new} {has} {pct} more than {base}, {ask}?",
            "{ask} if {new} {has} {pct} more {noun} than {base}?",
            "Given that {what} plus {pct} is what {new} {has}, {ask}?",
            "With {pct} more {noun} than {base}, how many {noun} does {new} {have}?",
            "Given that what {new} {has} is {pct} above what {base} {has}, {ask}?",
        ),
    },
}
