"""Says how one file becomes another: what to copy of it, and the bytes that it lacks.

Files that differ in their tags share nearly all bytes, though shifted and perhaps in another
order, so that a delta is short whatever the format.
"""

import base64
from collections.abc import Iterator
from mmap import mmap

__all__ = ["Delta", "apply_delta", "make_delta"]

Delta = list[list[int] | str]
"""In order: [start, length] is a stretch of the source, a text is bytes in base64."""

Bytes = bytes | mmap
"""A file's content, read or mapped into memory."""

_SHORTEST = 32
"""Bytes; shorter stretches in common cost more to name than to repeat."""
_MOST_BLOCKS = 1 << 16
_STEP = 1 << 20


def make_delta(source: Bytes, target: Bytes) -> Delta:
    """The steps that make ``target`` of ``source``.

    Greedy: every aligned block of the source is known, and where the target has one, the match
    is followed as far as it goes both ways (as in rsync, with the blocks themselves for hashes).
    """
    size = max(_SHORTEST, -(-len(source) // _MOST_BLOCKS))
    blocks: dict[bytes, int] = {}
    for at in range(0, len(source) - size + 1, size):
        blocks.setdefault(bytes(source[at : at + size]), at)  # of a long silence, its beginning
    steps: Delta = []
    lacking = bytearray()
    at = 0
    while at < len(target):
        start = blocks.get(bytes(target[at : at + size]))
        if start is None:
            lacking.append(target[at])
            at += 1
            continue
        length = _in_common(source, start, target, at)
        at += length
        while lacking and start and source[start - 1] == lacking[-1]:
            lacking.pop()
            start, length = start - 1, length + 1
        _append(steps, lacking)
        steps.append([start, length])
        lacking = bytearray()
    _append(steps, lacking)
    return steps


def apply_delta(source: Bytes, steps: Delta) -> Iterator[bytes]:
    """The target's bytes, in pieces; raises ValueError for steps that do not fit ``source``."""
    for step in steps:
        if isinstance(step, str):
            yield base64.b64decode(step, validate=True)
            continue
        start, length = step
        if not 0 <= start <= start + length <= len(source):
            raise ValueError(f"the stretch {step} lies outside the source")
        for at in range(start, start + length, _STEP):
            yield bytes(source[at : min(at + _STEP, start + length)])


def _append(steps: Delta, lacking: bytearray) -> None:
    if lacking:
        steps.append(base64.b64encode(lacking).decode("ascii"))


def _in_common(source: Bytes, start: int, target: Bytes, at: int) -> int:
    """Bytes that are the same from ``start`` and ``at`` on."""
    limit = min(len(source) - start, len(target) - at)
    length, step = 0, _STEP
    while length < limit:
        step = min(step, limit - length)
        here, there = start + length, at + length
        if source[here : here + step] == target[there : there + step]:
            length += step
        elif step == 1:
            break
        else:
            step //= 2
    return length
