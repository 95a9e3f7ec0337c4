"""What `bench/learn.py --peers` runs in an environment of its own: transformers and TRL on the same model and batch.

python bench/peers.py WHAT SIZE: one measurement, one JSON line. WHAT is sample, sft or grpo, then the settings to use:
"default", or the best that could be found for this machine ("bf16", "fp32": without gradient checkpointing).
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

SHAPES = {"1.5M": (192, 4, 6, 2, 32, 512, 512), "10M": (384, 6, 6, 2, 64, 1024, 1024)}
PROMPTS, ANSWERS, PROMPT, ANSWER = 8, 8, 64, 128
SFT_ROWS, SFT_LENGTH = {"1.5M": 32, "10M": 8}, 256


def model_of(size, dtype=torch.float32):
    d, layers, heads, groups, head, ff, vocab = SHAPES[size]
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        hidden_size=d, num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=groups, head_dim=head,
        intermediate_size=ff, vocab_size=vocab, max_position_embeddings=512, tie_word_embeddings=True,
        eos_token_id=None,
        bos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config).to(dtype)


def tokenizer_of(size):
    vocab = SHAPES[size][-1]
    words = Tokenizer(models.WordLevel({str(i): i for i in range(vocab)}, unk_token="0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=words, pad_token="0", eos_token="1", unk_token="0")


def prompts_of(size, n):
    draw = torch.Generator().manual_seed(0)
    return torch.randint(2, SHAPES[size][-1], (n, PROMPT), generator=draw)


def sample(size, how):
    model = model_of(size, torch.bfloat16 if how == "bf16" else torch.float32).eval()
    ids = prompts_of(size, PROMPTS).repeat_interleave(ANSWERS, 0)
    times = []
    for _ in range(4):
        began = time.perf_counter()
        with torch.inference_mode():
            out = model.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=True, max_new_tokens=ANSWER, min_new_tokens=ANSWER,
                top_k=0, output_logits=True, return_dict_in_generate=True,
            )  # fmt: skip
        times.append(time.perf_counter() - began)
        assert out.sequences.shape[1] == PROMPT + ANSWER
    return times[1:]


class Clock(transformers.TrainerCallback):
    def __init__(self):
        self.times = []

    def on_step_begin(self, *_, **__):
        self.began = time.perf_counter()

    def on_step_end(self, *_, **__):
        self.times.append(time.perf_counter() - self.began)


def _better(how):
    return {} if how == "default" else {"gradient_checkpointing": False, "bf16": how == "bf16"}


def sft(size, how):
    import datasets
    import trl

    rows = SFT_ROWS[size]
    draw = torch.Generator().manual_seed(0)
    ids = torch.randint(2, SHAPES[size][-1], (rows * 8, SFT_LENGTH), generator=draw).tolist()
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        args = trl.SFTConfig(
            output_dir=folder, per_device_train_batch_size=rows, max_steps=6, max_length=SFT_LENGTH, report_to=[],
            save_strategy="no", logging_steps=1, learning_rate=1e-4, disable_tqdm=True, use_cpu=True, **_better(how),
        )  # fmt: skip
        data = datasets.Dataset.from_dict({"input_ids": ids})
        trainer = trl.SFTTrainer(
            model=model_of(size), args=args, train_dataset=data, processing_class=tokenizer_of(size), callbacks=[clock]
        )
        trainer.train()
    return clock.times[1:]


def grpo(size, how):
    import datasets
    import trl

    def reward(completions, **_):
        return [float(len(text) % 7) for text in completions]

    texts = [" ".join(map(str, row)) for row in prompts_of(size, PROMPTS * 8).tolist()]
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        args = trl.GRPOConfig(
            output_dir=folder, per_device_train_batch_size=PROMPTS * ANSWERS, num_generations=ANSWERS,
            max_completion_length=ANSWER, max_steps=4, report_to=[], save_strategy="no", logging_steps=1,
            learning_rate=1e-5, disable_tqdm=True, use_cpu=True, temperature=1.0, **_better(how),
        )  # fmt: skip
        trainer = trl.GRPOTrainer(
            model=model_of(size), reward_funcs=reward, args=args,
            train_dataset=datasets.Dataset.from_dict({"prompt": texts}),
            processing_class=tokenizer_of(size), callbacks=[clock],
        )  # fmt: skip
        trainer.model.generation_config.min_new_tokens = ANSWER
        trainer.train()
    return clock.times[1:]


if __name__ == "__main__":
    what, size, how = sys.argv[1:4]
    transformers.logging.set_verbosity_error()
    seconds = {"sample": sample, "sft": sft, "grpo": grpo}[what](size, how)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {"what": what, "size": size, "how": how, "seconds": seconds, "peak_mb": peak, "file": Path(__file__).name}
        )
    )
