"""Results are good in another folder, and names in another Unicode form are the same names."""

import json
from unicodedata import normalize

import pytest

from melonnx.infer.prediction import Prediction
from melonnx.infer.results.formats import open_output
from melonnx.infer.results.places import find_spelt, folder_of, located, with_near_file
from melonnx.infer.results.reading import read_results
from melonnx.infer.results.rows import View

NFC, NFD = (normalize(form, "Björk Jóga 가.mp3") for form in ("NFC", "NFD"))


def can_hold_both(folder):
    (folder / NFC).touch()
    both = not (folder / NFD).exists()
    (folder / NFC).unlink()
    return both


@pytest.mark.parametrize(("there", "asked"), [(NFC, NFD), (NFD, NFC)])
def test_the_other_form_is_found_in_folders_too(tmp_path, there, asked):
    if not can_hold_both(tmp_path):
        pytest.skip("this disk takes both forms for one name")
    (tmp_path / there).mkdir()
    (tmp_path / there / there).touch()
    assert find_spelt(str(tmp_path / asked / asked)) == str(tmp_path / there / there)
    assert find_spelt(str(tmp_path / there / there)) is None
    assert find_spelt(str(tmp_path / asked / "ø.mp3")) is None
    assert find_spelt("\udcff\0.mp3") is None


def test_only_relative_paths_have_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert folder_of("a.mp3") == str(tmp_path)
    for path in ("/a.mp3", "s3://bucket/a.mp3", "<bytes>"):
        assert folder_of(path) is None


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_results_with_relative_paths_are_read_from_anywhere(tmp_path, monkeypatch, suffix):
    home, away = tmp_path / "hömé", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    (home / "a.mp3").touch()
    results = tmp_path / f"results{suffix}"
    songs = [Prediction(path, label="pop", score=0.5) for path in ("a.mp3", "/b.mp3", "gone.mp3")]
    monkeypatch.chdir(home)
    view = View(("pop",))
    kind = {".jsonl": "json"}.get(suffix, suffix[1:])
    with open_output(results, kind, view, "m 1") as write:
        for song in songs:
            write(song)
    assert [row.path for row in read_results(results)] == ["a.mp3", "/b.mp3", "gone.mp3"]
    monkeypatch.chdir(away)
    paths = [str(home / "a.mp3"), "/b.mp3", str(home / "gone.mp3")]
    assert [row.path for row in read_results(results)] == paths


def test_a_library_that_moved_is_found_where_one_stands(tmp_path, monkeypatch):
    (tmp_path / "a.mp3").touch()
    monkeypatch.chdir(tmp_path)
    assert located("a.mp3", "/where/it/was") == "a.mp3"
    assert located("gone.mp3", "/where/it/was") == "/where/it/was/gone.mp3"


def test_an_older_file_without_the_folder_is_read_as_ever(tmp_path):
    file = tmp_path / "old.jsonl"
    file.write_text(json.dumps(Prediction("a.mp3", label="pop").to_dict()))
    assert [row.path for row in read_results(file)] == ["a.mp3"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Sampel.mp3", "sample.mp3"),
        ("sample.flac", "sample.mp3"),
        ("samples.mp3", "sample.mp3"),
        ("Track 2.wav", None),
        ("simpler.mp3", None),
        ("Cafe.ogg", "Caf\u00e9.ogg"),
    ],
)
def test_a_slip_in_a_name_is_told_from_another_song(tmp_path, monkeypatch, typed, meant):
    for name in ("sample.mp3", "Track 1.wav", "Cafe\u0301.ogg"):  # the last one as a Mac spells it
        (tmp_path / name).touch()
    told = normalize("NFC", with_near_file(f"{tmp_path / typed}: no such file"))
    assert told.partition(": no such file")[2] == (f", did you mean {meant}?" if meant else "")
    monkeypatch.chdir(tmp_path)
    assert ("did you mean" in with_near_file(f"{typed}: no such file")) == bool(meant)


def test_other_errors_and_other_places_are_said_as_they_are(tmp_path):
    (tmp_path / "song.mp3").touch()
    for error in (
        f"{tmp_path / 'song.flac'}: is not audio: it looks like text",
        f"{tmp_path / 'gone' / 'song.flac'}: no such file",
        "s3://songs/song.flac: no such file",
    ):
        assert with_near_file(error) == error
