"""The C kernels of `native/`: built on first use for this machine, bound by ctypes, and what autograd must know of
them.

1. They are compiled once with the machine's own C compiler into the user's cache folder, under a name that is the hash
   of the sources, the flags, the compiler and the processor. Where there is no compiler, `library` says so in one line
   and plain torch (`plain.py`) computes the same.
2. Each call runs on one thread and lets go of the interpreter, so Python threads run side by side.
3. Storage is bfloat16 or float32; sums are float32 in both.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rungwise.policy.packed import Packed

SOURCES = Path(__file__).parent / "native"
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared", "-w")
LANES = 16


class Model(ctypes.Structure):
    _fields_ = [
        *[(name, ctypes.c_int) for name in ("d", "layers", "heads", "groups", "hd", "ff", "vocab", "context")],
        ("eps", ctypes.c_float),
        *[(name, ctypes.c_void_p) for name in ("embed", "weights", "norms", "cosines", "sines")],
    ]


class How(ctypes.Structure):
    _fields_ = [
        *[(name, ctypes.c_float) for name in ("temperature", "top_p", "floor", "alpha")],
        *[(name, ctypes.c_int) for name in ("top_k", "most", "ends", "has_floor")],
        *[(name, ctypes.c_void_p) for name in ("end", "bits", "pairs", "delta", "piece_start", "piece_bytes")],
        ("start", ctypes.c_int),
    ]


class Shape(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in ("heads", "groups", "hd")]


@lru_cache(maxsize=2)
def library(dtype: torch.dtype) -> ctypes.CDLL | None:
    """The kernels for this storage type, or None where they cannot be had."""
    if os.environ.get("RUNGWISE_NATIVE") == "0":
        return None
    try:
        return ctypes.CDLL(str(_built(("-DBF16",) if dtype == torch.bfloat16 else ())))
    except (OSError, subprocess.SubprocessError) as error:
        print(f"rungwise: no native kernels, plain torch instead (slower): {error}", file=sys.stderr)  # noqa: T201
        return None


def _built(extra: tuple[str, ...]) -> Path:
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise OSError("there is no C compiler")
    sources = sorted(SOURCES.iterdir())
    version = subprocess.run([compiler, "--version"], capture_output=True, check=True, timeout=60).stdout
    key = [
        *(source.read_bytes() for source in sources),
        *(flag.encode() for flag in (*FLAGS, *extra)),
        version,
        _processor(),
    ]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rungwise"
    built = folder / f"kernels-{hashlib.sha256(b'|'.join(key)).hexdigest()[:16]}.so"
    if not built.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as room:
            made = Path(room) / built.name
            files = [str(source) for source in sources if source.suffix == ".c"]
            command = [compiler, *FLAGS, *extra, *files, "-o", str(made), "-lm"]
            told = subprocess.run(command, capture_output=True, text=True, timeout=300)
            if told.returncode:
                raise OSError(f"{compiler} failed: {told.stderr.strip().splitlines()[:1]}")
            made.replace(built)  # another process may do the same at the same time
    return built


def _processor() -> bytes:
    """What -march=native depends on; a cache folder may be shared between machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return "".join(
            sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})
        ).encode()
    except OSError:
        return platform.processor().encode()


def at(tensor: Tensor | None) -> ctypes.c_void_p:
    """Where it lies. Whoever calls must hold the tensor until the kernel is done: no temporary may be passed."""
    return ctypes.c_void_p(tensor.data_ptr() if tensor is not None else None)


def long(number: int) -> ctypes.c_long:
    return ctypes.c_long(number)


def real(number: float) -> ctypes.c_float:
    return ctypes.c_float(number)


class Native:
    """The operations of `nano`, by the kernels. `plain.Plain` has the same."""

    def __init__(self, lib: ctypes.CDLL, dtype: torch.dtype) -> None:
        self.lib, self.dtype = lib, dtype

    def norm(self, x: Tensor, y: Tensor | None, w: Tensor, eps: float) -> tuple[Tensor, Tensor]:
        """(x + y, its norm times w)."""
        out: tuple[Tensor, Tensor] = _applied(_Norm, x, y, w, eps, self)
        return out

    def attention(self, qkv: Tensor, batch: "Placed", heads: int, groups: int, tables: tuple[Tensor, Tensor]) -> Tensor:
        """`qkv` is turned in place: nothing else may use it."""
        out: Tensor = _applied(_Attention, qkv, batch, heads, groups, tables, self)
        return out

    def gate(self, both: Tensor) -> Tensor:
        out: Tensor = _applied(_Gate, both, self)
        return out

    def likelihood(
        self, h: Tensor, head: Tensor, labels: Tensor, temperature: float, masks: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        out: tuple[Tensor, Tensor] = _applied(_Likelihood, h, head, labels, temperature, masks, self)
        return out


def _applied(function: type[torch.autograd.Function], *arguments: Any) -> Any:
    return function.apply(*arguments)  # type: ignore[no-untyped-call]


class Placed:
    """A packed batch as tensors on the device, made once for all layers."""

    def __init__(self, batch: Packed, device: torch.device) -> None:
        self.batch = batch
        self.tokens, self.positions, self.segments, self.source, self.labels = (
            torch.from_numpy(array).to(device)
            for array in (batch.tokens, batch.positions, batch.segments, batch.source, batch.labels)
        )


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor | None, w: Tensor, eps: float, native: Native) -> tuple[Tensor, Tensor]:
        n, d = x.shape
        out, rms = torch.empty_like(x), x.new_empty(n)
        h = torch.empty(n, d, dtype=native.dtype)
        native.lib.norm(long(n), d, at(x), at(y), at(w), real(eps), at(out), at(h), at(rms))
        ctx.save_for_backward(out, w, rms)
        ctx.native, ctx.added = native, y is not None
        return out, h

    @staticmethod
    def backward(ctx: Any, dx: Tensor | None, dh: Tensor) -> Any:
        out, w, rms = ctx.saved_tensors
        n, d = out.shape
        back, dw = torch.empty_like(out), torch.zeros_like(w)
        dy = torch.empty(n, d, dtype=ctx.native.dtype) if ctx.added else None
        dh, past = dh.contiguous(), dx.contiguous() if dx is not None else None
        ctx.native.lib.norm_back(long(n), d, at(out), at(w), at(rms), at(dh), at(past), at(back), at(dy), at(dw))
        return back, dy, dw, None, None


