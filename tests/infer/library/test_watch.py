"""A watched folder: what is new is heard, what is being copied waits, and idle looks are quiet."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from melonnx.infer.errors import JournalError
from melonnx.infer.library.find import expand
from melonnx.infer.library.watch import only_watcher, remembered, watch_songs
from melonnx.infer.library.workers import share_out
from tests.conftest import RATE, encode, make_song


class EndOfLooksError(Exception):
    """The looks that a test wanted are over."""


def watch(folder, *between, hear=None):
    """The names that were to be heard, look by look; ``between``: what happens after each."""
    heard, said, waits = [], [], []
    steps = iter(between)

    def note(songs):
        heard.append([Path(getattr(song, "path", song)).name for song in songs])
        return hear(songs) if hear else True

    def wait(seconds):
        waits.append(seconds)
        step = next(steps, None)
        if step is None:
            raise EndOfLooksError
        step()

    with pytest.raises(EndOfLooksError):
        watch_songs(lambda: list(expand([str(folder)])), note, said.append, every_s=9, wait=wait)
    assert min(waits) >= 9
    return heard, said


def put(path, data=b"song", age_s=0.0):
    path.write_bytes(data)
    os.utime(path, (time.time() - age_s,) * 2)


def nothing():
    pass


def test_new_songs_wait_for_a_second_look_and_idle_ones_are_quiet(tmp_path):
    put(tmp_path / "old.mp3", age_s=99)
    steps = [lambda: put(tmp_path / "new.mp3"), nothing, nothing, nothing]
    heard, said = watch(tmp_path, *steps)
    assert heard == [["old.mp3"], ["new.mp3", "old.mp3"]]
    assert said == []


def test_a_copy_in_progress_is_heard_once_and_whole(tmp_path):
    put(tmp_path / "old.mp3", age_s=99)
    growing = tmp_path / "growing.mp3"
    sizes = []

    def hear(songs):
        sizes.append([Path(song).stat().st_size for song in songs])
        return True

    steps = [lambda n=n: put(growing, bytes(n)) for n in (10, 20, 30)] + [nothing] * 3
    watch(tmp_path, *steps, hear=hear)
    assert sizes == [[4], [30, 4]]


def test_what_is_gone_or_changed_is_told(tmp_path):
    for name in ("a.mp3", "b.mp3"):
        put(tmp_path / name, age_s=99)
    steps = [
        (tmp_path / "a.mp3").unlink,
        lambda: put(tmp_path / "b.mp3", b"tagged song"),
        nothing,
        nothing,
    ]
    heard, _ = watch(tmp_path, *steps)
    assert heard == [["a.mp3", "b.mp3"], ["b.mp3"], ["b.mp3"]]


def test_a_disk_that_is_away_costs_a_line_and_empties_nothing(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    put(folder / "a.mp3", age_s=99)
    away = tmp_path / "away"
    steps = [lambda: folder.rename(away), nothing, lambda: away.rename(folder), nothing]
    heard, said = watch(folder, *steps)
    assert heard == [["a.mp3"]]
    empty = tmp_path / "empty"
    empty.mkdir()
    heard, said = watch(empty, nothing, nothing)
    assert heard == []
    assert len(said) == 1
    assert "is a folder without music" in said[0]


def test_trouble_later_on_is_a_line_and_tried_again(tmp_path):
    put(tmp_path / "a.mp3", age_s=99)
    trouble = iter([False, True, True, False])

    def hear(songs):
        if next(trouble):
            raise JournalError("x.journal: another run writes it")
        return True

    steps = [lambda: put(tmp_path / "b.mp3", age_s=99), nothing, nothing, nothing]
    heard, said = watch(tmp_path, *steps, hear=hear)
    assert heard == [["a.mp3"]] + [["a.mp3", "b.mp3"]] * 3
    assert said == ["x.journal: another run writes it; the next look tries again"]
    with pytest.raises(JournalError):
        watch_songs(lambda: [str(tmp_path / "a.mp3")], refuse, said.append, every_s=9)


def refuse(songs):
    raise JournalError("of the command itself")


def test_one_watcher_for_an_output(tmp_path):
    output = tmp_path / "genres.csv"
    with only_watcher(output):
        second = only_watcher(output)
        with pytest.raises(JournalError, match="another melonnx classify --watch"):
            second.__enter__()
        with only_watcher(tmp_path / "other.csv"):
            pass
    with only_watcher(output):
        pass
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_length_is_asked_for_once(tmp_path):
    put(tmp_path / "a.mp3")
    asked = []
    length = remembered(lambda path: asked.append(path) or 3.0)
    assert [length(str(tmp_path / "a.mp3")) for _ in range(3)] == [3.0] * 3
    put(tmp_path / "a.mp3", b"longer song")
    length(str(tmp_path / "a.mp3"))
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("share", "cores", "workers", "expected"),
    [
        (1, 4, None, (4, 0)),
        (0.5, 4, None, (2, 0)),
        (0.5, 1, None, (1, 1)),
        (0.1, 2, None, (1, 4)),
        (0.6, 4, 1, (1, 0)),
    ],
)
def test_workers_and_their_rest_make_the_share(share, cores, workers, expected):
    assert share_out(share, cores, workers) == pytest.approx(expected)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to a child")
def test_at_the_prompt_until_ctrl_c(tmp_path, tiny_model):
    program = Path(sys.executable).parent / "melonnx"
    music, output = tmp_path / "music", tmp_path / "out.csv"
    music.mkdir()
    put(music / "a.wav", encode(make_song(4), RATE, "WAV"), age_s=99)
    command = [program, "classify", music, "-o", output, "--watch", "--every", "1", "--nice"]
    process = subprocess.Popen(
        [*map(str, command), "--model", str(tiny_model), "--share", "0.5"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stderr.readline().startswith(f"melonnx: 1 song in {output}; 1 heard now")
    (music / "a.wav").rename(music / "b.wav")
    put(music / "c.wav", encode(make_song(5), RATE, "WAV"), age_s=99)
    told: list[str] = []
    while "2 songs in" not in "".join(told):
        told.append(process.stderr.readline())
    assert [line.split("; ")[1].split()[0] for line in told if "; 0 heard" not in line] == ["1"]
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert [line.partition(",")[0] for line in output.read_text().splitlines()[1:]] == [
        str(music / "b.wav"),
        str(music / "c.wav"),
    ]
