"""What a person looks at: the compiled scene, or where no picture could be made, a card that says why."""

from xml.sax.saxutils import escape

from rungwise.contract import Task
from rungwise.contracts.scene.compiler import Drawing, compile_scene
from rungwise.contracts.scene.judge import FAILURES, label_of, wanted_of
from rungwise.contracts.scene.language import parse
from rungwise.contracts.scene.tree import Fault

WIDTH, LINE, CHARS = 720, 22, 84
FONT = 'font-family="Helvetica, Arial, Liberation Sans, sans-serif"'


def picture(task: Task, answer: str, surface: str) -> str:
    read = parse(answer, surface)
    if isinstance(read, Fault):
        return _card(read)
    drawn = compile_scene(read, wanted_of(task).content)
    return drawn.svg if isinstance(drawn, Drawing) else _card(drawn[0])


def _card(fault: Fault) -> str:
    """Model-written text is shown as text: control characters out, the rest escaped."""
    label = label_of(fault)
    plain = "".join(char if char.isprintable() else " " for char in str(fault))
    lines = [plain[at : at + CHARS] for at in range(0, min(len(plain), 6 * CHARS), CHARS)]
    height = 118 + LINE * len(lines)
    told = "".join(
        f'<text x="28" y="{92 + LINE * place}" font-size="14" fill="#3a3f4b">{escape(line)}</text>'
        for place, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" {FONT}><title>No picture: {label}</title>'
        f'<rect x="1" y="1" width="{WIDTH - 2}" height="{height - 2}" rx="10" fill="#fff7f5" stroke="#c8452f"/>'
        f'<text x="28" y="40" font-size="12" font-weight="bold" fill="#c8452f">NO PICTURE</text>'
        f'<text x="28" y="64" font-size="18" font-weight="bold" fill="#1c1f26">{label}</text>{told}'
        f'<text x="28" y="{height - 18}" font-size="12" fill="#6a7080">{escape(FAILURES[label])}</text></svg>'
    )
