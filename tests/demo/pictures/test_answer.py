"""An answer drawn by itself, and what is said where it cannot be."""

import subprocess
import sys

import pytest

pytest.importorskip("matplotlib", reason="needs the demo extra")

from melonnx.infer.errors import NoMusicError
from melonnx.infer.prediction import Prediction, Segment

SONG = Prediction(
    "song.mp3", label="rock", score=0.8, probabilities={"rock": 0.8, "pop": 0.15, "jazz": 0.05},
    timeline=(
        Segment(0, 5, "rock", 0.9), Segment(5, 8, "silence", 0.0), Segment(8, 10, "pop", 0.6)
    ),
    duration_s=10,
)  # fmt: skip


def test_bars_and_timeline():
    bars, strip, *_ = SONG.plot().axes
    assert [label.get_text() for label in bars.get_yticklabels()] == ["rock", "pop", "jazz"]
    assert [bar.get_width() for bar in bars.patches] == [0.8, 0.15, 0.05]
    assert [label.get_text() for label in strip.get_yticklabels()] == ["rock", "pop"]
    assert bars.get_title("left") == "rock 80%"


def test_without_a_timeline_there_are_bars_alone():
    plain = Prediction("song.mp3", label="rock", score=1.0, probabilities={"rock": 1.0})
    assert len(plain.plot(dark=True).axes) == 1


def test_without_an_answer_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match=r"song\.mp3: is not audio.* has no answer to draw"):
        Prediction.failed("song.mp3", NoMusicError("song.mp3: is not audio")).plot()


def test_without_matplotlib_the_extra_is_named():
    program = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from melonnx.infer import Prediction\n"
        "try: Prediction('a', label='rock', probabilities={'rock': 1.0}).plot()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == (
        'MissingExtraError matplotlib is not installed. This needs the "demo" extra: '
        'pip install "melonnx[demo]"\n'
    )
