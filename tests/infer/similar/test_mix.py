"""Mixes keep to what is liked, to their limits, and to each song once."""

import numpy as np

from melonnx.infer.similar.index import Index
from melonnx.infer.similar.mix import Limit, Limits, mix, way


def circle(n=36):
    """Songs around a circle, ten degrees from one to the next, in a plane."""
    turns = np.arange(n) * 2 * np.pi / n
    rows = np.stack([np.cos(turns), np.sin(turns), np.zeros(n)], axis=1).astype(np.float32)
    unsure = np.arange(n) % 2 == 1
    return Index([f"{at}.mp3" for at in range(n)], ["pop"] * n, np.ones(n), rows, "m 1", unsure)


def names(found):
    return [int(one.path.removesuffix(".mp3")) for one in found]


def test_what_lies_between_several_songs_is_found():
    index = circle()
    like = [index.embeddings[0] * 5, index.embeddings[8]]
    found = mix(index, like, [], 3, Limits(taken={0, 8}))
    assert (names(found)[0], sorted(names(found))) == (4, [3, 4, 5])
    assert [one.unsure for one in found] == [False, True, True]


def test_what_is_not_wanted_pushes_away():
    index = circle()
    plain = mix(index, [index.embeddings[5]], [], 1, Limits(taken={5}))
    away = mix(index, [index.embeddings[5]], [index.embeddings[3]], 1, Limits(taken={5, 3}))
    assert names(plain) in ([4], [6])
    assert names(away) == [7]


def test_limits_are_kept_though_many_must_be_passed_over():
    index = circle()
    of_two = Limit(lambda path: "one" if int(path[:-4]) < 30 else None, 2)
    found = mix(index, [index.embeddings[10]], [], 36, Limits([of_two]))
    assert sorted(names(found)) == [9, 10, *range(30, 36)] or sorted(names(found)) == [
        *(10, 11),
        *range(30, 36),
    ]


def test_a_way_goes_along_the_arc_and_takes_no_song_twice():
    index = circle()
    assert names(way(index, 2, 8, 7, Limits())) == [2, 3, 4, 5, 6, 7, 8]
    long = names(way(index, 2, 8, 30, Limits()))
    assert (long[0], long[-1], len(set(long)), len(long)) == (2, 8, 30, 30)
    assert names(way(index, 2, 3, 2, Limits())) == [2, 3]


def test_a_way_between_equal_songs_and_beyond_the_library_ends():
    index = circle(4)
    assert (
        sorted(names(way(index, 1, 1, 3, Limits()))) == [0, 1, 1]
        or len(way(index, 1, 1, 3, Limits())) == 3
    )
    assert len(way(index, 0, 2, 50, Limits())) == 4
