"""The files that a page speaks of: each has one row with its hash, and whatever is said links there."""

import re
from collections.abc import Iterable, Mapping

from rungwise.report import numbers
from rungwise.report.frame import Column, Line, code, missing, table
from rungwise.report.page import seen
from rungwise.report.run_files import Artifact

Artifacts = Mapping[str, Artifact]


def anchor(path: str) -> str:
    return "file-" + re.sub(r"[^a-z0-9]+", "-", path.lower())


def link(artifacts: Artifacts, path: str) -> str:
    """To the file's row; its bare name where the run has no such file."""
    name = f"<code>{seen(path)}</code>"
    return f'<a href="#{anchor(path)}">{name}</a>' if path in artifacts else name


def sources(artifacts: Artifacts, paths: Iterable[str]) -> str:
    """Where a section has its figures from."""
    found = [link(artifacts, path) for path in paths if path in artifacts]
    return f'<p class="sources">From {", ".join(found)}</p>' if found else ""


def listed(artifacts: Artifacts) -> str:
    if not artifacts:
        return missing("The run's folder holds none of the files that this page is made from.")
    columns = [Column("file"), Column("size", "number"), Column("sha256", "hash")]
    lines = (
        Line([f'<code id="{anchor(one.path)}">{seen(one.path)}</code>', numbers.size(one.size), code(one.sha256)])
        for one in artifacts.values()
    )
    return table(columns, lines, "files with their hashes", "files")
