"""Each sub-genre is in each part, or counts as its genre, and that is said."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.train.data.splits import split_tracks
from melonnx.train.data.subgenres import labels_and_parents, split_labels
from melonnx.train.data.tracks import DataSetError, Track


def tracks_of(artists_by_label, songs=2):
    """``{"Rock > Punk": 4}``: four artists of their own."""
    found = []
    for label, artists in artists_by_label.items():
        genre, _, subgenre = label.partition(" > ")
        for artist in range(artists):
            for song in range(songs):
                path = Path(f"{label}-{artist}-{song}.mp3")
                found.append(Track(path, genre, f"{label} {artist}", subgenre=subgenre))
    return found


def split(tracks, method="artist"):
    lines: list[str] = []
    settled, parts = split_labels(tracks, method, 0, lines.append)
    return settled, parts, lines


def test_too_few_artists_count_as_their_genre_and_are_said():
    tracks = tracks_of({"Rock": 3, "Rock > Punk": 4, "Rock > Oi": 2, "Rock > Emo": 1, "Folk": 3})
    settled, _, lines = split(tracks)
    assert Counter(track.label for track in settled) == {"Rock": 12, "Rock > Punk": 8, "Folk": 6}
    assert lines == [
        "too few to be in each part, so counted as their genre (2): "
        "Rock > Emo (artists or blocks 1, tracks 2), Rock > Oi (artists or blocks 2, tracks 4)",
        "3 labels below 2 genres",
    ]
    assert labels_and_parents(settled) == (
        ("Folk", "Rock", "Rock > Punk"),
        {"Folk": "Folk", "Rock": "Rock", "Rock > Punk": "Rock"},
    )


def test_the_smallest_sub_genre_joins_tracks_that_would_be_too_few_alone():
    tracks = tracks_of({"Rock": 1, "Rock > Punk": 5, "Rock > Metal": 4, "Folk": 3})
    settled, _, _ = split(tracks)
    assert labels_and_parents(settled)[0] == ("Folk", "Rock", "Rock > Punk")


def test_a_genre_needs_no_label_of_its_own():
    tracks = tracks_of({"Rock > Punk": 5, "Rock > Metal": 4, "Folk": 3})
    settled, _, lines = split(tracks)
    assert settled == tracks
    assert labels_and_parents(settled)[0] == ("Folk", "Rock > Metal", "Rock > Punk")
    assert lines == ["3 labels below 2 genres"]


def test_official_parts_that_lack_a_sub_genre_cost_it_its_name():
    labels = ("Rock", "Rock > Punk", "Folk")
    tracks = [
        Track(Path(f"{label}-{part}-x.mp3"), label.partition(" > ")[0], "Ann", part, sub)
        for label in labels
        for part in ("train", "valid", "test")
        if (label, part) != ("Rock > Punk", "valid")
        for sub in [label.partition(" > ")[2]]
    ]
    settled, parts, lines = split(tracks, "official")
    assert {track.label for track in settled} == {"Rock", "Folk"}
    assert [track.split for track in tracks] == parts
    assert len(lines) == 1


def test_a_genre_that_cannot_be_split_is_an_error_still():
    with pytest.raises(DataSetError, match="'Rock' has 2 separate artists"):
        split(tracks_of({"Rock": 1, "Rock > Punk": 1, "Folk": 5}))


def test_two_sub_genres_of_one_label_are_refused():
    tracks = [
        Track(Path("1.mp3"), "A", subgenre="B > C"),
        Track(Path("2.mp3"), "A > B", "", "", "C"),
    ]
    with pytest.raises(DataSetError, match="both be called 'A > B > C'"):
        labels_and_parents(tracks)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Rock", "Folk"]),
            st.sampled_from(["", "a", "b", "c", "d"]),
            st.integers(0, 12),
        ),
        max_size=60,
    ),
    st.integers(0, 3),
)
def test_artists_of_many_sub_genres_still_leave_each_in_each_part(facts, seed):
    facts = [*facts, *((genre, "", 20 + n) for genre in ("Rock", "Folk") for n in range(9))]
    tracks = [
        Track(Path(f"{number}-x.mp3"), genre, f"artist {artist}", subgenre=subgenre)
        for number, (genre, subgenre, artist) in enumerate(facts)
    ]
    settled, parts = split_labels(tracks, "artist", seed, lambda line: None)
    seen = {(track.label, part) for track, part in zip(settled, parts, strict=True)}
    assert len(seen) == 3 * len({track.label for track in settled})
    assert [track.genre for track in settled] == [track.genre for track in tracks]
    pairs = {(track.artist, part) for track, part in zip(settled, parts, strict=True)}
    assert len(pairs) == len({track.artist for track in settled})


def test_without_sub_genres_it_is_the_plain_split():
    tracks = tracks_of({"Rock": 7, "Folk": 5})
    settled, parts, lines = split(tracks)
    assert (settled, lines) == (tracks, [])
    assert parts == split_tracks(tracks, "artist", 0)
    assert labels_and_parents(tracks) == (("Folk", "Rock"), {})
