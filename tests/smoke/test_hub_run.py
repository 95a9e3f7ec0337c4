"""A Hugging Face model through both stages, as the command line runs them: `train` does not know which model it has."""

from pathlib import Path

import pytest

from rungwise.cli import main
from rungwise.scaffold import TEMPLATE

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

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
