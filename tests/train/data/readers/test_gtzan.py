"""GTZAN is read in its known layouts, with the fault-filtered split where its lists are."""

import pytest

from melonnx.train.data.readers.dataset import read_dataset
from melonnx.train.data.splits import split_tracks
from melonnx.train.data.tracks import DataSetError

GENRES = ("blues", "rock")


def write_gtzan(audio, suffix="wav", count=6):
    for genre in GENRES:
        (audio / genre).mkdir(parents=True)
        for number in range(count):
            (audio / genre / f"{genre}.{number:05}.{suffix}").touch()


def write_lists(folder):
    """The published form: one path a line, always .wav, no genre in order of number."""
    for part, numbers in (("train", (0, 1)), ("valid", (3,)), ("test", (4,))):
        lines = [f"{genre}/{genre}.{number:05}.wav" for genre in GENRES for number in numbers]
        (folder / f"{part}_filtered.txt").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("suffix", ["au", "wav", "mp3"])
@pytest.mark.parametrize("inside", ["genres", "genres_original", "."])
def test_layouts_and_formats(tmp_path, suffix, inside):
    write_gtzan(tmp_path / inside, suffix)
    (tmp_path / inside / "blues/.hidden.wav").touch()
    dataset = read_dataset(tmp_path)
    assert (dataset.kind, len(dataset.tracks), dataset.skipped) == ("gtzan", 12, {})
    assert {track.genre for track in dataset.tracks} == set(GENRES)
    assert {(track.artist, track.split) for track in dataset.tracks} == {("", "")}


@pytest.mark.parametrize("root", [".", "genres"])
def test_lists_give_the_official_parts(tmp_path, root):
    write_gtzan(tmp_path / "genres", "au")
    write_lists(tmp_path)
    (tmp_path / "genres/rock/rock.00001.au").unlink()
    dataset = read_dataset(tmp_path / root)
    assert {track.path.name: track.split for track in dataset.tracks} == {
        "blues.00000.au": "train",
        "blues.00001.au": "train",
        "blues.00003.au": "valid",
        "blues.00004.au": "test",
        "rock.00000.au": "train",
        "rock.00003.au": "valid",
        "rock.00004.au": "test",
    }
    assert dataset.skipped == {"in none of the fault-filtered lists": 4, "no such file": 1}
    assert split_tracks(dataset.tracks, "official", 0).count("train") == 3


def test_without_lists_the_tables_parts_are_the_official_ones(tmp_path):
    write_gtzan(tmp_path / "genres")
    table = tmp_path / "artists.csv"
    table.write_text("path,artist,split\nblues/blues.00002.wav,,test\nblues/gone.wav,,train\n")
    dataset = read_dataset(tmp_path, table)
    splits = {track.path.name: track.split for track in dataset.tracks if track.split}
    assert splits == {"blues.00002.wav": "test"}
    assert dataset.skipped == {"in the table, but no such file": 1}
    write_lists(tmp_path)
    listed = {track.path.name for track in read_dataset(tmp_path, table).tracks}
    assert "blues.00002.wav" not in listed


def test_artists_of_ones_own(tmp_path):
    write_gtzan(tmp_path / "genres")
    table = tmp_path / "artists.csv"
    table.write_text("path,artist\nblues/blues.00002.wav,Robert Johnson\n")
    assert read_dataset(tmp_path, table).tracks[2].artist == "Robert Johnson"


def test_one_other_name_makes_it_a_folder(tmp_path):
    write_gtzan(tmp_path)
    (tmp_path / "rock/my own.wav").touch()
    dataset = read_dataset(tmp_path)
    assert (dataset.kind, len(dataset.tracks)) == ("folder", 13)


def test_missing_and_contradicting_lists_are_named(tmp_path):
    write_gtzan(tmp_path)
    write_lists(tmp_path)
    (tmp_path / "valid_filtered.txt").write_text("rock/rock.00000.wav")
    with pytest.raises(DataSetError, match=r"rock\.00000\.wav is in the lists of two parts"):
        read_dataset(tmp_path)
    (tmp_path / "valid_filtered.txt").unlink()
    with pytest.raises(DataSetError, match=r"train_filtered\.txt but not valid_filtered\.txt"):
        read_dataset(tmp_path)
    (tmp_path / "valid_filtered.txt").write_bytes(b"\xff")
    with pytest.raises(DataSetError, match="cannot be read"):
        read_dataset(tmp_path)


def test_lists_without_audio_are_refused(tmp_path):
    write_lists(tmp_path)
    with pytest.raises(DataSetError, match="fewer than two genres; expected <genre>/<genre>"):
        read_dataset(tmp_path)
