"""A rung's training stages, from its settings to a saved model, each in a folder that tells all it did.

    RUN/check.json                                   the judge's examination, before anything is trained
    RUN/sft/ settings.json corpus.jsonl heldout.jsonl audit.json lengths.json counts.json metrics.jsonl timing.jsonl
             checkpoints/ model/
    RUN/rl/  settings.json pool.jsonl metrics.jsonl timing.jsonl checkpoints/ model/

1. A stage reads files of the stage before it and writes its own, so it can be run alone, again, or from elsewhere.
2. A stage that was cut off goes on by `resume`, from its last checkpoint, to the bytes it would have had. Settings that
   differ from those it was begun with are refused; to change them on the way is a fork, in a folder of its own.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from rungwise.contract import Contract, Json, Task, identity, judge_all, load_contract
from rungwise.errors import InputError, RungwiseError, nearest
from rungwise.policy.gate import Lengths, measure
from rungwise.policy.loading import load_policy, mark, marked
from rungwise.policy.policy import Decode, Policy, answer_of
from rungwise.policy.tokens import build
from rungwise.seeds import derive
from rungwise.train import checkpoint, corpus, loop
from rungwise.train.fitting import require_known
from rungwise.train.mixture import Source, encoded
from rungwise.train.rl import Rl, within
from rungwise.train.settings import ModelSettings, Rung, SourceSettings
from rungwise.train.sft import Sft, expert_of

if TYPE_CHECKING:
    from rungwise.policy.grammar import Automaton

STAGES = ("sft", "rl")
EXAMINED = 8  # tasks of each split
PATIENCE = 20.0  # seconds: training may share its machine, and a busy one is no fault of the judge
DIFFICULTY_K = 8
TOGETHER = 64  # tasks sampled at a time for `rungwise sample`


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


def run_stage(stage: str, order: Order) -> Path:
    """The folder of the model that the stage made."""
    require_stage(stage)
    if getattr(order.rung, stage) is None:
        raise InputError(f"the rung has no [{stage}] section", field="--stage")
    contract = load_contract(order.rung.contract.name, order.rung.contract.settings)
    require_known(order.rung, contract)
    _examined(order, contract)
    folder = order.out / stage
    _settled(folder, _settings(order.rung, stage), order.resume)
    return {"sft": _sft, "rl": _rl}[stage](order, contract, folder)


def require_stage(stage: str) -> None:
    if stage not in STAGES:
        raise InputError(f"no stage {stage!r}; {nearest(stage, STAGES)}", field="--stage")


def fork(stage: str, source: Path, step: int, out: Path) -> None:
    """A run that has come as far as `source` at a step; what follows may have other settings. Rows are drawn by those:
    the same ones where the settings are the same. What the policy itself wrote up to the step is taken along."""
    require_stage(stage)
    loop.fork(source / stage, step, out / stage)
    turns = checkpoint.read(source / stage, step).state.get("turns", 0)
    for name in ("check.json", "sft/model", *(f"sft/expert-{turn}.jsonl" for turn in range(1, turns + 1))):
        place = out / name
        if not (source / name).exists() or place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (source / name).is_dir() else shutil.copy)(source / name, place)


def _settings(rung: Rung, stage: str) -> dict[str, Json]:
    record = rung.record()
    return {key: record[key] for key in ("name", "seed", "contract", "tokens", "model", stage)}


def _settled(folder: Path, settings: dict[str, Json], resume: bool) -> None:
    """The stage's settings stand in its folder; another run's steps are not mixed with these."""
    path = folder / "settings.json"
    if path.exists():
        was = msgspec.json.decode(path.read_bytes())
        changed = [f"{key} = {new!r}, was {old!r}" for key, old, new in _compared(was, settings) if old != new]
        begun = bool(checkpoint.steps(folder))
        if begun and not resume:
            raise InputError("holds a run already; go on with --resume, or choose another --out", file=folder)
        if begun and changed:
            raise InputError(
                f"was begun with other settings: {'; '.join(changed)}; resume with those, or fork with --from",
                file=path,
            )
        if changed:  # it never came to a step: what was drawn for it is of no use
            shutil.rmtree(folder)
    _write(path, settings)


def _compared(was: Json, now: Json, place: str = "") -> list[tuple[str, Json, Json]]:
    if isinstance(was, dict) and isinstance(now, dict):
        return [
            found
            for key in sorted({*was, *now})
            for found in _compared(was.get(key), now.get(key), f"{place}.{key}" if place else key)
        ]
    return [(place, was, now)]


def _examined(order: Order, contract: Contract) -> None:
    """No judge is trained against that has not been attacked."""
    from rungwise.check import examine

    own = order.rung.contract
    path = order.out / "check.json"
    if path.exists() and msgspec.json.decode(path.read_bytes())["contract"] == identity(contract):
        return
    order.show.doing(f"examining {own.name}")
    found = examine(own.name, own.settings, n=EXAMINED, seed=order.rung.seed, seconds_per_answer=PATIENCE)
    if not found.passed:
        failed = [finding.name for finding in found.findings if not finding.passed]
        raise RungwiseError(f"{own.name} fails its examination ({', '.join(failed)}); see `rungwise check {own.name}`")
    _write(path, found.record())


def _write(path: Path, record: Any) -> None:
    checkpoint.write(path, msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


# ---- sft ----


def _sft(order: Order, contract: Contract, folder: Path) -> Path:
    rung, settings = order.rung, order.rung.sft
    assert settings is not None
    sources = {source.title(): _source_rows(order, contract, source, folder) for source in settings.mixture}
    held = _drawn(
        order, folder / "heldout.jsonl", settings.heldout_split, settings.heldout, settings.tiers
    ) if settings.heldout else []  # fmt: skip
    rows = [row for found in sources.values() for row in found]
    audit = corpus.audit(contract, rows, {"held-out loss": [row.task for row in held]})
    _write(folder / "audit.json", asdict(audit))
    corpus.require_sound(audit)
    policy, lengths = _policy(order, contract, rows, held)
    lengths.refuse(policy.context)
    _write(folder / "lengths.json", asdict(lengths))
    expert = settings.expert and expert_of(
        policy, contract, [row.task for row in rows], settings, rung.seed, folder, _most(lengths, policy)
    )
    weights = {source.title(): source.weight for source in settings.mixture}
    stage = Sft(
        policy,
        [Source(name=name, weight=weights[name], rows=encoded(policy.tokens, found)) for name,
        found in sources.items()],
        encoded(policy.tokens, held), settings, rung.seed, expert or None,
    )  # fmt: skip
    _write(folder / "counts.json", stage.counts(stage.steps))
    loop.run(stage, folder, stage.steps, settings.every, order.show.tell)
    return _saved(order, policy, folder)


def _source_rows(order: Order, contract: Contract, source: SourceSettings, folder: Path) -> list[corpus.Row]:
    settings = order.rung.sft
    assert settings is not None
    if source.source in ("gold", "attempt"):
        path = folder / ("corpus.jsonl" if source.title() == "gold" else f"corpus-{source.title()}.jsonl")
        rows = _drawn(order, path, settings.split, source.tasks or settings.tasks, source.tiers or settings.tiers)
        return rows if source.source == "gold" else corpus.attempted(contract, rows, source.each, order.rung.seed)
    tasks_file = Path(source.tasks_file) if source.tasks_file else None
    return corpus.load(Path(source.source), contract, tasks_file=tasks_file, source=source.title())


def _drawn(
    order: Order, path: Path, split: str, n: int, tiers: Mapping[str, float], answered: bool = True
) -> list[corpus.Row]:
    """Tasks with their gold answers, made once and then read from the file."""
    own, rung = order.rung.contract, order.rung
    if not path.exists():
        rows = corpus.draw(
            own.name, own.settings, split, n, rung.seed, tiers=tiers or None, answered=answered,
            workers=rung.model.workers or 2,
            tell=lambda found, whole: order.show.doing(f"drawing tasks of {split}: {found} of {whole}"),
        )  # fmt: skip
        corpus.save(path, rows)
    return corpus.load(path, load_contract(own.name, own.settings))


def _policy(
    order: Order, contract: Contract, rows: Sequence[corpus.Row], held: Sequence[corpus.Row] = ()
) -> tuple[Policy, Lengths]:
    """A policy to begin with: made here, or a Hugging Face model, with a context that all rows fit in. Its tokens are
    learned from the training rows alone, so held-out rows may be longer."""
    rung, model = order.rung, order.rung.model
    order.show.doing("making the model")
    pairs = [(row.task.prompt, row.answer) for row in (*rows, *held)]
    if model.path is not None:
        grammar = contract.grammar()
        policy = load_policy(
            Path(model.path), **_opened(model), reserved=grammar.reserved if grammar and model.add_tokens else (),
            chat=model.chat, context=model.context,
        )  # fmt: skip
        return policy, measure(policy.tokens, pairs)
    from rungwise.policy.nano import Nano, fresh, size_of

    prose = [text for row in rows for text in (row.task.prompt, row.answer)]
    tokens = build(contract.grammar(), prose, rung.tokens.size)
    lengths = measure(tokens, pairs)
    size = size_of(str(model.size))
    weights = fresh(size, tokens.size, derive(rung.seed, "model"))
    return Nano(size, tokens, model.context or lengths.context, weights, **_opened(model)), lengths


def _opened(model: ModelSettings) -> dict[str, Any]:
    return {key: getattr(model, key) for key in ("trainable", "lora_rank", "precision", "device", "workers")}


def _saved(order: Order, policy: Policy, folder: Path) -> Path:
    """The model's folder, which is there as a whole or not at all."""
    from safetensors import SafetensorError

    own, rung, room, place = order.rung.contract, order.rung, folder / ".model", folder / "model"
    try:
        shutil.rmtree(room, ignore_errors=True)
        policy.save(room)
        mark(room, {
            "kind": "hub" if rung.model.path else "nano", "contract": own.name, "settings": own.settings,
            "chat": rung.model.chat, "name": rung.name, "seed": rung.seed, "stage": folder.name,
        })  # fmt: skip
        shutil.rmtree(place, ignore_errors=True)
        room.replace(place)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(room, ignore_errors=True)
        told = (isinstance(error, OSError) and error.strerror) or error
        raise RungwiseError(f"{place}: cannot write the model: {told}; go on with --resume") from error
    return place


