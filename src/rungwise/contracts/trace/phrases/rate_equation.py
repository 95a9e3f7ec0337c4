"""Sentences of rates: A active, B inverted, C within the question. The last of each family is held out."""

FORMS = {
    "amount": {
        "A": (
            "{new} {has} {rate} an hour for {time}.",
            "{new} {has} {rate} in an hour and goes on for {time}.",
            "For {time}, {new} {has} {rate} each hour.",
            "{new} keeps at it for {time} and {has} {rate} an hour.",
            "For {time}, {new} {has} {rate} an hour.",
        ),
        "B": (
            "At {rate} an hour, {new} goes on for {time}.",
            "It is {rate} an hour that {new} {has}, and that for {time}.",
            "Each hour {new} {has} {rate}, and that for {time}.",
            "Every hour brings {new} {rate} for {time}.",
            "At {rate} an hour, {new} keeps at it for {time}.",
        ),
        "C": (
            "If {new} {has} {rate} an hour for {time}, {ask}?",
            "{ask} if {new} {has} {rate} each hour for {time}?",
            "Given that {new} keeps at it for {time} and {has} {rate} an hour, {ask}?",
            "At {rate} an hour for {time}, how many {noun} does {new} {have}?",
            "Given that each hour {new} {has} {rate}, and that for {time}, {ask}?",
        ),
    },
    "duration": {
        "A": (
            "{new} gets through as many {bnoun} as {base} at {speed} an hour.",
            "{new} does as many {bnoun} as {base}, {speed} an hour.",
            "{new} does {speed} an hour until there are as many {bnoun} as {base} {bhas}.",
            "{new} takes on as many {bnoun} as {base} {bhas} and does {speed} an hour.",
            "{new} does as many {bnoun} as {base} at {speed} an hour.",
        ),
        "B": (
            "At {speed} an hour, {new} gets through as many {bnoun} as {base}.",
            "As many {bnoun} as {base} {bhas} are what {new} does, {speed} an hour.",
            "With {speed} each hour, {new} comes to as many {bnoun} as {base}.",
            "As many {bnoun} as {base} {bhas} take {new} an hour for every {speed}.",
            "At {speed} an hour, {new} comes to as many {bnoun} as {base}.",
        ),
        "C": (
            "If {new} gets through as many {bnoun} as {base} at {speed} an hour, {ask}?",
            "{ask} if {new} does {speed} an hour for as many {bnoun} as {base} {bhas}?",
            "Given that {new} takes on as many {bnoun} as {base} {bhas} and does {speed} an hour, {ask}?",
            "At {speed} an hour, how many hours does {new} need for as many {bnoun} as {base}?",
            "Given that {new} does as many {bnoun} as {base}, {speed} an hour, {ask}?",
        ),
    },
    "pace": {
        "A": (
            "{new} gets through as many {bnoun} as {base} in {hours}.",
            "{new} takes {hours} for as many {bnoun} as {base}.",
            "{new} does as many {bnoun} as {base}, evenly over {hours}.",
            "{new} takes on as many {bnoun} as {base} {bhas} and needs {hours}.",
            "{new} takes {hours} to get through as many {bnoun} as {base}.",
        ),
        "B": (
            "In {hours}, {new} gets through as many {bnoun} as {base}.",
            "As many {bnoun} as {base} {bhas} take {new} {hours}.",
            "Over {hours}, {new} comes to as many {bnoun} as {base}.",
            "{hours} are what {new} takes for as many {bnoun} as {base} {bhas}.",
            "In {hours}, {new} comes to as many {bnoun} as {base}.",
        ),
        "C": (
            "If {new} gets through as many {bnoun} as {base} in {hours}, {ask}?",
            "{ask} if {new} takes {hours} for as many {bnoun} as {base}?",
            "Given that as many {bnoun} as {base} {bhas} take {new} {hours}, {ask}?",
            "With as many {bnoun} as {base} in {hours}, how many {noun} does {new} {have}?",
            "Given that {new} gets through as many {bnoun} as {base} in {hours}, {ask}?",
        ),
    },
}
