"""Which songs of an index may be named: by condition, and by a mood like another's."""

import numpy as np
import pytest

from melonnx.infer.cli.group import app
from melonnx.infer.errors import ConditionError, IndexFileError
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.formats import open_output
from melonnx.infer.results.rows import View
from melonnx.infer.similar.index import read_index

KINDS = ("jsonl", "parquet", "npz")
PLANE = {"a": (0.9, 0.9), "b": (0.8, 0.8), "c": (0.1, 0.9), "d": (0.95, 0.7), "e": (None, None)}
SAID = {"a": ("house", "party"), "b": ("instrumental",), "c": ("instrumental", "mellow"), "d": ()}


def songs(*, moods=True):
    for at, (name, (energy, valence)) in enumerate(PLANE.items()):
        said = SAID.get(name, ())
        yield Prediction(
            f"{name}.mp3", label="rock" if at % 2 else "pop", score=0.5, unsure=at == 1,
            probabilities={"rock": 0.5, "pop": 0.5},
            embedding=np.array([1, at / 10], np.float32), model="x 1",
            **({"energy": energy, "valence": valence, "said": said,
                "tags": dict.fromkeys(said, 0.8)} if moods else {}),
        )  # fmt: skip


def index(path, *, moods=True):
    kind = "json" if path.suffix == ".jsonl" else path.suffix[1:]
    with open_output(path, kind, View(("rock", "pop"), embedding=True, tags=True), "x 1") as write:
        for song in songs(moods=moods):
            write(song)
    return path


@pytest.fixture(params=KINDS)
def library(request, tmp_path):
    return index(tmp_path / f"library.{request.param}")


def named(capsys, library, *arguments):
    app(["similar", *map(str, arguments), "--in", str(library)], standalone_mode=False)
    return [line.split("\t")[-1][:-4] for line in capsys.readouterr().out.splitlines()]


def test_an_index_tells_moods_where_they_are_asked_for(library):
    assert read_index(library).moods is None
    answers = [read_index(library, moods=True).answer(row) for row in range(5)]
    assert [(one.energy, one.valence) for one in answers] == list(PLANE.values())
    assert [set(one.said) for one in answers] == [set(SAID.get(name, ())) for name in PLANE]
    assert [one.unsure for one in answers] == [False, True, False, False, False]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["--where", "voice=instrumental"], ["b", "c"]),
        (["--where", "energy<0.85 and voice=instrumental"], ["b", "c"]),
        (["--where", "energy<0.5 or genre=pop"], ["c", "e"]),
        (["--where", "mood=mellow or mood=happy", "-n", 2], ["b", "c"]),
        (["--where", "unsure=no and not path=c.mp3"], ["d", "e"]),
        (["--mood-like"], ["b", "d"]),
        (["--mood-like", "--where", "energy>.9"], ["d"]),
        (["b.mp3", "--mood-like"], ["d"]),
    ],
)
def test_only_songs_that_it_admits_are_named(capsys, library, asked, expected):
    assert named(capsys, library, "a.mp3", *asked) == expected


def test_the_way_from_song_to_song_goes_through_admitted_ones(capsys, library):
    way = named(
        capsys, library, "--from", "a.mp3", "--to", "e.mp3", "-n", 3, "--where", "unsure=no"
    )
    assert way in (["a", "c", "e"], ["a", "d", "e"])


def test_what_the_index_does_not_tell_is_one_line(capsys, tmp_path):
    for kind in KINDS:
        old = index(tmp_path / f"old.{kind}", moods=False)
        with pytest.raises(IndexFileError, match="tells no energy or valence, but genres only"):
            named(capsys, old, "a.mp3", "--mood-like")
        with pytest.raises(IndexFileError, match="tells no voice, but genres only"):
            named(capsys, old, "a.mp3", "--where", "voice=instrumental and genre=rock")
        assert named(capsys, old, "a.mp3", "--where", "genre=rock") == ["b", "d"]
        with pytest.raises(ConditionError, match="there are pop, rock"):
            named(capsys, old, "a.mp3", "--where", "genre=polka")


def test_a_song_of_unknown_mood_has_none_like_it(capsys, library):
    with pytest.raises(IndexFileError, match=r"e.mp3: its energy and valence are not known"):
        named(capsys, library, "e.mp3", "--mood-like")


def test_conditions_go_with_what_compares_every_song(capsys, library):
    with pytest.raises(Exception, match="no limits"):
        named(capsys, library, "a.mp3", "--where", "unsure=no", "--approximate")
    with pytest.raises(Exception, match="goes with SONG"):
        named(capsys, library, "--from", "a.mp3", "--to", "b.mp3", "--mood-like")


def test_an_index_of_genres_only_has_the_arrays_that_it_had(tmp_path):
    with np.load(index(tmp_path / "old.npz", moods=False)) as arrays:
        assert set(arrays) == {"paths", "labels", "scores", "unsure", "embeddings", "model"}
