"""What takes long is done aside: one thing at a time, the newest, and its end ends nothing else."""

import os
import sys
import time
from threading import Thread

import pytest

from melonnx.demo.review.aside import Aside, Overtaken, draw_evidence, lay_out, stretch_about
from melonnx.infer.errors import MelonnxError, NoMusicError
from melonnx.infer.model.released import find_model
from melonnx.infer.predictor import Predictor
from tests.demo.review.made import make_library


@pytest.fixture
def aside():
    made = Aside()
    yield made
    made.stop()


def test_a_process_that_dies_is_followed_by_another(aside):
    first = aside.run(os.getpid)
    assert first not in (os.getpid(), None)
    with pytest.raises(MelonnxError, match="has died"):
        aside.run(os._exit, 3)
    assert aside.run(os.getpid) not in (first, os.getpid())
    with pytest.raises(MelonnxError, match="ZeroDivisionError"):
        aside.run(divmod, 1, 0)


def test_only_the_newest_of_those_that_wait_is_done(aside):
    done = []

    def ask(number):
        try:
            done.append((number, aside.run(abs, number)))
        except Overtaken:
            done.append((number, None))

    first = Thread(target=aside.run, args=(time.sleep, 1.0))
    first.start()
    others = [Thread(target=ask, args=(number,)) for number in (1, 2, 3)]
    for one in others:
        time.sleep(0.1)
        one.start()
    for one in (first, *others):
        one.join()
    assert sorted(done) == [(1, None), (2, None), (3, 3)]


def test_the_picture_is_of_the_stretch_that_was_asked_for(tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra demo")
    make_library(tmp_path, 1, 12.0)
    song = str(tmp_path / "music" / "album 0" / "song 0.wav")
    small = find_model("genre-small")
    info = Predictor(small).info
    name = f"{info.name} {info.version}"
    one, other = (
        draw_evidence(small, name, song, (begin, 6.0), info.genres[0], False)
        for begin in (0.0, 6.0)
    )
    assert one.startswith(b"\x89PNG")
    assert one != other
    with pytest.raises(MelonnxError, match=r"heard by made 1\.0: melonnx review --model FILE"):
        draw_evidence(None, "made 1.0", song, (0.0, 6.0), info.genres[0], False)


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_what_is_put_in_a_songs_place_is_not_drawn(tmp_path):
    make_library(tmp_path, 1, 1.0)
    song = tmp_path / "music" / "album 0" / "song 0.wav"
    secret = song.rename(tmp_path / "secret.wav")
    song.symlink_to(secret)
    with pytest.raises(NoMusicError, match="not where it was"):
        draw_evidence(None, "made 1.0", str(song), (0.0, 6.0), "rock", False)


def test_a_stretch_lies_in_the_song():
    assert stretch_about(100, 240) == (95, 30)
    assert stretch_about(230, 240) == (210, 30)
    assert stretch_about(2, 240) == (0, 30)
    assert stretch_about(3, 12) == (0, 12)


def test_the_map_is_laid_out_once(tmp_path):
    results = make_library(tmp_path, 5, 1.0)
    paths, places, _ = lay_out(results)
    assert [path.rpartition(" ")[2] for path in paths] == [f"{number}.wav" for number in range(5)]
    assert (places.shape, places.min() >= 0, places.max() <= 1) == ((5, 2), True, True)
    kept = results.with_name("library.jsonl.map.npz").stat().st_mtime_ns
    lay_out(results)
    assert results.with_name("library.jsonl.map.npz").stat().st_mtime_ns == kept
