"""FMA is read as it is published: two header rows, nested subsets, an official split."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.train.data.readers.dataset import read_dataset
from melonnx.train.data.readers.fma import _SUBSETS_OF, is_fma
from melonnx.train.data.splits import artists_in_several_parts, split_tracks
from melonnx.train.data.tracks import DataSetError

# The published file's two header rows and its row of the index's name, columns in its order.
UPPER = ("", "album", "artist", "artist", "artist", "set", "set", "track", "track", "track")
LOWER = ("", "title", "bio", "id", "name", "split", "subset", "genre_top", "genres", "title")
INDEX = ("track_id", *[""] * 9)
GENRES = """genre_id,#tracks,parent,title,top_level
12,32923,0,Rock,12
17,12706,0,Folk,17
25,9261,12,Punk,12
31,1498,12,Metal,12
58,3277,12,Psych-Rock,12
103,4126,17,Singer-Songwriter,17
109,752,25,Post-Punk / New Wave,12
"""
BIO = "<p>Sings, on\nseveral lines, of “love”.</p>"


def row(
    number, genre="Rock", artist="Ann", split="training", subset="small", bio=BIO, named="[12]"
):
    return (number, "Album", bio, 7, artist, split, subset, genre, named, "Title, with a comma")


def write_fma(root, rows, audio="fma_small", without=()):
    (root / "fma_metadata").mkdir(parents=True)
    with (root / "fma_metadata/tracks.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([UPPER, LOWER, INDEX, *rows])
    (root / "fma_metadata/genres.csv").write_text(GENRES)
    (root / audio).mkdir()
    (root / audio / "checksums").touch()
    for number, *_ in rows:
        if number not in without:
            path = root / audio / f"{number:06}"[:3] / f"{number:06}.mp3"
            path.parent.mkdir(exist_ok=True)
            path.touch()
    return root


def test_tracks_have_genre_artist_and_official_part(tmp_path):
    rows = [
        row(2, "Hip-Hop", "AWOL", "training"),
        row(140, "Folk", "", "validation"),
        row(154321, "Folk", "Ché", "test"),
    ]
    root = write_fma(tmp_path, rows)
    dataset = read_dataset(root)
    assert (dataset.kind, dataset.root, dataset.skipped) == ("fma", root, {})
    assert [
        (track.path.relative_to(root).as_posix(), track.genre, track.artist, track.split)
        for track in dataset.tracks
    ] == [
        ("fma_small/000/000002.mp3", "Hip-Hop", "AWOL", "train"),
        ("fma_small/000/000140.mp3", "Folk", "7", "valid"),
        ("fma_small/154/154321.mp3", "Folk", "Ché", "test"),
    ]


def test_the_audio_folder_is_a_root_too(tmp_path):
    root = write_fma(tmp_path, [row(2), row(3, "Folk")]) / "fma_small"
    assert is_fma(root)
    dataset = read_dataset(root)
    assert dataset.root == root
    assert len(dataset.tracks) == 2


@pytest.mark.parametrize(
    ("audio", "numbers"),
    [
        ("fma_small", [1, 2]),
        ("fma_medium", [1, 2, 3]),
        ("fma_large", [1, 2, 3, 4]),
        ("fma_full", [1, 2, 3, 4]),
    ],
)
def test_subsets_nest(tmp_path, audio, numbers):
    rows = [
        row(1, "Folk", subset="small"),
        row(2, "Rock", subset="small"),
        row(3, "Rock", subset="medium"),
        row(4, "Rock", subset="large"),
        row(5, "", subset="large"),
    ]
    dataset = read_dataset(write_fma(tmp_path, rows, audio))
    assert [int(track.path.stem) for track in dataset.tracks] == numbers
    assert dataset.skipped == ({"no top genre": 1} if len(numbers) == 4 else {})


def test_what_cannot_be_used_is_counted_by_reason(tmp_path):
    rows = [row(1, "Folk"), row(2), row(3), row(4, ""), row(99134), row(108925), row(133297)]
    dataset = read_dataset(write_fma(tmp_path, rows, without=(3,)))
    assert len(dataset.tracks) == 2
    assert dataset.skipped == {
        "no such file": 1,
        "no top genre": 1,
        "known to hold less than 30 s": 3,
    }


def test_short_clips_are_whole_tracks_in_full(tmp_path):
    dataset = read_dataset(write_fma(tmp_path, [row(1, "Folk"), row(99134)], "fma_full"))
    assert len(dataset.tracks) == 2


def test_a_long_biography_is_no_end_of_the_table(tmp_path):
    limit = csv.field_size_limit()
    root = write_fma(tmp_path, [row(1, "Folk", bio="x" * 200_000), row(2)])
    assert len(read_dataset(root).tracks) == 2
    assert csv.field_size_limit() == limit


@given(
    st.lists(
        st.tuples(
            st.integers(0, 155_320),
            st.sampled_from(["Rock", "Old-Time / Historic", ""]),
            st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=20),
            st.sampled_from(["training", "validation", "test"]),
            st.sampled_from(["small", "medium", "large"]),
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda fields: fields[0],
    )
)
def test_every_row_is_read_or_counted(tmp_path_factory, facts):
    rows = [row(150_000, "Rock"), row(150_001, "Folk")]
    rows += [row(*fields) for fields in facts if fields[0] not in (150_000, 150_001)]
    dataset = read_dataset(write_fma(tmp_path_factory.mktemp("fma"), rows, "fma_large"))
    assert len(dataset.tracks) + sum(dataset.skipped.values()) == len(rows)
    by_number = {int(track.path.stem): track for track in dataset.tracks}
    for number, _, _, _, artist, split, _, genre, *_ in rows:
        if number in by_number:
            assert by_number[number].genre == genre
            assert by_number[number].artist == (artist or "7")
            assert split.startswith(by_number[number].split)


@pytest.mark.parametrize(
    ("named", "subgenre"),
    [
        ("[12]", ""),
        ("[]", ""),
        ("[25]", "Punk"),
        ("[109]", "Punk"),
        ("[12, 31, 25]", "Metal"),
        ("[103, 58]", "Psych-Rock"),
        ("[103]", ""),
    ],
)
def test_sub_genre_is_the_first_named_below_the_top_genre(tmp_path, named, subgenre):
    root = write_fma(tmp_path, [row(1, named=named), row(2, "Folk", named="[103]")])
    rock, folk = read_dataset(root, subgenres=True).tracks
    assert (rock.genre, rock.subgenre) == ("Rock", subgenre)
    assert folk.label == "Folk > Singer-Songwriter"
    assert {track.subgenre for track in read_dataset(root).tracks} == {""}


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("[999]", "track 1 names genre 999, not in genres.csv"),
        ("12", "line 4 is not a track"),
        ("[12", "line 4 is not a track"),
    ],
)
def test_genres_that_lead_nowhere_are_refused(tmp_path, named, says):
    root = write_fma(tmp_path, [row(1, bio="", named=named), row(2, "Folk")])
    with pytest.raises(DataSetError, match=says):
        read_dataset(root, subgenres=True)
    assert len(read_dataset(root).tracks) == 2


def test_no_tree_is_an_error_only_where_it_is_wanted(tmp_path):
    root = write_fma(tmp_path, [row(1), row(2, "Folk")])
    (root / "fma_metadata/genres.csv").unlink()
    with pytest.raises(DataSetError, match=r"genres\.csv: cannot be read"):
        read_dataset(root, subgenres=True)
    assert len(read_dataset(root).tracks) == 2


def test_official_split_is_taken_and_its_shared_artists_counted(tmp_path):
    rows = [
        row(number, genre, f"{genre} {number % 4}", split)
        for genre, start in (("Rock", 0), ("Folk", 10))
        for number, split in enumerate(["training"] * 4 + ["validation", "test"] * 2, start)
    ]
    dataset = read_dataset(write_fma(tmp_path, rows))
    parts = split_tracks(dataset.tracks, "official", 0)
    assert parts == ["train"] * 4 + ["valid", "test"] * 2 + ["train"] * 4 + ["valid", "test"] * 2
    assert artists_in_several_parts(dataset.tracks, parts) == 8


def test_unusable_copies_are_refused_with_what_to_do(tmp_path):
    with pytest.raises(DataSetError, match="no such folder"):
        read_dataset(tmp_path / "gone")
    root = write_fma(tmp_path / "a", [row(1), row(2)])
    with pytest.raises(DataSetError, match="fewer than two genres; expected fma_small/NNN"):
        read_dataset(root)
    with pytest.raises(DataSetError, match="leave --artists out"):
        read_dataset(root, root / "mine.csv")
    (root / "fma_large").mkdir()
    with pytest.raises(DataSetError, match="holds fma_small and fma_large; name one"):
        read_dataset(root)
    (tmp_path / "b/fma_metadata").mkdir(parents=True)
    with pytest.raises(DataSetError, match="but no audio; expected one of fma_small"):
        read_dataset(tmp_path / "b")
    (tmp_path / "b/fma_small").mkdir()
    with pytest.raises(DataSetError, match=r"tracks\.csv: no such file; unpack fma_metadata"):
        read_dataset(tmp_path / "b")
    (tmp_path / "b/fma_metadata").rmdir()
    for root in (tmp_path / "b", tmp_path / "b/fma_small"):
        with pytest.raises(DataSetError, match=f"unpack fma_metadata.zip in {tmp_path / 'b'}$"):
            read_dataset(root)


def test_another_table_or_a_torn_one_is_refused(tmp_path):
    root = write_fma(tmp_path, [row(1), row(2, "Folk")])
    table = root / "fma_metadata/tracks.csv"
    whole = table.read_text("utf-8")
    table.write_text(whole + '3,Album,"bio', encoding="utf-8")
    with pytest.raises(DataSetError, match="line 8 is not a track"):
        read_dataset(root)
    table.write_text(whole.replace("genre_top", "genre"), encoding="utf-8")
    with pytest.raises(DataSetError, match=r"no column track\.genre_top; expected"):
        read_dataset(root)
    table.write_bytes(b"\xff\xfe")
    with pytest.raises(DataSetError, match="cannot be read"):
        read_dataset(root)


def test_subset_names_are_those_of_the_archives():
    assert list(_SUBSETS_OF) == ["fma_small", "fma_medium", "fma_large", "fma_full"]
