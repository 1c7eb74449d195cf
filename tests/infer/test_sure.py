"""When an answer is unsure: which bars it is held to, what is no music, and what a user may say."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.errors import ModelFileError, UnknownRateError
from melonnx.infer.library.journal import pack, unpack
from melonnx.infer.library.workers import Hearing
from melonnx.infer.model.session import load_model
from melonnx.infer.prediction import Prediction
from tests.conftest import RATE, SMALL_1, add_music, make_song, write_tiny_model

SONG = make_song(25)
NOISE = np.random.default_rng(0).normal(0, 0.1, 25 * RATE).astype(np.float32)


@pytest.fixture(scope="module")
def predictor(full_model):
    return Predictor(full_model, "cpu")


@pytest.mark.parametrize(("sure", "unsure"), [(80, False), (90, False), (95, True)])
def test_the_bars_are_those_of_the_rate_that_was_asked_for(full_model, sure, unsure):
    assert Predictor(full_model, "cpu", sure=sure).predict_array(SONG, RATE).unsure is unsure


def test_a_rate_that_the_file_lacks_is_an_error_that_lists_what_there_is(full_model):
    with pytest.raises(UnknownRateError, match="85% of cases; it can for 80, 90, 95"):
        Predictor(full_model, "cpu", sure=85)
    with pytest.raises(UnknownRateError, match=r"genre-small 1.0 cannot .*; it can for 90"):
        Predictor(SMALL_1, "cpu", sure=80)


def test_the_score_is_the_chance_that_the_answer_is_accepted(predictor):
    answer = predictor.predict_array(SONG, RATE)
    first = answer.top(1)[0][0]
    chances = {first: 1.0} | predictor.info.accepts[first]
    wanted = sum(answer.probabilities[other] * chance for other, chance in chances.items())
    assert answer.label == first
    assert answer.score == pytest.approx(wanted)
    assert answer.score > answer.probabilities[first]
    assert predictor.predict_array(SONG, RATE, top=1).score == answer.score


def test_logits_are_pooled_where_the_file_says_so(predictor, full_model):
    heard = load_model(full_model, device="cpu")
    answer = predictor.predict_array(SONG, RATE)
    by_window = predictor.info.mel_spec and _windows(heard, SONG)
    logits = np.log(by_window.astype(float)).mean(axis=0) / predictor.info.temperature
    powers = np.exp(logits - logits.max())
    wanted = dict(zip(predictor.info.labels, powers / powers.sum(), strict=True))
    assert answer.probabilities == pytest.approx(wanted, abs=1e-6)


def _windows(model, song):
    from melonnx.infer.frontend.long_tracks import hear
    from melonnx.infer.frontend.windows import patch_batches

    info = model.info
    heard = hear([song[:, 0]], info.mel_spec, info.window, info.window_hop, info.max_windows)
    batches = patch_batches(heard.log_mel, info.window, heard.rows, 99)
    return model.run_batches(batches, evidence=False).probabilities


def test_what_does_not_sound_like_music_is_unsure_and_says_so(predictor):
    noise, song = predictor.predict_array(NOISE, RATE), predictor.predict_array(SONG, RATE)
    assert noise.music < predictor.info.music_bar <= song.music
    assert noise.unsure
    assert not noise.is_music
    (warning,) = noise.warnings
    assert warning == f"does not sound like music ({noise.music:.2f}): speech, noise or effects?"
    assert song.is_music
    assert not song.warnings
    assert Predictor(SMALL_1, "cpu").predict_array(NOISE, RATE).music is None


@pytest.mark.parametrize(("least", "song_unsure"), [(0.0, False), (0.01, False), (0.999, True)])
def test_a_least_score_takes_the_bars_place_but_not_that_of_other_doubts(
    full_model, least, song_unsure
):
    strict = Predictor(full_model, "cpu", sure=95)
    short = strict.predict_array(SONG[: 3 * RATE], RATE)
    assert strict.predict_array(SONG, RATE).shown(min_score=least).unsure is song_unsure
    assert strict.predict_array(SONG, RATE).shown().unsure
    assert short.shown(min_score=least).unsure
    assert strict.predict_array(NOISE, RATE).shown(min_score=least).unsure


def test_doubts_outlive_a_journal_and_a_dictionary(predictor):
    noise = predictor.predict_array(NOISE, RATE)
    for again in (Prediction.from_dict(noise.to_dict()), unpack(pack(noise), noise.path)):
        assert again == noise
        assert again.shown(min_score=0.0).unsure
    older = noise.to_dict()
    del older["music"]
    assert Prediction.from_dict(older).music is None


def test_a_pickle_keeps_the_rate(full_model):
    assert pickle.loads(pickle.dumps(Predictor(full_model, "cpu", sure=95))).sure == 95


def test_a_journal_tells_runs_at_other_rates_apart(full_model):
    usual = Hearing(full_model, "full 0", "cpu")
    names = {
        replace(usual, sure=sure, skim=skim).heard_by for sure in (80, 90, 95) for skim in (0, 1)
    }
    assert len(names) == 6
    assert usual.heard_by == "full 0"  # as before there were rates
    assert replace(usual, sure=95).open_predictor().sure == 95


def test_music_is_asked_for_where_the_file_has_a_bar(full_model, tmp_path):
    patches = np.random.default_rng(0).random((3, 130, 128), np.float32)
    outputs = load_model(full_model, device="cpu").run(patches, evidence=False)
    assert outputs.music is not None
    assert outputs.music.shape == (3,)
    without_bar = add_music(write_tiny_model(tmp_path / "a.onnx", ("x", "y")))
    assert load_model(without_bar, device="cpu").run(patches).music is None
    without_output = write_tiny_model(tmp_path / "b.onnx", ("x", "y"), music_bar=0.5)
    with pytest.raises(ModelFileError, match=r"b\.onnx: has inputs .*; expected .*'music'"):
        load_model(without_output, device="cpu")


def test_a_music_output_of_one_column_is_taken_and_one_of_two_is_not(full_model, tmp_path):
    import onnx
    from onnx import TensorProto, helper

    from melonnx.export.seal import seal

    def with_columns(columns):
        model = onnx.load(full_model)
        node = next(node for node in model.graph.node if node.output[0] == "music")
        node.output[0] = "music_flat"
        shape = helper.make_node("Reshape", ["music_flat", "music_shape"], ["music"])
        model.graph.node.append(shape)
        model.graph.initializer.append(
            helper.make_tensor("music_shape", TensorProto.INT64, [2], [-1, columns])
        )
        (output,) = [one for one in model.graph.output if one.name == "music"]
        model.graph.output.remove(output)
        model.graph.output.append(
            helper.make_tensor_value_info("music", TensorProto.FLOAT, ["batch", columns])
        )
        path = tmp_path / f"{columns}.onnx"
        path.write_bytes(seal(model))
        return path

    wanted = Predictor(full_model, "cpu").predict_array(SONG, RATE)
    assert Predictor(with_columns(1), "cpu").predict_array(SONG, RATE) == wanted
    with pytest.raises(ModelFileError, match=r"tells music by .*, not"):
        load_model(with_columns(2), device="cpu")


@pytest.mark.parametrize("value", [float("nan"), 1.01, -0.01])
def test_a_music_output_that_is_none_is_a_fault_of_the_file(full_model, tmp_path, value):
    import onnx
    from onnx import helper

    from melonnx.export.seal import seal

    model = onnx.load(full_model)
    node = next(node for node in model.graph.node if node.output[0] == "music")
    node.output[0] = "music_good"
    model.graph.initializer.append(helper.make_tensor("music_bad", 1, [], [value]))
    model.graph.initializer.append(helper.make_tensor("music_nil", 1, [], [0.0]))
    model.graph.node.append(helper.make_node("Mul", ["music_good", "music_nil"], ["music_zero"]))
    model.graph.node.append(helper.make_node("Add", ["music_zero", "music_bad"], ["music"]))
    path = tmp_path / "bad.onnx"
    path.write_bytes(seal(model))
    with pytest.raises(ModelFileError, match="its music output is not from 0 to 1"):
        Predictor(path, "cpu").predict_array(SONG, RATE)
