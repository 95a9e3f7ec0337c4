"""Sentences of what happens to what somebody has: A active, B inverted, C within the question. The last of each family
is held out."""

FORMS = {
    "gain": {
        "A": (
            "{base} gets {qmore}.",
            "{base} finds {q}.",
            "{base} is given {q}.",
            "Then {base} receives {q}.",
            "Then {base} finds {qmore}.",
        ),
        "B": (
            "A friend gives {base} {q}.",
            "To what {base} {has}, {q} come on top.",
            "From a friend, {base} gets {q}.",
            "The number of {noun} that {base} {has} grows by {k}.",
            "A friend gives {base} {qmore}.",
        ),
        "C": (
            "If {base} gets {qmore}, {ask}?",
            "{ask} after {base} finds {q}?",
            "Once {base} is given {q}, {ask}?",
            "After a gift of {q}, how many {noun} does {base} {have}?",
            "Once {base} gets {qmore}, {ask}?",
        ),
    },
    "consume": {
        "A": (
            "{base} uses up {q}.",
            "{base} loses {q}.",
            "{base} gives away {q}.",
            "Then {base} parts with {q}.",
            "Then {base} gives away {q}.",
        ),
        "B": (
            "A friend takes {q} from {base}.",
            "From what {base} {has}, {q} go missing.",
            "Of what {base} {has}, a friend takes {q}.",
            "The number of {noun} that {base} {has} falls by {k}.",
            "From what {base} {has}, a friend takes {q}.",
        ),
        "C": (
            "If {base} loses {q}, {ask}?",
            "{ask} after {base} uses up {q}?",
            "Once {base} gives away {q}, {ask}?",
            "After a loss of {q}, how many {noun} does {base} {have}?",
            "Once {base} parts with {q}, {ask}?",
        ),
    },
    "transfer": {
        "A": (
            "{base} gives {q} to {other}.",
            "{base} hands {other} {q}.",
            "{base} gives {other} {q}.",
            "Then {base} passes {q} on to {other}.",
            "{base} hands {q} to {other}.",
        ),
        "B": (
            "{other} gets {q} from {base}.",
            "{other} is given {q} by {base}.",
            "{q} go from {base} to {other}.",
            "From {base}, {other} receives {q}.",
            "From {base}, {other} gets {q}.",
        ),
        "C": (
            "If {base} gives {q} to {other}, {ask}?",
            "{ask} after {other} gets {q} from {base}?",
            "Once {base} hands {other} {q}, {ask}?",
            "How many {noun} does {owner} {have} when {q} go from {base} to {other}?",
            "Once {q} go from {base} to {other}, {ask}?",
        ),
    },
}
