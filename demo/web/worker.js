/** Off the main thread: loads the model, says what it is, then answers waveforms. */

import { InferenceSession, Tensor, env } from "./ort.js";
import { readModelInfo } from "./model_info.js";
import { resample } from "./resample.js";
import { withoutSilence } from "./silence.js";

env.wasm.numThreads = 1; // More would need headers that a plain file server does not send.
env.wasm.wasmPaths = { wasm: new URL("ort.wasm", import.meta.url).href };

const session = open();
session.then(
  ({ info }) => postMessage({ info }),
  (error) => postMessage({ error: error.message }),
);

async function open() {
  const answer = await fetch(new URL("model.wave.onnx", import.meta.url));
  if (!answer.ok) throw new Error(`the model file does not load (${answer.status})`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const info = readModelInfo(bytes);
  return { info, model: await InferenceSession.create(bytes, { executionProviders: ["wasm"] }) };
}

addEventListener("message", async ({ data: { id, waveform, rate } }) => {
  try {
    const { info, model } = await session;
    const modelRate = info.mel_spec.sample_rate;
    const samples = withoutSilence(resample(waveform, rate, modelRate), info);
    const input = new Tensor("float32", samples, [1, samples.length]);
    const start = performance.now();
    const output = await model.run({ waveform: input });
    const seconds = (performance.now() - start) / 1000;
    const [probabilities, leaves] = [output.probabilities.data, output.label_probabilities?.data];
    const sounds = samples.length / modelRate;
    postMessage({ id, probabilities, leaves, music: output.music?.data[0], sounds, seconds });
  } catch (error) {
    postMessage({ id, error: error.message });
  }
});
