"""Tells how long a file says that it is, without decoding it."""

from melonnx.infer.audio.reader import open_audio
from melonnx.infer.errors import AudioError

__all__ = ["length_s"]

_LONGEST = 1e7
"""Seconds, four months: what says more does not know."""


def length_s(path: str) -> float | None:
    """Seconds, by its header, or where it has none (an mp3), by the bit rate at its start.

    None where nothing tells, or the file cannot be opened: whoever hears it will know.
    """
    try:
        with open_audio(path, None) as reader:
            seconds = reader.claimed_s
        seconds = _by_first_frames(path) if seconds is None else seconds
    except AudioError:
        return None
    return seconds if seconds is not None and 0 <= seconds < _LONGEST else None


def _by_first_frames(path: str) -> float | None:
    import soundfile

    try:
        return float(soundfile.info(path).duration)
    except (soundfile.SoundFileError, OSError, UnicodeError):
        return None
