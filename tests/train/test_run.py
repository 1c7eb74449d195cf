"""A run is read back as it was written, and gone on with only where its data are the same."""

import json
import re
from dataclasses import replace

import pytest

from melonnx.train.data.tracks import Track
from melonnx.train.run import RunError, differences, read_run
from melonnx.train.settings import Settings
from melonnx.train.train import train
from tests.train.conftest import write_tones

SETTINGS = Settings(split="none", copies=0)


class StopHereError(Exception):
    """Raised in place of the fitting."""


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """Begin a run of three songs, or go on with it; returns it as it is on disk."""

    def stop(*args, **how):
        raise StopHereError

    monkeypatch.setattr("melonnx.train.train.fit_network", stop)
    for number, name in enumerate(("a/1", "b/2", "b/caf\udce9")):
        write_tones(tmp_path / f"data/{name}.wav", (300 + 100 * number, 0.5))

    def run():
        data = tmp_path / "data"
        tracks = [Track(path, path.parent.name) for path in sorted(data.glob("*/*.wav"))]
        with pytest.raises(StopHereError):
            train(data, tracks, tmp_path / "run", SETTINGS, tmp_path / "cache", lambda line: None)
        return read_run(tmp_path / "run")

    return run


def test_it_is_read_back_with_names_of_any_bytes_and_gone_on_with(begin, tmp_path):
    run = begin()
    assert [track.path.name for track in run.tracks] == ["1.wav", "2.wav", "caf\udce9.wav"]
    assert run.data_hash == run.hash_data()
    assert begin() == run
    assert not list((tmp_path / "run").glob(".part-*"))


def changed(path):
    write_tones(path, (300, 0.7))


def deleted(path):
    path.unlink()


def added(path):
    write_tones(path.with_name("9.wav"), (300, 0.5))


def moved(path):
    path.rename(path.parents[1] / "a" / path.name)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (changed, "tracks: changed in size, label, artist or part"),
        (deleted, "tracks: 1 gone"),
        (added, "tracks: 1 new"),
        (moved, "tracks: 1 new, 1 gone"),
    ],
)
def test_changed_data_are_refused_in_one_clear_line(begin, tmp_path, change, told):
    before = begin()
    (tmp_path / "run/state.json").write_text("{}")
    change(tmp_path / "data/b/2.wav")
    expected = re.escape(f"{tmp_path / 'run'}: holds a run with other settings or data ({told})")
    with pytest.raises(RunError, match=expected):
        begin()
    assert read_run(tmp_path / "run") == before


def test_a_run_that_has_learnt_nothing_yet_does_not_block_its_folder(begin, tmp_path):
    """Whoever stops it at once, since an option was wrong, says it rightly and goes on."""
    before = begin()
    added(tmp_path / "data/b/2.wav")
    after = begin()
    assert len(after.tracks) == len(before.tracks) + 1
    assert read_run(tmp_path / "run") == after
    (tmp_path / "run/run.json").write_text("{")
    assert begin() == after


def test_what_differs_is_named_old_and_new(begin):
    before = begin()
    settings = replace(before.settings, epochs=before.settings.epochs + 1)
    now = replace(before, settings=settings, labels=("b", "c"), sources={"teacher": "1"})
    assert differences(before, now) == [
        f"epochs was {before.settings.epochs}, is {settings.epochs}",
        "label c is new",
        "label a is gone",
        "source teacher is new",
    ]
    again = replace(now, sources={"teacher": "2"})
    assert differences(now, again) == ["another teacher"]
    assert differences(now, now) == []


def test_a_kill_while_the_run_is_written_leaves_the_one_before(begin, tmp_path, monkeypatch):
    """The disk takes half of each file, and then nothing."""
    before = begin()

    def kill(handle):
        raise StopHereError

    monkeypatch.setattr("melonnx.train.run.os.fsync", kill)
    with pytest.raises(StopHereError):
        replace(before, tracks=before.tracks[:1], parts=before.parts[:1], finished=True).write()
    assert read_run(tmp_path / "run") == before


@pytest.mark.parametrize(
    "change",
    [
        lambda values: [],
        lambda values: values | {"settings": None},
        lambda values: {key: value for key, value in values.items() if key != "temperature"},
        lambda values: values | {"labels": None},
        lambda values: values | {"settings": values["settings"] | {"mel_spec": 3}},
    ],
)
def test_a_run_that_was_changed_by_hand_is_one_line(begin, tmp_path, change):
    begin()
    path = tmp_path / "run/run.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(RunError, match=r"run: holds no training run \("):
        read_run(tmp_path / "run")


def test_a_table_of_tracks_that_is_cut_off_is_one_line(begin, tmp_path):
    begin()
    table = tmp_path / "run/tracks.csv"
    table.write_bytes(table.read_bytes().rpartition(b",")[0].rpartition(b",")[0])
    table.write_bytes(table.read_bytes().replace(b"path,", b"", 1))
    with pytest.raises(RunError, match="holds no training run"):
        read_run(tmp_path / "run")


def test_a_folder_without_a_run_is_refused(begin, tmp_path):
    with pytest.raises(RunError, match="holds no training run"):
        read_run(tmp_path)
    begin()
    (tmp_path / "run/tracks.csv").unlink()
    with pytest.raises(RunError, match="holds no training run"):
        read_run(tmp_path / "run")
