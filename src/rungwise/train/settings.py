"""The training sections of a rung file: [contract] [tokens] [model] [sft] [rl], each field with the default it has.
What is asked of a rung and how it is measured stands above them: see ladder/rung.py.

1. Nothing here needs torch: the names of losses, sizes and the like stand here as literals, so that a rung is checked,
   and offered by an editor through `Rung.model_json_schema()`, where torch is not installed. A test holds them against
   the registries.
2. Values are strict: 16 is a whole number and "16" is text. What cannot be known without the contract (its splits,
   tiers and labels) is checked by fitting.py, and told the same way.
3. Defaults suit a model of a million weights on two cores. A section that is not there is a stage that is not run; an
   empty header takes all defaults.
4. There is no limit in seconds: a run is repeatable to the byte, and a clock is not. There is no top_k and no top_p for
   training: the learner would have to know the support that every token was drawn from.
5. Paths are as seen from the folder the command runs in, like everywhere on the command line.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    Strict,
    model_serializer,
    model_validator,
)

from rungwise.contract import Json
from rungwise.train.rungfile import Keys, Source, checked, crossed, parsed
from rungwise.train.section import STRICT, Betas, Decay
from rungwise.train.section import Above as Above
from rungwise.train.section import Count as Count
from rungwise.train.section import Natural as Natural
from rungwise.train.section import NonNegative as NonNegative
from rungwise.train.section import Share as Share
from rungwise.train.shaping import Form, Term
from rungwise.train.steer.settings import SteerSettings

Size = Literal["0.1M", "1M", "3M", "10M", "45M"]
Precision = Literal["auto", "fp32", "bf16"]
LossName = Literal["reinforce", "rloo", "grpo", "dr_grpo", "dapo", "gspo", "cispo"]
AdvantageName = Literal["std", "mean", "leave_one_out", "baseline"]
FormName = Literal["raw", "exact", "partial", "chance_corrected", "tiered"]
TermKind = Literal["triangle", "band", "part", "length"]
Optimiser = Literal["adamw", "muon"]
CurriculumName = Literal["uniform", "near_miss", "hard_only", "custom", "levels"]

REFUSED: Mapping[str, str] = {
    "rl.top_k": "not offered: the learner could not reproduce the cut distribution; expected temperature or grammar",
    "rl.top_p": "not offered: the learner could not reproduce the cut distribution; expected temperature or grammar",
    "sft.seconds": "not offered: a run is repeatable to the byte and a clock is not; expected steps or epochs",
}


def _answer(how: str) -> str:
    if how in ("all", "fenced") or (how.startswith("after:") and how != "after:"):
        return how
    raise ValueError("expected all, fenced or after:MARK")


def _all_zero(field: str, weights: Mapping[str, float]) -> dict[str, str]:
    return {field: "all are 0; expected at least one above"} if weights and not any(weights.values()) else {}


Weights = dict[str, NonNegative]  # by tier
Bound = float | dict[str, float]  # a number, or one for each tier
Answer = Annotated[str, AfterValidator(_answer)]


class Section(BaseModel):
    model_config = STRICT


class ContractSettings(Section):
    name: str
    settings: dict[str, Any] = {}


class TokenSettings(Section):
    size: Count = 1024  # the most entries the vocabulary may have


class ModelSettings(Section):
    size: Size | None = None  # made here and trained from scratch
    path: str | None = None  # or a Hugging Face folder or name
    context: Natural = 0  # 0: the smallest that the tasks fit in
    trainable: str = "all"  # a phrase: "last 6 blocks + head", "attention only", "first 30% frozen"
    lora_rank: Natural = 0
    precision: Precision = "auto"
    device: Literal["cpu", "cuda"] = "cpu"
    workers: Natural = 0  # 0: one for each core
    add_tokens: bool = False  # path: the contract's words of structure become tokens
    chat: bool = False  # path: prompts go through the model's chat template

    @model_validator(mode="after")
    def _fits(self) -> "ModelSettings":
        faults = {}
        if (self.size is None) == (self.path is None):
            faults["size"] = f"{'missing' if self.size is None else 'given with path'}; expected either size or path"
        for field in ("add_tokens", "chat"):
            if getattr(self, field) and self.path is None:
                faults[field] = "true; expected it with model.path only, a model made here has its own tokenizer"
        crossed(faults)
        return self


class SourceSettings(Section):
    """Rows to learn from. A file holds lines of {"task", "answer"}: a task in full, or its id in `tasks_file`."""

    source: str = "gold"  # or "attempt": what the contract's unskilled write; or a file, for anchors and replay
    name: str = ""  # for figures and tables; the source where not given
    weight: Above = 1.0  # its share of the rows, against the other weights
    tasks_file: str | None = None
    tasks: Count | None = None  # gold and attempt: how many to draw; as sft.tasks where not given
    tiers: Weights = {}  # gold and attempt: as sft.tiers where not given
    draw: dict[str, Any] = {}  # gold and attempt: the contract's settings that these tasks alone are drawn with
    each: Count = 1  # attempt: how many of each task

    def title(self) -> str:
        return self.name or self.source

    @model_validator(mode="after")
    def _fits(self) -> "SourceSettings":
        drawn = self.source in ("gold", "attempt")
        wrong = ("tasks_file",) if drawn else ("tasks", "tiers", "draw")
        faults = {f: f"given for {self.source!r}; expected it for {'a file' if drawn else 'gold or attempt'} only"
                  for f in wrong if getattr(self, f)}  # fmt: skip
        if self.each > 1 and self.source != "attempt":
            faults["each"] = f"given for {self.source!r}; expected it for attempt only"
        crossed(_all_zero("tiers", self.tiers) | faults)
        return self


class ExpertSettings(Section):
    """Expert iteration after the first steps: sample, judge, keep, go on with what was kept."""

    rounds: Count = 1
    tasks: Count = 256  # a round
    k: Count = 8
    temperature: Above = 1.0
    max_new_tokens: Natural = 0  # 0: by the longest gold answer
    keep: Literal["passed"] | Share = "passed"  # or the least score
    per_task: Count = 2  # the most answers kept of one task
    weight: Above = 1.0  # against the mixture's weights
    steps: Count = 100  # a round


class SftSettings(Section):
    tasks: Count = 2000
    split: str = "train"
    tiers: Weights = {}  # how many of each in proportion; none named: as the contract draws them
    heldout: Natural = 64  # tasks for the held-out loss
    heldout_split: str = "dev"
    epochs: Above | None = None  # passes over the mixture's first source; 10 where neither this nor steps is given
    steps: Count | None = None
    batch_tokens: Count = 4096  # prompts and answers of a step, on average
    lr: Above = 2e-3
    warmup: Natural = 20  # steps
    decay: Literal["cosine", "linear", "constant"] = "cosine"
    optimiser: Optimiser = "muon"  # for the matrices of the blocks; the rest is AdamW's
    weight_decay: NonNegative = 0.1
    betas: Betas = (0.9, 0.99)
    clip: NonNegative = 1.0  # the gradient's norm; 0: not clipped
    every: Count = 100  # steps from one held-out loss and checkpoint to the next
    mixture: Annotated[tuple[SourceSettings, ...], Strict(False), Field(min_length=1)] = (SourceSettings(),)
    expert: ExpertSettings | None = None

    @model_validator(mode="before")
    @classmethod
    def _some_length(cls, written: Any) -> Any:
        if not isinstance(written, dict) or any(written.get(field) is not None for field in ("epochs", "steps")):
            return written
        return {**written, "epochs": 10.0}

    @model_validator(mode="after")
    def _fits(self) -> "SftSettings":
        titles = [source.title() for source in self.mixture]
        faults = {f"mixture.{i}.name": f"{title!r} stands twice; expected a name for each source"
                  for i, title in enumerate(titles) if title in titles[:i]}  # fmt: skip
        if self.epochs is not None and self.steps is not None:
            faults["steps"] = "given with epochs; expected one of them"
        crossed(faults | _all_zero("tiers", self.tiers))
        return self


class RewardSettings(Section):
    form: FormName = "raw"
    power: Above = 1.0  # partial
    chance: Decay = 0.0  # chance_corrected: the score of guessing
    values: dict[str, float] = {}  # tiered: by failure label


class TermSettings(Section):
    name: str
    kind: TermKind
    share: Annotated[float, Field(gt=0, le=1)]  # the most that it adds or takes
    reads: str = ""  # a measure or part of the verdict; nothing for length
    low: Bound = 0.0
    peak: Bound = 0.5
    high: Bound = 1.0

    @model_validator(mode="after")
    def _fits(self) -> "TermSettings":
        if (self.kind == "length") == bool(self.reads):
            expected = "nothing, length reads the answer's tokens" if self.reads else "a measure or part of the verdict"
            crossed({"reads": f"{self.reads!r}; expected {expected}"})
        return self


class RlSettings(Section):
    tasks: Count = 512  # the pool that prompts are drawn from
    split: str = "train"
    draw: dict[str, Any] = {}  # the contract's settings that the pool alone is drawn with
    start: str = "sft"  # or "model", or the folder of a run, where {seed} stands for this run's own
    prompts: Count = 8  # groups a step
    k: Count = 8
    steps: Count = 200
    steps_per_batch: Count = 1  # above 1: off-policy
    temperature: Above = 1.0
    max_new_tokens: Natural = 0  # 0: by the longest gold answer
    grammar: bool = False
    floor: Annotated[float, Field(lt=0)] | None = None  # of the smoothed log-probability; below it an answer ends
    answer: Answer = "all"
    loss: LossName = "grpo"
    advantage: AdvantageName | None = None  # what the loss asks for where not given
    baseline: float = 0.5  # where the running mean of advantage "baseline" starts
    diversity: NonNegative = 0.0
    zero_variance: Literal["keep", "drop"] = "keep"
    overlong: Literal["keep", "mask", "punish"] = "keep"
    clip_low: Share | None = None  # the loss's own where not given
    clip_high: NonNegative | None = None
    kl: Literal["k1", "k3"] = "k3"
    kl_coef: NonNegative = 0.0
    entropy_coef: NonNegative = 0.0
    lr: Above = 1e-4
    warmup: Natural = 5  # steps
    optimiser: Optimiser = "adamw"
    weight_decay: NonNegative = 0.0
    betas: Betas = (0.9, 0.99)
    clip: NonNegative = 1.0  # the gradient's norm; 0: not clipped
    curriculum: CurriculumName = "uniform"
    tiers: Weights = {}  # custom
    threshold: Share = 0.7  # levels: the pass rate that opens the next tier
    difficulty: Annotated[tuple[Share, Share], Strict(False)] = (0.0, 1.0)  # of a task: its pass rate at the start
    reward: RewardSettings = RewardSettings()
    shaping: Annotated[tuple[TermSettings, ...], Strict(False)] = ()
    watch: Annotated[tuple[str, ...], Strict(False)] = ()  # measures that collapse is seen by; none named: all
    drift: Above = 0.1  # the largest mean distance between the sampler's and the learner's log-probabilities
    every: Count = 50  # steps from one checkpoint to the next
    steer: SteerSettings | None = None

    def form(self) -> Form:
        own = self.reward
        return Form(name=own.form, power=own.power, chance=own.chance, values=own.values)

    def terms(self) -> tuple[Term, ...]:
        return tuple(Term(**term.model_dump()) for term in self.shaping)

    def lr_at(self, number: int) -> float:
        return self.lr * min(1.0, number / max(1, self.warmup))

    @model_serializer(mode="wrap")
    def _steered(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A run that is not steered has the record, and the hash, that it had before there was steering."""
        return {key: value for key, value in dump(self).items() if key != "steer" or value is not None}

    @model_validator(mode="after")
    def _fits(self) -> "RlSettings":
        faults = _all_zero("tiers", self.tiers)
        alone = self.advantage == "baseline" or (self.advantage is None and self.loss == "reinforce")
        if self.k < 2 and not alone:
            faults["k"] = '1; expected at least 2, or advantage = "baseline": an answer is compared with its group'
        if self.steps_per_batch > self.prompts:
            faults["steps_per_batch"] = f"{self.steps_per_batch}; expected at most rl.prompts, which is {self.prompts}"
        if self.difficulty[0] > self.difficulty[1]:
            faults["difficulty"] = f"{list(self.difficulty)}; expected [low, high]"
        if (self.curriculum == "custom") != bool(self.tiers):
            given = "given" if self.tiers else "missing"
            faults["tiers"] = f'{given}; expected with curriculum = "custom" and only there'
        crossed(faults)
        return self


