"""How series look: a colour and dashes each, the same on a page and in a picture.

Plain colours and no variables, so that viewers other than browsers draw them too.
"""

PALETTE = (  # by day and by night
    ("#1d5fc4", "#74aaff"), ("#cf4a12", "#ff9a63"), ("#0d8463", "#4fd1a6"), ("#8a3ab5", "#ca97f5"),
    ("#a87900", "#e8bd4d"), ("#c21f66", "#ff86b4"), ("#1b8fb0", "#62cde6"), ("#4c5867", "#b6c2d0"),
)  # fmt: skip
DASHES = ("", "9 3", "2.5 2.5", "10 3 2.5 3", "5 2")  # as many as share no divisor with the colours


def colour(slot: int) -> str:
    return f"c{slot % len(PALETTE)}"


def look(slot: int) -> str:
    return f"{colour(slot)} d{slot % len(DASHES)}"


STYLE = (
    """
.curve text{font:11px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;fill:#5d6978}
.curve .name{font-size:13px;font-weight:600}.curve .head{font-size:17px;font-weight:600}.curve .key{font-size:13px}
.curve .name,.curve .head,.curve .key,.curve .value{fill:#1a222d}
.curve .end{text-anchor:end}.curve .mid{text-anchor:middle}
.curve path{fill:none}.curve .grid{stroke:#e3e7ec}.curve .axis{stroke:#8b96a3}.curve .paper{fill:#fff}
.curve .raw{stroke:currentColor;opacity:.28}.curve .thin{stroke:currentColor;opacity:.5;stroke-width:.9}
.curve .strong{stroke:currentColor;stroke-width:2;stroke-linejoin:round}
.curve .guide{stroke:currentColor;opacity:.6;stroke-dasharray:1.5 3}.curve .dot{fill:currentColor}
.curve .halo{paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}.curve .mark{font-size:10px}
"""
    + "".join(f".curve .c{at}{{color:{day}}}" for at, (day, _) in enumerate(PALETTE))
    + "".join(f".curve .strong.d{at}{{stroke-dasharray:{dash}}}" for at, dash in enumerate(DASHES) if dash)
    + """
@media (prefers-color-scheme:dark){.curve text{fill:#99a6b5}.curve .grid{stroke:#232c37}.curve .axis{stroke:#66727f}
.curve .paper{fill:#10151c}.curve .halo{stroke:#10151c}
.curve .name,.curve .head,.curve .key,.curve .value{fill:#e8edf3}
"""
    + "".join(f".curve .c{at}{{color:{night}}}" for at, (_, night) in enumerate(PALETTE))
    + "}"
).replace("\n", "")
