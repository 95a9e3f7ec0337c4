"""A Hugging Face tokenizer with the interface of `Tokens`.

1. A prompt is the chat template around the task's text, or without chat the text and a line end; then the answer
   follows. Templates that ask are told to leave thinking out (an answer is read strictly) and the same date every day.
2. Control tokens come from the template and the tokenizer, never from a task's text: `<|im_end|>` written there is
   encoded as the characters it consists of. Control tokens are those that the tokenizer declares special.
3. A token's piece is the bytes it stands for; None for control tokens and for rows that pad the embedding matrix. Text
   is their join where the tokenizer is byte-level, since its own decoder spoils added tokens that hold a space. Of
   sentencepiece's kind some take a text's first space for their own: there " a" comes back as "a".
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rungwise.contract import hash_of
from rungwise.errors import InputError

DAY = "01 Jan 2025"  # templates that tell the date would otherwise make every prompt another one tomorrow
MARK = "\ue000text\ue000"  # stands for the task's text in a template; private use, so in no template of its own

PRINTED = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTE_OF = {chr(b): b for b in PRINTED} | {
    chr(256 + i): b for i, b in enumerate(b for b in range(256) if b not in PRINTED)
}  # how byte-level tokenizers write a byte as a character


class HubTokens:
    """`size` is the rows of the embedding matrix; any of `stops` ends an answer, `end` is the one that is trained."""

    def __init__(
        self, tokenizer: Any, size: int, stops: Sequence[int], *, reserved: Sequence[str] = (), chat: bool = False
    ) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise InputError("the model's tokenizer has no tokenizer.json; expected a fast tokenizer")
        if chat and not tokenizer.chat_template:
            raise InputError("the model's tokenizer has no chat template; expected chat = false", field="chat")
        own = tokenizer.eos_token_id
        if own is None and not stops:
            raise InputError("the model names no end token, in its tokenizer or its generation_config")
        self._tokenizer, self._chat = tokenizer, chat
        self.size, self.reserved = size, tuple(reserved)
        self.end: int = stops[0] if own is None else own
        self.stops = tuple(dict.fromkeys([self.end, *stops]))
        self.pad: int = self.end if tokenizer.pad_token_id is None else tokenizer.pad_token_id
        state = json.loads(tokenizer.backend_tokenizer.to_str()) | {"padding": None, "truncation": None}
        self._joined = "ByteLevel" in json.dumps(state["decoder"])
        self.pieces = _pieces(tokenizer.backend_tokenizer, size, self._joined)
        self.hash = hash_of([state, tokenizer.chat_template if chat else None, size, self.stops])
        self._frame = self._controls(self._encode(self._rendered("x"), hostile=False)) if chat else []

    def prompt(self, text: str) -> list[int]:
        return self._in_template(text) if self._chat else self._alone(text)

    def answer(self, text: str) -> list[int]:
        return [*self._encode(text), self.end]

    def text(self, ids: Iterable[int]) -> str:
        if not self._joined:
            kept = [int(i) for i in ids if self.pieces[i] is not None]
            return str(self._tokenizer.decode(kept, clean_up_tokenization_spaces=False))
        return b"".join(self.pieces[i] or b"" for i in ids).decode(errors="replace")

    def save(self, folder: Path) -> None:
        self._tokenizer.save_pretrained(folder)

    def _encode(self, text: str, *, hostile: bool = True, frame: bool = False) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=frame, split_special_tokens=hostile)
        return ids

    def _alone(self, text: str) -> list[int]:
        ids = self._encode(text if text.endswith("\n") else text + "\n", frame=True)
        while ids[-1] in self.stops:  # some tokenizers end every text; the answer's own end comes later
            ids.pop()
        return ids

    def _in_template(self, text: str) -> list[int]:
        """As one string, which is what the model was trained on; in three where the text smuggles control tokens in."""
        ids = self._encode(self._rendered(text), hostile=False)
        if self._controls(ids) == self._frame:
            return ids
        before, _, after = self._rendered(MARK).partition(MARK)
        return [*self._encode(before, hostile=False), *self._encode(text), *self._encode(after, hostile=False)]

    def _rendered(self, text: str) -> str:
        told = [{"role": "user", "content": text}]
        return str(
            self._tokenizer.apply_chat_template(
                told, tokenize=False, add_generation_prompt=True, enable_thinking=False, date_string=DAY
            )
        )

    def _controls(self, ids: Iterable[int]) -> list[int]:
        return [i for i in ids if self.pieces[i] is None]


def _pieces(backend: Any, size: int, byte_level: bool) -> tuple[bytes | None, ...]:
    added, spelled = backend.get_added_tokens_decoder(), _of_bytes if byte_level else _of_words
    pieces: list[bytes | None] = []
    for i in range(size):
        token = backend.id_to_token(i)
        if i in added:
            pieces.append(None if added[i].special else added[i].content.encode())
        else:
            pieces.append(None if token is None else spelled(token))
    return tuple(pieces)


def _of_bytes(token: str) -> bytes:
    return bytes(BYTE_OF[c] for c in token) if all(c in BYTE_OF for c in token) else token.encode()


def _of_words(token: str) -> bytes:
    """The sentencepiece spelling: a low line for a space, <0x0A> for a byte that no word holds."""
    if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
        return bytes([int(token[3:5], 16)])
    return token.replace("\u2581", " ").encode()
