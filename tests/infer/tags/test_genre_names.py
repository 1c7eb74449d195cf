"""Labels become the genres that people write."""

import pytest

from melonnx.infer.errors import ResultsFileError
from melonnx.infer.tags.genre_names import genre_name, read_genre_map


@pytest.mark.parametrize(
    ("label", "genre"),
    [
        ("metal", "Metal"),
        ("hiphop", "Hip-Hop"),
        ("old-time / historic", "Old-Time / Historic"),
        ("R&B", "R&B"),
        ("Rock > Post-punk", "Rock > Post-punk"),
    ],
)
def test_labels_get_their_usual_form(label, genre):
    assert genre_name(label, {}) == genre


def test_the_map_comes_first():
    assert genre_name("metal", {"metal": "Heavy Metal"}) == "Heavy Metal"
    assert genre_name("metal", {"metal": ""}) == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("map.toml", 'metal = "Heavy Metal"\npop = ""\n'),
        ("map.json", '{"metal": "Heavy Metal", "pop": ""}'),
        ("map.csv", 'metal,Heavy Metal\n\n"pop",\n'),
        ("map.txt", "\ufeffmetal, Heavy Metal\r\npop,\r\n"),
    ],
)
def test_a_map_is_read_from_each_kind_of_file(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text.encode())
    assert read_genre_map(path) == {"metal": "Heavy Metal", "pop": ""}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("map.toml", "metal = Heavy Metal"),
        ("map.toml", "[metal]\nname = 'x'"),
        ("map.json", '["metal"]'),
        ("map.json", "{"),
        ("map.csv", "metal,Heavy Metal,more"),
        ("map.csv", "metal"),
        ("map.csv", "metal,\xff"),
    ],
)
def test_what_is_no_map_says_how_one_looks(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ResultsFileError, match="is no map of genres; it should say"):
        read_genre_map(path)
    with pytest.raises(ResultsFileError, match="cannot be read"):
        read_genre_map(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    ("name", "text"), [("map.csv", "metal," + "x" * 200_000), ("map.json", "[" * 100_000)]
)
def test_what_no_reader_takes_is_no_map(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(ResultsFileError, match="is no map of genres"):
        read_genre_map(tmp_path / name)
