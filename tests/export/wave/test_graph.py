"""A waveform twin gives the runtime's answer, for audio of any length, level and number."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from melonnx.export.difference import Worst
from melonnx.export.form import check_form
from melonnx.export.proof_clips import Clip
from melonnx.export.wave.graph import WAVEFORM, waveform_twin
from melonnx.export.wave.twin import TWIN_TOLERANCE, compare_twin
from melonnx.infer import MelSpec, Predictor
from melonnx.infer.errors import ModelFileError
from melonnx.infer.frontend.long_tracks import hear
from melonnx.infer.frontend.mfcc import Mfcc
from melonnx.infer.frontend.windows import CELLS
from melonnx.infer.model.metadata import METADATA_KEY, WAVE_KEY, ModelInfo
from tests.conftest import SMALL_1, make_song
from tests.export.conftest import plain_model

DECIBELS = MelSpec(sample_rate=8000, n_fft=256, hop_length=200, n_mels=24, fmax=4000.0)
LEVEL = MelSpec(
    sample_rate=8000, n_fft=256, hop_length=128, n_mels=24, fmax=4000.0, log_gain=1e4, level=25.0
)
ODD = MelSpec(
    sample_rate=8000, n_fft=250, hop_length=99, n_mels=20, fmin=50.0, fmax=3000.0, top_db=60.0
)
LOUDEST = replace(ODD, reference="loudest")
MFCC = replace(DECIBELS, reference="full scale", mfcc=Mfcc(13, lifter=22.0, deltas=2))
MFCC_3 = replace(ODD, reference="loudest", mfcc=Mfcc(20, dct_type=3, norm="none"))
LABELS = ("a", "b", "c", "d")
PARENTS = {"a": "x", "b": "y", "c": "x", "d": "z"}


def info_of(spec, labels=LABELS, **facts):
    settings = {"window": 30, "window_hop": 30, "temperature": 0.7}
    return ModelInfo(name="plain", version="1", labels=labels, mel_spec=spec, **settings | facts)


def session_of(twin):
    return onnxruntime.InferenceSession(
        twin.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def song(seconds, seed=0):
    return make_song(seconds, 8000, seed=seed)[:, 0]


def worst(found: dict[str, Worst]) -> float:
    return max(one.difference for one in found.values())


@pytest.mark.parametrize(
    "info",
    [
        info_of(DECIBELS),
        info_of(DECIBELS, window_hop=11),
        info_of(DECIBELS, max_windows=1),
        info_of(LEVEL, max_windows=7),
        info_of(LEVEL, max_windows=2, window_hop=7),
        info_of(ODD, parents=PARENTS),
        info_of(LEVEL, max_windows=7, pooling="logits", temperature=1.3),
        info_of(DECIBELS, window_hop=11, pooling="logits", music_bar=0.5, parents=PARENTS),
        info_of(LOUDEST, max_windows=3),
        info_of(MFCC),
        info_of(MFCC_3, max_windows=2),
    ],
    ids=[
        *("decibels", "overlapping", "one window", "level, seven", "two overlapping", "tree"),
        *("logits", "logits, music, tree", "below the loudest", "MFCC", "MFCC of type 3"),
    ],
)
def test_twin_gives_the_runtimes_answer(info, write_model):
    path = write_model(info)
    twin = waveform_twin(onnx.load(path)).SerializeToString()
    long = song(40)
    hop, whole = info.mel_spec.hop_length, info.window * info.mel_spec.hop_length
    lengths = (256, 300, whole - hop, whole - 1, whole, whole + 1, 2 * whole + 3, 50_001, len(long))
    clips = [Clip(f"{length} samples", long[:length]) for length in lengths]
    clips += [Clip("-40 dB", long * np.float32(0.01)), Clip("+40 dB", long * np.float32(100))]
    silence = np.zeros(9999, np.float32)
    clips += [Clip("silent head", np.concatenate((silence, long)))]
    assert worst(compare_twin(twin, path, clips)) <= TWIN_TOLERANCE


@pytest.mark.parametrize("n_cells", [CELLS, CELLS + 1, 2 * CELLS, 5 * CELLS + 0.5])
def test_twin_hears_the_cells_that_the_runtime_holds_of_a_long_track(n_cells, write_model):
    info = info_of(LEVEL, window=3, window_hop=2, max_windows=100)
    path = write_model(info)
    samples = int(n_cells * 3) * LEVEL.hop_length - LEVEL.hop_length
    long = np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    long *= np.linspace(0.1, 1, samples, dtype=np.float32)
    twin = waveform_twin(onnx.load(path)).SerializeToString()
    assert worst(compare_twin(twin, path, [Clip("long", long)])) <= TWIN_TOLERANCE


def test_twin_has_as_many_windows_as_the_runtime_for_every_length(write_model):
    info = info_of(LEVEL, window=5, window_hop=3, max_windows=4)
    session = session_of(waveform_twin(onnx.load(write_model(info))))
    waveform = song(5)
    for samples in range(1, 40 * LEVEL.hop_length, 97):
        (evidence,) = session.run(["evidence"], {WAVEFORM: waveform[None, :samples]})
        heard = hear([waveform[:samples]], LEVEL, 5, 3, 4)
        assert evidence.shape == (1, len(heard.starts), 5, 1, 4), samples


def test_clips_of_a_batch_do_not_hear_each_other(write_model):
    for spec in (DECIBELS, LEVEL):
        session = session_of(waveform_twin(onnx.load(write_model(info_of(spec)))))
        clips = np.stack([song(9, seed=1), 0.01 * song(9, seed=2), 0 * song(9)]).astype(np.float32)
        together = session.run(None, {WAVEFORM: clips})
        for number, clip in enumerate(clips):
            alone = session.run(None, {WAVEFORM: clip[None]})
            for joint, own in zip(together, alone, strict=True):
                np.testing.assert_allclose(joint[number], own[0], atol=1e-5)


def test_silence_and_a_single_sample_get_an_answer_that_is_a_number(write_model):
    for spec in (DECIBELS, LEVEL):
        session = session_of(waveform_twin(onnx.load(write_model(info_of(spec)))))
        for clip in (np.zeros((1, 5000), np.float32), np.ones((1, 1), np.float32)):
            for output in session.run(None, {WAVEFORM: clip}):
                assert np.isfinite(output).all()


def test_sub_genres_are_summed_and_given_besides(write_model):
    path = write_model(info_of(DECIBELS, parents=PARENTS))
    outputs = session_of(waveform_twin(onnx.load(path))).run(
        ["probabilities", "label_probabilities"], {WAVEFORM: song(20)[None]}
    )
    prediction = Predictor(path).predict_array(song(20), 8000)
    genres = [prediction.probabilities[genre] for genre in ("x", "y", "z")]
    np.testing.assert_allclose(outputs[0][0], genres, atol=1e-5)
    leaves = [prediction.subgenres[label] for label in LABELS]
    np.testing.assert_allclose(outputs[1][0], leaves, atol=1e-5)


def test_music_is_told_of_each_clip_of_a_batch(write_model):
    info = info_of(DECIBELS, music_bar=0.5)
    path = write_model(info)
    clips = np.stack([song(20, seed=1), song(20, seed=2)])
    twin = waveform_twin(onnx.load(path))
    check_form(twin)
    (music,) = session_of(twin).run(["music"], {WAVEFORM: clips})
    wanted = [Predictor(path).predict_array(clip, 8000).music for clip in clips]
    np.testing.assert_allclose(music, wanted, atol=1e-5)


def test_twin_says_of_itself_what_its_model_does_in_the_models_own_version():
    released = onnx.load(SMALL_1)
    (described,) = [one.value for one in released.metadata_props if one.key == METADATA_KEY]
    assert waveform_twin(released).metadata_props[0].value == described


def test_twin_is_of_the_documented_form(write_model):
    model = onnx.load(write_model(info_of(DECIBELS)))
    twin = waveform_twin(model)
    check_form(twin)
    shapes = {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*twin.graph.input, *twin.graph.output)
    }
    assert shapes == {
        "waveform": ["batch", "samples"],
        "probabilities": ["batch", 4],
        "embedding": ["batch", 7],
        "evidence": ["batch", "windows", 30, 1, 4],
    }
    assert [(entry.domain, entry.version) for entry in twin.opset_import] == [("", 17)]
    assert [entry.key for entry in twin.metadata_props] == [WAVE_KEY]
    assert twin.metadata_props[0].value == info_of(DECIBELS).to_json()
    used = {name for node in twin.graph.node for name in node.input}
    assert {tensor.name for tensor in twin.graph.initializer} <= used
    assert waveform_twin(model).SerializeToString(True) == twin.SerializeToString(True)


def test_what_has_no_twin_is_refused():
    model = plain_model(info_of(DECIBELS))
    with pytest.raises(ModelFileError, match="twin already"):
        waveform_twin(waveform_twin(model))
    model.opset_import[0].version = 18
    with pytest.raises(ModelFileError, match="opset 18"):
        waveform_twin(model)
    onnx.helper.set_model_props(model, {METADATA_KEY: "{}"})
    with pytest.raises(ModelFileError, match="format version"):
        waveform_twin(model)
    onnx.helper.set_model_props(model, {})
    with pytest.raises(ModelFileError, match="not melonnx's"):
        waveform_twin(model)
