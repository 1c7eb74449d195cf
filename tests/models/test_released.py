"""What the wheel brings: the released models, their cards, and the sample clip."""

import numpy as np
import onnxruntime
import pytest
import soundfile

from melonnx.infer import Predictor
from melonnx.infer.audio.reader import load_audio
from melonnx.infer.errors import ModelFileError
from melonnx.infer.model.metadata import WAVE_KEY, ModelInfo
from melonnx.infer.model.session import (
    MODELS_FOLDER,
    TWIN_SUFFIX,
    find_model,
    load_model,
    released_models,
)
from tests.conftest import songs_in

SAMPLE = MODELS_FOLDER / "sample.mp3"
LABELS = {"genre-base": 16, "genre-small": 16, "genre-open": 12}


@pytest.fixture(scope="module", params=sorted(LABELS))
def predictor(request):
    return Predictor(request.param, device="cpu")


def test_the_default_is_base():
    base, open_one = (Predictor(name, device="cpu").info for name in ("genre-base", "genre-open"))
    assert Predictor().info == base
    assert base.metrics["accepted"] > open_one.metrics["accepted"]
    assert set(open_one.labels) < set(base.labels)


def test_model_is_small_and_says_where_it_comes_from(predictor):
    info = predictor.info
    assert find_model(info.name).stat().st_size <= 3e6
    assert len(info.labels) == LABELS[info.name]
    assert info.license
    assert ("Emotify" in info.attribution) == (info.name != "genre-open")
    assert "5 folds by artist" in info.split
    assert set(info.bars["90"]) == set(info.labels)
    assert info.metrics["majority_baseline"] < info.metrics["accuracy"] < 1


def test_what_may_be_sold_has_a_head_that_learnt_from_no_recording_of_ours():
    heads = Predictor("genre-open", device="cpu").info.heads
    assert heads.keys() == {"tags"}
    assert heads["tags"].dataset.endswith("by MSD_musicnn: its own output layer")
    assert Predictor("genre-base", device="cpu").info.heads.keys() == {"tags", "energy", "valence"}


@pytest.mark.parametrize("name", ["genre-base", "genre-open", "genre-small"])
def test_borrowed_weights_come_with_their_notice(name):
    card = (MODELS_FOLDER / f"{name}.md").read_text("utf-8")
    assert "Permission to use, copy, modify, and/or distribute this software" in card
    assert "Universitat Pompeu Fabra 2019" in card
    assert "ISC" in Predictor(name).info.license


def test_card_tells_the_figures_that_the_file_tells(predictor):
    card = (MODELS_FOLDER / f"{predictor.info.name}.md").read_text("utf-8")
    assert f"# {predictor.info.name} {predictor.info.version}\n" in card
    metrics = predictor.info.metrics
    low, high = metrics["accuracy_interval"]
    f1_low, f1_high = metrics["macro_f1_interval"]
    assert f"**{metrics['accuracy']:.1%}** ({low:.1%} to {high:.1%})" in card
    assert f"**{metrics['macro_f1']:.3f}** ({f1_low:.3f} to {f1_high:.3f})" in card
    if "accepted" in metrics:
        low, high = metrics["accepted_interval"]
        assert f"**{metrics['accepted']:.1%}** ({low:.1%} to {high:.1%})" in card
        assert f"{metrics['accepted_recall']:.3f}" in card
    for name in ("majority_baseline", "top3_accuracy", "sure_share", "sure_accuracy", "ece"):
        assert f"{metrics[name]:.1%}" in card, name


def test_sample_is_small_free_and_answered(predictor):
    assert SAMPLE.stat().st_size < 600_000
    assert "Permission is hereby granted" in (MODELS_FOLDER / "sample.md").read_text("utf-8")
    answer = predictor.predict(SAMPLE)
    assert answer.duration_s == pytest.approx(30, abs=0.1)
    near = {label for label, _ in answer.top(4)}
    assert {"rock", "metal"} <= near  # it is called Metal madness
    assert answer.warnings == ()


@pytest.fixture(scope="module")
def of_the_sample(predictor):
    """Its samples, their rate, and the probabilities as it is."""
    samples, rate = soundfile.read(SAMPLE, dtype="float32")
    return samples, rate, predictor.predict_array(samples, rate).probabilities


@pytest.mark.parametrize("gain_db", [-40, -30, -20, -10, -3])
def test_loudness_does_not_tell_the_genre(predictor, of_the_sample, gain_db):
    samples, rate, expected = of_the_sample
    quieter = samples * np.float32(10 ** (gain_db / 20))
    assert predictor.predict_array(quieter, rate).probabilities == pytest.approx(expected, abs=1e-3)


def test_loudness_does_not_tell_the_genre_of_real_music(predictor, real_music):
    for path in songs_in(real_music)[::60]:
        waveform = load_audio(path, 22050)
        expected = predictor.predict_array(waveform, 22050).probabilities
        for gain_db in (-40, -20):
            quieter = waveform * np.float32(10 ** (gain_db / 20))
            got = predictor.predict_array(quieter, 22050).probabilities
            assert got == pytest.approx(expected, abs=1e-3), path


@pytest.fixture(scope="module")
def lossy_copies(originals, tmp_path_factory):
    """Of eight originals: each with its copy at a low constant bit rate."""
    folder = tmp_path_factory.mktemp("lossy")
    copies = {}
    for path in sorted(originals.glob("*.mp3")):
        samples, rate = soundfile.read(path, dtype="float32")
        copies[path] = folder / path.name
        with soundfile.SoundFile(
            copies[path], "w", rate, 2, format="MP3", bitrate_mode="CONSTANT", compression_level=0.8
        ) as file:
            file.write(samples)
    return copies


def test_a_lossy_copy_gets_nearly_the_same_answer(predictor, lossy_copies):
    """Half the sum of absolute differences of the probabilities, over eight originals."""
    near = []
    for path, copy in lossy_copies.items():
        first, second = predictor.predict(path), predictor.predict(copy)
        difference = sum(
            abs(first.probabilities[label] - second.probabilities[label])
            for label in predictor.info.labels
        )
        near.append(difference / 2)
    assert np.median(near) < 0.2, near


def test_each_model_has_its_twin_which_is_not_taken_for_a_model(predictor):
    path = find_model(predictor.info.name)
    twin = path.with_name(f"{path.stem}{TWIN_SUFFIX}")
    assert twin.stat().st_size <= 3e6
    session = onnxruntime.InferenceSession(twin, providers=["CPUExecutionProvider"])
    described = session.get_modelmeta().custom_metadata_map[WAVE_KEY]
    assert ModelInfo.from_json(described) == predictor.info
    assert sorted(released_models()) == sorted(LABELS)
    with pytest.raises(ModelFileError, match="is a waveform twin"):
        load_model(twin)


@pytest.mark.parametrize("seconds", [0.5, 10, 30])
def test_twin_gives_the_models_answer(predictor, seconds):
    info = predictor.info
    rate = info.mel_spec.sample_rate
    waveform = load_audio(SAMPLE, rate)[: int(seconds * rate)]
    path = find_model(info.name)
    twin = path.with_name(f"{path.stem}{TWIN_SUFFIX}")
    session = onnxruntime.InferenceSession(twin, providers=["CPUExecutionProvider"])
    (probabilities,) = session.run(["probabilities"], {"waveform": waveform[None]})
    prediction = predictor.predict_array(waveform, rate)
    wanted = [prediction.probabilities[genre] for genre in info.genres]
    np.testing.assert_allclose(probabilities[0], wanted, atol=1e-4)
