"""The command as it is used: files and pipes, lines and the live display, Ctrl-C."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.model.session import MODELS_FOLDER
from tests.conftest import RATE, encode, make_song

LISTEN = [sys.executable, "-m", "melonnx.infer", "listen"]


@pytest.fixture(scope="module")
def song():
    return (make_song(8, 44100, 2) * 32767).astype("<i2")


@pytest.fixture(scope="module")
def file(song, tmp_path_factory):
    path = tmp_path_factory.mktemp("songs") / "song.wav"
    path.write_bytes(encode(song, 44100, "WAV", "PCM_16"))
    return path


def listen(*arguments, data=None):
    return subprocess.run(
        [*LISTEN, *map(str, arguments)], input=data, capture_output=True, check=False
    )


def test_a_line_each_hop_and_a_summary_on_stderr(song, tiny_model):
    result = listen("-", "--model", tiny_model, "--top", 2, data=song.tobytes())
    rows = [line.split("\t") for line in result.stdout.decode().splitlines()]
    assert result.returncode == 0
    assert [row[0] for row in rows] == ["3.0", "6.0", "8.0"]
    assert all(len(row) == 6 and row[-1] == "unsure" for row in rows)
    assert {row[1] for row in rows} <= {"drone", "noise", "pulse"}
    assert result.stderr.decode().startswith("heard 0:08: ")
    assert len(result.stderr.splitlines()) == 1


def test_json_of_a_pipe_and_of_a_file_say_the_same_as_the_library(song, file, tiny_model):
    piped = listen("-", "--model", tiny_model, "--json", "--hop", 4, data=song.tobytes())
    named = listen(file, "--model", tiny_model, "--json", "--hop", 4)
    expected = Predictor(tiny_model).stream(44100, hop=4, name=str(file)).push(song)
    rows = [json.loads(line) for line in named.stdout.splitlines()]
    assert [row["end_s"] for row in rows] == [4, 8]
    for row, from_pipe, prediction in zip(rows, piped.stdout.splitlines(), expected, strict=True):
        probabilities = pytest.approx(prediction.probabilities, abs=1e-6)
        assert row["probabilities"] == probabilities
        assert row["path"] == str(file)
        assert json.loads(from_pipe)["probabilities"] == probabilities


def test_other_rates_channels_and_encodings(tiny_model):
    mono = make_song(4, 8000).astype("<f4")
    result = listen(
        "-", "--model", tiny_model, "--rate", 8000, "--channels", 1, "--encoding", "f32le",
        "--json", data=mono.tobytes(),
    )  # fmt: skip
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["end_s"] for row in rows] == [3, 4]


def test_silence_is_a_line(tiny_model):
    result = listen("-", "--model", tiny_model, data=bytes(44100 * 4 * 4))
    assert result.returncode == 0
    assert result.stdout.decode().splitlines() == ["3.0\tsilent", "4.0\tsilent"]


def test_sub_genres_come_last_on_a_line(song, tree_model):
    result = listen("-", "--model", tree_model, "--hop", 8, data=song.tobytes())
    row = result.stdout.decode().rstrip("\n").split("\t")
    assert row[-2].startswith(row[1])
    assert 0 < float(row[-1]) <= 1


@pytest.mark.parametrize(
    ("arguments", "data", "says"),
    [
        (["-"], b"", b"melonnx: <stdin>: holds no samples\n"),
        (["-"], b"RIFF" + bytes(99), b"is an audio file, not raw PCM"),
        (["-", "--encoding", "f32le"], b"\xff" * 99, b"NaN, infinite"),
        (["gone.mp3"], None, b"melonnx: gone.mp3: no such file\n"),
    ],
    ids=["nothing", "a file", "not floats", "no file"],
)
def test_bad_input_is_one_line(tiny_model, arguments, data, says):
    result = listen(*arguments, "--model", tiny_model, data=data)
    assert (result.returncode, result.stdout) == (1, b"")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["-", "--encoding", "u8"], ["-", "--hop", "0"]])
def test_bad_options_are_named(arguments):
    result = listen(*arguments, data=b"")
    assert result.returncode == 2
    assert arguments[1].encode() in result.stderr


def test_a_truncated_file_is_heard_as_far_as_it_decodes_and_says_so(file, tiny_model, tmp_path):
    half = tmp_path / "half.wav"
    half.write_bytes(file.read_bytes()[: 44100 * 4 * 4])
    result = listen(half, "--model", tiny_model)
    assert [line[:3] for line in result.stdout.splitlines()] == [b"3.0", b"4.0"]
    assert result.stderr.decode().splitlines()[0].startswith(f"melonnx: {half}: truncated: ")


def test_real_time_is_no_faster_than_the_music(tiny_model, tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(encode(make_song(2), RATE, "WAV"))
    begin = time.monotonic()
    result = listen(path, "--model", tiny_model, "--realtime", "--hop", 1)
    assert len(result.stdout.splitlines()) == 2
    assert time.monotonic() - begin >= 2


def test_ctrl_c_in_a_quiet_pipe_is_the_end_and_sums_up(song, tiny_model):
    command = [*LISTEN, "-", "--model", str(tiny_model)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(song[: 4 * 44100].tobytes())
        process.stdin.flush()
        first = process.stdout.readline()  # at once: the pipe stays open
        process.send_signal(signal.SIGINT)
        pipe, process.stdin = process.stdin, None  # else communicate would close it
        try:
            rest, errors = process.communicate(timeout=120)
        finally:
            process.kill()
            pipe.close()
    assert first.startswith(b"3.0\t")
    assert (process.returncode, rest) == (0, b"")
    assert errors.startswith(b"heard 0:03: ")
    assert len(errors.splitlines()) == 1


def test_live_display_on_a_terminal(song, tiny_model):
    pause = np.zeros((4 * 44100, 2), "<i2")
    leader, follower = pty.openpty()
    environment = os.environ | {"COLUMNS": "80", "LINES": "24", "TERM": "xterm"}
    process = subprocess.Popen(
        [*LISTEN, "-", "--model", str(tiny_model), "--hop", "2"],
        stdin=subprocess.PIPE, stdout=follower, env=environment,
    )  # fmt: skip
    os.close(follower)
    assert process.stdin
    process.stdin.write(np.concatenate((song, pause)).tobytes())
    process.stdin.close()
    shown = ""
    while select.select([leader], [], [], 20)[0]:
        try:
            shown += os.read(leader, 10_000).decode()
        except OSError:  # the end, on Linux
            break
    os.close(leader)
    assert process.wait(20) == 0
    assert "listening ..." in shown
    assert "<stdin>" in shown
    label = Predictor(tiny_model).stream(44100, hop=2).push(song)[0].label
    assert f"{label}?" in shown
    assert "0:08 - 0:12" in shown
    assert "heard 0:12: " in shown
    assert "silent 0:04" in shown
    assert "\x1b[?25h" in shown  # the cursor is back


@pytest.mark.parametrize("option", ["--length", "--hop"])
def test_no_length_of_time_is_a_traceback(melonnx, option):
    result = melonnx("listen", MODELS_FOLDER / "sample.mp3", option, "inf")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
