"""Sentences of plain arithmetic, and of what is given: A active, B inverted, C within the question. The last of each
family is held out."""

FORMS = {
    "holds": {
        "A": (
            "{new} {has} {q}.",
            "{new} {has} exactly {q}.",
            "{new} {has} {q} in all.",
            "To begin with, {new} {has} {q}.",
            "In all, {new} {has} exactly {q}.",
        ),
        "B": (
            "It is {q} that {new} {has}.",
            "{q} is what {new} {has}.",
            "The number of {noun} that {new} {has} is {k}.",
            "What {new} {has} comes to {q}.",
            "What {new} {has} is {q} in all.",
        ),
        "C": (
            "If {new} {has} {q}, {ask}?",
            "{ask} if {new} {has} {q} in all?",
            "Given that {new} {has} exactly {q}, {ask}?",
            "With {q} for {new}, {ask}?",
            "Given that {q} is what {new} {has}, {ask}?",
        ),
    },
    "groups": {
        "A": (
            "{new} {has} {k} {box} with {size} in each.",
            "{new} fills {k} {box} with {size} each.",
            "{new} owns {k} {box} of {size} each.",
            "{new} keeps {size} in each of {k} {box}.",
            "{new} keeps {k} {box} with {size} in each.",
        ),
        "B": (
            "In each of {k} {box}, {new} {has} {size}.",
            "There are {k} {box} of {size} each, and all belong to {new}.",
            "{size} are in each of the {k} {box} that {new} owns.",
            "Each of the {k} {box} that {new} {has} holds {size}.",
            "In each of the {k} {box} that {new} owns are {size}.",
        ),
        "C": (
            "If {new} {has} {k} {box} with {size} in each, {ask}?",
            "{ask} if {new} keeps {size} in each of {k} {box}?",
            "Given that each of the {k} {box} that {new} {has} holds {size}, {ask}?",
            "With {k} {box} of {size} each, how many {noun} does {new} {have}?",
            "Given that {new} owns {k} {box} of {size} each, {ask}?",
        ),
    },
    "price": {
        "A": (
            "{new} {has} {price} for each of the {bnoun} {base} {bhas}.",
            "{new} {has} {price} apiece for as many {bnoun} as {base} {bhas}.",
            "{new} {has} {price} for every item of {what}.",
            "{new} {has} {price} each for {what}.",
            "{new} {has} {price} each for as many {bnoun} as {base} {bhas}.",
        ),
        "B": (
            "For each of the {bnoun} {base} {bhas}, {new} {has} {price}.",
            "For {what}, {new} {has} {price} apiece.",
            "{price} each is what {new} {has} for {what}.",
            "At {price} for every item, {new} {has} the price of {what}.",
            "For as many {bnoun} as {base} {bhas}, {new} {has} {price} each.",
        ),
        "C": (
            "If {new} {has} {price} for each of the {bnoun} {base} {bhas}, {ask}?",
            "{ask} if {new} {has} {price} apiece for as many {bnoun} as {base} {bhas}?",
            "Given that {new} {has} {price} each for {what}, {ask}?",
            "At {price} each for {what}, how many {noun} does {new} {have}?",
            "Given that {price} each is what {new} {has} for {what}, {ask}?",
        ),
    },
    "share": {
        "A": (
            "{new} {has} as many {noun} as each of {k} equal shares of {what}.",
            "{new} {has} an equal share of {what} when they are split by {k}.",
            "{new} {has} what comes of {what} divided evenly by {k}.",
            "{new} {has} as many {noun} as {base}, divided by {k}.",
            "{new} {has} as many {noun} as {what} divided evenly by {k}.",
        ),
        "B": (
            "Split {what} into {k} equal shares and each is what {new} {has}.",
            "{what} divided by {k} is what {new} {has}.",
            "Into {k} equal shares go {what}, and each is what {new} {has}.",
            "Each of {k} equal shares of {what} is what {new} {has}.",
            "Divided by {k}, {what} come to what {new} {has}.",
        ),
        "C": (
            "If {new} {has} as many {noun} as each of {k} equal shares of {what}, {ask}?",
            "{ask} if {what} divided by {k} is what {new} {has}?",
            "Given that {new} {has} as many {noun} as {base}, divided by {k}, {ask}?",
            "With an equal share of {what} split by {k}, how many {noun} does {new} {have}?",
            "Given that each of {k} equal shares of {what} is what {new} {has}, {ask}?",
        ),
    },
    "total": {
        "A": (
            "{new} {has} as many {noun} as {base} and {other} together.",
            "{new} {has} as many {noun} as {base} plus as many as {other}.",
            "{new} {has} what {base} and {other} {have} in all.",
            "{new} {has} as many {noun} as there are with {base} and {other} in all.",
            "{new} {has} what {base} and {other} {have} together.",
        ),
        "B": (
            "Together, {base} and {other} {have} what {new} {has}.",
            "Add {what} to {what2} and you get what {new} {has}.",
            "What {base} and {other} {have} in all is what {new} {has}.",
            "{what} plus {what2} make what {new} {has}.",
            "Together, {what} and {what2} make what {new} {has}.",
        ),
        "C": (
            "If {new} {has} as many {noun} as {base} and {other} together, {ask}?",
            "How many {noun} do {base} and {other} {have} together?",
            "How many {noun} are there with {base} and {other} in all?",
            "Given that {what} plus {what2} make what {new} {has}, {ask}?",
            "How many {noun} do {base} and {other} {have} in all?",
        ),
    },
    "rest": {
        "A": (
            "{new} {has} as many {noun} as {base} {has} more than {other}.",
            "{new} {has} what {base} {has} over and above {other}.",
            "{new} {has} as many {noun} as {base} less as many as {other}.",
            "{new} {has} as many {noun} as {other} is short of {base}.",
            "{new} {has} as many {noun} as {base} {has} over and above {other}.",
        ),
        "B": (
            "Take {what2} from {what} and you get what {new} {has}.",
            "{what} less {what2} make what {new} {has}.",
            "What {base} {has} more than {other} is what {new} {has}.",
            "To get to {base}, {other} is short of as many {noun} as {new} {has}.",
            "What {base} {has} over and above {other} is what {new} {has}.",
        ),
        "C": (
            "If {new} {has} as many {noun} as {base} {has} more than {other}, {ask}?",
            "How many more {noun} does {base} {have} than {other}?",
            "How many {noun} is {other} short of {base}?",
            "Given that {what} less {what2} make what {new} {has}, {ask}?",
            "How many {noun} does {base} {have} over and above {other}?",
        ),
    },
    "convert": {
        "A": (
            "{new} {has} as many {noun} as there are in {what}.",
            "{new} {has} just what {base} {has}, counted in {noun}.",
            "{new} {has} the same as {base}, but in {noun}.",
            "{new} {has} as many {noun} as {what} come to.",
            "{new} {has} the same as {base}, counted in {noun}.",
        ),
        "B": (
            "In {noun}, {what} are what {new} {has}.",
            "{what}, counted in {noun}, are what {new} {has}.",
            "Count {what} in {noun} and you get what {new} {has}.",
            "The number of {noun} in {what} is what {new} {has}.",
            "Counted in {noun}, {what} are what {new} {has}.",
        ),
        "C": (
            "If {new} {has} as many {noun} as there are in {what}, {ask}?",
            "How many {noun} are there in {what}?",
            "How many {noun} do {what} come to?",
            "Given that {what}, counted in {noun}, are what {new} {has}, {ask}?",
            "How many {noun} are {what}?",
        ),
    },
}
