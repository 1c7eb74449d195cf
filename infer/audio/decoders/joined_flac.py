"""Decodes FLAC files that somebody has joined end to end, as players do."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import BinaryIO, cast

import numpy as np

from melonnx.infer.arrays import Samples
from melonnx.infer.audio.decoders.decoder import DecodeError, Decoder
from melonnx.infer.audio.decoders.libsndfile import open_soundfile, read_blocks
from melonnx.infer.audio.decoders.one_shape import in_one_shape
from melonnx.infer.audio.extents import Extents

__all__ = ["with_joined"]

_BEGINS = re.compile(rb"fLaC[\0\x80]\0\0\x22")
"""The signature and the header of STREAMINFO."""
_BLOCK = 1 << 20
_MOST_FAILURES = 50
"""Parts in a row that give nothing."""


def with_joined(first: Decoder, file: BinaryIO, size: int) -> Decoder:
    """``first``, which has a FLAC ``file`` of ``size`` bytes open, and what is joined to it.

    All comes in the rate and channels of the first. Another part is looked for only where the
    decoder breaks, as it does at the joint.
    """
    return replace(first, blocks=_blocks(first, file, size))


def _blocks(first: Decoder, file: BinaryIO, size: int) -> Iterator[Samples]:
    position = first.skipped
    try:
        for block in first.blocks:
            position += len(block)
            yield block
    except DecodeError as error:
        starts = _starts(file)
        if len(starts) < 2:
            raise
        damage = error
    else:
        return
    failures = 0
    broken: DecodeError | None = None
    for start, end in zip(starts, [*starts[1:], size], strict=True):
        with ExitStack() as resources:
            view = cast("BinaryIO", Extents(file, np.array([start]), np.array([end - start])))
            decoder = open_soundfile(view, resources)
            if decoder is None:
                broken = broken or damage
                failures += 1
            else:
                skip = position if start == starts[0] else 0
                blocks = read_blocks(decoder, view, resources)
                shaped = in_one_shape(blocks, decoder.samplerate, first.rate, first.channels)
                failures += 1
                try:
                    for block in shaped:
                        failures = 0
                        if len(block) > skip:
                            yield block[skip:]
                        skip = max(0, skip - len(block))
                except DecodeError as error:
                    broken = broken or error
        if failures > _MOST_FAILURES:
            break
    if broken is not None:
        raise broken


def _starts(file: BinaryIO) -> list[int]:
    """Bytes at which a FLAC begins."""
    starts: list[int] = []
    base, kept = 0, b""
    while True:
        file.seek(base + len(kept))
        data = kept + file.read(_BLOCK)
        is_last = len(data) < len(kept) + _BLOCK
        starts += [base + found.start() for found in _BEGINS.finditer(data)]
        if is_last:
            return sorted(set(starts))
        kept = data[-7:]
        base += len(data) - 7
