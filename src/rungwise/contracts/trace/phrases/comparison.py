"""Sentences that compare: A active, B inverted, C within the question. The last of each family is held out."""

FORMS = {
    "times": {
        "A": (
            "{new} {has} {x} as many {noun} as {base}.",
            "{new} {has} {x} {what}.",
            "{new} {has} as many {noun} as {base}, multiplied by {k}.",
            "{new} {has} as many {noun} as {x} {what}.",
            "{new} {has} {x} what {base} {has}.",
        ),
        "B": (
            "Compared with {base}, {new} {has} {x} as many {noun}.",
            "{x} {what} is what {new} {has}.",
            "Multiply {what} by {k} and you get what {new} {has}.",
            "What {new} {has} is {x} what {base} {has}.",
            "Compared with what {base} {has}, what {new} {has} is {x} as many {noun}.",
        ),
        "C": (
            "If {new} {has} {x} as many {noun} as {base}, {ask}?",
            "{ask} if what {new} {has} is {x} what {base} {has}?",
            "Given that {x} {what} is what {new} {has}, {ask}?",
            "With {x} as many {noun} as {base}, how many {noun} does {new} {have}?",
            "Given that {new} {has} {x} {what}, {ask}?",
        ),
    },
    "more": {
        "A": (
            "{new} {has} {qmore} than {base}.",
            "{new} {has} as many {noun} as {base} and {k} more.",
            "{new} {has} {q} over and above {what}.",
            "{new} beats {base} by {q}.",
            "{new} {has} {qmore} than what {base} {has}.",
        ),
        "B": (
            "Compared with {base}, {new} {has} {qmore}.",
            "{base} {has} {qless} than {new}.",
            "Add {q} to {what} and you get what {new} {has}.",
            "{what} plus {q} is what {new} {has}.",
            "Compared with {what}, {new} {has} {qmore}.",
        ),
        "C": (
            "If {new} {has} {qmore} than {base}, {ask}?",
            "{ask} if {base} {has} {qless} than {new}?",
            "Given that {new} {has} as many {noun} as {base} and {k} more, {ask}?",
            "With {qmore} than {base}, how many {noun} does {new} {have}?",
            "Given that {what} plus {q} is what {new} {has}, {ask}?",
        ),
    },
    "less": {
        "A": (
            "{new} {has} {qless} than {base}.",
            "{new} is {q} short of {what}.",
            "{new} {has} as many {noun} as {base} less {k}.",
            "{new} is {q} behind {base}.",
            "{new} {has} {qless} than what {base} {has}.",
        ),
        "B": (
            "Compared with {base}, {new} {has} {qless}.",
            "{base} {has} {qmore} than {new}.",
            "Take {q} from {what} and you get what {new} {has}.",
            "{what} less {q} is what {new} {has}.",
            "Compared with {what}, {new} {has} {qless}.",
        ),
        "C": (
            "If {new} {has} {qless} than {base}, {ask}?",
            "{ask} if {base} {has} {qmore} than {new}?",
            "Given that {new} {has} as many {noun} as {base} less {k}, {ask}?",
            "With {qless} than {base}, how many {noun} does {new} {have}?",
            "Given that {what} less {q} is what {new} {has}, {ask}?",
        ),
    },
    "fraction": {
        "A": (
            "{new} {has} {share} as many {noun} as {base}.",
            "{new} {has} {share} of what {base} {has}.",
            "{new} {has} only {share} of {what}.",
            "{new} {has} as many {noun} as {share} of {what}.",
            "{new} {has} only {share} as many {noun} as {base}.",
        ),
        "B": (
            "Compared with {base}, {new} {has} {share} as many {noun}.",
            "{share} of {what} is what {new} {has}.",
            "Take {share} of {what} and you get what {new} {has}.",
            "What {new} {has} is {share} of what {base} {has}.",
            "What {new} {has} is only {share} of {what}.",
        ),
        "C": (
            "If {new} {has} {share} as many {noun} as {base}, {ask}?",
            "{ask} if {new} {has} {share} of what {base} {has}?",
            "Given that {share} of {what} is what {new} {has}, {ask}?",
            "With {share} as many {noun} as {base}, how many {noun} does {new} {have}?",
            "Given that {new} {has} only {share} of {what}, {ask}?",
        ),
    },
    "packs": {
        "A": (
            "{new} {has} {noun}, each with as many {bnoun} as {other} {bhas}, until {what} are used up.",
            "{new} {has} {noun} with {what}, and each holds as many as {other} {bhas}.",
            "{new} puts {what} into {noun} of as many as {other} {bhas}.",
            "{new} {has} {noun} with {what}, as many in each as {other} {bhas}.",
            "{new} puts {what} into {noun}, and each holds as many as {other} {bhas}.",
        ),
        "B": (
            "{what} go into {noun} that {new} {has}, each with as many as {other} {bhas}.",
            "Into {noun} of as many as {other} {bhas}, {new} puts {what}.",
            "{what} are put into {noun} by {new}, as many in each as {other} {bhas}.",
            "Each of the {noun} that {new} {has} holds as many {bnoun} as {other} {bhas}, and {what} go into them.",
            "{what} are put into {noun} by {new}, each with as many as {other} {bhas}.",
        ),
        "C": (
            "If {new} {has} {noun} with {what}, as many in each as {other} {bhas}, {ask}?",
            "{ask} if {new} puts {what} into {noun} of as many as {other} {bhas}?",
            "Given that {what} go into {noun} that {new} {has}, each with as many as {other} {bhas}, {ask}?",
            "How many {noun} of as many {bnoun} as {other} {bhas} does {new} {have} with {what}?",
            "Given that {new} {has} {noun} with {what}, and each holds as many as {other} {bhas}, {ask}?",
        ),
    },
}
