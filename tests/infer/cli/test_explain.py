"""``melonnx explain`` as a user runs it."""

import json

from melonnx.infer.model.session import MODELS_FOLDER
from tests.conftest import SMALL_1

SAMPLE = MODELS_FOLDER / "sample.mp3"


def test_words_name_seconds_and_bands(melonnx):
    result = melonnx("explain", SAMPLE, "--model", SMALL_1, "--against", "rock")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"{SAMPLE}: metal ")
    assert "spoke against rock; without that place: metal, rock" in result.stdout
    assert "bass, 0 to 250 Hz" in result.stdout
    assert "treble, 4 to 11.025 kHz" in result.stdout


def test_json_is_one_object(melonnx):
    result = melonnx("explain", SAMPLE, "--model", SMALL_1, "--json")
    values = json.loads(result.stdout)
    assert values["path"] == str(SAMPLE)
    assert {"start_s", "end_s", "band", "low_hz", "high_hz", "score", "rival_score"} == set(
        values["spoke_for"][0]
    )


def test_bad_input_is_one_line(melonnx, tmp_path):
    text = tmp_path / "text\n.mp3"
    text.write_text("no music at all")
    for arguments in ([SAMPLE, "--against", "polka"], [text], ["gone.mp3"], [tmp_path]):
        result = melonnx("explain", *arguments, "--model", SMALL_1)
        assert result.returncode == 1
        assert result.stdout == ""
        assert result.stderr.startswith("melonnx: ")
