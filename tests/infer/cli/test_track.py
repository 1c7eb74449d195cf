"""``--track N`` in every command that listens: the second track of a file in which it is silent."""

import io
import json

import av
import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.errors import SilentAudioError
from tests.conftest import RATE, SMALL_1, make_song

_SILENT = "song.m4a: is silence"


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    """Music as the first track of an m4a, silence as its second."""
    path = tmp_path_factory.mktemp("tracks") / "song.m4a"
    tracks = make_song(12), np.zeros((12 * RATE, 1), np.float32)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        streams = [out.add_stream("aac", rate=RATE, layout="mono") for _ in tracks]
        for stream, samples in zip(streams, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray(samples.T.copy(), format="fltp", layout="mono")
            frame.sample_rate = RATE
            out.mux([*stream.encode(frame), *stream.encode(None)])
    path.write_bytes(buffer.getvalue())
    return path


@pytest.mark.parametrize("command", ["classify", "listen", "explain", "tag", "organize", "similar"])
def test_a_command_hears_the_track_that_is_asked_for(melonnx, song, tmp_path, command):
    index = tmp_path / "index.jsonl"
    if command == "similar":
        melonnx("classify", song, "--embeddings", "-o", index, "--model", SMALL_1)
        index.write_text(index.read_text().replace("song.m4a", "another.m4a"))
    more = {"organize": ("--to", tmp_path / "sorted"), "similar": ("--in", index)}.get(command, ())
    arguments = (command, song, *more, "--model", SMALL_1)
    first, second = (melonnx(*arguments, "--track", number) for number in (1, 2))
    assert first.returncode == 0, first.stderr
    assert "--track takes another" not in first.stderr
    if command == "listen":  # which goes on to what may follow
        assert {line.split("\t")[1] for line in second.stdout.splitlines()} == {"silent", "empty"}
    else:
        assert _SILENT in second.stdout + second.stderr
        assert second.returncode == 1


def test_without_it_the_answer_says_which_was_heard(melonnx, song):
    result = melonnx("classify", song, "--json", "--model", SMALL_1)
    assert json.loads(result.stdout)["warnings"] == ["heard track 1 of 2: --track takes another"]


def test_a_predictor_hears_it_too(song):
    assert Predictor(SMALL_1, "cpu", track=1).predict(song).warnings == ("heard track 1 of 2",)
    with pytest.raises(SilentAudioError):
        Predictor(SMALL_1, "cpu", track=2).predict(song)


def test_it_is_for_what_is_heard(melonnx, song, tmp_path):
    results = tmp_path / "results.jsonl"
    results.touch()
    for arguments in (["listen", "-"], ["tag", "--from", results]):
        result = melonnx(*arguments, "--track", 2, input="")
        assert result.returncode == 2
        assert "--track" in result.stderr
