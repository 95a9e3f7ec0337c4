"""Every random stream is derived from (seed, purpose, key), so that no two uses share one and none depends on order."""

import hashlib
import random


def derive(seed: int, purpose: str, *key: object) -> int:
    """A 64-bit seed that is a pure function of its arguments, the same on every machine and in every process."""
    text = "\x1f".join([str(seed), purpose, *map(str, key)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def stream(seed: int, purpose: str, *key: object) -> random.Random:
    return random.Random(derive(seed, purpose, *key))
