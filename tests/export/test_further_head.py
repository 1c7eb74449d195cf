"""More heads on a finished file: what columns of a table say, beside the genres that were there."""

import csv
import json

import numpy as np
import onnx
import pytest

from melonnx.export.attach_head import attach_head
from melonnx.export.errors import ProofError
from melonnx.export.further_head import add_heads
from melonnx.export.own_genres import make_own_genres
from melonnx.export.place import put_in_place
from melonnx.export.seal import seal
from melonnx.infer import Predictor
from melonnx.infer.model.heads import HeadInfo
from melonnx.infer.model.session import find_model, load_model
from melonnx.train.data.columns import read_column, read_taught
from melonnx.train.data.readers.dataset import read_dataset
from melonnx.train.data.tracks import DataSetError
from tests.conftest import SMALL_1


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr("melonnx.train.evaluate.measures._RESAMPLES", 50)


@pytest.fixture(scope="module")
def songs(genres):
    return read_dataset(genres).tracks


@pytest.fixture(scope="module")
def table(genres, songs, tmp_path_factory):
    """Pulses are energetic, drones are not, and of noise it is not known; two words."""
    file = tmp_path_factory.mktemp("table") / "moods.csv"
    words = {"pulse": "rhythm;tone", "drone": "tone", "noise": "rough"}
    energies = {"pulse": "1", "drone": "0", "noise": ""}
    with file.open("w", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow(["path", "artist", "energy", "feel"])
        for song in songs:
            path = song.path.relative_to(genres)
            number = song.path.stem
            artist = f"{song.genre} {int(number) // 2}" if number.isdigit() else ""
            rows.writerow([path, artist, energies[song.genre], words[song.genre]])
    return file


def add(genres, table, names, out, base="genre-small"):
    columns = [read_column([genres], table, name) for name in names]
    tracks = read_dataset(genres, table).tracks
    return add_heads(tracks, columns, base, out, dataset="toys", say=lambda line: None)


@pytest.fixture(scope="module")
def made(genres, table, tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "more.onnx"
    return out, add(genres, table, ["energy", "feel"], out)


def test_heads_tell_what_the_columns_did_and_nothing_else_changes(genres, made):
    out, heads = made
    assert {name: head.kind for name, head in heads.items()} == {
        "energy": "scale",
        "feel": "multi",
    }
    assert heads["feel"].labels == ("rhythm", "rough", "tone")
    assert heads["feel"].metrics["roc_auc"] > 0.95
    assert heads["energy"].metrics["songs"] == 20
    before, after = Predictor("genre-small", device="cpu"), Predictor(out, device="cpu")
    pulse, drone = (genres / name / "7.wav" for name in ("pulse", "drone"))
    loud, calm = after.predict(pulse), after.predict(drone)
    assert loud.energy is not None
    assert calm.energy is not None
    assert loud.energy > 0.5 > calm.energy
    assert loud.heads["feel"]["rhythm"] > 0.5 > loud.heads["feel"]["rough"]
    old = before.predict(pulse)
    assert (loud.label, loud.probabilities) == (old.label, old.probabilities)
    assert [part[:4] for part in loud.timeline] == [part[:4] for part in old.timeline]


def test_a_head_of_the_same_name_is_replaced_and_others_stay(genres, table, made, tmp_path):
    out, heads = made
    again = add(genres, table, ["energy"], tmp_path / "again.onnx", out)
    assert again["energy"] == heads["energy"]
    info = load_model(tmp_path / "again.onnx", device="cpu").info
    assert info == load_model(out, device="cpu").info


def test_own_genres_on_such_a_file_keep_its_heads(songs, genres, made, tmp_path):
    mine = tmp_path / "mine.onnx"
    make_own_genres(songs, made[0], mine, name="mine", dataset="toys", say=lambda line: None)
    song = genres / "pulse" / "7.wav"
    energies = [Predictor(path, device="cpu").predict(song).energy for path in (made[0], mine)]
    assert energies[0] == pytest.approx(energies[1], abs=1e-6)


def test_the_twin_gives_the_same_values(made, tmp_path):
    out = tmp_path / "with-twin.onnx"
    found = put_in_place(made[0].read_bytes(), out, print, wave=True)
    assert found is not None
    assert {"energy", "feel"} <= found.keys()
    assert max(worst.difference for worst in found.values()) <= 1e-4


def test_a_teacher_is_imitated(genres, songs, tmp_path):
    """Its values are a linear layer's on the same embedding, which is found again."""
    paths = [song.path for song in songs if song.path.stem.isdigit()]
    model = Predictor("genre-small", device="cpu")
    embeddings = np.stack([model.predict(path).embedding for path in paths])
    rng = np.random.default_rng(0)
    centred = embeddings - embeddings.mean(axis=0)
    logits = centred @ rng.normal(0, 1 / centred.std() / 20, (embeddings.shape[1], 2))
    wanted = 1 / (1 + np.exp(-logits))
    names = np.array([path.relative_to(genres).as_posix() for path in paths])
    np.savez(tmp_path / "t.npz", path=names, tags=wanted, tags_labels=np.array(["sad", "mine"]))
    column = read_taught(tmp_path / "t.npz", genres, "tags")
    out = tmp_path / "taught.onnx"
    add_heads(songs, [column], "genre-small", out, dataset="toys", say=lambda line: None)
    predictor = Predictor(out, device="cpu")
    for path, (sad, mine) in list(zip(paths, wanted, strict=True))[::7]:
        answer = predictor.predict(path)
        assert answer.tags == pytest.approx({"sad": sad, "mine": mine}, abs=0.1)
        assert answer.moods.keys() <= {"sad"}


def test_a_file_of_version_2_can_get_heads(genres, table, tmp_path):
    assert add(genres, table, ["energy"], tmp_path / "old.onnx", SMALL_1)["energy"].kind == "scale"


def test_a_head_may_not_take_the_name_of_another_output():
    model, base = load_model("genre-small", device="cpu"), onnx.load(find_model("genre-small"))
    d = base.graph.output[1].type.tensor_type.shape.dim[1].dim_value
    layer = np.zeros((d, 1), np.float32), np.zeros(1, np.float32)
    for name in ("music", "embedding", "Energy", "a b", ""):
        with pytest.raises(ProofError, match="cannot be called"):
            attach_head(base, model.info, name, layer, HeadInfo("scale", ("x",)))


def test_a_kind_that_is_not_known_is_passed_over_with_a_warning(made, tmp_path):
    model = onnx.load(made[0])
    (entry,) = [e for e in model.metadata_props if e.key == "melonnx"]
    values = json.loads(entry.value)
    values["heads"]["feel"]["kind"] = "chords"
    entry.value = json.dumps(values)
    (tmp_path / "newer.onnx").write_bytes(seal(model))
    with pytest.warns(UserWarning, match="'chords', which this melonnx does not know"):
        info = load_model(tmp_path / "newer.onnx", device="cpu").info
    assert info.heads.keys() == values["heads"].keys() - {"feel"}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["", ""], "the columns are artist, energy"),
        (["0.5", "7"], "a scale is from 0 to 1"),
        (["1", "1"], "needs two songs"),
        (["sad", "sad;calm"], "'calm' needs two songs"),
    ],
)
def test_columns_that_cannot_be_learnt_are_told(cells, message, tmp_path):
    lines = ["path,artist,energy", *(f"{i}.wav,a,{cell}" for i, cell in enumerate(cells))]
    (tmp_path / "tracks.csv").write_text("\n".join(lines))
    with pytest.raises(DataSetError, match=message):
        read_column([tmp_path], None, "energy")