class _Gate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, both: Tensor, native: Native) -> Tensor:
        n, wide = both.shape
        out = both.new_empty(n, wide // 2)
        native.lib.gate(long(n), wide // 2, at(both), at(out))
        ctx.save_for_backward(both)
        ctx.native = native
        return out

    @staticmethod
    def backward(ctx: Any, da: Tensor) -> Any:
        (both,) = ctx.saved_tensors
        da, back = da.contiguous(), torch.empty_like(both)
        ctx.native.lib.gate_back(long(both.shape[0]), both.shape[1] // 2, at(both), at(da), at(back))
        return back, None


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, qkv: Tensor, batch: Placed, heads: int, groups: int, tables: tuple[Tensor, Tensor], native: Native
    ) -> Tensor:
        n, stride = qkv.shape
        hd = stride // (heads + 2 * groups)
        out, lse = qkv.new_empty(n, heads * hd), torch.empty(n, heads)
        shape, segments = Shape(heads, groups, hd), batch.segments
        turn = (long(n), heads + groups, hd, long(stride), at(batch.positions), at(tables[0]), at(tables[1]))
        native.lib.rotate(*turn, real(1), at(qkv))
        native.lib.attend(long(len(segments)), at(segments), shape, at(qkv), at(out), at(lse))
        ctx.save_for_backward(qkv, out, lse)
        ctx.native, ctx.batch, ctx.shape, ctx.turn = native, batch, shape, turn
        return out

    @staticmethod
    def backward(ctx: Any, do: Tensor) -> Any:
        qkv, out, lse = ctx.saved_tensors
        do, back = do.contiguous(), torch.empty_like(qkv)
        space = torch.zeros(len(qkv), 2 * ctx.shape.groups * ctx.shape.hd)
        ctx.native.lib.attend_back(
            long(len(qkv)), long(len(ctx.batch.segments)), at(ctx.batch.segments), ctx.shape, at(qkv), at(out), at(lse),
            at(do), at(space), at(back),
        )  # fmt: skip
        ctx.native.lib.rotate(*ctx.turn, real(-1), at(back))
        return back, None, None, None, None, None


class _Likelihood(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, h: Tensor, head: Tensor, labels: Tensor, temperature: float, masks: Tensor | None, native: Native
    ) -> tuple[Tensor, Tensor]:
        (n, d), (vocab, _) = h.shape, head.shape
        panels = torch.empty(_up(vocab), d, dtype=native.dtype)
        native.lib.pack(vocab, d, at(head), at(panels))
        logits = torch.empty(n, _up(vocab))
        native.lib.scores_of(long(n), d, vocab, at(h), at(panels), at(logits))
        logprob, lse, entropy = (torch.empty(n) for _ in range(3))
        allowed = masks.contiguous().view(torch.uint8) if masks is not None else None
        native.lib.likelihood(
            long(n), vocab, real(temperature), at(allowed), at(labels), at(logits), at(logprob), at(lse), at(entropy)
        )
        ctx.save_for_backward(h, head, labels, logits, lse, entropy)
        ctx.native, ctx.temperature = native, temperature
        return logprob, entropy

    @staticmethod
    def backward(ctx: Any, dlogprob: Tensor, dentropy: Tensor) -> Any:
        h, head, labels, logits, lse, entropy = ctx.saved_tensors
        dlogprob, dentropy = dlogprob.contiguous(), dentropy.contiguous()
        slopes = torch.empty(logits.shape, dtype=ctx.native.dtype)
        ctx.native.lib.likelihood_back(
            long(len(h)), len(head), real(ctx.temperature), at(labels), at(logits), at(lse), at(entropy),
            at(dlogprob), at(dentropy), at(slopes),
        )  # fmt: skip
        slopes = slopes[:, : len(head)]
        return slopes @ head, slopes.t() @ h, None, None, None, None


def _up(count: int) -> int:
    return -(-count // LANES) * LANES
