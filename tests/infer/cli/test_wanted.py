"""``--genres`` and families of ``--map``, as a user of the commands meets them."""

import json
from dataclasses import replace

import pytest

from melonnx.infer.prediction import Prediction
from tests.conftest import RATE, encode, make_song


@pytest.fixture(scope="module")
def songs(tmp_path_factory, melonnx, full_model):
    """Two songs, their whole answers in a file, and the answer that both have."""
    folder = tmp_path_factory.mktemp("songs")
    for seed in (1, 2):
        song = encode(make_song(25, seed=seed), RATE, "WAV", "PCM_16")
        (folder / f"{seed}.wav").write_bytes(song)
    file = folder / "all.jsonl"
    melonnx("classify", folder, "-o", file, "--model", full_model)
    rows = [json.loads(line) for line in file.open()]
    assert len({row["label"] for row in rows}) == 1
    return folder, file, list(rows[0]["probabilities"])


def rows_of(result):
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_song_alone_and_a_library_say_the_same_and_nothing_is_heard_again(
    melonnx, songs, full_model
):
    folder, file, (_, *others) = songs
    (folder / "mine.txt").write_text("\n".join(others))
    asked = ("--model", full_model, "--genres")
    alone = rows_of(melonnx("classify", folder, "--json", *asked, ",".join(others)))
    library = melonnx("classify", folder, "-o", file, *asked, folder / "mine.txt")
    assert "0 heard now" in library.stderr
    written = [json.loads(line) for line in file.open()]
    assert written == [row | {"timeline": []} for row in alone]
    assert all(set(row["probabilities"]) == set(others) for row in alone)
    back = melonnx("classify", folder, "-o", file, "--model", full_model)
    assert "0 heard now" in back.stderr
    assert len(json.loads(file.open().readline())["probabilities"]) == 3


def test_a_timeline_tells_no_others(melonnx, songs, full_model, tmp_path):
    folder, _, (first, *others) = songs
    asked = ("--timeline", "--json", "--model", full_model, "--genres", ",".join(others))
    for how in ((), ("--workers", "1")):
        rows = rows_of(melonnx("classify", folder, *asked, *how))
        assert first not in {part["label"] for row in rows for part in row["timeline"]}


def test_tags_and_playlists_follow_in_results_and_songs(melonnx, songs, full_model, tmp_path):
    folder, file, (first, *others) = songs
    asked = ("--genres", ",".join(others), "--unsure", "--model", full_model)
    for source in (("--from", file), (folder,)):
        shown = melonnx("tag", *source, *asked)
        assert shown.returncode == 0, shown.stderr
        assert f"\t{others[0].title()}\t" in shown.stdout
        assert first.title() not in shown.stdout
    out = tmp_path / "out"
    sort = ("--to", out, "--genres", ",".join(others), "--sure", 80)
    placed = melonnx("organize", "--from", file, *sort, "--model", full_model)
    assert f"{others[0]}.m3u8" in placed.stdout


def test_a_family_is_one_genre(melonnx, songs, full_model, tmp_path):
    folder, file, (first, *others) = songs
    names = {**dict.fromkeys(others, "Both"), first: "Other"}
    (tmp_path / "map.json").write_text(json.dumps(names))
    chances = json.loads(file.open().readline())["probabilities"]
    wins = sum(chances[other] for other in others) > chances[first]
    asked = ("--unsure", "--map", tmp_path / "map.json", "--model", full_model)
    for source in (("--from", file), (folder,)):
        shown = melonnx("tag", *source, *asked).stdout.splitlines()[0]
        assert f"\t{'Both' if wins else 'Other'}\t" in shown


def test_what_cannot_be_is_one_line(melonnx, songs, full_model, tmp_path):
    folder, file, _ = songs
    (tmp_path / "map.toml").write_text('nois = "Noise"')
    no_genre = 'melonnx: "nois" is no genre of tiny, which tells drone, noise, pulse; did you mean'
    for command in (
        ("classify", folder, "--genres", "nois"),
        ("tag", folder, "--genres", "nois"),
        ("tag", "--from", file, "--map", tmp_path / "map.toml"),
        ("organize", folder, "--to", tmp_path / "out", "--map", tmp_path / "map.toml"),
    ):
        result = melonnx(*command, "--model", full_model)
        assert (result.returncode, result.stderr.splitlines()[-1][: len(no_genre)]) == (1, no_genre)
    unknown = melonnx("tag", "--from", file, "--genres", "noise")
    assert "give it with --model" in unknown.stderr
    other = melonnx("tag", "--from", file, "--genres", "noise", "--model", "genre-small")
    assert "genre-small: is not what made the results, which is tiny 0" in other.stderr
    few = tmp_path / "few.csv"
    melonnx("classify", folder, "-o", few, "--top", 2, "--model", full_model)
    missing = melonnx("tag", "--from", few, "--genres", "noise", "--model", full_model)
    assert "2 of 3 genres have their probabilities there" in missing.stderr


def test_an_album_gets_one_genre_and_the_odd_song_is_named(melonnx, full_model, tmp_path):
    """Predictions that were made before: three songs of one folder, one of which is sure."""
    names = ("drone", "noise", "pulse")
    rows = []
    for number, (label, chance) in enumerate((("pulse", 0.9), ("pulse", 0.9), ("noise", 0.95))):
        song = tmp_path / "album" / f"{number}.flac"
        song.parent.mkdir(exist_ok=True)
        song.write_bytes(encode(make_song(2, seed=number), RATE, "FLAC"))
        rest = dict.fromkeys(names, (1 - chance) / 2)
        row = Prediction(str(song), label=label, score=chance, probabilities=rest | {label: chance})
        rows.append(replace(row, model="tiny 0").to_dict())
    file = tmp_path / "all.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = ("--from", file, "--per", "folder", "--model", full_model)
    shown = melonnx("tag", *asked)
    assert [line.split("\t")[2] for line in shown.stdout.splitlines()] == ["Pulse"] * 3
    odd = "differs: by itself noise (0.9"
    assert f"melonnx: {tmp_path / 'album' / '2.flac'} {odd}" in shown.stderr
    assert "2 of 3 songs beside it are pulse" in shown.stderr
    placed = melonnx("organize", *asked, "--to", tmp_path / "out")
    assert placed.stdout.split("\t")[2] == "3"
    refused = melonnx("tag", *asked[:4])
    assert "--genres and --per need the file of the model" in refused.stderr
