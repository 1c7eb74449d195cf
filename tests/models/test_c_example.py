"""The C example is compiled as it stands, and says what Python says."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from melonnx.infer import Predictor
from melonnx.infer.audio.reader import load_audio
from melonnx.infer.model.metadata import WAVE_KEY
from melonnx.infer.model.session import MODELS_FOLDER, TWIN_SUFFIX

SOURCE = MODELS_FOLDER / "genre.c"
SAMPLE = MODELS_FOLDER / "sample.mp3"


@pytest.fixture(scope="module")
def genre(tmp_path_factory):
    """Run the compiled example; it needs a C compiler and onnxruntime's header and library."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler, cc")
    flags = ["-I/usr/include/onnxruntime", "-I/usr/local/include/onnxruntime"]
    asked = "#include <onnxruntime_c_api.h>\n"
    found = subprocess.run(
        [compiler, *flags, "-E", "-"], input=asked, capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.skip("needs onnxruntime_c_api.h where cc looks (CPATH=… names another folder)")
    libraries = list((Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.*"))
    if not libraries:
        pytest.skip("this onnxruntime brings no libonnxruntime.so")
    folder = tmp_path_factory.mktemp("genre")
    for name in ("libonnxruntime.so", "libonnxruntime.so.1"):
        (folder / name).symlink_to(libraries[0])
    flags += ["-Wall", "-Werror", f"-L{folder}"]
    subprocess.run(
        [compiler, SOURCE, *flags, "-lonnxruntime", "-lm", "-o", folder / "genre"], check=True
    )

    def run(*arguments):
        return subprocess.run(
            [folder / "genre", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"LD_LIBRARY_PATH": str(folder)},
        )

    return run


@pytest.mark.parametrize("name", ["genre-base", "genre-small"])
@pytest.mark.parametrize("seconds", [1, 12, 30])
def test_c_says_what_python_says(genre, tmp_path, name, seconds):
    predictor = Predictor(name, device="cpu")
    rate = predictor.info.mel_spec.sample_rate
    samples = load_audio(SAMPLE, rate)[: seconds * rate]
    samples.astype("<f4").tofile(tmp_path / "song.pcm")
    result = genre(MODELS_FOLDER / f"{name}{TWIN_SUFFIX}", tmp_path / "song.pcm")
    assert result.returncode == 0, result.stderr
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert tuple(label for _, label in rows) == predictor.info.labels
    expected = predictor.predict_array(samples, rate).probabilities
    for probability, label in rows:
        assert float(probability) == pytest.approx(expected[label], abs=1.5e-4)


def test_c_turns_channels_that_cancel_and_hears_no_silence(genre, tmp_path):
    predictor = Predictor("genre-small", device="cpu")
    rate = predictor.info.mel_spec.sample_rate
    song = load_audio(SAMPLE, rate)[: 12 * rate, None]
    silence = np.zeros((20 * rate, 2), np.float32)
    stored = np.concatenate((silence, np.hstack((song, -song)), silence))
    stored.astype("<f4").tofile(tmp_path / "song.pcm")
    result = genre(MODELS_FOLDER / f"genre-small{TWIN_SUFFIX}", tmp_path / "song.pcm", "2")
    assert result.returncode == 0, result.stderr
    expected = predictor.predict_array(stored, rate).probabilities
    for line in result.stdout.splitlines():
        probability, label = line.split("\t")
        assert float(probability) == pytest.approx(expected[label], abs=0.01)  # of the cuts


def test_c_refuses_what_has_no_genre(genre, tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, 511).astype(np.float32)
    noise.tofile(tmp_path / "short.pcm")
    np.full(50000, 1e-5, np.float32).tofile(tmp_path / "silence.pcm")
    twin = MODELS_FOLDER / f"genre-small{TWIN_SUFFIX}"
    for name, says in (("short", "is shorter than a frame"), ("silence", "is silence")):
        result = genre(twin, tmp_path / f"{name}.pcm")
        assert (result.returncode, result.stdout) == (1, "")
        assert says in result.stderr


def test_c_refuses_a_twin_that_tells_sub_genres(genre, tmp_path):
    """Its labels are more than its probabilities, and none of their names."""
    twin = onnx.load(MODELS_FOLDER / f"genre-small{TWIN_SUFFIX}")
    entry = next(entry for entry in twin.metadata_props if entry.key == WAVE_KEY)
    labels = json.loads(entry.value)["labels"]
    parents = {label: labels[number // 2] for number, label in enumerate(labels)}
    entry.value = entry.value.replace('"parents": {}', f'"parents": {json.dumps(parents)}')
    onnx.save(twin, tmp_path / "tree.wave.onnx")
    noise = np.random.default_rng(0).normal(0, 0.1, 50000).astype(np.float32)
    noise.tofile(tmp_path / "song.pcm")
    result = genre(tmp_path / "tree.wave.onnx", tmp_path / "song.pcm")
    assert (result.returncode, result.stdout) == (1, "")
    assert "tells sub-genres" in result.stderr


def test_c_refuses_what_it_cannot_use(genre, tmp_path):
    np.zeros(100, np.float32).tofile(tmp_path / "song.pcm")
    (tmp_path / "empty.pcm").touch()
    twin = MODELS_FOLDER / f"genre-small{TWIN_SUFFIX}"
    assert genre().returncode == 2
    assert "no samples" in genre(twin, tmp_path / "empty.pcm").stderr
    assert genre(tmp_path / "none.onnx", tmp_path / "song.pcm").returncode == 1
    assert genre(MODELS_FOLDER / "genre-small.onnx", tmp_path / "song.pcm").returncode == 1
