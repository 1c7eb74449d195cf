"""What is no music is told apart, and the bar refuses hardly a song that was not heard before."""

import numpy as np
import pytest

from melonnx.train.network.not_music import Sounds, fit_music_head, music_of, refused_below


def clouds(n, centre, seed, spread=1.0):
    """Sounds of one to six windows around a place."""
    rng = np.random.default_rng(seed)
    windows = [
        rng.normal(centre, spread, (rng.integers(1, 7), 8)).astype(np.float32) for _ in range(n)
    ]
    return Sounds(windows, [f"{seed} {number // 4}" for number in range(n)])


def test_what_is_apart_is_told_apart():
    songs, others = clouds(200, 1.5, 0), clouds(100, -1.5, 1)
    head = fit_music_head(songs, others)
    assert (head.kernel.shape, head.bias.shape) == ((8, 1), (1,))
    assert 0 < head.bar < 1
    heard = [music_of(windows, head.kernel, head.bias) for windows in clouds(400, 1.5, 2).windows]
    unheard = [
        music_of(windows, head.kernel, head.bias) for windows in clouds(400, -1.5, 3).windows
    ]
    assert np.mean(np.array(heard) < head.bar) < 0.02
    assert np.mean(np.array(unheard) < head.bar) > 0.97


def test_a_song_counts_once_however_long_it_is():
    songs, others = clouds(60, 1, 0), clouds(60, -1, 1)
    longer = Sounds([*songs.windows[:-1], np.repeat(songs.windows[-1], 50, axis=0)], songs.groups)
    one, other = fit_music_head(songs, others), fit_music_head(longer, others)
    np.testing.assert_allclose(one.kernel, other.kernel, rtol=0.3, atol=0.02)


def test_the_bar_is_of_songs_whose_artist_was_not_heard():
    """One artist in ten sounds like no music: a head that has heard him would let him pass."""
    songs, others = clouds(120, 2, 0), clouds(120, -2, 1)
    rng = np.random.default_rng(5)
    odd = [rng.normal(-2, 0.2, (3, 8)).astype(np.float32) for _ in range(12)]
    mixed = Sounds([*songs.windows, *odd], [*songs.groups, *["odd"] * 12])
    assert fit_music_head(mixed, others).bar < fit_music_head(songs, others).bar


@pytest.mark.parametrize(("songs", "refused"), [(1000, 5), (200, 1), (199, 0), (3, 0)])
def test_at_most_half_a_percent_is_refused(songs, refused):
    music = np.random.default_rng(0).permutation(np.linspace(0.2, 1, songs))
    assert (music < refused_below(music)).sum() == refused
