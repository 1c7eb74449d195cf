"""``melonnx gallery`` as a user runs it."""

from PIL import Image

from tests.conftest import RATE, encode, make_song


def test_gallery_is_a_picture(melonnx, tmp_path):
    for genre in ("polka", "waltz"):
        (tmp_path / "music" / genre).mkdir(parents=True)
        song = encode(make_song(2), RATE, "WAV")
        (tmp_path / "music" / genre / "song.wav").write_bytes(song)
    result = melonnx("gallery", tmp_path / "music", "-o", tmp_path / "gallery.png")
    assert result.returncode == 0, result.stderr
    assert Image.open(tmp_path / "gallery.png").width == 1440
