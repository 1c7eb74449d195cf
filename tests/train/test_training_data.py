"""What is gathered is each track, its copies, its embeddings and pieces at the right second."""

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from melonnx.infer.audio.reader import load_audio
from melonnx.infer.frontend.mel import log_mel
from melonnx.train import training_data as module
from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.network.backbone import load_backbone
from melonnx.train.network.dead_filters import drop_dead_filters
from melonnx.train.network.transfer import BACKBONE_MEL, embed
from melonnx.train.settings import Settings
from melonnx.train.training_data import Sources, gather_training_data
from tests.conftest import RATE, encode, make_song
from tests.train.conftest import write_tones

SETTINGS = Settings(copies=2)
SPEC = SETTINGS.mel_spec


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    root = tmp_path_factory.mktemp("songs")
    for seed in range(3):
        song = encode(make_song(4, seed=seed), RATE, "WAV", "PCM_16")
        (root / f"{seed}.wav").write_bytes(song)
    return [Track(root / f"{seed}.wav", "pulse") for seed in range(3)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def quiet(line):
    del line


def test_a_track_comes_first_and_its_copies_differ(songs, cache):
    lines: list[str] = []
    training_data = gather_training_data(songs, SETTINGS, Sources(), cache, lines.append)
    assert training_data.tracks == tuple(songs)
    assert (training_data.embeddings, training_data.pieces, training_data.backbone) == (
        {},
        (),
        None,
    )
    for song in songs:
        first, *copies = training_data.log_mels[song.path]
        heard = log_mel(load_audio(song.path, RATE), SPEC)
        np.testing.assert_allclose(first, heard, atol=1e-3)
        assert len(copies) == 2
        n = min(map(len, copies))
        assert np.abs(copies[0][:n] - copies[1][:n]).max() > 0.05
        for copy in copies:
            n = min(len(copy), len(first))
            assert np.abs(copy[:n] - first[:n]).max() > 0.05
    assert "log-mels at 22050 Hz, distorted copy 2: 3 of 3" in lines
    alone = gather_training_data(songs, replace(SETTINGS, copies=0), Sources(), cache, quiet)
    assert {len(versions) for versions in alone.log_mels.values()} == {1}


def test_what_cannot_be_read_is_said_and_left_out(songs, cache, tmp_path):
    broken = tmp_path / "broken.mp3"
    broken.write_text("no music")
    lines: list[str] = []
    tracks = [Track(broken, "noise"), *songs]
    training_data = gather_training_data(tracks, SETTINGS, Sources(), cache, lines.append)
    assert training_data.tracks == tuple(songs)
    assert broken not in training_data.log_mels
    assert len([line for line in lines if line.startswith("left out") and str(broken) in line]) == 1
    with pytest.raises(DataSetError, match="none of the tracks could be read"):
        gather_training_data(tracks[:1], SETTINGS, Sources(), cache, quiet)


def test_each_version_is_embedded_and_a_missing_copy_counts_as_the_track(
    songs, cache, unpacked, monkeypatch
):
    """The second song's copies cannot be made."""
    build = module.build_cache

    def refuse_copies(paths, spec, root, *, copy):
        for done, made, refused in build(paths, spec, root, copy=copy):
            lost = {songs[1].path} & set(made) if copy else set()
            kept = {path: one for path, one in made.items() if path not in lost}
            yield done, kept, refused | dict.fromkeys(lost, "no copy")

    monkeypatch.setattr(module, "build_cache", refuse_copies)
    training_data = gather_training_data(songs, SETTINGS, Sources(backbone=unpacked), cache, quiet)
    assert [len(training_data.log_mels[song.path]) for song in songs] == [3, 1, 3]
    whole, lonely, _ = (training_data.embeddings[song.path] for song in songs)
    assert whole.shape == lonely.shape == (3, 200)
    assert np.ptp(whole, axis=0).max() > 1e-3
    np.testing.assert_array_equal(lonely, np.stack([lonely[0]] * 3))
    backbone = drop_dead_filters(load_backbone(unpacked))
    heard = log_mel(load_audio(songs[1].path, BACKBONE_MEL.sample_rate), BACKBONE_MEL)
    expected = embed(backbone, heard.astype(np.float16)).mean(axis=0)
    np.testing.assert_allclose(lonely[0], expected, atol=1e-3)


@pytest.fixture(scope="module")
def pieces(unpacked, tmp_path_factory):
    """Of a file of 65 s, whose pitch changes at 30 and at 60 s, and of one that is too short."""
    root = tmp_path_factory.mktemp("unlabelled")
    write_tones(root / "deep" / "long.wav", (300, 30), (3000, 30), (1000, 5))
    write_tones(root / "short.wav", (300, 29))
    lines: list[str] = []
    sources = Sources(backbone=unpacked, unlabelled=root)
    track = write_tones(tmp_path_factory.mktemp("labelled") / "1.wav", (500, 2))
    settings = replace(SETTINGS, copies=0)
    training_data = gather_training_data(
        [Track(track, "a")], settings, sources, root / "cache", lines.append
    )
    assert "unlabelled: 2 pieces of 30 s from 2 files" in lines
    return training_data


def test_unlabelled_music_is_cut_every_thirty_seconds(pieces):
    low, high = (piece.log_mel.astype(np.float32) for piece in pieces.pieces)
    frames = 30 / SPEC.frame_seconds
    assert abs(len(low) - frames) <= 1
    assert abs(len(high) - frames) <= 1
    bands = [low[:-2].argmax(axis=1), high[2:-2].argmax(axis=1)]
    assert np.ptp(bands[0]) <= 1
    assert np.ptp(bands[1]) <= 1
    assert bands[0].max() + 20 < bands[1].min()


def test_a_piece_is_embedded_where_it_is_cut(pieces, tmp_path):
    """At the other front end's frames, too: 1875 in 30 s."""
    path = write_tones(tmp_path / "long.wav", (300, 30), (3000, 30), (1000, 5))
    heard = log_mel(load_audio(path, BACKBONE_MEL.sample_rate), BACKBONE_MEL).astype(np.float16)
    for piece, first in zip(pieces.pieces, (0, 1875), strict=True):
        expected = embed(pieces.backbone, heard[first : first + 1875]).mean(axis=0)
        np.testing.assert_allclose(piece.embedding, expected, atol=1e-5)
    first, second = (piece.embedding for piece in pieces.pieces)
    assert np.abs(first - second).max() > 0.1


@pytest.mark.parametrize(
    ("name", "picture", "artist"),
    [
        ("my-rock-00012", "rock.00012", ""),
        ("rock.00012", "rock.00012", ""),
        ("rock.00012", "rock.00012", "Ann"),
        ("000012", 12, ""),
        ("000012", 12, "Ann"),
    ],
)
def test_a_picture_is_never_parted_from_its_audio(tmp_path, cache, name, picture, artist):
    """Each of the two says another split, and ids of pictures say another artist."""
    song = write_tones(tmp_path / f"{name}.wav", (300, 0.5))
    names = "track_id" if isinstance(picture, int) else "name"
    np.savez(
        tmp_path / "pictures.npz",
        log_mel=np.ones((1, 150, 128), np.uint8),
        genre=np.array(["rock"]),
        split=np.array(["train"]),
        **{names: np.array([picture])},
    )
    sources = Sources(pictures=tmp_path / "pictures.npz")
    track = Track(song, "rock", artist, "test")
    training_data = gather_training_data(
        [track], replace(SETTINGS, copies=0), sources, cache, quiet
    )
    heard, seen = training_data.tracks
    assert seen.is_picture
    assert (seen.group, seen.split) == (heard.group, heard.split)


def test_hashes_follow_what_the_files_hold(tmp_path):
    assert Sources().hashes() == {}
    files = {name: tmp_path / f"{name}.bin" for name in ("pictures", "backbone", "start")}
    for name, path in files.items():
        path.write_text(name)
    folder = tmp_path / "music"
    write_tones(folder / "1.wav", (300, 0.1))
    sources = Sources(**files, unlabelled=folder)
    first = sources.hashes()
    assert first.keys() == {"pictures", "backbone", "start", "unlabelled"}
    assert len(set(first.values())) == 4
    for name, path in files.items():
        stat = path.stat()
        path.write_text(name[::-1])
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert {key for key, value in sources.hashes().items() if value != first[key]} == {name}
        path.write_text(name)
    assert sources.hashes() == first
    (folder / "words.txt").write_text("no music")
    assert sources.hashes() == first
    write_tones(folder / "deep/2.wav", (300, 0.1))
    assert sources.hashes()["unlabelled"] != first["unlabelled"]


def test_an_unpacked_backbone_has_a_hash_too(unpacked, tmp_path):
    """It is read from a folder as well as from the file it was unpacked from."""
    first = Sources(backbone=unpacked).hashes()
    copy = shutil.copytree(unpacked, tmp_path / "copy")
    assert Sources(backbone=copy).hashes() == first
    next(copy.rglob(".index")).write_text("")
    assert Sources(backbone=copy).hashes() != first
