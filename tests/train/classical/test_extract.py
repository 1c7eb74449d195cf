"""Features of a folder: every song a row or a failure, and a kill costs what was in hand."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from melonnx.train.classical.extract import extract, song_features
from melonnx.train.classical.feature_names import COLUMNS
from melonnx.train.classical.feature_table import read_features, write_features
from melonnx.train.classical.features import clip_features
from melonnx.train.data.readers.dataset import read_dataset
from tests.conftest import RATE, encode, make_song


def quiet(results, total):
    return results


@pytest.fixture
def folder(tmp_path):
    """Two genres of two songs, and one file that is none."""
    root = tmp_path / "music"
    for number, genre in enumerate(("calm", "loud", "calm", "loud")):
        path = root / genre / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(make_song(1, seed=number), RATE, "WAV", "PCM_16"))
    (root / "calm" / "broken.mp3").write_text("no music")
    (root / "tracks.csv").write_text("path,artist\ncalm/0.wav,Ann\n")
    return root


@pytest.fixture
def here(monkeypatch):
    """Features are computed in this process; each worker would import librosa anew."""

    def compute_all(paths, *, fma_compatible, workers):
        return (song_features(path, fma_compatible=fma_compatible) for path in paths)

    monkeypatch.setattr("melonnx.train.classical.extract._compute_all", compute_all)


def test_one_process_compiles_before_several_compute(folder, tmp_path, monkeypatch):
    """Each must find in the cache what it needs, and add nothing to it.

    The first test here: what it compiles on a new machine, the others find.
    """
    cache = Path(os.environ.get("NUMBA_CACHE_DIR", tmp_path / "cache"))
    if any(cache.rglob("*.nbc")):
        cache = tmp_path / "cache"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(cache))
    code = (
        "import sys; from pathlib import Path; from melonnx.train.classical import extract\n"
        "if __name__ == '__main__':\n"
        "    extract._compile()\n"
        "    count = lambda: len(list(Path(sys.argv[1]).rglob('*.nbc')))\n"
        "    before = count()\n"
        "    songs = sorted(Path(sys.argv[2]).glob('*/*.wav'))\n"
        "    rows = extract._compute_all(songs, fma_compatible=False, workers=2)\n"
        "    print(sum(not isinstance(row[1], str) for row in rows), before, count())\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, script, cache, folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    computed, before, after = map(int, done.stdout.split())
    assert computed == 4
    assert before == after > 10


def test_every_song_is_a_row_or_a_failure(melonnx, folder, tmp_path):
    out = tmp_path / "features.parquet"
    result = melonnx("features", folder, "--out", out)
    assert result.returncode == 1
    assert "wrote" in result.stdout
    assert "4 songs, 518 features each" in result.stdout
    table = read_features(out)
    songs = [(track.path.as_posix(), track.genre, track.artist) for track in table.tracks]
    assert songs == [
        ("calm/0.wav", "calm", "Ann"),
        ("calm/2.wav", "calm", ""),
        ("loud/1.wav", "loud", ""),
        ("loud/3.wav", "loud", ""),
    ]
    path = folder / "loud/3.wav"
    np.testing.assert_allclose(table.values[3], song_features(path)[1], rtol=1e-3, atol=1e-3)
    with (tmp_path / "features.failures.csv").open() as file:
        (failure,) = csv.DictReader(file)
    assert failure["path"].endswith("calm/broken.mp3")
    assert "looks like text" in failure["error"]
    assert "looks like text" in result.stderr

    (folder / "calm/broken.mp3").unlink()
    before = out.stat().st_mtime_ns
    again = melonnx("features", folder, "--out", out)
    assert again.returncode == 0, again.stderr
    assert out.stat().st_mtime_ns > before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["features.parquet", "music"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_name_that_no_table_can_hold_is_a_failure(folder, tmp_path, kind):
    try:
        (folder / "calm/0.wav").rename(folder / "calm/caf\udce9.wav")
    except OSError:
        pytest.skip("this disk takes no such names")
    (folder / "tracks.csv").unlink()
    table, failures = extract(read_dataset(folder), tmp_path / "part", quiet, workers=1)
    write_features(table, tmp_path / f"table.{kind}")
    assert [track.path.name for track in table.tracks] == ["2.wav", "1.wav", "3.wav"]
    assert "its name is no text" in failures[folder / "calm/caf\udce9.wav"]


def test_a_song_is_heard_mono_at_its_own_rate(tmp_path):
    song = make_song(1, 44100, channels=2)
    path = tmp_path / "song.wav"
    path.write_bytes(encode(song, 44100, "WAV", "FLOAT"))
    _, features = song_features(path)
    np.testing.assert_allclose(features, clip_features(song.mean(axis=1), 44100), rtol=2e-3)


def test_a_rate_too_low_for_the_features_is_a_failure(tmp_path):
    path = tmp_path / "phone.wav"
    path.write_bytes(encode(make_song(1, 8000), 8000, "WAV", "PCM_16"))
    _, reason = song_features(path)
    assert "at 8000 Hz" in reason
    assert "Nyquist" in reason


@pytest.mark.usefixtures("here")
def test_only_what_is_new_or_changed_is_computed(folder, tmp_path):
    part = tmp_path / "rows.part"
    counts = []

    def counting(results, total):
        counts.append(total)
        return results

    whole, failures = extract(read_dataset(folder), part, counting, workers=1)
    assert len(failures) == 1
    (folder / "loud/3.wav").write_bytes(encode(make_song(2, seed=9), RATE, "WAV"))
    after, _ = extract(read_dataset(folder), part, counting, workers=1)
    other, _ = extract(read_dataset(folder), part, counting, fma_compatible=True, workers=1)
    assert counts == [5, 2, 5]  # the broken one is tried each time
    same = np.isclose(whole.values, after.values, 1e-3, 1e-3).all(axis=1)
    assert same.tolist() == [True, True, True, False]
    assert not np.isclose(other.values, after.values, 1e-3, 1e-3).all(axis=1).any()


@pytest.mark.usefixtures("here")
def test_a_torn_row_is_made_again(folder, tmp_path):
    part = tmp_path / "rows.part"
    whole, _ = extract(read_dataset(folder), part, quiet, workers=1)
    part.write_bytes(part.read_bytes()[:-700])
    again, _ = extract(read_dataset(folder), part, quiet, workers=1)
    np.testing.assert_allclose(again.values, whole.values, rtol=1e-3, atol=1e-3)
    assert again.values.shape == (4, len(COLUMNS))


_EXTRACT = """
import sys; from pathlib import Path
from melonnx.train.data.readers.dataset import read_dataset
from melonnx.train.classical.extract import extract
if __name__ == '__main__':
    dataset = read_dataset(Path(sys.argv[1]))
    extract(dataset, Path(sys.argv[2]), lambda results, total: results, workers=1)
"""


@pytest.mark.usefixtures("here")
def test_killed_it_goes_on(folder, tmp_path):
    for number in range(4, 12):
        path = folder / "calm" / f"{number}.wav"
        path.write_bytes(encode(make_song(1, seed=number), RATE, "WAV", "PCM_16"))
    script, part = tmp_path / "extract.py", tmp_path / "rows.part"
    script.write_text(_EXTRACT)
    command = [sys.executable, str(script), str(folder), str(part)]
    child = subprocess.Popen(command, start_new_session=True)
    while child.poll() is None and (not part.is_file() or part.read_bytes().count(b"\n") < 2):
        time.sleep(0.005)
    assert child.poll() is None, "it ended before it was killed"
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    done = part.read_bytes().count(b"\n")
    left = []

    def counting(results, total):
        left.append(total)
        return results

    table, _ = extract(read_dataset(folder), part, counting, workers=1)
    assert len(table.tracks) == 12
    assert 0 < left[0] <= 13 - done + 1  # a torn row, and the broken file
    whole, _ = extract(read_dataset(folder), tmp_path / "other.part", quiet, workers=1)
    np.testing.assert_allclose(table.values, whole.values, rtol=1e-3, atol=1e-3)
