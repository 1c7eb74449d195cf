"""What the Tab key offers."""

import os
from typing import get_args

import pytest


def tab(melonnx, line):
    """What the bash script of ``--show-completion`` asks for, at the end of ``line``."""
    words = line.split(" ")
    asked = {
        "_MELONNX_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    result = melonnx(env=os.environ | asked)
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("melonnx cl", ["classify"]),
        ("melonnx classify --embed", ["--embeddings"]),
        ("melonnx classify a.mp3 --model ", ["genre-base", "genre-open", "genre-small"]),
        ("melonnx info genre-s", ["genre-small"]),
        ("melonnx explain a.mp3 --against ro", ["rock"]),
        ("melonnx classify --genres rock,ro", []),
        ("melonnx classify --genres rock,p", ["rock,pop", "rock,punk"]),
        ("melonnx explain a.mp3 --model genre-open --against am", ["ambient"]),
        ("melonnx explain a.mp3 --model /nowhere --against r", []),
        ("melonnx listen - --encoding f", ["f32le"]),
        ("melonnx classify a.mp3 --sure 9", ["90", "95"]),
    ],
)
def test_tab(melonnx, line, offered):
    assert tab(melonnx, line) == offered


def test_the_stages_are_those_that_are_drawn(melonnx):
    from melonnx.demo.pictures.song import Stage

    assert tab(melonnx, "melonnx picture a.mp3 --stage ") == [*get_args(Stage), "all"]


def test_genres_without_a_session_are_those_of_the_session(tree_model, tiny_model, tmp_path):
    from melonnx.infer.model.released import genres_of_file
    from melonnx.infer.model.session import load_model

    for model in (tree_model, tiny_model, "genre-base"):
        assert tuple(genres_of_file(model)) == load_model(model, device="cpu").info.genres
    broken = tmp_path / "broken.onnx"
    for content in (b"", b"words", b"\x72\x02\x0a\x00"):
        broken.write_bytes(content)
        assert genres_of_file(broken) == []
