"""The beets plugin in a real beets, with a library of its own."""

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.tags.genre_names import genre_name
from tests.conftest import RATE, encode, make_song

mediafile = pytest.importorskip("mediafile", reason='needs beets: pip install "melonnx[beets]"')


class Library:
    """Two songs and a beets that knows them, or is about to."""

    def __init__(self, root, model):
        self.root, self.model = root, model
        self.songs = [root / "album" / name for name in ("one.flac", "two.flac")]
        self.songs[0].parent.mkdir()
        for song, seed in zip(self.songs, (1, 2), strict=True):
            song.write_bytes(encode(make_song(5, seed=seed), RATE, "FLAC"))

    def configure(self, **options):
        settings = {
            "library": str(self.root / "library.db"),
            "directory": str(self.root),
            "import": {"copy": False},
            "plugins": ["info", "melonnx"],
            "melonnx": {"model": str(self.model), "threads": 2, **options},
        }
        (self.root / "config.yaml").write_text(json.dumps(settings))

    def beet(self, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "beets", *arguments],
            env=os.environ | {"BEETSDIR": str(self.root), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )

    def bring_in(self):
        result = self.beet("import", "-qA", str(self.root / "album"))
        assert result.returncode == 0, result.stderr
        return result

    def genres(self):
        """By song: of the library, and of the file."""
        rows = self.beet("ls", "-f", "$path\t$genres").stdout.splitlines()
        of_library = dict(row.split("\t") for row in rows)
        return [
            (of_library[str(song)], mediafile.MediaFile(song).genre or "") for song in self.songs
        ]


@pytest.fixture
def library(tmp_path, tiny_model):
    return Library(tmp_path, tiny_model)


def test_the_command_sets_what_it_said_it_would_in_library_and_files(library):
    predictor = Predictor(library.model)
    labels = [predictor.predict(song).label for song in library.songs]
    names = {label: f"{label} & more" for label in labels}
    library.configure(auto=False, map=names)
    library.bring_in()
    said = library.beet("melonnx", "--unsure", "--pretend")
    assert library.genres() == [("", ""), ("", "")]
    done = library.beet("melonnx", "--unsure")
    assert done.returncode == 0, done.stderr
    assert library.genres() == [(names[label], names[label]) for label in labels]
    *said_lines, said_count = said.stdout.splitlines()
    *done_lines, done_count = done.stdout.splitlines()
    assert said_lines == done_lines
    assert [line.rpartition(" ")[0].endswith(" & more") for line in done_lines] == [True, True]
    assert (said_count, done_count) == ("2 would be set", "2 set")
    assert library.beet("melonnx").stdout == "2 have a genre\n"
    assert library.beet("ls", "-a", "-f", "$genres").stdout.strip() in names.values()


def test_unsure_songs_are_left_and_a_query_and_overwrite_choose(library):
    library.configure(auto=False, write=False)
    library.bring_in()
    left = library.beet("melonnx")
    assert left.stdout.splitlines()[-1] == "2 unsure"
    assert all(line.endswith("%, left as it is") for line in left.stdout.splitlines()[:-1])
    library.beet("modify", "-yW", "genres=Polka", f"path:{library.songs[0]}")
    library.beet("melonnx", "-u")
    kept, told = (of_library for of_library, _ in library.genres())
    assert kept == "Polka"
    assert told in {"Drone", "Noise", "Pulse"}
    done = library.beet("melonnx", "-u", "--overwrite", f"path:{library.songs[0]}")
    assert done.stdout.splitlines()[-1] == "1 set"
    assert library.genres()[0][0] in {"Drone", "Noise", "Pulse"}
    assert [of_file for _, of_file in library.genres()] == ["", ""]  # write: no


def test_a_genre_that_the_map_leaves_out_is_not_set(library):
    library.configure(auto=False, unsure=True, map=dict.fromkeys(("drone", "noise", "pulse"), ""))
    library.bring_in()
    assert library.beet("melonnx").stdout.splitlines()[-1] == "2 left out by the map"
    assert library.genres() == [("", ""), ("", "")]


def test_what_is_no_music_is_passed_over_whatever_is_asked_for(tmp_path, full_model):
    library = Library(tmp_path, full_model)
    noise = np.random.default_rng(0).normal(0, 0.1, 5 * RATE).astype(np.float32)
    library.songs[1].write_bytes(encode(noise, RATE, "FLAC"))
    library.configure(auto=False, unsure=True, sure=95)
    library.bring_in()
    *_, left, count = library.beet("melonnx").stdout.splitlines()
    assert left.endswith("no music, left as it is")
    assert sorted(count.split(", ")) == ["1 no music", "1 set"]
    library.configure(auto=False, sure=70)
    refused = library.beet("melonnx")
    assert refused.returncode == 1
    assert "70% of cases; it can for 80, 90, 95" in refused.stderr


def test_import_sets_genres_where_it_is_told_to_and_other_plugins_work_beside(library):
    library.configure(unsure=True)
    library.bring_in()
    labels = [Predictor(library.model).predict(song).label for song in library.songs]
    expected = [genre_name(label, {}) for label in labels]  # as ``melonnx tag`` writes them
    assert [of_library for of_library, _ in library.genres()] == expected
    shown = library.beet("info", str(library.songs[0]))
    assert (shown.returncode, "samplerate: 22050" in shown.stdout) == (0, True)


