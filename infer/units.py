"""Writes seconds and hertz as people read them."""

__all__ = ["clock", "hertz"]


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
