"""A filter in the file knows the songs that were learnt from, and hardly any other."""

from hashlib import blake2b

import pytest

from melonnx.infer.model.learnt import Learnt


def digests(first, behind):
    return [blake2b(str(n).encode(), digest_size=16).hexdigest() for n in range(first, behind)]


@pytest.mark.parametrize("n", [1, 60, 3000])
def test_all_are_known_and_others_are_not(n):
    learnt = Learnt.of(digests(0, n))
    assert Learnt.from_json(learnt.to_json()) == learnt
    assert (learnt.songs, learnt.every) == (n, 1)
    assert all(learnt.has(one) for one in digests(0, n))
    assert sum(map(bool, map(learnt.has, digests(n, n + 20_000)))) <= 2


def test_of_very_many_a_part_is_held_in_twenty_kilobytes():
    learnt = Learnt.of(digests(0, 40_000))
    assert len(learnt.to_json()) <= 20_000
    assert learnt.songs == 40_000
    said = [learnt.has(one) for one in digests(0, 40_000)]
    assert set(said) == {True, None}
    assert said.count(True) == pytest.approx(40_000 / learnt.every, rel=0.1)
    others = [learnt.has(one) for one in digests(40_000, 60_000)]
    assert others.count(False) == pytest.approx(20_000 / learnt.every, rel=0.1)
    assert others.count(True) <= 2


def test_the_order_of_the_songs_and_songs_that_are_there_twice_change_nothing():
    some = digests(0, 50)
    assert Learnt.of([*some[::-1], *some]) == Learnt.of(some)


def test_of_no_song_none_is_known():
    assert Learnt.of([]).has(digests(0, 1)[0]) is False


@pytest.mark.parametrize(
    "text",
    [
        *("[]", "{}", "no JSON", '{"hashes": 16, "songs": 1, "every": 1, "bits": ""}'),
        '{"hashes": 16, "songs": 1, "every": 0, "bits": "AAAA"}',
        '{"hashes": 16, "songs": true, "every": 1, "bits": "AAAA"}',
        '{"hashes": 16, "songs": 1, "every": 1, "bits": "?"}',
        '{"hashes": 3, "songs": 1, "every": 1, "bits": "AAAA"}',
    ],
)
def test_what_is_no_filter_is_refused(text):
    with pytest.raises(ValueError, match=r"melonnx\.learnt|JSON|Expecting|base64"):
        Learnt.from_json(text)
