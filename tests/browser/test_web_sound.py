"""The page's mixing and its ear for silence in Node: they are the runtime's."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from melonnx.infer.audio.down_mix import STRETCH, down_mix
from tests.browser.site import PAGE
from tests.conftest import examples
from tests.twins import SPECS, WINDOW, songs, sounding_samples, stereo_of_kind

MIX = """
const { downMix } = await import(process.argv[1]);
const { readFileSync, writeFileSync } = await import("node:fs");
for (const job of process.argv.slice(2)) {
  const [path, channels] = JSON.parse(job);
  const samples = new Float32Array(new Uint8Array(readFileSync(path)).buffer);
  const size = samples.length / channels;
  const part = (i) => samples.subarray(i * size, (i + 1) * size);
  writeFileSync(path, downMix(Array.from({ length: channels }, (_, i) => part(i))));
}
"""

CUT = """
const { withoutSilence } = await import(process.argv[1]);
const { readFileSync, writeFileSync } = await import("node:fs");
const [info, ...paths] = process.argv.slice(2);
for (const path of paths) {
  const waveform = new Float32Array(new Uint8Array(readFileSync(path)).buffer);
  writeFileSync(path, withoutSilence(waveform, JSON.parse(info)));
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sound")


KINDS = st.sampled_from(["plain", "turned", "bass", "half"])
MIXES = st.tuples(
    KINDS, st.integers(0, 99), st.sampled_from([1, 2, 6]), st.integers(1, 3 * STRETCH)
)


@settings(examples(2), deadline=None)
@given(mixes=st.lists(MIXES, min_size=6, max_size=12))
def test_channels_are_mixed_as_the_runtime_does(run_js, folder, mixes):
    made = [stereo_of_kind(*mix)[:length] for *mix, length in mixes]
    paths = [folder / f"{number}.f32" for number in range(len(made))]
    for path, samples in zip(paths, made, strict=True):
        np.ascontiguousarray(samples.T).tofile(path)
    jobs = zip(map(str, paths), (samples.shape[1] for samples in made), strict=True)
    run_js(MIX, PAGE / "down_mix.js", *map(json.dumps, jobs))
    for path, samples in zip(paths, made, strict=True):
        mixed = np.fromfile(path, np.float32)
        np.testing.assert_allclose(mixed, down_mix(samples), rtol=0, atol=1e-7)


@pytest.mark.parametrize("spec", SPECS, ids=["fine", "coarse"])
@settings(examples(2), deadline=None)
@given(made=st.lists(songs(), min_size=6, max_size=12))
def test_silence_is_cut_as_the_runtime_leaves_it_out(run_js, folder, spec, made):
    paths = [folder / f"{number}.f32" for number in range(len(made))]
    for path, song in zip(paths, made, strict=True):
        song.tofile(path)
    fields = {name: getattr(spec, name) for name in ("sample_rate", "hop_length", "n_fft")}
    info = json.dumps({"window": WINDOW, "mel_spec": fields})
    run_js(CUT, PAGE / "silence.js", info, *paths)
    for path, song in zip(paths, made, strict=True):
        cut = np.fromfile(path, np.float32)
        np.testing.assert_array_equal(cut, sounding_samples(song, spec))