def _most(lengths: Lengths, policy: Policy) -> int:
    """The longest gold answer with some room, to the next 32; what is left of the context at most."""
    return max(16, min(-(-(lengths.gold.most + 16) // 32) * 32, policy.context - lengths.prompt.most))


# ---- rl ----


def _rl(order: Order, contract: Contract, folder: Path) -> Path:
    rung, settings = order.rung, order.rung.rl
    assert settings is not None
    pool = _drawn(order, folder / "pool.jsonl", settings.split, settings.tasks, settings.tiers, answered=False)
    policy, lengths = _beginning(order, contract, pool)
    start, _ = _beginning(order, contract, pool)
    settings = settings.model_copy(update={"max_new_tokens": settings.max_new_tokens or _most(lengths, policy)})
    automaton = _automaton(contract, policy) if settings.grammar else None
    tasks = _fitting(order, contract, start, [row.task for row in pool], settings.max_new_tokens)
    stage = Rl(policy, start, contract, tasks, settings, rung.seed, automaton, order.show.warn)
    loop.run(stage, folder, settings.steps, settings.every, order.show.tell)
    return _saved(order, policy, folder)


def _beginning(order: Order, contract: Contract, pool: Sequence[corpus.Row]) -> tuple[Policy, Lengths]:
    rung, settings = order.rung, order.rung.rl
    assert settings is not None
    if settings.start == "model":
        return _policy(order, contract, pool)
    folder = order.out / "sft" / "model" if settings.start == "sft" else model_of(Path(settings.start))
    if not folder.exists():
        raise InputError("there is no such model; run --stage sft first, or set rl.start", file=folder)
    policy = load_policy(folder, **_opened(rung.model), chat=rung.model.chat)
    return policy, measure(policy.tokens, [(row.task.prompt, row.answer) for row in pool])


def _automaton(contract: Contract, policy: Policy) -> "Automaton":
    from rungwise.policy.grammar import compile_grammar

    grammar = contract.grammar()
    if grammar is None:
        raise InputError(f"{contract.name} has no grammar to hold answers to", field="rl.grammar")
    return compile_grammar(grammar, policy.tokens)


def _fitting(order: Order, contract: Contract, start: Policy, pool: list[Task], most: int) -> list[Task]:
    """Tasks that are neither hopeless nor done with, where the rung asks for that."""
    settings = order.rung.rl
    assert settings is not None
    low, high = settings.difficulty
    if (low, high) == (0.0, 1.0):
        return pool
    order.show.doing(f"measuring the pass rate of {len(pool)} tasks")
    decode = Decode(temperature=settings.temperature, max_new_tokens=most, answer=settings.answer)
    kept = within(start, contract, pool, decode, DIFFICULTY_K, order.rung.seed, low, high)
    order.show.warn(f"{len(kept)} of {len(pool)} tasks have a pass rate within {low:g} and {high:g}")
    return kept


# ---- a finished run ----


def model_of(folder: Path) -> Path:
    """The last model of a run's folder; or the folder itself, where it is a model's."""
    for place in (folder / "rl" / "model", folder / "sft" / "model", folder / "model", folder):
        if (place / "config.json").exists():
            return place
    raise InputError("no model in it; expected a run's folder or a model's", file=folder)


def opened_run(folder: Path, device: str = "cpu", precision: str = "auto") -> tuple[Policy, Contract]:
    """A run's last model, and the contract it was trained for."""
    place = model_of(folder)
    found = marked(place)
    policy = load_policy(place, device=device, precision=precision, chat=found["chat"])
    return policy, load_contract(found["contract"], found["settings"])


def answers_of_run(
    policy: Policy, contract: Contract, tasks: Sequence[Task], k: int, decode: Decode, seed: int
) -> Iterator[dict[str, Json]]:
    """One record an answer, in the order of the tasks."""
    automaton = _automaton(contract, policy) if decode.grammar else None
    for start in range(0, len(tasks), TOGETHER):
        for group in policy.sample(tasks[start : start + TOGETHER], k, decode, seed, automaton):
            texts = [answer_of(sample.text, decode.answer) for sample in group.samples]
            verdicts = judge_all(contract, [(group.task, text) for text in texts])
            for sample, text, verdict in zip(group.samples, texts, verdicts, strict=True):
                yield {
                    "task": group.task.id, "answer": text, "score": verdict.score, "passed": verdict.passed,
                    "failure": verdict.failure, "ended": sample.ended, "tokens": len(sample.tokens),
                    "logprob": float(sample.logprobs.sum()),
                }  # fmt: skip
