"""What a stage needs before its first step: rows, the hashes they are held against, a policy, and figures about them.

It is made once and lies in the stage's folder; made again, it is the same. So it can be looked through before anything
is trained, and again by the stage itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rungwise.contract import Contract, Json, hash_of, load_contract
from rungwise.errors import InputError
from rungwise.held import Held, held
from rungwise.policy.gate import Lengths, measure
from rungwise.policy.loading import load_policy
from rungwise.policy.policy import Policy
from rungwise.policy.tokens import build
from rungwise.seeds import derive
from rungwise.source import source
from rungwise.train import checkpoint, corpus, loop
from rungwise.train.finished import model_of
from rungwise.train.settings import ModelSettings, Rung, SourceSettings

JUDGED = 64  # rows of a source that is drawn with other settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Where a stage tells what it does."""

    doing: Callable[[str], None]  # what it is at
    tell: loop.Tell  # a step
    warn: Callable[[str], None]  # a line that stays


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    rung: Rung
    out: Path
    resume: bool
    show: Show
    held: Mapping[str, Held] = field(default_factory=dict)  # what must not be learned from, by what it is for


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """For SFT `sources` are its rows by title and `heldout` what its loss is measured on; for RL `pool` its tasks."""

    policy: Policy
    lengths: Lengths
    audit: corpus.Audit
    sources: Mapping[str, Sequence[corpus.Row]] = field(default_factory=dict)
    heldout: Sequence[corpus.Row] = ()
    pool: Sequence[corpus.Row] = ()


def prepare(stage: str, order: Order, contract: Contract) -> Prepared:
    return {"sft": _for_sft, "rl": _for_rl}[stage](order, contract, order.out / stage)


def _for_sft(order: Order, contract: Contract, folder: Path) -> Prepared:
    settings = order.rung.sft
    assert settings is not None
    sources = {source.title(): _source_rows(order, contract, source, folder) for source in settings.mixture}
    heldout = _drawn(
        order, folder / "heldout.jsonl", settings.heldout_split, settings.heldout, settings.tiers
    ) if settings.heldout else []  # fmt: skip
    rows = [row for found in sources.values() for row in found]
    kept = {"held-out loss": held(contract, [row.task for row in heldout]), **order.held}
    policy, lengths = made(order, contract, rows, heldout)
    return Prepared(
        policy=policy, lengths=lengths, audit=corpus.audit(contract, rows, kept), sources=sources, heldout=heldout
    )


def _for_rl(order: Order, contract: Contract, folder: Path) -> Prepared:
    settings = order.rung.rl
    assert settings is not None
    own = settings.draw
    pool = _drawn(order, folder / "pool.jsonl", settings.split, settings.tasks, settings.tiers, answered=False, own=own)
    _still_judged(contract, pool if own else [], own, "rl")
    policy, lengths = beginning(order, contract, pool)
    return Prepared(policy=policy, lengths=lengths, audit=corpus.audit(contract, pool, order.held), pool=pool)


# ---- rows ----


def _source_rows(order: Order, contract: Contract, source: SourceSettings, folder: Path) -> list[corpus.Row]:
    settings = order.rung.sft
    assert settings is not None
    if source.source in ("gold", "attempt"):
        path = folder / ("corpus.jsonl" if source.title() == "gold" else f"corpus-{source.title()}.jsonl")
        tasks, tiers = source.tasks or settings.tasks, source.tiers or settings.tiers
        rows = _drawn(order, path, settings.split, tasks, tiers, own=source.draw)
        _still_judged(contract, rows if source.draw else [], source.draw, f"sft.mixture {source.title()}")
        return rows if source.source == "gold" else corpus.attempted(contract, rows, source.each, order.rung.seed)
    tasks_file = Path(source.tasks_file) if source.tasks_file else None
    return corpus.load(Path(source.source), contract, tasks_file=tasks_file, source=source.title())


