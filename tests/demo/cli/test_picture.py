"""``melonnx picture`` as a user runs it."""

import pytest
from PIL import Image

from melonnx.infer.model.session import MODELS_FOLDER

SAMPLE = MODELS_FOLDER / "sample.mp3"


def test_all_stages_are_one_picture(melonnx, tmp_path):
    out = tmp_path / "all.png"
    result = melonnx("picture", SAMPLE, "-o", out, "--model", "genre-small", "--dark")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    image = Image.open(out)
    assert image.height > 2 * image.width
    assert max(image.convert("RGB").getpixel((0, 0))) < 40


@pytest.mark.parametrize(("suffix", "magic"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_name_says_the_format(melonnx, tmp_path, suffix, magic):
    out = tmp_path / f"mel.{suffix}"
    result = melonnx("picture", SAMPLE, "--stage", "mel", "-o", out, "--model", "genre-small")
    assert result.returncode == 0, result.stderr
    assert out.read_bytes().startswith(magic)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--stage", "smell", "-o", "x.png"], "waveform"),
        (["-o", "x.exe"], "png"),
        (["-o", "x.pgf"], "png"),
        (["-o", "nowhere/x.png"], "nowhere"),
        (["--against", "polka", "-o", "x.png", "--model", "genre-small"], "blues"),
    ],
)
def test_bad_options_say_what_would_do(melonnx, tmp_path, arguments, hint):
    result = melonnx("picture", SAMPLE, *arguments, cwd=tmp_path)
    assert result.returncode in (1, 2)
    assert hint in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())
