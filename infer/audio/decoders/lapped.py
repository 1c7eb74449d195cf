"""Reads parts of Opus and Vorbis, whose blocks lap over each other, exactly as decoding through."""

from collections.abc import Callable

import numpy as np

from melonnx.infer.arrays import Samples
from melonnx.infer.audio.decoders.decoder import DecodeError

__all__ = ["opus_part", "vorbis_part"]

Part = Callable[[int, int], Samples]
"""Of (first, n_samples), what the decoder has after a seek."""

_OPUS_LEAD = 9600
"""Samples of 48 kHz: after 0.2 s, and the 0.08 that libsndfile adds, the last bit is the same."""
_VORBIS_LEADS = (6000, 9000, 13000, 18000)
"""Samples."""
_MOST_BEFORE = 1 << 20
"""Samples; a page holds 255 blocks at most, of 4096 samples in the longest ones."""
_ALIKE = 1024
"""Samples on both sides of the first that two readings must have in common."""


def opus_part(part: Part, first: int, n_samples: int) -> Samples:
    """Decoded from a little before, until nothing is left of how it began."""
    begin = max(0, first - _OPUS_LEAD)
    return part(begin, first + n_samples - begin)[first - begin :]


def vorbis_part(part: Part, seekable: int, first: int, n_samples: int) -> Samples:
    """What two readings that begin elsewhere agree on.

    One seek in a hundred or two, next to the end of a page, libsndfile stands half a block beside
    the place that it tells, or has the first block without the one that laps over it; so it does
    wherever it seeks in the last page. ``seekable``: samples before that page.

    Raises DecodeError where no two agree, where they do on a constant, which proves nothing, and
    where the last page is longer than any can be.
    """
    behind = min(_ALIKE, n_samples)
    begins = [min(first, seekable) - lead for lead in _VORBIS_LEADS]
    if first - begins[-1] > _MOST_BEFORE:
        raise DecodeError(f"a last page of {first - seekable} samples and more")
    if begins[-1] <= 0:
        return part(0, first + n_samples)[first:]
    samples = part(begins[0], first + n_samples - begins[0])[-n_samples - _ALIKE :]
    read = [samples[: _ALIKE + behind]]
    for begin in begins[1:]:
        read.append(part(begin, first + behind - begin)[-_ALIKE - behind :])
        for begun, known in zip(begins, read[:-1], strict=False):
            if np.array_equal(known, read[-1]):
                if not np.ptp(known, axis=0).any():
                    raise DecodeError("silence, in which no place can be told from another")
                if begun != begins[0]:
                    samples = part(begun, first + n_samples - begun)
                return samples[-n_samples:]
    raise DecodeError(f"no two seeks to {first} agree")
