"""What is skimmed has the frames of the whole song, and what cannot be is heard whole."""

import csv
import itertools
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from melonnx.infer import Predictor, predictor
from melonnx.infer.audio import reader as audio
from melonnx.infer.audio.reader import open_audio
from melonnx.infer.frontend.long_tracks import hear
from melonnx.infer.frontend.mel import MelSpec, log_mel
from melonnx.infer.library.choice import Choice
from melonnx.infer.library.song_source import open_songs
from melonnx.infer.library.wishes import Wishes
from melonnx.infer.model.session import MODELS_FOLDER
from melonnx.infer.prediction import Prediction
from melonnx.infer.skim import skim
from tests.conftest import encode, make_song

SPEC = MelSpec(sample_rate=16000, n_fft=512, hop_length=256, n_mels=96, fmax=8000.0,
               log_gain=10000.0, level=25.0)  # fmt: skip
WINDOW, MOST = 40, 4
SIZES = SPEC, WINDOW, WINDOW, MOST


def skimmed(source, *sizes):
    with open_audio(source, SPEC.sample_rate) as reader:
        return skim(reader, *(sizes or SIZES)), reader


@pytest.mark.parametrize(
    ("format_", "rate"),
    [
        *itertools.product(("WAV", "FLAC"), (8000, 12000, 16000, 44100, 48000)),
        *itertools.product(("MP3",), (32000, 44100, 48000)),
        *itertools.product(("OGG",), (12000, 16000, 44100, 48000)),
    ],
)
def test_frames_and_places_are_those_of_the_whole(format_, rate):
    data = encode(make_song(40, rate, 2), rate, format_)
    found, reader = skimmed(data)
    with open_audio(data, SPEC.sample_rate) as whole:
        heard = hear(whole, *SIZES)
    assert (found.n_frames, found.starts) == (heard.n_frames, heard.starts)
    assert reader.duration_s == pytest.approx(whole.duration_s)
    # Levels differ, and a level is one factor before the logarithm.
    for row, start in zip(found.rows, heard.starts, strict=True):
        ours, theirs = (10.0**one - 1 for one in (found.log_mel, heard.log_mel))
        ours, theirs = ours[row : row + WINDOW], theirs[start : start + WINDOW]
        loud = theirs > theirs.max() * 1e-3
        ratio = ours[loud] / theirs[loud]
        assert ratio == pytest.approx(np.full(loud.sum(), np.median(ratio)), rel=1e-3)


def test_waveform_of_a_place_is_that_of_the_whole():
    data = encode(make_song(12, 44100, 2), 44100, "FLAC", "PCM_16")
    with open_audio(data, 16000) as reader:
        waveform = np.concatenate(list(reader))
    with open_audio(data, 16000) as reader:
        assert reader.n_samples == len(waveform)
        for first, length in ((0, 5000), (1, 700), (77777, 30000), (len(waveform) - 999, 999)):
            place = reader.read_at(first, length)
            assert place == pytest.approx(waveform[first : first + length], abs=1e-5)


def test_level_is_that_of_the_whole():
    """Though the windows lie where it is loud."""
    loud = np.arange(60 * 22050) // 22050 % 20 == 19  # one window stands there
    song = make_song(60) * np.where(loud, 1, 0.1)[:, None]
    data = encode(song.astype(np.float32), 22050, "WAV", "FLOAT")
    found, _ = skimmed(data)
    with open_audio(data, SPEC.sample_rate) as whole:
        heard = hear(whole, *SIZES)
    row, start = found.rows[1], heard.starts[1]
    ours, theirs = (10.0**one - 1 for one in (found.log_mel, heard.log_mel))
    ratio = ours[row : row + WINDOW].sum() / theirs[start : start + WINDOW].sum()
    assert 10 * abs(np.log10(ratio)) < 1


@pytest.mark.parametrize(("silence_s", "is_skimmed"), [(0.4, True), (7.0, False)])
def test_silence_between_the_windows_is_found(silence_s, is_skimmed):
    """What is long enough to be no rest; then the whole is heard."""
    song = make_song(120)
    song[20 * 22050 : int((20 + silence_s) * 22050)] = 0
    found, _ = skimmed(encode(song, 22050, "WAV", "PCM_16"))
    assert (found is not None) == is_skimmed


@pytest.mark.parametrize(
    ("seconds", "sizes"),
    [(4, SIZES), (40, (SPEC, WINDOW, WINDOW, 0))],
    ids=["short song", "a model that hears all"],
)
def test_what_has_nothing_to_skip_is_heard_whole(seconds, sizes):
    data = encode(make_song(seconds), 22050, "WAV", "PCM_16")
    assert skimmed(data, *sizes)[0] is None


def _untagged(song):
    mp3 = encode(song, 44100, "MP3", "MPEG_LAYER_III")
    at = mp3.find(b"\xff\xfb", 4) if mp3[1] == 0xFB else mp3.find(mp3[:2], 4)
    return mp3[at:]


