"""The cache holds what the runtime would compute, and survives being killed."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest

from melonnx.infer import MelSpec, Predictor
from melonnx.infer.audio.reader import load_audio
from melonnx.infer.frontend.mel import log_mel
from melonnx.infer.library.find import classify_files
from melonnx.train.data import cache
from melonnx.train.data.cache import build_cache
from melonnx.train.data.degradations import distort
from melonnx.train.data.inventory.duplicates import decode_song
from tests.conftest import RATE, encode, make_song

SPEC = MelSpec()


def build(paths, root, spec=SPEC):
    log_mels, errors = {}, {}
    for _, made, refused in build_cache(paths, spec, root, workers=2):
        log_mels |= made
        errors |= refused
    return log_mels, errors


def test_cached_log_mels_are_the_runtimes(genres, tmp_path):
    paths = [*sorted(genres.glob("*/*.wav")), genres / "drone/broken.mp3"]
    log_mels, errors = build(paths, tmp_path)
    assert set(log_mels) == set(paths[:-1])
    assert list(errors) == paths[-1:]
    assert "looks like text" in errors[paths[-1]]
    for path in paths[:-1:7]:
        expected = log_mel(load_audio(path, RATE), SPEC)
        np.testing.assert_allclose(log_mels[path], expected, atol=5e-4)  # float16


def test_only_what_is_new_or_changed_is_made_again(genres, tmp_path):
    paths = sorted(genres.glob("noise/*.wav"))
    build(paths[:6], tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.f16")}
    build(paths, tmp_path)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.f16")}
    assert before.items() < after.items()
    assert len(after) == len(before) + 1


def test_another_spec_is_another_cache(genres, tmp_path):
    paths = sorted(genres.glob("noise/*.wav"))[:2]
    first, _ = build(paths, tmp_path)
    second, _ = build(paths, tmp_path, MelSpec(hop_length=1024))
    assert len(second[paths[0]]) > len(first[paths[0]])


def test_a_changed_file_is_read_again(tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(encode(make_song(2), RATE, "WAV"))
    short, _ = build([path], tmp_path / "cache")
    path.write_bytes(encode(make_song(4), RATE, "WAV"))
    longer, _ = build([path], tmp_path / "cache")
    assert len(longer[path]) > len(short[path])


def copies(paths, root, copy):
    return next(iter(
        {path: np.array(one) for path, one in made.items()}
        for done, made, _ in build_cache(paths, SPEC, root, copy=copy, workers=1)
        if done
    ))  # fmt: skip


def test_distorted_copies_are_the_same_every_time_and_each_another(genres, tmp_path):
    """Made by the chain that the track's name and the copy's number draw."""
    paths = sorted(genres.glob("pulse/*.wav"))[:3]
    first, second = (copies(paths, tmp_path / "one", copy) for copy in (1, 2))
    again = copies(paths[::-1], tmp_path / "two", 1)
    for path in paths:
        np.testing.assert_array_equal(again[path], first[path])
        seed = np.random.default_rng((2, zlib.crc32(path.name.encode())))
        changed = distort(load_audio(path, RATE), RATE, seed)
        np.testing.assert_allclose(second[path], log_mel(changed, SPEC), atol=5e-4)
        n = min(len(first[path]), len(second[path]))
        assert np.abs(first[path][:n] - second[path][:n]).max() > 0.05
    plain, _ = build(paths, tmp_path / "one")
    np.testing.assert_allclose(
        plain[paths[0]], log_mel(load_audio(paths[0], RATE), SPEC), atol=5e-4
    )


_BUILDS = """
import multiprocessing, os, sys
from pathlib import Path
from melonnx.infer import MelSpec
import melonnx.train.data.cache as cache
cache._TRACKS_PER_SHARD, cache._MOST_SHARDS = 2, 999
forking = multiprocessing.get_context('fork')
multiprocessing.get_context = lambda kind: forking
paths = sorted(Path(sys.argv[1]).glob('*.wav'))
for _ in sys.stdin:
    pid = os.fork()
    if not pid:
        os.setsid()
        for _ in cache.build_cache(paths, MelSpec(), Path(sys.argv[2]), workers=2): pass
        os._exit(0)
    print(pid, flush=True)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(code, flush=True)
    if code >= 0:
        sys.exit('not killed')
"""
"""A build for each line of stdin, like any but for its many small shards: 120 of the clips below.

