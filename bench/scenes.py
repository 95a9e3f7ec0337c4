"""How fast scenes are compiled: one row a family, for a small and a large scene. `python bench/scenes.py [family ...]`.

Scenes a second of one core's own time. Every scene has texts of its own, so that only the cache of words is warm, as it
is in a long run. Figures, not tests: run them on a quiet machine.
"""

import argparse
import gc
import platform
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.contracts.scenes import any_content, any_scene

from rungwise.contracts.scene.compiler import Drawing, compile_scene
from rungwise.contracts.scene.families import FAMILIES
from rungwise.contracts.scene.layouts import LAYOUTS
from rungwise.contracts.scene.tree import Scene

SIZES = {"small": (5, 8), "large": (44, 56)}  # components, header and footer included; fewer where no more go
SCENES, ROUNDS = 40, 6


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("family", nargs="*", default=list(LAYOUTS))
    print(f"scenes a second, one core of {platform.processor() or platform.machine()}")
    for family in options.parse_args().family:
        row = [f"{name} {measured(family, *size)}" for name, size in SIZES.items()]
        print(f"{family:24}", "   ".join(row), flush=True)


def measured(family: str, least: int, most: int) -> str:
    """The best of some rounds, and how large the scenes were: as near to this as the family can be."""
    largest = min(most + 14, FAMILIES[family].body[1])
    scenes = [any_scene(family, size, seed) for size in range(2, largest, 3 if most > 10 else 1) for seed in range(8)]
    scenes.sort(key=lambda scene: abs(len(scene.components) - (least + most) / 2))
    drawn = [
        scene for seed, scene in enumerate(scenes) if isinstance(compile_scene(scene, told(scene, seed)), Drawing)
    ][:SCENES]
    best = float("inf")
    for again in range(ROUNDS):
        fresh = [(scene, told(scene, 1000 * again + seed)) for seed, scene in enumerate(drawn)]
        gc.collect()
        gc.freeze()  # what the bench itself holds is not for the collector to walk through
        start = time.process_time()
        for pair in fresh:
            compile_scene(*pair)
        best = min(best, (time.process_time() - start) / len(fresh))
    parts = sum(len(scene.components) for scene in drawn) / len(drawn)
    return f"{1 / best:7.0f} ({parts:.0f} components)"


def told(scene: Scene, seed: int) -> dict[str, Any]:
    """Content with as many items as the scene refers to."""
    most = max([int(one.fields["ref"].rpartition(".")[2]) for one in scene.components if "ref" in one.fields])
    return any_content(scene.layout, seed, items=most, long=0.3)


if __name__ == "__main__":
    main()
