"""Two songs of each genre side by side."""

import numpy as np
import pytest

from melonnx.demo.pictures.gallery import draw_gallery, find_examples
from melonnx.infer.errors import NoMusicError
from tests.conftest import RATE, encode, make_song


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    root = tmp_path_factory.mktemp("music")
    for genre, n_songs in (("polka", 4), ("waltz", 1), ("$x$", 3)):
        (root / genre).mkdir()
        for number in range(n_songs):
            data = encode(make_song(2 + number, seed=number), RATE, "WAV")
            (root / genre / f"{number}.wav").write_bytes(data)
    (root / "polka" / "2.wav").write_text("no music")
    (root / "$x$" / "1.wav").write_bytes(encode(np.zeros(RATE), RATE, "WAV"))
    (root / "notes").mkdir()
    (root / "notes" / "note.txt").write_text("hello")
    return root


def test_two_songs_of_each_genre_and_what_is_no_music_is_told(music):
    told = []
    examples = find_examples(music, told.append)
    names = {genre: [song.name for song in songs] for genre, songs in examples.items()}
    assert names == {"$x$": ["2.wav", "0.wav"], "polka": ["1.wav", "0.wav"], "waltz": ["0.wav"]}
    assert len(told) == 2
    assert all(line.startswith("left out: ") for line in told)


def test_rows_are_genres_on_one_time_axis(music):
    examples = find_examples(music, lambda line: None)
    figure = draw_gallery(examples)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == 5
    titles = [axes.get_title(loc="left") for axes in shown]
    assert [title for title in titles if title] == ["$x$", "polka", "waltz"]
    longest = max(song.duration_s for songs in examples.values() for song in songs)
    assert {axes.get_xlim() for axes in shown} == {(0, longest)}
    figure.canvas.draw()


@pytest.mark.parametrize("folder", ["notes", "gone"])
def test_a_folder_without_genres_is_refused(music, folder):
    with pytest.raises(NoMusicError, match=folder):
        find_examples(music / folder, print)
