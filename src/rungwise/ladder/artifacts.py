"""Files as the ladder records them: by hash and size, so that another one in their place is found."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from rungwise.errors import InputError


class Artifact(TypedDict):
    path: str
    sha256: str
    bytes: int


def sha256_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", file=path) from error


def artifact(path: Path) -> Artifact:
    return {"path": path.as_posix(), "sha256": sha256_of(path), "bytes": path.stat().st_size}


def artifacts(folder: Path, patterns: Iterable[str]) -> list[Artifact]:
    """Of the files in a folder that any of the patterns finds, sorted."""
    found = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return [artifact(path) for path in sorted(found)]
