"""What the C example does before its model hears: mixing and silence, as the runtime does them."""

import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from melonnx.infer.audio.down_mix import STRETCH, down_mix
from melonnx.infer.frontend.mel import MelSpec
from melonnx.infer.model.session import MODELS_FOLDER
from tests.conftest import examples
from tests.twins import SPECS, WINDOW, songs, sounding_samples, stereo_of_kind

PROGRAM = """
#include "sound.h"
#include <stdio.h>
int main(int argc, char **argv) {
    long numbers[6], length;
    for (int i = 0; i < 6 && i + 1 < argc; i++) numbers[i] = atol(argv[i + 1]);
    length = numbers[0];
    int channels = numbers[1];
    float *samples = malloc(length * channels * sizeof(float));
    float *mono = malloc(length * sizeof(float));
    if (fread(samples, sizeof(float), length * channels, stdin) != (size_t)(length * channels))
        return 1;
    down_mix(samples, length, channels, mono);
    if (argc == 7) length = without_silence(mono, length, numbers[2], numbers[3], numbers[4],
                                            numbers[5]);
    fwrite(mono, sizeof(float), length, stdout);
    free(samples), free(mono);
    return 0;
}
"""


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Mix samples (samples, channels); with a spec, cut out silence too."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler, cc")
    folder = tmp_path_factory.mktemp("sound")
    (folder / "sound.c").write_text(PROGRAM)
    flags = [f"-I{MODELS_FOLDER}", "-Wall", "-Wextra", "-Werror", "-O1", "-std=c99"]
    checks = ["-fsanitize=address,undefined"]
    command = [compiler, folder / "sound.c", *flags, "-o", folder / "sound", "-lm"]
    if subprocess.run([*command, *checks], capture_output=True, check=False).returncode:
        subprocess.run(command, check=True)  # a compiler without sanitizers

    def run(samples, spec: MelSpec | None = None):
        length, channels = samples.shape
        numbers = () if spec is None else (
            spec.sample_rate, spec.hop_length, spec.n_fft, WINDOW
        )  # fmt: skip
        result = subprocess.run(
            [folder / "sound", *map(str, (length, channels, *numbers))],
            input=samples.astype("<f4").tobytes(), capture_output=True, check=True,
        )  # fmt: skip
        return np.frombuffer(result.stdout, "<f4")

    return run


@settings(examples(20), deadline=None)
@given(kind=st.sampled_from(["plain", "turned", "bass", "half"]), seed=st.integers(0, 99),
       channels=st.sampled_from([1, 2, 6]), length=st.integers(1, 3 * STRETCH))  # fmt: skip
def test_channels_are_mixed_as_the_runtime_does(sound, kind, seed, channels, length):
    samples = stereo_of_kind(kind, seed, channels)[:length]
    np.testing.assert_allclose(sound(samples), down_mix(samples), rtol=0, atol=1e-7)


@pytest.mark.parametrize("spec", SPECS, ids=["fine", "coarse"])
@settings(examples(30), deadline=None)
@given(song=songs())
def test_silence_is_cut_as_the_runtime_leaves_it_out(sound, spec, song):
    np.testing.assert_array_equal(sound(song[:, None], spec), sounding_samples(song, spec))
