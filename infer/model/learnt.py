"""Which songs a model has learnt from, as far as digests of their audio tell: a Bloom filter.

It stands in the model file, at most 20 kB, and lists no song: it can be asked whether a song that
is at hand was there. Source: Bloom, Communications of the ACM 13(7), 1970; two hashes for all as
Kirsch & Mitzenmacher, ESA 2006, have it.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

__all__ = ["LEARNT_KEY", "Learnt"]

LEARNT_KEY = "melonnx.learnt"
"""Of the metadata entry; a file of before has none."""

_LEAST_BYTES, _MOST_BYTES = 1_024, 14_000
"""Of the filter: at most 19 kB as text. In a smaller one two hashes would not do for all."""
_BITS_A_SONG = 24
_HASHES = 16
"""With 24 bits a song, one of a hundred thousand others is taken for one that was learnt from."""


@dataclass(frozen=True)
class Learnt:
    """Songs by digests of their audio (:func:`melonnx.infer.audio.digest.audio_digest`)."""

    songs: int
    """How many there were."""
    every: int
    """Only digests that this divides are held: 1, or of very many songs a power of two."""
    bits: bytes

    @classmethod
    def of(cls, digests: Iterable[str]) -> Self:
        """All songs that were learnt from, by their digests, each once."""
        numbers = {int(digest, 16) for digest in digests}
        every = 1
        while len(held := [n for n in numbers if n % every == 0]) * _BITS_A_SONG > 8 * _MOST_BYTES:
            every *= 2
        bits = bytearray(max(_LEAST_BYTES, -(-len(held) * _BITS_A_SONG // 8)))
        for number in held:
            for place in _places(number // every, 8 * len(bits)):
                bits[place // 8] |= 1 << place % 8
        return cls(len(numbers), every, bytes(bits))

    def has(self, digest: str) -> bool | None:
        """Whether a song was learnt from; None of one that is not held either way."""
        number = int(digest, 16)
        if number % self.every:
            return None
        places = _places(number // self.every, 8 * len(self.bits))
        return all(self.bits[place // 8] >> place % 8 & 1 for place in places)

    def to_json(self) -> str:
        """The metadata entry."""
        values = {"songs": self.songs, "every": self.every, "hashes": _HASHES}
        return json.dumps(values | {"bits": base64.b64encode(self.bits).decode()}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Inverse of :meth:`to_json`. Raises ValueError."""
        values: Any = json.loads(text)
        if not isinstance(values, dict) or values.get("hashes") != _HASHES:
            raise ValueError(f"{LEARNT_KEY} is of a kind that this melonnx does not know")
        found: tuple[Any, ...] = tuple(values.get(name) for name in ("songs", "every", "bits"))
        songs, every, bits = found
        numbers = type(songs) is int and type(every) is int and songs >= 0 and every >= 1
        if not numbers or not isinstance(bits, str) or not bits:
            raise ValueError(f"{LEARNT_KEY} lacks songs, every or bits, or has others")
        return cls(songs, every, base64.b64decode(bits, validate=True))


def _places(number: int, n_bits: int) -> list[int]:
    first, second = number >> 64, number & (1 << 64) - 1
    return [(first + hashed * (second | 1)) % n_bits for hashed in range(_HASHES)]