class Rung(Section):
    name: str = ""
    seed: Natural = 0
    contract: ContractSettings
    tokens: TokenSettings = TokenSettings()
    model: ModelSettings
    sft: SftSettings | None = None
    rl: RlSettings | None = None
    _source: Source | None = PrivateAttr(default=None)

    def record(self) -> dict[str, Json]:
        """All settings, defaults included."""
        return self.model_dump(mode="json")

    def fault(self, keys: Keys, problem: str) -> str:
        """One line on a field, with the place it was written at."""
        return self._source.fault(keys, problem) if self._source else f"{'.'.join(map(str, keys))}: {problem}"

    @model_validator(mode="after")
    def _fits(self) -> "Rung":
        faults = {}
        if self.rl and self.rl.start == "sft" and self.sft is None:
            faults["rl.start"] = "'sft', but there is no [sft]; expected \"model\" or the folder of a run"
        expert = self.sft.expert if self.sft else None
        for field, stage in (("rl.max_new_tokens", self.rl), ("sft.expert.max_new_tokens", expert)):
            if stage and 0 < self.model.context <= stage.max_new_tokens:
                faults[field] = f"{stage.max_new_tokens}; expected less than model.context, {self.model.context}"
        crossed(faults)
        return self


Kind = TypeVar("Kind", bound=Rung)


def read(path: Path, overrides: Sequence[str] = (), seed: int | None = None) -> Rung:
    return read_as(Rung, path, overrides, seed)


def read_as(kind: type[Kind], path: Path, overrides: Sequence[str] = (), seed: int | None = None) -> Kind:
    """The rung of a file; all its faults in one InputError, a line each."""
    data, source = parsed(path, overrides if seed is None else [*overrides, f"seed={seed}"])
    rung = checked(kind, {"name": path.stem, **data}, source, REFUSED)
    rung._source = source
    return rung
