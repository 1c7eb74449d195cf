"""``melonnx similar`` as a user meets it."""

import json

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.model.session import MODELS_FOLDER
from melonnx.infer.results.decisions import Decision, append
from melonnx.infer.similar.index import npz_writer
from tests.conftest import RATE, encode, make_song


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Six songs, and their index."""
    folder = tmp_path_factory.mktemp("music")
    predictor = Predictor("genre-small", device="cpu")
    index = folder / "index.npz"
    with npz_writer(index, "genre-small 2.1") as add:
        for seed in range(6):
            path = folder / f"{seed}.wav"
            path.write_bytes(encode(make_song(12, seed=seed), RATE, "WAV", "PCM_16"))
            song = predictor.predict(path)
            assert song.embedding is not None
            add(str(path), song.label or "", song.score or 0.0, song.embedding)
    return index


def rows(run):
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_a_song_of_the_index_is_not_heard_again(melonnx, library):
    path = library.with_name("3.wav")
    data = path.read_bytes()
    path.unlink()
    found = rows(melonnx("similar", path, "--in", library, "--json"))
    path.write_bytes(data)
    assert len(found) == 5
    assert str(path) not in [row["path"] for row in found]
    near = [row["similarity"] for row in found]
    assert near == sorted(near, reverse=True)


def test_what_was_decided_is_sure_and_is_found_beside_the_index(melonnx, library):
    one, other, song = (str(library.with_name(f"{number}.wav")) for number in (1, 2, 0))
    beside = library.with_name("index.decisions.jsonl")
    append(beside, [Decision("a", (one,), ("Britpop", "pop")), Decision("b", (other,), ())])
    found = {row["path"]: row for row in rows(melonnx("similar", song, "--in", library, "--json"))}
    assert (found[one]["label"], found[one]["unsure"]) == ("Britpop", False)
    assert found[other]["unsure"]
    kept = melonnx("similar", song, "--in", library, "--json", "--where", "genre=Britpop")
    assert [row["path"] for row in rows(kept)] == [one]
    elsewhere = beside.rename(library.with_name("mine.jsonl"))
    bare = rows(melonnx("similar", song, "--in", library, "--json"))
    asked = rows(melonnx("similar", song, "--in", library, "--json", "--decisions", elsewhere))
    assert "Britpop" not in [row["label"] for row in bare]
    assert {row["path"]: row for row in asked} == found
    elsewhere.unlink()


def test_another_song_is_heard_by_the_index_s_model(melonnx, library, tmp_path):
    copy = tmp_path / "copy.wav"
    copy.write_bytes(library.with_name("4.wav").read_bytes())
    (first,) = rows(melonnx("similar", copy, "--in", library, "--json", "--top", 1))
    assert first["path"] == str(library.with_name("4.wav"))
    assert first["similarity"] == pytest.approx(1, abs=1e-5)
    run = melonnx("similar", copy, "--in", library, "--top", 1)
    assert run.stdout == f"1.000000\t{first['label']}\t{first['path']}\n"


def test_approximate_search_gives_the_same_here_and_keeps_its_graph(melonnx, library):
    path = library.with_name("2.wav")
    exact = rows(melonnx("similar", path, "--in", library, "--json", "--top", 3))
    first = melonnx("similar", path, "--in", library, "--json", "--top", 3, "--approximate")
    again = melonnx("similar", path, "--in", library, "--json", "--top", 3, "--approximate")
    assert rows(first) == rows(again) == exact
    assert "making the graph, once" in first.stderr
    assert again.stderr == ""


def test_another_model_is_refused_with_what_to_do(melonnx, library):
    run = melonnx("similar", library.with_name("2.wav"), "--in", library, "--model", "genre-base")
    assert run.returncode == 1
    assert run.stderr.startswith('melonnx: the index was made with "genre-small 2.1"')
    assert "--embeddings" in run.stderr


@pytest.mark.parametrize("name", ["gone.npz", "text.npz", "song.mp3"])
def test_what_is_no_index_is_one_line(melonnx, library, tmp_path, name):
    (tmp_path / "text.npz").write_text("words")
    run = melonnx("similar", library.with_name("2.wav"), "--in", tmp_path / name)
    assert run.returncode == 1
    assert run.stderr.startswith(f"melonnx: {tmp_path / name}: ")
    assert len(run.stderr.splitlines()) == 1


def test_a_song_that_cannot_be_heard_is_one_line(melonnx, library, tmp_path):
    run = melonnx("similar", tmp_path / "gone.mp3", "--in", library)
    assert (run.returncode, run.stderr) == (1, f"melonnx: {tmp_path / 'gone.mp3'}: no such file\n")


def test_embeddings_are_mapped_not_read(library):
    from melonnx.infer.similar.index import read_index

    assert isinstance(read_index(library).embeddings, np.memmap)


@pytest.mark.parametrize("options", [[], ["--approximate"]])
def test_an_index_of_no_songs_is_one_line(melonnx, library, tmp_path, options):
    with npz_writer(tmp_path / "none.npz", "genre-small 2.1"):
        pass
    result = melonnx(
        "similar", MODELS_FOLDER / "sample.mp3", "--in", tmp_path / "none.npz", *options
    )
    assert result.returncode == 1
    assert result.stderr == "melonnx: the index holds no songs\n"


def test_a_mix_of_several_songs_as_a_playlist_that_leads_to_them(melonnx, library, tmp_path):
    songs = [library.with_name(f"{number}.wav") for number in (0, 1, 2)]
    out = tmp_path / "mix.m3u8"
    asked = (*songs[:2], "--not", songs[2], "--in", library, "-n", 40)
    found = rows(melonnx("similar", *asked, "--json"))
    assert sorted(row["path"] for row in found) == [
        str(library.with_name(f"{number}.wav")) for number in (3, 4, 5)
    ]
    run = melonnx("similar", *asked, "-o", out)
    assert (run.stdout, run.stderr) == ("", f"melonnx: 3 songs in {out}\n")
    named = [line for line in out.read_text().splitlines() if not line.startswith("#")]
    assert [str((tmp_path / line).resolve()) for line in named] == [row["path"] for row in found]
    refused = melonnx("similar", *asked, "-o", tmp_path / "mix.txt")
    assert "a playlist of songs ends in .m3u8, .pls or .xspf" in refused.stderr


def test_a_way_from_one_song_to_another_and_one_song_an_artist(melonnx, library, tmp_path):
    ends = [library.with_name(f"{number}.wav") for number in (0, 5)]
    found = rows(melonnx("similar", "--from", ends[0], "--to", ends[1], "--in", library, "--json"))
    paths = [row["path"] for row in found]
    assert (len(paths), len(set(paths))) == (6, 6)
    assert [paths[0], paths[-1]] == list(map(str, ends))
    few = rows(melonnx("similar", ends[0], "--in", library, "--json", "--per-artist", 1))
    assert len(few) == 5  # songs without tags are nobody's
    for options in (("--from", ends[0]), ("--from", "x", "--to", "y", ends[0]), ()):
        assert melonnx("similar", *options, "--in", library).returncode == 2
    other = melonnx("similar", "--from", "no.wav", "--to", ends[1], "--in", library)
    assert "no.wav: is not in the index" in other.stderr
