"""Data sets are read with their artists, and groups keep together what belongs together."""

from pathlib import Path

import pytest

from melonnx.train.datasets import DataSetError, Track, read_dataset, read_folder


def test_folder_with_its_table(genres):
    tracks = read_folder(genres)
    assert len(tracks) == 31
    assert {track.genre for track in tracks} == {"drone", "noise", "pulse"}
    by_name = {track.path.relative_to(genres).as_posix(): track for track in tracks}
    assert by_name["pulse/9.wav"].artist == "pulse artist 4"
    assert by_name["drone/broken.mp3"].artist == ""


def test_table_of_ones_own(genres, tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("artist,path,more\nMe,noise/0.wav,x\n")
    artists = {track.artist for track in read_folder(genres, table)}
    assert artists == {"", "Me"}


def test_unusable_folders_and_tables_are_refused(genres, tmp_path):
    with pytest.raises(DataSetError, match="no such folder"):
        read_folder(tmp_path / "gone")
    with pytest.raises(DataSetError, match="fewer than two genres"):
        read_folder(tmp_path)
    table = tmp_path / "bad.csv"
    table.write_text("song,artist\n")
    with pytest.raises(DataSetError, match="no column path"):
        read_folder(genres, table)
    with pytest.raises(DataSetError, match="cannot be read"):
        read_folder(genres, tmp_path / "gone.csv")


def test_group_is_the_artist_or_a_block_of_ten_neighbours():
    def group(name, artist="", genre="rock", split=""):
        return Track(Path("x") / name, genre, artist, split).group

    assert group("a.mp3", "Ann") == group("z.mp3", "Ann")
    assert group("rock.00010.mp3") == group("rock.00019.mp3")
    assert group("rock.00019.mp3") != group("rock.00020.mp3")
    assert group("rock.00010.mp3") != group("pop.00010.mp3", genre="pop")
    assert group("rock.00010.mp3", split="train") != group("rock.00011.mp3", split="valid")
    assert group("song.mp3") != group("other.mp3")


def test_any_other_folder_is_read_as_genres(genres):
    dataset = read_dataset(genres)
    assert (dataset.kind, dataset.skipped) == ("folder", {})
    assert list(dataset.tracks) == read_folder(genres)
