"""No artist is ever in two parts, and every genre is in every part."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.train.data.readers.dataset import read_folder
from melonnx.train.data.splits import (
    artists_in_several_parts,
    labels_off_the_official_split,
    split_tracks,
)
from melonnx.train.data.tracks import DataSetError, Track


@given(
    sizes=st.lists(st.lists(st.integers(1, 9), min_size=3, max_size=12), min_size=2, max_size=6),
    seed=st.integers(0, 5),
)
def test_artists_stay_together_and_genres_everywhere(sizes, seed):
    tracks = [
        Track(Path(f"{genre}/{artist}-{song}-x.mp3"), str(genre), f"{genre} {artist}")
        for genre, artists in enumerate(sizes)
        for artist, songs in enumerate(artists)
        for song in range(songs)
    ]
    parts = split_tracks(tracks, "artist", seed)
    assert parts == split_tracks(tracks, "artist", seed)
    part_of = {(track.group, part) for track, part in zip(tracks, parts, strict=True)}
    assert len(part_of) == len({track.group for track in tracks})
    seen = Counter((track.genre, part) for track, part in zip(tracks, parts, strict=True))
    assert len(seen) == 3 * len(sizes)


def test_shares_are_near_a_fifth_and_a_seventh():
    tracks = [
        Track(Path(f"{i}-x.mp3"), "ab"[i % 2], f"artist {i // 4 * 2 + i % 2}") for i in range(400)
    ]
    count = Counter(split_tracks(tracks, "artist", 0))
    assert count["test"] == pytest.approx(80, abs=4)
    assert count["valid"] == pytest.approx(60, abs=4)
    assert Counter(split_tracks(tracks, "artist", 0, 0.1))["test"] == pytest.approx(40, abs=4)


def test_random_parts_artists():
    tracks = [Track(Path(f"{i}-x.mp3"), "ab"[i % 2], f"artist {i % 10}") for i in range(400)]
    parts = split_tracks(tracks, "random", 0)
    assert len({(track.artist, part) for track, part in zip(tracks, parts, strict=True)}) == 30
    assert artists_in_several_parts(tracks, parts) == 10
    assert artists_in_several_parts(tracks, split_tracks(tracks, "artist", 0)) == 0


def test_too_few_artists_is_an_error_that_names_the_genre():
    tracks = [Track(Path(f"{i}.mp3"), "ab"[i % 2], "me" if i % 2 else f"x{i}") for i in range(40)]
    with pytest.raises(DataSetError, match="'b' has 1 separate artists"):
        split_tracks(tracks, "artist", 0)


def test_an_artist_of_two_genres_is_still_on_one_side():
    tracks = [Track(Path(f"{i}-x.mp3"), "ab"[i % 2], f"artist {i // 10}") for i in range(100)]
    parts = split_tracks(tracks, "artist", 3)
    assert len({(track.artist, part) for track, part in zip(tracks, parts, strict=True)}) == 10


@given(
    of_both=st.integers(0, 9),
    own=st.integers(3, 9),
    songs=st.integers(1, 4),
    seed=st.integers(0, 9),
)
def test_genres_that_share_artists_are_everywhere(of_both, own, songs, seed):
    artists = [(f"both {i}", ("folk", "rock")) for i in range(of_both)]
    artists += [(f"{genre} {i}", (genre,)) for genre in ("folk", "rock") for i in range(own)]
    tracks = [
        Track(Path(f"{genre}/{artist}-{song}.mp3"), genre, artist)
        for artist, genres in artists
        for genre in genres
        for song in range(songs)
    ]
    parts = split_tracks(tracks, "artist", seed)
    assert artists_in_several_parts(tracks, parts) == 0
    seen = {(track.genre, part) for track, part in zip(tracks, parts, strict=True)}
    assert len(seen) == 6


def test_nine_artists_of_both_genres_leave_neither_genre_out():
    """Of issue 15: Rock by artist 0, Folk twice by artist 3, and nine artists of both, seed 3."""
    facts = [("Rock", 0), ("Folk", 3), ("Folk", 3)]
    facts += [(genre, 20 + n) for genre in ("Rock", "Folk") for n in range(9)]
    tracks = [
        Track(Path(f"{number}-x.mp3"), genre, f"artist {artist}")
        for number, (genre, artist) in enumerate(facts)
    ]
    parts = split_tracks(tracks, "artist", 3)
    assert artists_in_several_parts(tracks, parts) == 0
    assert len({(track.genre, part) for track, part in zip(tracks, parts, strict=True)}) == 6


@pytest.mark.parametrize("seed", range(20))
def test_a_genre_whose_artists_others_have_too_chooses_first(seed):
    shared = {"rock": "abcdefg", "folk": "abcdh", "soul": "abcij"}
    tracks = [
        Track(Path(f"{genre}/{artist}-{song}.mp3"), genre, artist)
        for genre, artists in shared.items()
        for artist in artists
        for song in range(3 if genre == "rock" else 1)
    ]
    parts = split_tracks(tracks, "artist", seed)
    assert artists_in_several_parts(tracks, parts) == 0
    seen = {(track.genre, part) for track, part in zip(tracks, parts, strict=True)}
    assert len(seen) == 9


@given(st.lists(st.sampled_from(["train", "valid", "test"])))
def test_official_parts_are_taken_as_they_are(more):
    splits = ["train", "valid", "test", *more] * 2
    tracks = [
        Track(Path(f"{i}.mp3"), "ab"[i < len(splits) // 2], split=split)
        for i, split in enumerate(splits)
    ]
    assert split_tracks(tracks, "official", 0) == splits


def test_what_is_missing_of_an_official_split_is_named():
    tracks = [Track(Path(f"{i}.mp3"), "ab"[i % 2]) for i in range(12)]
    with pytest.raises(DataSetError, match="has no official split; split by artist"):
        split_tracks(tracks, "official", 0)
    parted = [replace(t, split=("train", "valid", "test")[i % 3]) for i, t in enumerate(tracks)]
    with pytest.raises(DataSetError, match=r"2 of 12 tracks have no official part, 10\.mp3 is"):
        split_tracks([*parted[:10], *tracks[10:]], "official", 0)
    without = [t for t in parted if (t.genre, t.split) != ("b", "valid")]
    with pytest.raises(DataSetError, match="no 'b' in its part 'valid'"):
        split_tracks(without, "official", 0)


def test_a_genre_that_cannot_keep_to_the_official_split_is_named():
    """All of b is for training, so some of it changes sides; a keeps to its parts."""
    splits = ["train", "train", "valid", "test"]
    tracks = [
        Track(Path(f"{i}.mp3"), genre, split=splits[i // 10] if genre == "a" else "train")
        for genre in "ab"
        for i in range(40)
    ]
    parts = split_tracks(tracks, "artist", 0)
    assert labels_off_the_official_split(tracks, parts) == ["b"]
    known = [replace(t, artist=t.group) if t.genre == "b" else t for t in tracks]
    assert labels_off_the_official_split(known, split_tracks(known, "artist", 0)) == []


def test_real_music(real_music):
    tracks = read_folder(real_music)
    parts = split_tracks(tracks, "artist", 0)
    groups = {part: set() for part in ("train", "valid", "test")}
    for track, part in zip(tracks, parts, strict=True):
        groups[part].add(track.group)
    assert not groups["train"] & groups["test"]
    assert not groups["train"] & groups["valid"]
    assert not groups["valid"] & groups["test"]