def _still_judged(contract: Contract, rows: Sequence[corpus.Row], own: Mapping[str, Json], place: str) -> None:
    """What was drawn with other settings is learned from only where the rung's own judge passes its gold."""
    answered = [row for row in rows[:JUDGED] if row.answer]
    failed = [row.task.id for row in answered if not contract.judge(row.task, row.answer).passed]
    if failed:
        raise InputError(
            f"{len(failed)} of {len(answered)} golds drawn with {dict(own)} fail the rung's own judge; "
            "expected settings that change the tasks alone", field=f"{place}: draw",
        )  # fmt: skip


def _drawn(
    order: Order, path: Path, split: str, n: int, tiers: Mapping[str, float], *, answered: bool = True,
    own: Mapping[str, Json] | None = None,
) -> list[corpus.Row]:  # fmt: skip
    """Tasks with their gold answers, made once and then read from the file; `own` stands above the contract's
    settings."""
    spec, rung, mark = order.rung.contract.name, order.rung, path.with_suffix(".key")
    settings = {**order.rung.contract.settings, **(own or {})}
    key = hash_of([spec, settings, source(spec), split, n, rung.seed, dict(tiers), answered])
    begun = bool(checkpoint.steps(path.parent))  # then the rows are those of its steps, whatever has changed since
    if not path.exists() or not (begun or (mark.exists() and mark.read_text() == key)):
        rows = corpus.draw(
            spec, settings, split, n, rung.seed, tiers=tiers or None, answered=answered,
            workers=rung.model.workers or 2,
            tell=lambda found, whole: order.show.doing(f"drawing tasks of {split}: {found} of {whole}"),
        )  # fmt: skip
        corpus.save(path, rows)
        checkpoint.write(mark, key.encode())
    return corpus.load(path, load_contract(spec, order.rung.contract.settings))


# ---- policies ----


def made(
    order: Order, contract: Contract, rows: Sequence[corpus.Row], heldout: Sequence[corpus.Row] = ()
) -> tuple[Policy, Lengths]:
    """A policy to begin with: made here, or a Hugging Face model, with a context that all rows fit in. Its tokens are
    learned from the training rows alone, so held-out rows may be longer."""
    rung, model = order.rung, order.rung.model
    order.show.doing("making the model")
    pairs = [(row.task.prompt, row.answer) for row in (*rows, *heldout)]
    if model.path is not None:
        grammar = contract.grammar()
        policy = load_policy(
            Path(model.path), **opened(model), reserved=grammar.reserved if grammar and model.add_tokens else (),
            chat=model.chat, context=model.context,
        )  # fmt: skip
        return policy, measure(policy.tokens, pairs)
    from rungwise.policy.nano import Nano, fresh, size_of

    prose = [text for row in rows for text in (row.task.prompt, row.answer)]
    tokens = build(contract.grammar(), prose, rung.tokens.size)
    lengths = measure(tokens, pairs)
    size = size_of(str(model.size))
    weights = fresh(size, tokens.size, derive(rung.seed, "model"))
    return Nano(size, tokens, model.context or lengths.context, weights, **opened(model)), lengths


def beginning(order: Order, contract: Contract, pool: Sequence[corpus.Row]) -> tuple[Policy, Lengths]:
    """What RL goes on from."""
    rung, settings = order.rung, order.rung.rl
    assert settings is not None
    if settings.start == "model":
        return made(order, contract, pool)
    folder = order.out / "sft" / "model" if settings.start == "sft" else model_of(started(rung))
    if not folder.exists():
        raise InputError("there is no such model; run --stage sft first, or set rl.start", file=folder)
    policy = load_policy(folder, **opened(rung.model), chat=rung.model.chat)
    return policy, measure(policy.tokens, [(row.task.prompt, row.answer) for row in pool])


def started(rung: Rung) -> Path:
    """The run that rl.start names: {seed} stands for the rung's own."""
    assert rung.rl is not None
    return Path(rung.rl.start.replace("{seed}", str(rung.seed)))


def opened(model: ModelSettings) -> dict[str, Any]:
    return {key: getattr(model, key) for key in ("trainable", "lora_rank", "precision", "device", "workers")}
