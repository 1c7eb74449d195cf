"""The waveform twins give Python's probabilities in Node and in Chromium."""

import base64
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from melonnx.infer import Predictor
from melonnx.infer.audio.reader import load_audio
from tests.browser.site import MODELS, build_site, serve
from tests.conftest import make_song

NEAR = 1e-4
NAMES = ("genre-base", "genre-small")

NODE = """
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
const [name, model, ...clips] = process.argv.slice(1);
const ort = createRequire(process.cwd() + "/")(name);
const inBrowsers = name === "onnxruntime-web";
if (inBrowsers) ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(
  readFileSync(model), inBrowsers ? { executionProviders: ["wasm"] } : {});
const answers = [];
for (const path of clips) {
  const samples = new Float32Array(new Uint8Array(readFileSync(path)).buffer);
  const waveform = new ort.Tensor("float32", samples, [1, samples.length]);
  answers.push([...(await session.run({ waveform })).probabilities.data]);
}
console.log(JSON.stringify(answers));
"""

IN_PAGE = """
async (clips) => {
  const { openModel } = await import("/model.js");
  const { info, run } = await openModel();
  const answers = [];
  for (const clip of clips) {
    const bytes = Uint8Array.from(atob(clip), (letter) => letter.charCodeAt(0));
    const heard = await run(new Float32Array(bytes.buffer), info.mel_spec.sample_rate);
    answers.push([...heard.probabilities]);
  }
  return answers;
}
"""


@cache
def clips(rate):
    """Real music, less than a window of it, an odd number of samples, and a long song."""
    song = load_audio(MODELS / "sample.mp3", rate)
    long = make_song(45, rate)[:, 0]
    return [song, song[: 2 * rate], song[: 12 * rate + 321], long]


@cache
def expected(name):
    """The clips and Python's probabilities in the order of the model's genres."""
    predictor = Predictor(name, device="cpu")
    rate = predictor.info.mel_spec.sample_rate
    answers = [predictor.predict_array(clip, rate).probabilities for clip in clips(rate)]
    genres = predictor.info.genres
    return clips(rate), np.array([[answer[genre] for genre in genres] for answer in answers])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("package", ["onnxruntime-web", "onnxruntime-node"])
def test_node_gives_pythons_probabilities(run_js, tmp_path, package, name):
    waveforms, python = expected(name)
    paths: list[Path] = []
    for number, waveform in enumerate(waveforms):
        paths.append(tmp_path / f"{number}.f32")
        waveform.tofile(paths[-1])
    printed = run_js(NODE, package, MODELS / f"{name}.wave.onnx", *paths)
    np.testing.assert_allclose(json.loads(printed), python, rtol=0, atol=NEAR)


@pytest.mark.parametrize("name", NAMES)
def test_chromium_gives_pythons_probabilities(chromium, packages, tmp_path, name):
    waveforms, python = expected(name)
    dist = build_site(tmp_path / "page", packages, MODELS / f"{name}.wave.onnx")
    with serve(dist) as (address, _), chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}/page.css")  # a page of the same origin that is not busy itself
        coded = [base64.b64encode(waveform.tobytes()).decode() for waveform in waveforms]
        answers = page.evaluate(IN_PAGE, coded)
    np.testing.assert_allclose(answers, python, rtol=0, atol=NEAR)
