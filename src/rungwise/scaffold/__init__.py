"""`rungwise new NAME`: a contract package of the user's own that passes `rungwise check` from the first minute.

The template is a real, installable package named `newlang`, so it is linted, typed and tested as it lies here. Making a
user's package is copying it with that one word, in its two spellings, replaced by the user's name.
"""

import builtins
import importlib.util
import keyword
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from rungwise.contract import installed
from rungwise.errors import InputError

PLACEHOLDER = "newlang"
TEMPLATE = Path(__file__).parent / "template"
_SHIPPED = {".py", ".toml", ".md"}
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_MAX_NAME = 32


def create(name: str, folder: Path) -> list[Path]:
    """Write folder/name, a package that offers the contract `name`, and return its files."""
    fault = name_fault(name)
    if fault is not None:
        raise InputError(f"{name!r} {fault}", field="NAME")
    target = folder / name
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise InputError("stands here already; expected an empty folder or none", file=target)
        return [_write(source, target, _words(name)) for source in _template_files()]
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", file=error.filename or target) from error


def name_fault(name: str) -> str | None:
    """Why `name` cannot be a contract's: it becomes a package, a function, an entry point and a distribution."""
    if not _NAME.fullmatch(name):
        return "is no package name; expected lower-case letters, digits and single underscores, a letter first"
    if len(name) > _MAX_NAME:
        return f"is {len(name)} characters long; expected at most {_MAX_NAME}"
    if keyword.iskeyword(name):
        return "is a Python keyword; expected a name that can be assigned to"
    if hasattr(builtins, name):
        return "is a Python builtin, which the contract's function would hide; expected another name"
    if name in _own_names():
        return "is the name of a file inside the package; expected another name"
    if name in installed():
        return "is the name of an installed contract; expected another name"
    if _importable(name):
        return "is the name of a module that is already importable; expected another name"
    return None


def _own_names() -> set[str]:
    """The template's folders and modules: a contract of the same name could not import its own file."""
    files = [source.relative_to(TEMPLATE) for source in _template_files()]
    return {part for file in files for part in (*file.parent.parts, file.stem)} - {PLACEHOLDER}


def _importable(name: str) -> bool:
    """A plain folder of that name in the current directory is no module: it has no origin."""
    spec = importlib.util.find_spec(name)
    return name in sys.stdlib_module_names or (spec is not None and spec.origin is not None)


def _template_files() -> list[Path]:
    """Only what was written by hand: tools that ran inside the template may have left their caches there."""
    files = TEMPLATE.rglob("*")
    return sorted(file for file in files if file.suffix in _SHIPPED and not _cached(file.relative_to(TEMPLATE)))


def _cached(file: Path) -> bool:
    return any(part.startswith((".", "__pycache__")) for part in file.parts)


def _words(name: str) -> Mapping[str, str]:
    """Both spellings of the placeholder, and what each becomes: my_lang, and MyLang where a class is named."""
    camel = "".join(part.capitalize() for part in name.split("_"))
    return {PLACEHOLDER: name, PLACEHOLDER.capitalize(): camel}


def _write(source: Path, target: Path, words: Mapping[str, str]) -> Path:
    path = target / _replaced(str(source.relative_to(TEMPLATE)), words)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_replaced(source.read_text(encoding="utf-8"), words), encoding="utf-8", newline="\n")
    return path


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for word, own in words.items():
        text = text.replace(word, own)
    return text
