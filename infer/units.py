"""Writes seconds and hertz as people read them, and reads seconds as they write them."""

import re

__all__ = ["clock", "hertz", "read_clock"]


def clock(seconds: float, *, tenths: bool = False) -> str:
    """``1:05``, ``1:00:05``, or with ``tenths`` ``1:05.3``."""
    minutes, rest = divmod(round(seconds, 1) if tenths else round(seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    second = f"{rest:04.1f}" if tenths else f"{rest:02}"
    return f"{hours}:{minutes:02}:{second}" if hours else f"{minutes}:{second}"


def hertz(low: float, high: float) -> str:
    """``250 to 500 Hz``, ``0.5 to 1 kHz``."""
    if high < 1000:
        return f"{low:.0f} to {high:.0f} Hz"
    return f"{low / 1000:g} to {high / 1000:g} kHz"


def read_clock(text: str) -> float:
    """Seconds of ``90``, ``1:30`` or ``1:00:00``. Raises ValueError.

    >>> read_clock("1:30")
    90.0
    """
    parts = text.strip().split(":")
    if len(parts) > 3 or not all(re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", part) for part in parts):
        raise ValueError(f'"{text}" is no length: say seconds, or 1:30')
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + float(part)
    return seconds
