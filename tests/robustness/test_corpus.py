"""Every odd file gets its own clear answer, from the library and on the command line."""

import json
import os
import threading
from pathlib import Path

import pytest

from melonnx.infer import MelonnxError, Predictor
from tests.conftest import RATE, encode, make_song
from tests.robustness.corpus import CORPUS


def name_of(entry):
    return ascii(os.fsdecode(entry.name))


@pytest.fixture(scope="module")
def predictor(tiny_model):
    return Predictor(tiny_model)


@pytest.mark.parametrize("entry", CORPUS, ids=name_of)
def test_library(entry, corpus, predictor):
    path = corpus / os.fsdecode(entry.name)
    if entry.status != "ok":
        with pytest.raises(MelonnxError) as caught:
            predictor.predict(path)
        assert caught.value.status == entry.status
        assert entry.says in str(caught.value)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value).replace(str(path), "")
        return
    song = predictor.predict(path)
    assert sum(song.probabilities.values()) == pytest.approx(1)
    assert entry.says in " ".join(song.warnings)
    assert bool(song.warnings) == bool(entry.says) or entry.seconds is None
    if entry.seconds is not None:
        assert song.duration_s == pytest.approx(entry.seconds, abs=0.2)


def test_command(corpus, melonnx, tiny_model):
    # The longest has been heard above, and would be half of this test's time.
    entries = [entry for entry in CORPUS if entry.name not in (b"folder.mp3", b"ten_hours.wav")]
    paths = [corpus / os.fsdecode(entry.name) for entry in entries]
    result = melonnx("classify", "--json", "--model", tiny_model, *paths, timeout=300)
    assert result.returncode == 1
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(row["path"]).name for row in rows] == [path.name for path in paths]
    by_name = {Path(row["path"]).name: row for row in rows}
    for entry in entries:
        name = os.fsdecode(entry.name)
        assert by_name[name]["status"] == entry.status, name
        told = " ".join([by_name[name]["error"] or "", *by_name[name]["warnings"]])
        assert entry.says in told, name
    complaints = result.stderr.splitlines()
    assert all(line.startswith("melonnx: ") for line in complaints)
    assert len(complaints) == sum(len(row["warnings"]) + (row["error"] is not None) for row in rows)


def test_a_file_that_grows_while_it_is_read_is_answered(tmp_path, predictor):
    path = tmp_path / "growing.mp3"
    song = encode(make_song(20, 44100, 2), 44100, "MP3", "MPEG_LAYER_III")
    path.write_bytes(song[: len(song) // 4])
    half_heard, grown = threading.Event(), threading.Event()

    class Growing:
        """The file, which somebody else writes to once we have read from it."""

        def __init__(self):
            self._file = path.open("rb")

        def read(self, size=-1):
            half_heard.set()
            grown.wait(10)
            return self._file.read(size)

        def __getattr__(self, name):
            return getattr(self._file, name)

    def grow():
        half_heard.wait(10)
        with path.open("ab") as file:
            file.write(song[len(song) // 4 :])
        grown.set()

    writer = threading.Thread(target=grow)
    writer.start()
    answer = predictor.predict(Growing())
    writer.join()
    assert 4 < answer.duration_s < 20.1


def test_a_file_that_shrinks_while_it_is_read_keeps_what_was_there(tmp_path, predictor):
    path = tmp_path / "shrinking.wav"
    path.write_bytes(encode(make_song(30), RATE, "WAV", "PCM_16"))

    class Shrinking:
        def __init__(self):
            self._file, self._reads = path.open("rb", buffering=0), 0

        def read(self, size=-1):
            self._reads += 1
            if self._reads == 8:
                os.truncate(path, 400_000)
            return self._file.read(size)

        def __getattr__(self, name):
            return getattr(self._file, name)

    answer = predictor.predict(Shrinking())
    assert answer.duration_s <= 30
    assert any("truncated" in warning for warning in answer.warnings) or answer.duration_s == 30
