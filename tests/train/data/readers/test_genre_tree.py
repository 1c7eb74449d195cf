"""FMA's genres make a tree, or the file is refused."""

import pytest

from melonnx.train.data.readers.genre_tree import read_genre_tree
from melonnx.train.data.tracks import DataSetError

GENRES = """genre_id,#tracks,parent,title,top_level
1,8693,38,Avant-Garde,38
38,38154,0,Experimental,38
107,7268,1235,Ambient,1235
495,1000,1,"Noise, or so",38
1235,14938,0,Instrumental,1235
"""


def test_genre_tree(tmp_path):
    path = tmp_path / "genres.csv"
    path.write_text(GENRES)
    tree = read_genre_tree(path)
    assert tree.lineage(495) == ["Experimental", "Avant-Garde", "Noise, or so"]
    assert tree.genres[495].top == 38
    with pytest.raises(KeyError):
        tree.lineage(5)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("parent", "mother", "no column parent"),
        ("107,", "x,", "cannot be read"),
        ("1,8693,38,", "1,8693,39,", "genre 1 has no way up"),
        ("38,38154,0,", "38,38154,1,", "no way up"),
        ("Ambient,1235", "Ambient,38", "its top_level says 38"),
    ],
)
def test_genres_that_make_no_tree_are_refused(tmp_path, old, new, message):
    path = tmp_path / "genres.csv"
    path.write_text(GENRES.replace(old, new, 1))
    with pytest.raises(DataSetError, match=message):
        read_genre_tree(path)
