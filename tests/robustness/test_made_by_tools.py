"""What public tools make is heard as FFmpeg hears it: as long, and the same sound."""

import os
import subprocess

import numpy as np
import pytest
import soxr

from melonnx.infer.audio.reader import open_audio
from tests.robustness.made_by_tools import MADE_BY_TOOLS

RATE = 44100
"""FFmpeg drops some samples at a joint: less than one at a lower rate would be no whole one."""
_SECONDS = 0.1
"""That two decoders of one file may differ by."""
_PART = RATE
_SHIFT = RATE // 5


def heard_by_ffmpeg(path):
    """The mean of its channels at RATE; FFmpeg's own mix to mono weighs centre and rear."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(path),
        "-vn",
        "-c:a",
        "pcm_f32le",
        "-f",
        "wav",
        "-",
    ]
    wav = subprocess.run(command, capture_output=True, check=False).stdout
    channels, rate = (int.from_bytes(wav[at : at + n], "little") for at, n in ((22, 2), (24, 4)))
    samples = np.frombuffer(wav[wav.index(b"data") + 8 :], "<f4")
    mono = samples[: len(samples) // channels * channels].reshape(-1, channels).mean(axis=1)
    return soxr.resample(mono, rate, RATE)


def below_10_khz(waveform):
    """FFmpeg keeps to the rate of the first part, and so has no treble of what follows."""
    return soxr.resample(soxr.resample(waveform, RATE, 20_000), 20_000, RATE)


def alike(ours, theirs):
    """The best correlation of a stretch with theirs, moved by a tenth of a second either way."""
    best = 0.0
    window = theirs[: len(ours) + _SHIFT]
    sums = np.correlate(window, ours, "valid") if len(window) > len(ours) else np.zeros(1)
    shift = int(sums.argmax())
    part = window[shift : shift + len(ours)]
    if len(part) == len(ours):
        best = float(np.corrcoef(part, ours)[0, 1])
    return best


HEARD_WHOLE = [entry for entry in MADE_BY_TOOLS if entry.seconds is not None]
"""The others are refused, or a part of them is heard: the corpus says which."""


@pytest.mark.parametrize("entry", HEARD_WHOLE, ids=lambda entry: os.fsdecode(entry.name))
def test_it_is_heard_as_ffmpeg_hears_it(entry, tmp_path):
    if entry.lacks is not None:
        pytest.skip(f"{os.fsdecode(entry.name)} needs {entry.lacks} to be made")
    path = tmp_path / os.fsdecode(entry.name)
    entry.make(path)
    with open_audio(path, RATE) as reader:
        ours = np.concatenate(list(reader))
    assert len(ours) / RATE == pytest.approx(entry.seconds, abs=0.2)
    if not entry.like_ffmpeg:
        return
    theirs = below_10_khz(heard_by_ffmpeg(path))
    ours = below_10_khz(ours)
    assert len(ours) == pytest.approx(len(theirs), abs=_SECONDS * RATE)
    for first in (RATE // 2, len(ours) // 3, len(ours) - 2 * RATE):
        part = ours[first : first + _PART]
        assert alike(part, theirs[max(0, first - _SHIFT // 2) :]) >= 0.999
