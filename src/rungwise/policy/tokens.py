"""Text as token ids: a contract's words of structure have ids of their own, everything else is bytes and what pairs of
them the prompts use most.

1. What is reserved depends on the grammar alone, never on topics or payload. Reserved tokens are added tokens that are
   not `special`, so that no other tool strips them from an answer.
2. Every byte has an id, so every text can be written and read back exactly. Digits stand alone. Merges are learned from
   prose with the reserved words taken out, so none runs across them.
3. Control tokens cannot be written by a user's text: text that spells one is plain characters.
4. Saved as Hugging Face tokenizers save theirs; plain transformers reads it and gives the same ids.
"""

import hashlib
import re
import string
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path

import msgspec
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from rungwise.contract import Grammar
from rungwise.errors import InputError

PAD, BEGIN, ANSWER, END = "<|pad|>", "<|begin|>", "<|answer|>", "<|end|>"
CONTROLS = (PAD, BEGIN, ANSWER, END)
# A word, or one sign or digit, with its space before it: a grid or a number is read sign by sign.
# `grammar` must know from two bytes alone whether a cut comes between them, see `joined`.
WORDS = r" ?[A-Za-z]+| ?[^\t-\r A-Za-z]|[\t-\r ]"
SPACES, LETTERS = frozenset(b"\t\n\v\f\r "), frozenset(string.ascii_letters.encode())


class Tokens:
    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.encode_special_tokens = True
        self._tokenizer = tokenizer
        self.size: int = tokenizer.get_vocab_size(with_added_tokens=True)
        self.pad, self._begin, self._answer, self.end = (int(tokenizer.token_to_id(c) or 0) for c in CONTROLS)
        added = tokenizer.get_added_tokens_decoder()
        words = {i: token.content for i, token in sorted(added.items()) if not token.special}
        self.reserved, self.reserved_ids = tuple(words.values()), frozenset(words)

    def prompt(self, text: str) -> list[int]:
        return [self._begin, *self._ids(text), self._answer]

    def answer(self, text: str) -> list[int]:
        return [*self._ids(text), self.end]

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def text(self, ids: Iterable[int]) -> str:
        return b"".join(self.pieces[i] or b"" for i in ids).decode("utf-8", "replace")

    @cached_property
    def pieces(self) -> tuple[bytes | None, ...]:
        """What each id stands for; None for control tokens."""
        byte_of = {character: byte for byte, character in _alphabet().items()}
        added = self._tokenizer.get_added_tokens_decoder()
        pieces: list[bytes | None] = []
        for i in range(self.size):
            if i in added:
                pieces.append(None if added[i].special else added[i].content.encode())
            else:
                pieces.append(bytes(byte_of[character] for character in str(self._tokenizer.id_to_token(i))))
        return tuple(pieces)

    @cached_property
    def hash(self) -> str:
        return hashlib.sha256(self._tokenizer.to_str().encode()).hexdigest()

    @cached_property
    def merges(self) -> tuple[tuple[int, int], ...]:
        """Which two ids are made one, in the order they are looked for."""
        pairs = msgspec.json.decode(self._tokenizer.to_str())["model"]["merges"]
        ids = self._tokenizer.get_vocab()
        return tuple((ids[a], ids[b]) for a, b in pairs)

    def merged(self, word: bytes) -> list[int]:
        """What merges alone make of bytes that nothing cuts."""
        alphabet = _alphabet()
        return [token.id for token in self._tokenizer.model.tokenize("".join(alphabet[byte] for byte in word))]

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokenizer.json").write_text(self._tokenizer.to_str(pretty=True), "utf-8")
        config = {
            "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": PAD, "bos_token": BEGIN, "eos_token": END,
            "clean_up_tokenization_spaces": False,
        }  # fmt: skip
        (folder / "tokenizer_config.json").write_bytes(msgspec.json.format(msgspec.json.encode(config), indent=2))

    @classmethod
    def load(cls, folder: Path) -> "Tokens":
        path = folder / "tokenizer.json"
        if not path.exists():
            raise InputError("no tokenizer.json in it", file=folder)
        return cls(Tokenizer.from_file(str(path)))


def build(grammar: Grammar | None, prose: Iterable[str], size: int) -> Tokens:
    """At most `size` tokens: controls, bytes, the grammar's reserved words, and merges for as long as there is room."""
    reserved = tuple(dict.fromkeys(grammar.reserved)) if grammar else ()
    least = len(CONTROLS) + 256 + len(reserved)
    if size < least:
        raise InputError(
            f"{size}; expected at least {least}: 256 bytes, {len(reserved)} reserved words", field="tokens.size"
        )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(reserved), special_tokens=list(CONTROLS), show_progress=False,
        initial_alphabet=list(_alphabet().values()),
    )  # fmt: skip
    tokenizer.train_from_iterator(_without(prose, reserved), trainer)
    _require_words(reserved, tokenizer)
    tokenizer.add_tokens([AddedToken(word, special=False, normalized=False) for word in reserved])
    return Tokens(tokenizer)


def _require_words(reserved: Sequence[str], tokenizer: Tokenizer) -> None:
    """A word that the vocabulary holds already takes that id: fine where both are the same text."""
    field = "grammar.reserved"
    for word in reserved:
        if not word or any(control in word for control in CONTROLS):
            raise InputError(f"{word!r}; expected words that are neither empty nor control tokens", field=field)
        if not word.isascii() and tokenizer.token_to_id(word) is not None:
            raise InputError(f"{word!r} is how the tokenizer writes other bytes; expected another word", field=field)


def joined(first: int, second: int) -> bool:
    """Whether WORDS leaves two bytes of a text in one piece: a space with what it stands before, letters, a
    character."""
    before_sign = first == ord(" ") and second not in SPACES
    return before_sign or (first in LETTERS and second in LETTERS) or 0x80 <= second < 0xC0


def _without(prose: Iterable[str], reserved: Sequence[str]) -> Iterable[str]:
    words = sorted(reserved, key=len, reverse=True)
    cut = re.compile("|".join(map(re.escape, words))) if words else None
    for text in prose:
        yield from (piece for piece in cut.split(text) if piece) if cut else (text,)


@cache
def _alphabet() -> dict[int, str]:
    """The characters that byte-level tokenizers write bytes with."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + i) for i, byte in enumerate(others)}