def test_a_bad_file_costs_a_line_and_a_bad_model_the_answer(library):
    library.configure(auto=False, unsure=True)
    library.bring_in()
    library.songs[0].write_text("only words\n" * 99)
    result = library.beet("melonnx")
    assert result.stdout.splitlines()[-1] == "1 failed, 1 set"
    assert f"melonnx: {library.songs[0]}: is not audio: it looks like text" in result.stderr
    assert "Traceback" not in result.stderr
    library.model = library.root / "none.onnx"
    library.configure(auto=False, overwrite=True)
    result = library.beet("melonnx")
    assert result.returncode == 1
    assert "none.onnx: cannot be read" in result.stderr
    assert "Traceback" not in result.stderr


def test_only_the_genres_that_are_wanted_are_answers(library):
    label = Predictor(library.model).predict(library.songs[0]).label
    others = [genre for genre in ("drone", "noise", "pulse") if genre != label]
    library.configure(auto=False, unsure=True, genres=others, map=dict.fromkeys(others, "Both"))
    library.bring_in()
    assert library.beet("melonnx").returncode == 0
    assert library.genres()[0] == ("Both", "Both")
    library.configure(auto=False, overwrite=True, genres=["nois"])
    refused = library.beet("melonnx")
    assert refused.returncode == 1
    assert '"nois" is no genre of tiny' in refused.stderr


def test_an_album_gets_what_its_songs_together_are_sure_of(tmp_path, full_model):
    from melonnx.infer.groups import pool
    from melonnx.infer.wanted import Wanted

    library = Library(tmp_path, full_model)
    for seed, song in enumerate(library.songs):
        song.write_bytes(encode(make_song(12, seed=seed), RATE, "FLAC"))
    library.configure(auto=False)
    library.bring_in()
    predictor = Predictor(library.model)
    answers = [predictor.predict(song) for song in library.songs]
    together = pool(answers, Wanted.of_model(predictor.info))
    assert not together.unsure
    assert library.beet("melonnx").returncode == 0
    assert library.beet("ls", "-a", "-f", "$genres").stdout.strip() == genre_name(
        together.label, {}
    )


@pytest.fixture(scope="module")
def moody(tmp_path_factory):
    """genre-small with heads that say the same of every song: calm, mellow, and of low energy."""
    import onnx

    from melonnx.export.attach_head import attach_head
    from melonnx.export.seal import seal
    from melonnx.infer.model.heads import HeadInfo
    from melonnx.infer.model.session import find_model, load_model

    base, info = onnx.load(find_model("genre-small")), load_model("genre-small", device="cpu").info
    d = len(Predictor("genre-small", device="cpu").predict_array(make_song(3), RATE).embedding)
    heads = {
        "tags": (
            HeadInfo("multi", ("mellow", "party"), bars={"mellow": 0.5, "party": 0.5}),
            [1, -1],
        ),
        "energy": (HeadInfo("scale", ("energy",)), [-2]),
        "valence": (HeadInfo("scale", ("valence",)), [2]),
    }
    for name, (about, biases) in heads.items():
        layer = np.zeros((d, len(biases)), np.float32), np.array(biases, np.float32)
        base = attach_head(base, info, name, layer, about)
        info = dataclasses.replace(info, heads={**info.heads, name: about})
    path = tmp_path_factory.mktemp("models") / "moody.onnx"
    path.write_bytes(seal(base))
    return path


def test_queries_know_mood_energy_and_valence(tmp_path, moody):
    library = Library(tmp_path, moody)
    library.configure(auto=False)
    library.bring_in()
    said = library.beet("melonnx", "--pretend")
    assert "mood calm; mellow, energy 12%, valence 88%" in said.stdout
    assert library.beet("ls", "energy:..1").stdout == ""
    done = library.beet("melonnx")
    assert "2 moods set" in done.stdout, done.stdout + done.stderr
    found = library.beet("ls", "-f", "$mood $energy", "energy:..0.2", "valence:0.8..", "mood:calm")
    assert found.stdout.splitlines() == ["calm; mellow 0.1"] * 2
    assert library.beet("ls", "energy:0.8..").stdout == ""
    assert library.beet("ls", "mood:MELLOW", "valence:0.87..0.89").stdout.count("\n") == 2
    again = library.beet("melonnx", "--moods")
    assert "moods set" not in again.stdout


def test_songs_with_a_genre_are_heard_for_their_mood_where_asked(tmp_path, moody):
    library = Library(tmp_path, moody)
    library.configure(auto=False)
    for song in library.songs:
        tags = mediafile.MediaFile(song)
        tags.genres = ["Polka"]
        tags.save()
    library.bring_in()
    assert library.beet("melonnx").stdout == "2 have a genre\n"
    done = library.beet("melonnx", "--moods")
    assert done.stdout.splitlines()[-1] == "2 moods set, 2 have a genre", done.stderr
    assert library.beet("ls", "mood:calm").stdout.count("\n") == 2
    assert [genre for genre, _ in library.genres()] == ["Polka"] * 2


def test_a_model_without_moods_says_so(library):
    library.configure(auto=False)
    library.bring_in()
    refused = library.beet("melonnx", "--moods")
    assert refused.returncode == 1
    assert "tells no mood; genre-base and genre-small do" in refused.stderr
    assert "moods" not in library.beet("melonnx", "--unsure").stdout
