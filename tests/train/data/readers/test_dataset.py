"""Data sets are read with their artists, and groups keep together what belongs together."""

from pathlib import Path

import pytest

from melonnx.infer import MelSpec
from melonnx.infer.model.metadata import ModelInfo
from melonnx.train.data.readers.dataset import read_dataset, read_datasets, read_folder
from melonnx.train.data.tracks import DataSetError, Track


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


def test_sub_genres_are_folders_or_a_column_of_the_table(tmp_path):
    names = ("rock/punk/1.wav", "rock/metal/2.wav", "rock/3.wav", "folk/4.wav", "folk/5.wav")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    table = "artist,subgenre,path\nMe,drone, \nMe,doom,rock/metal/2.wav\nMe,ballad,folk/5.wav\n"
    (tmp_path / "tracks.csv").write_text(table)
    labels = {t.path.name: t.label for t in read_dataset(tmp_path, subgenres=True).tracks}
    assert labels == {
        "1.wav": "rock > punk",
        "2.wav": "rock > doom",
        "3.wav": "rock",
        "4.wav": "folk",
        "5.wav": "folk > ballad",
    }
    flat = read_dataset(tmp_path).tracks
    assert [(track.path.name, track.label) for track in flat] == [
        ("4.wav", "folk"),
        ("5.wav", "folk"),
        ("3.wav", "rock"),
    ]


