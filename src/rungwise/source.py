"""The source of a judge as hashes: of every file of the package that its factory stands in, or of all Python files
beside it where it is in no package.

Whatever stands there may decide a verdict, so all of it counts, data files included; what it imports from elsewhere
does not. That a comment changes the hash is the price: answers are kept, and are judged again in seconds.
"""

import hashlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from rungwise.contract import factory_module, hash_of

PASSED_OVER = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")


def source(spec: str) -> dict[str, str]:
    """File by file, as seen from the package's folder, the sha256 of what stands in it."""
    home, files = _files(factory_module(spec))
    return {path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def judge_hash(files: Mapping[str, str]) -> str:
    return hash_of(files)


def _files(module: ModuleType) -> tuple[Path, list[Path]]:
    own = Path(inspect.getfile(module)).resolve()
    if not (own.parent / "__init__.py").exists():  # a file by itself may import any that lies beside it
        return own.parent, sorted(own.parent.glob("*.py"))
    found = [path for path in own.parent.rglob("*") if path.is_file() and not set(path.parts) & set(PASSED_OVER)]
    return own.parent, sorted(path for path in found if path.suffix != ".pyc")
