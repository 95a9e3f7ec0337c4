"""Every rung that ships and asks a question walks the line in miniature: real judge, real training, real report."""

import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch")

from rungwise.ladder.rung import read
from tests.smoke.test_run import rungwise

ROOT = Path(__file__).parents[2]
ASKING = [path for path in sorted((ROOT / "rungs").rglob("*.toml")) if read(path).asks]


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few tasks of canvas: too few to say anything, enough to walk on."""
    folder = tmp_path_factory.mktemp("probes") / "few"
    rungwise(
        folder.parent, "freeze", "canvas", "--set", "surface=compact", "--split", "test=6", "--pool-tasks", 6, "-k", 2,
        "-o", folder,
    )  # fmt: skip
    return folder


@pytest.mark.parametrize("path", ASKING, ids=lambda path: path.relative_to(ROOT / "rungs").as_posix())
def test_a_rung_walks_the_line_in_miniature(path: Path, probe: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rungs", tmp_path / "rungs")
    place = read(path).probe
    assert place is not None
    shutil.copytree(probe, tmp_path / place.path)
    done = rungwise(tmp_path, "run", path.relative_to(ROOT), "--smoke", "--out", "run")
    assert done.stdout.splitlines()[0].split(":")[0] in ("promote", "reject", "repair", "branch")
    assert (tmp_path / "run" / "smoke" / "report.html").stat().st_size > 20_000