def test_music_elsewhere_than_in_the_genres_folders_is_counted(tmp_path):
    for name in ("a/1.wav", "b/2.wav", "b/album/3.wav", "b/album/cd/4.wav", "5.wav", ".x/6.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert read_dataset(tmp_path).skipped == {"elsewhere than in <genre>/<file>": 3}
    skipped = read_dataset(tmp_path, subgenres=True).skipped
    assert skipped == {"elsewhere than in <genre>/<subgenre>/<file>": 2}


@pytest.mark.parametrize(
    "name", ["a\nb", "\x1b[31mred", "caf\udce9", "dé jà", "👩‍🎤 pop", "x\u200b"]
)
def test_names_that_no_model_file_may_have_are_refused_at_once(tmp_path, name):
    for folder in (name, "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.wav").touch()
    try:
        ModelInfo("x", "1", (name, "other"), MelSpec(), window=9, window_hop=9)
    except ValueError:
        with pytest.raises(DataSetError, match="holds characters that cannot be printed; rename"):
            read_dataset(tmp_path)
    else:
        assert len(read_dataset(tmp_path).tracks) == 2


def test_a_sub_genre_that_cannot_be_printed_is_refused_where_it_is_read(tmp_path):
    for name in ("a/x\ty/1.wav", "b/2.wav", "a/3.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert len(read_dataset(tmp_path).tracks) == 2
    with pytest.raises(DataSetError, match=r"the genre 'x\\ty' holds"):
        read_dataset(tmp_path, subgenres=True)


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


def test_rows_of_no_file_are_counted_and_a_table_of_none_is_refused(genres, tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("path,artist\nnoise/0.wav,Me\nnoise/gone.wav,Me\n")
    assert read_dataset(genres, table).skipped == {"in the table, but no such file": 1}
    table.write_text("path,artist\nnoise\\0.wav,Me\nnoise\\1.wav,Me\n")
    for read in (read_dataset, read_folder):
        with pytest.raises(DataSetError, match="none of its paths is a file"):
            read(genres, table)


def test_hidden_folders_are_no_genres(tmp_path):
    for name in ("rock/1.wav", "folk/2.wav", ".trash/3.wav", "rock/.old/4.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    names = [track.path.name for track in read_folder(tmp_path, subgenres=True)]
    assert names == ["2.wav", "1.wav"]


def test_group_is_the_artist_or_a_block_of_ten_neighbours():
    def group(name, artist="", genre="rock", split=""):
        return Track(Path("x") / name, genre, artist, split).group

    assert group("a.mp3", "Ann") == group("z.mp3", "Ann")
    assert group("rock.00010.mp3") == group("rock.00019.mp3")
    assert group("rock.00019.mp3") != group("rock.00020.mp3")
    assert group("rock.00010.mp3") != group("pop.00010.mp3", genre="pop")
    assert group("rock.00010.mp3", split="train") != group("rock.00011.mp3", split="valid")
    assert group("song.mp3") != group("other.mp3")


def test_numbers_run_on_in_a_folder_and_not_from_one_to_the_next():
    punk, metal = (Track(Path(f"x/{name}/03.mp3"), "rock", subgenre=name) for name in "pm")
    assert punk.group != metal.group
    assert punk.song != metal.song
    by_table = [Track(Path("rock/03.mp3"), "rock", subgenre=name) for name in ("p", "m", "")]
    assert len({track.group for track in by_table}) == 1


def test_any_other_folder_is_read_as_genres(genres):
    dataset = read_dataset(genres)
    assert (dataset.kind, dataset.skipped) == ("folder", {})
    assert list(dataset.tracks) == read_folder(genres)


def library(tmp_path, name, *rows):
    """A folder with a table of (file, also, source)."""
    root = tmp_path / name
    lines = ["path,artist,also,source"]
    for file, also, source in rows:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
        lines.append(f"{file},{Path(file).stem},{also},{source}")
    (root / "tracks.csv").write_text("\n".join(lines))
    return root


@pytest.fixture
def two_folders(tmp_path):
    first = library(
        tmp_path, "one", ("rock/ann.mp3", "pop", "net"), ("pop/bob.mp3", "", "net"),
        ("world/cid.mp3", "", "net"), ("world/dan.mp3", "rock;pop", "net"),
    )  # fmt: skip
    second = library(
        tmp_path, "two", ("rock/ann.mp3", "world;punk", "cd"), ("punk/eve.mp3", "", "")
    )
    return [first, second]


def test_several_folders_are_one_data_set(two_folders, tmp_path):
    dataset = read_datasets(two_folders, weights={"cd": 0.25})
    assert dataset.root == tmp_path
    assert [track.folder for track in dataset.tracks] == ["one"] * 4 + ["two"] * 2
    assert [track.weight for track in dataset.tracks] == [1] * 4 + [1, 0.25]
    anns = [track for track in dataset.tracks if track.artist == "ann"]
    assert len(anns) == 2
    assert len({track.group for track in anns}) == 1
    assert anns[0].accepted == ("rock", "pop")
    assert anns[1].accepted == ("rock", "world", "punk")


def test_a_genre_that_is_not_wanted_gives_way_to_the_next(two_folders):
    dataset = read_datasets(two_folders, without=["world"])
    assert dataset.skipped == {"only world": 1}
    said = {track.path.stem: track.accepted for track in dataset.tracks if track.artist != "ann"}
    assert said == {"bob": ("pop",), "dan": ("rock", "pop"), "eve": ("punk",)}
    assert ("rock", "punk") in [track.accepted for track in dataset.tracks]


def test_names_that_no_song_has_are_refused(two_folders, tmp_path):
    with pytest.raises(DataSetError, match="no song is of polka; there are pop, punk, rock, world"):
        read_datasets(two_folders, without=["polka"])
    with pytest.raises(DataSetError, match="no song is from lp; there are cd, net"):
        read_datasets(two_folders, weights={"lp": 0.5})
    with pytest.raises(DataSetError, match="one table is for one folder"):
        read_datasets(two_folders, tmp_path / "tracks.csv")
    with pytest.raises(DataSetError, match=r"ann\.mp3: also names punk, which no song here has"):
        read_datasets([two_folders[1] / ".." / "one", library(
            tmp_path, "three", ("rock/ann.mp3", "punk", ""), ("pop/z.mp3", "", "")
        )])  # fmt: skip
