"""A Hugging Face model through both stages, as the command line runs them: `train` does not know which model it has."""

from pathlib import Path

import pytest

from rungwise.cli import main
from rungwise.scaffold import TEMPLATE

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

ROOT = Path(__file__).parents[2]
RUNG = """
name = "hub"
[contract]
name = "{contract}"
[model]
path = "{model}"
add_tokens = true
lora_rank = {rank}
[sft]
tasks = 24
steps = 3
heldout = 4
batch_tokens = 512
[rl]
tasks = 8
prompts = 2
k = 2
steps = 2
max_new_tokens = 8
"""


@pytest.mark.parametrize("rank", [0, 2])
def test_what_a_run_makes_of_a_hub_model_is_one(
    rank: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rungwise.policy.tokens import build

    tokens = build(None, [], 300)
    tokens.save(tmp_path / "model")
    torch.manual_seed(0)
    config = transformers.Qwen2Config(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        vocab_size=tokens.size, max_position_embeddings=512, eos_token_id=tokens.end, bos_token_id=None,
    )  # fmt: skip
    transformers.Qwen2ForCausalLM(config).save_pretrained(tmp_path / "model")
    contract = TEMPLATE / "newlang" / "__init__.py"
    rung = tmp_path / "hub.toml"
    rung.write_text(RUNG.format(contract=f"{contract}:newlang", model=tmp_path / "model", rank=rank))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["rungwise", "run", str(rung)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code, capsys.readouterr().err
    for stage, steps in (("sft", 3), ("rl", 2)):
        folder = tmp_path / "runs" / "hub" / "seed-0" / stage
        assert len((folder / "metrics.jsonl").read_text().splitlines()) == steps
        made = transformers.AutoModelForCausalLM.from_pretrained(folder / "model")
        assert isinstance(made, transformers.Qwen2ForCausalLM)
        assert made.config.vocab_size == len(transformers.AutoTokenizer.from_pretrained(folder / "model"))


def test_the_published_recipe_runs_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """rungs/trace/published.toml on a tiny model of TinyLlama's shape."""
    from rungwise.contract import load_contract
    from rungwise.policy.tokens import build

    yaml = load_contract("trace", {"surface": "yaml"})
    tasks = yaml.tasks("train", 40, 0)
    tokens = build(yaml.grammar(), [text for task in tasks for text in (task.prompt, yaml.gold(task) or "")], 700)
    tokens.save(tmp_path / "model")
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=8, num_attention_heads=2, num_key_value_heads=1,
        vocab_size=tokens.size, max_position_embeddings=1024, eos_token_id=tokens.end, bos_token_id=None,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(tmp_path / "model")
    before = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "model").state_dict()
    small = {
        "model.path": tmp_path / "model", "sft.tasks": 24, "sft.heldout": 4, "rl.tasks": 8, "rl.steps": 2,
        "rl.prompts": 2, "rl.max_new_tokens": 24,
    }  # fmt: skip
    given = [part for name, value in small.items() for part in ("--set", f"{name}={value}")]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["rungwise", "run", str(ROOT / "rungs" / "trace" / "published.toml"), *given])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    made = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "runs" / "trace-published" / "seed-0" / "rl" / "model"
    )
    moved = {name for name, weight in made.state_dict().items() if not torch.equal(weight, before[name])}
    assert moved and not [name for name in moved if ".layers.0." in name or ".layers.1." in name or "embed" in name]
    assert [name for name in moved if ".layers.7." in name]
