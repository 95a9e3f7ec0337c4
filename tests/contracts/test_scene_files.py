"""Scene and content as files: a picture or a line for every fault, and never half a file."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rungwise.contracts.scene.__main__ import main

SCENE = """[scene][layout:timeline][tone:amber]
[header_band][/header_band]
[timeline_stage][id:n1][ref:stages.1][/timeline_stage]
[timeline_stage][id:n2][ref:stages.2][lane:top][/timeline_stage]
[timeline_arrow][from:n1][to:n2][/timeline_arrow]
[/scene]
"""
COFFEE = {"header": {"headline": "From cherry to cup"}, "stages": [{"title": "Pick"}, {"title": "Roast"}]}
TRAINS = {
    "header": {"headline": "The night train"},
    "stages": [{"title": "Doors close"}, {"title": "Sunrise in Vienna"}],
}


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.txt"
    path.write_text(SCENE)
    return path


def content(tmp_path: Path, value: object) -> Path:
    path = tmp_path / "content.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_one_scene_with_two_contents(scene: Path, tmp_path: Path) -> None:
    drawn = []
    for value, shown in ((COFFEE, "Roast"), (TRAINS, "Sunrise")):
        assert main([str(scene), str(content(tmp_path, value)), "-o", str(tmp_path / "out.svg")]) == 0
        picture = (tmp_path / "out.svg").read_text()
        assert shown in picture
        drawn.append(re.findall(r'data-component="(\w+)"', picture))
    assert drawn[0] == drawn[1] and drawn[0].count("timeline_stage") >= 2


def test_both_surfaces(scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(scene), "--to", "packed"]) == 0
    packed = tmp_path / "packed.txt"
    packed.write_text(capsys.readouterr().out)
    assert main([str(packed), "--surface", "packed", "--to", "block"]) == 0
    assert capsys.readouterr().out == SCENE


WRONG = {
    "a path": ({**COFFEE, "stages": [{"title": "Pick"}, {"caption": "x"}]}, "stages"),
    "too few": ({**COFFEE, "stages": [{"title": "Pick"}]}, "E_REF_MISSING"),
    "surplus": ({**COFFEE, "prices": []}, "E_CONTENT_SURPLUS"),
    "not text": ({**COFFEE, "header": {"headline": 7}}, "header.headline"),
    "markup": ({**COFFEE, "header": {"headline": "<script>alert(1)</script>"}}, "E_CONTENT_MARKUP"),
    "too long": ({**COFFEE, "header": {"headline": "x" * 500}}, "E_CONTENT_SIZE"),
    "no JSON": ("{", "not JSON"),
    "a list": ("[]", "E_CONTENT_SHAPE"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_content_is_named_and_nothing_is_written(
    what: str, scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value, told = WRONG[what]
    out = tmp_path / "out.svg"
    asked = [str(scene), str(content(tmp_path, value)), "-o", str(out)]
    try:
        code = main(asked)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    said = capsys.readouterr().err
    assert code == 2 and told in said and "content.json" in said and "Traceback" not in said
    assert not out.exists() and len(list(tmp_path.iterdir())) == 2


def test_a_wrong_scene_is_named_by_line_and_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "scene.txt"
    path.write_text(SCENE.replace("[lane:top]", "[lane:upper]"))
    assert main([str(path)]) == 2
    assert "E_COMP_FIELD at line 4" in capsys.readouterr().err


def test_the_same_bytes_whatever_the_process(scene: Path, tmp_path: Path) -> None:
    told = set()
    for seed in ("0", "1", "77"):
        done = subprocess.run(
            [sys.executable, "-m", "rungwise.contracts.scene", str(scene), str(content(tmp_path, COFFEE))],
            capture_output=True, check=True, env={"PYTHONHASHSEED": seed, "LC_ALL": "C"},
        )  # fmt: skip
        told.add(done.stdout)
    assert len(told) == 1
