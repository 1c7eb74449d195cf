"""Pictures are the front end's log-mels, once each, and part no block with their audio."""

from pathlib import Path

import numpy as np
import pytest

from melonnx.infer import MelSpec, Predictor
from melonnx.infer.audio.reader import load_audio
from melonnx.infer.frontend.mel import log_mel
from melonnx.infer.frontend.windows import patch_batches, window_starts
from melonnx.infer.model.calibration import scale
from melonnx.infer.model.hierarchy import sum_by_genre
from melonnx.infer.model.session import load_model
from melonnx.train.data.readers.dataset import read_folder
from melonnx.train.data.readers.log_mel_pictures import read_pictures
from melonnx.train.data.splits import split_tracks
from melonnx.train.data.tracks import DataSetError
from melonnx.train.run import read_run
from melonnx.train.settings import Settings
from melonnx.train.train import train
from melonnx.train.training_data import Sources
from tests.conftest import SMALL_1, real_data, songs_in

SPEC = MelSpec()


def write(path, n=12, **change):
    rng = np.random.default_rng(0)
    genres = [("drone", "noise", "pulse")[i % 3] for i in range(n)]
    arrays = {
        "log_mel": rng.integers(0, 256, (n, 150, 128), np.uint8),
        "name": np.array([f"{genre}.{i * 10:05}" for i, genre in enumerate(genres)]),
        "genre": np.array(genres),
        "split": np.array(["train", "valid"])[np.arange(n) // 3 % 2],
    }
    np.savez(path, **{k: v for k, v in (arrays | change).items() if v is not None})
    return arrays


def test_pictures_are_scaled_and_repeats_left_out(tmp_path):
    path = tmp_path / "pictures.npz"
    log_mels = np.zeros((3, 100, 128), np.uint8)
    log_mels[1, 5, 7] = 255
    write(path, 3, log_mel=log_mels, split=None)
    pictures = read_pictures(path, SPEC)
    tracks, by_path = pictures.tracks, pictures.log_mels
    assert [(track.path.name, track.genre, track.split) for track in tracks] == [
        ("drone.00000", "drone", ""),
        ("noise.00010", "noise", ""),
    ]
    assert all(track.is_picture for track in tracks)
    assert by_path[tracks[1].path].dtype == np.float16
    assert by_path[tracks[1].path].max() == 1
    assert not by_path[tracks[0].path].any()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"genre": None}, "no pictures"),
        ({"log_mel": np.zeros((12, 150, 96), np.uint8)}, "96"),
        ({"log_mel": np.zeros((12, 150, 128), np.float32)}, "float32"),
        ({"name": np.array([{}] * 12, dtype=object)}, "no pictures"),
        ({"genre": np.array(["a\x1b[1m", "b"] * 6)}, "cannot be printed"),
        ({"track_id": np.array(["one"] * 12)}, "track_id is <U3; expected integers"),
    ],
)
def test_other_files_are_refused(tmp_path, change, says):
    path = tmp_path / "pictures.npz"
    write(path, **change)
    with pytest.raises(DataSetError, match=says):
        read_pictures(path, SPEC)
    with pytest.raises(DataSetError, match="no pictures"):
        read_pictures(Path(__file__), SPEC)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": np.array(["one"])}, "not of one length"),
        ({"vggish": np.zeros((3, 2))}, "not of one length"),
    ],
)
def test_arrays_of_unlike_lengths_are_refused(tmp_path, change, says):
    write(tmp_path / "pictures.npz", **change)
    with pytest.raises(DataSetError, match=says):
        read_pictures(tmp_path / "pictures.npz", SPEC)


def test_an_empty_file_and_a_single_array_are_refused(tmp_path):
    (tmp_path / "empty.npz").touch()
    np.save(tmp_path / "one.npy", np.zeros((12, 150, 128), np.uint8))
    for name in ("empty.npz", "one.npy", "gone.npz"):
        with pytest.raises(DataSetError, match="no pictures"):
            read_pictures(tmp_path / name, SPEC)


def test_training_takes_pictures_and_tests_on_audio_only(genres, tmp_path):
    path = tmp_path / "pictures.npz"
    write(path, 24)
    settings = Settings(epochs=1, batches_per_epoch=2, batch_size=8, copies=0)
    lines: list[str] = []
    sources = Sources(pictures=path)
    run = train(
        genres, read_folder(genres), tmp_path / "run", settings, tmp_path, lines.append, sources
    )
    assert "pictures: 24" in lines
    again = read_run(tmp_path / "run")
    assert again.tracks == run.tracks
    assert again.data_hash == run.data_hash
    parts = {track.path.name: part for track, part in zip(run.tracks, run.parts, strict=True)}
    assert sum(track.is_picture for track in run.part("train")) >= 12
    assert not any(track.is_picture for track in run.songs("test"))
    assert all(parts[track.path.name] == "train" for track in run.tracks if track.split == "train")


def test_real_pictures_are_what_the_runtime_hears(real_music):
    path = real_data("gtzan-mel/gtzan-mel.npz")
    pictures = read_pictures(path, SPEC)
    tracks, by_path = pictures.tracks, pictures.log_mels
    picture_of = {track.path.name: by_path[track.path] for track in tracks}
    correlations = []
    for song in songs_in(real_music, "gtzan-*")[::20]:
        _, genre, number = song.stem.split("-")
        picture = picture_of[f"{genre}.{number}"].astype(np.float32)
        # The pictures' frames lie 39 ms later than the runtime's: 853 samples.
        waveform = load_audio(song, SPEC.sample_rate)[853:]
        heard = log_mel(waveform, SPEC)[: len(picture)]
        correlations.append(np.corrcoef(picture[: len(heard)].ravel(), heard.ravel())[0, 1])
    assert np.median(correlations) > 0.95, correlations


def test_a_picture_and_its_audio_score_alike(real_music):
    """The same song by both doors: the probabilities of the model for this front end, half the
    sum of absolute differences; through 56 kbit/s mp3, so not exactly."""
    pictures = read_pictures(real_data("gtzan-mel/gtzan-mel.npz"), SPEC)
    picture_of = {track.path.name: pictures.log_mels[track.path] for track in pictures.tracks}
    predictor, model = (door(SMALL_1, device="cpu") for door in (Predictor, load_model))
    info = model.info
    differences = []
    for song in songs_in(real_music, "gtzan-*")[::6]:
        _, genre, number = song.stem.split("-")
        picture = picture_of[f"{genre}.{number}"].astype(np.float32)
        starts = window_starts(len(picture), info.window, info.window_hop, info.max_windows)
        (patches,) = patch_batches(picture, info.window, starts, len(starts))
        mean = model.run(patches, evidence=False).probabilities.mean(axis=0)
        seen = sum_by_genre(scale(mean, info.temperature), info.labels, info.parents)
        heard = predictor.predict(song).probabilities
        differences.append(sum(abs(seen[i] - heard[g]) for i, g in enumerate(info.genres)) / 2)
    assert len(differences) > 10
    assert np.median(differences) < 0.2, differences


def test_real_pictures_part_no_block_with_their_audio(real_music):
    path = real_data("gtzan-mel/gtzan-mel.npz")
    tracks = [*read_folder(real_music), *read_pictures(path, SPEC).tracks]
    parts = split_tracks(tracks, "artist", 0)
    for track, part in zip(tracks, parts, strict=True):
        if not track.artist:
            assert (part == "train") == (track.split == "train"), track
    by_group = {(track.group, part) for track, part in zip(tracks, parts, strict=True)}
    assert len(by_group) == len({track.group for track in tracks})