Its number, then how it ended. All are forks of one process, and so are their workers: imported
anew, each of thirty processes would take a second to begin.
"""


def test_killed_ten_times_it_goes_on_and_ends_the_same(tmp_path):
    random = np.random.default_rng(0)
    paths = [tmp_path / f"{number:03}.wav" for number in range(240)]
    for path in paths:
        path.write_bytes(encode(random.normal(0, 0.1, 3 * RATE), RATE, "WAV", "PCM_16"))
    script = tmp_path / "builds.py"
    script.write_text(_BUILDS)
    root = tmp_path / "cache"
    moments = [(int(random.integers(1, 4)), float(random.uniform(0, 0.03))) for _ in range(10)]
    shards = 0
    command = [sys.executable, str(script), str(tmp_path), str(root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as builds:
        for more, pause in moments:  # each is at a random point of a shard's making
            builds.stdin.write("\n")
            build_pid = int(builds.stdout.readline())
            while len(list(root.rglob("*.json"))) < shards + more:
                time.sleep(0.001)
                assert builds.poll() is None
            time.sleep(pause)
            os.killpg(build_pid, signal.SIGKILL)
            ended = int(builds.stdout.readline())
            assert ended == -signal.SIGKILL, f"the build ended before it was killed: {moments}"
            shards = len(list(root.rglob("*.json")))
    assert list(root.rglob("*.tmp")), f"no kill fell into the writing of a shard: {moments}"
    interrupted, errors = build(paths, root)
    whole, _ = build(paths, tmp_path / "whole")
    assert errors == {}
    assert interrupted.keys() == whole.keys() == set(paths)
    for path in paths:
        assert interrupted[path].shape == whole[path].shape
        assert interrupted[path].tobytes() == whole[path].tobytes(), moments


def test_missing_file_is_an_error_row(tmp_path):
    _, errors = build([tmp_path / "gone.mp3"], tmp_path / "cache")
    assert "no such file" in next(iter(errors.values()))


@pytest.mark.parametrize("copy", [0, 1])
def test_what_the_runtime_refuses_is_not_learnt(tiny_model, tmp_path, copy):
    rng = np.random.default_rng(0)
    sounds = {
        "song": make_song(1),
        "silent": np.zeros(RATE),
        "dither": rng.integers(-1, 2, RATE) / 32768,
        "short": make_song(0.05),
    }
    for name, samples in sounds.items():
        (tmp_path / f"{name}.wav").write_bytes(encode(samples, RATE, "WAV", "PCM_16"))
    paths = [tmp_path / f"{name}.wav" for name in sounds]
    log_mels, errors = {}, {}
    for _, made, refused in build_cache(paths, SPEC, tmp_path / "cache", copy=copy, workers=1):
        log_mels |= made
        errors |= refused
    assert list(log_mels) == paths[:1]
    assert {path: decode_song(path)[1] for path in paths[1:]} == errors
    rows = classify_files(Predictor(tiny_model, device="cpu"), paths[1:])
    assert [row.error for row in rows] == list(errors.values())


def test_what_could_not_be_read_is_tried_again(tmp_path, monkeypatch):
    """Here the file is as it was, and the decoder is better."""
    path = tmp_path / "song.wav"
    path.write_bytes(b"no music")
    _, errors = build([path], tmp_path / "cache")
    assert list(errors) == [path]
    key = cache._identity(path, 0)
    monkeypatch.setattr(cache, "_identity", lambda path, copy: key)
    path.write_bytes(encode(make_song(2), RATE, "WAV"))
    log_mels, errors = build([path], tmp_path / "cache")
    assert (list(log_mels), errors) == ([path], {})


def test_code_that_hears_otherwise_has_a_cache_of_its_own(genres, tmp_path, monkeypatch):
    """The first version is left out of the name, so that the caches made before it are used."""
    paths = sorted(genres.glob("noise/*.wav"))[:1]
    build(paths, tmp_path)
    described = json.dumps(SPEC.to_dict(), sort_keys=True).encode()
    first = tmp_path / f"log-mel-{hashlib.sha256(described).hexdigest()[:12]}"
    assert list(tmp_path.iterdir()) == [first]
    monkeypatch.setattr(cache, "_VERSION", 2)
    build(paths, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_build_that_is_left_does_not_make_the_rest(genres, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_TRACKS_PER_SHARD", 1)
    paths = sorted(genres.glob("*/*.wav"))
    building = build_cache(paths, SPEC, tmp_path, workers=1)
    assert [len(next(building)[0]) for _ in range(2)] == [0, 1]
    building.close()
    assert len(list(tmp_path.rglob("*.f16"))) < len(paths) / 2


def test_many_tracks_are_in_few_files(genres, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_TRACKS_PER_SHARD", 1)
    monkeypatch.setattr(cache, "_MOST_SHARDS", 3)
    paths = sorted(genres.glob("noise/*.wav"))[:7]
    log_mels, _ = build(paths, tmp_path)
    assert set(log_mels) == set(paths)
    assert len(list(tmp_path.rglob("*.f16"))) == 3


def test_what_a_killed_build_left_is_cleared_and_a_living_ones_is_not(tmp_path):
    build([], tmp_path)
    folder = next(tmp_path.iterdir())
    left, living = folder / "a.1.tmp", folder / "b.2.tmp"
    for path in (left, living):
        path.touch()
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(left, (two_days_ago, two_days_ago))
    build([], tmp_path)
    assert list(folder.iterdir()) == [living]
