"""What a run's own files say of its training, for the diagnosis."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import msgspec

from rungwise.contract import Json
from rungwise.probe.failures import Training, slope
from rungwise.probe.measure import CONTROL


def training_of(run: Path) -> Training:
    """Of the SFT stage, where there is one: the stage in which rows were learned."""
    folder = run / "sft"
    steps = lines(folder / "metrics.jsonl")
    if not steps:
        return Training()
    losses = [line["loss"] for line in steps]
    norms = [line["grad_norm"] for line in steps if line.get("grad_norm")]
    heldout = [line["heldout_loss"] for line in steps if "heldout_loss" in line]
    trained = _read(run / "probe" / "trained.json")
    lengths, counts = _read(folder / "lengths.json"), _read(folder / "counts.json")
    return Training(
        steps=len(steps), supervised_tokens=steps[-1]["tokens"], loss_first=losses[0], loss_last=losses[-1],
        loss_slope=slope(losses), heldout_last=heldout[-1] if heldout else None,
        epochs=max((source["epochs"] for source in counts), default=None) if counts else None,
        grad_highest=max(norms) / median(norms) if norms else None,
        grad_lowest=min(norms) / median(norms) if norms else None,
        train_pass_rate=trained["passed"] / trained["n"] if trained else None,
        longest_gold_share_of_context=_share(lengths, run), junk_targets=_junk(folder),
    )  # fmt: skip


def _share(lengths: Json, run: Path) -> float | None:
    config = _read(run / "sft" / "model" / "config.json")
    context = config and config.get("max_position_embeddings")
    return float(lengths["both"]["most"]) / float(context) if lengths and context else None


def _junk(folder: Path) -> int:
    """Answers that were learned from with the text of control tokens in them."""
    rows = (line for path in sorted(folder.glob("corpus*.jsonl")) for line in lines(path))
    return sum(CONTROL.search(row["answer"]) is not None for row in rows)


def _read(path: Path) -> Json:
    return msgspec.json.decode(path.read_bytes()) if path.exists() else None


def lines(path: Path) -> Sequence[Mapping[str, Json]]:
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()] if path.exists() else []
