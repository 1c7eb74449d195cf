"""What every decoder gives: blocks of samples at the file's own rate, and what it knows of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from melonnx.infer.arrays import Samples

__all__ = ["BLOCK_LENGTH", "TRACK_HINT", "DecodeError", "Decoder", "Places"]

BLOCK_LENGTH = 1 << 17
"""Samples per channel in a block."""

TRACK_HINT = ": --track takes another"
"""Behind the note that says which of several tracks was heard."""


class DecodeError(Exception):
    """The stream broke; what was decoded before it is good. Never leaves ``infer/audio``."""


@dataclass(frozen=True)
class Decoder:
    """An open stream of audio."""

    rate: int
    """Hz."""
    channels: int
    blocks: Iterator[Samples]
    """float32 (samples, channels); raises DecodeError where the data is damaged, and what the
    file raises where it cannot be read."""
    skipped: int = 0
    """Samples per channel before the first block, left out by seeking."""
    claimed: int | None = None
    """Samples per channel that a trustworthy header promises; None where none does."""
    cut_short: bool = False
    """The header promises more bytes than the file has."""
    places: "Places | None" = None
    """None where seeking is not exact, or no header can be trusted with the length."""
    notes: list[str] = field(default_factory=list)
    """What the answer should say of what is heard; it may grow until the last block."""


@dataclass(frozen=True)
class Places:
    """Any part of an open stream, to be read instead of its blocks."""

    n_samples: int
    """Samples per channel."""
    read: Callable[[int, int], Samples]
    """Of (first, n_samples): those samples, exactly. Raises DecodeError."""