@pytest.mark.parametrize(
    "make",
    [
        lambda song: encode(song, 22050, "OGG", "VORBIS")[:-5000],
        lambda song: encode(song, 24000, "OGG", "OPUS", compression_level=1.0),
        _untagged,
        lambda song: encode(song, 22050, "WAV", "PCM_16")[:-200_000],
        lambda song: encode(song, 22050, "FLAC", "PCM_16")[:-200_000],
        lambda song: encode(song, 44100, "MP3", "MPEG_LAYER_III")[:-30_000],
        lambda song: encode(song, 22050, "MP3", "MPEG_LAYER_III"),
        lambda song: encode(song * 0, 22050, "WAV", "PCM_16"),
    ],
    ids=[
        "cut ogg",
        "opus with speech",
        "mp3 without tag",
        "cut wav",
        "cut flac",
        "cut mp3",
        "low mp3",
        "silence",
    ],
)
def test_what_cannot_be_skimmed_is_left_to_be_heard_whole(make):
    assert skimmed(make(make_song(40)))[0] is None


@pytest.fixture
def short_sighted(tiny_model, monkeypatch):
    """The tiny model, hearing four places at most."""
    load = predictor.load_model

    def load_model(*arguments, **options):
        model = load(*arguments, **options)
        return replace(model, info=replace(model.info, max_windows=4))

    monkeypatch.setattr(predictor, "load_model", load_model)
    return tiny_model


def test_predictor_skims_files_and_answers_alike(short_sighted, tmp_path, monkeypatch):
    path = tmp_path / "song.flac"
    path.write_bytes(encode(make_song(180), 22050, "FLAC", "PCM_16"))
    whole = Predictor(short_sighted, skim=False).predict(path)
    skimming = Predictor(short_sighted)
    offset = skimming.predict(path, offset=1.0, duration=100.0)
    monkeypatch.setattr(audio.AudioReader, "__iter__", None)  # nobody may read it through
    for source in (path, path.read_bytes()):
        song = skimming.predict(source)
        assert song.duration_s == whole.duration_s
        assert len(song.timeline) == len(whole.timeline) == 4
        assert [part.end_s for part in song.timeline] == [part.end_s for part in whole.timeline]
        assert song.probabilities == pytest.approx(whole.probabilities, abs=0.05)
        assert song.skimmed
        assert Prediction.from_dict(song.to_dict()).skimmed
    assert offset.duration_s == pytest.approx(100)
    assert not whole.skimmed
    assert not offset.skimmed
    assert "skimmed" not in whole.to_dict()


def test_where_two_genres_are_nearly_as_probable_the_whole_song_decides(
    short_sighted, tmp_path, monkeypatch
):
    path = tmp_path / "song.flac"
    path.write_bytes(encode(make_song(180), 22050, "FLAC", "PCM_16"))
    skimming = Predictor(short_sighted)
    first, second, *_ = skimming.predict(path).probabilities.values()
    monkeypatch.setattr(predictor, "_HAIR", first - second + 0.01)
    song = skimming.predict(path)
    assert not song.skimmed
    assert song == Predictor(short_sighted, skim=False).predict(path)


def test_skim_travels_with_the_predictor(tiny_model):
    assert pickle.loads(pickle.dumps(Predictor(tiny_model))).skim
    assert not pickle.loads(pickle.dumps(Predictor(tiny_model, skim=False))).skim


def test_answers_of_both_ways_are_not_taken_for_each_other(melonnx, tiny_model, tmp_path):
    song, out = tmp_path / "song.wav", tmp_path / "out.csv"
    song.write_bytes(encode(make_song(3), 22050, "WAV", "PCM_16"))
    line = ("classify", song, "-o", out, "--model", tiny_model)
    for options, heard in (
        ((), 1),
        (("--skim",), 0),
        (("--whole",), 1),
        (("--whole",), 0),
        ((), 0),
    ):
        result = melonnx(*line, *options)
        assert result.returncode == 0, result.stderr
        assert f"{heard} heard now" in result.stderr
        with out.open(newline="") as file:
            assert len(list(csv.DictReader(file))) == 1


@pytest.mark.parametrize("workers", [None, 1])
@pytest.mark.parametrize("is_skimmed", [True, False])
def test_what_tag_and_organize_hear_is_skimmed_or_whole(tmp_path, workers, is_skimmed):
    path = tmp_path / "song.flac"
    samples, rate = soundfile.read(MODELS_FOLDER / "sample.mp3", dtype="float32")
    path.write_bytes(encode(np.tile(samples, (4, 1)), rate, "FLAC", "PCM_16"))
    songs, answers = open_songs(
        [str(path)], None, recursive=False, model=Path("genre-small"), device="cpu",
        workers=workers, wishes=Wishes(), skim=is_skimmed, track=None, choice=Choice(),
    )  # fmt: skip
    assert [song.skimmed for song in answers(songs)] == [is_skimmed]


def test_what_was_heard_before_is_not_heard_whole(melonnx, tmp_path):
    results = tmp_path / "results.jsonl"
    results.touch()
    for command in (("tag",), ("organize", "--to", tmp_path / "sorted")):
        result = melonnx(*command, "--from", results, "--whole")
        assert result.returncode == 2
        assert "--whole" in result.stderr
        assert "heard again" in result.stderr


def test_level_is_the_same_on_a_song_that_is_all_alike():
    """Then even the log-mel is that of the whole."""
    time = np.arange(40 * 22050) / 22050
    tone = (0.3 * np.sin(2 * np.pi * 441 * time)).astype(np.float32)
    data = encode(tone, 22050, "WAV", "FLOAT")
    found, _ = skimmed(data)
    with open_audio(data, SPEC.sample_rate) as reader:
        whole = log_mel(np.concatenate(list(reader)), SPEC)
    middle = found.rows[1]
    assert found.log_mel[middle : middle + WINDOW] == pytest.approx(
        whole[found.starts[1] : found.starts[1] + WINDOW], abs=5e-3
    )
