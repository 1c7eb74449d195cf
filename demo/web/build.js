/** Puts page, runtime and model side by side in dist/: npm run build [-- MODEL.wave.onnx]. */

import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readModelInfo } from "./model_info.js";

const PAGE = [
  "index.html", "page.css", "page.js", "audio.js", "down_mix.js", "sample_rate.js", "model.js", "worker.js",
  "model_info.js", "resample.js", "silence.js", "answer.js",
];
const WASM = "ort-wasm-simd-threaded.wasm";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const model = resolve(process.argv[2] ?? join(here, "../../models/genre-base.wave.onnx"));

const info = describe(model);
const runtime = findRuntime();
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
for (const name of PAGE) copyFileSync(join(here, name), join(dist, name));
copyFileSync(join(runtime, "ort.wasm.bundle.min.mjs"), join(dist, "ort.js"));
copyFileSync(join(runtime, WASM), join(dist, "ort.wasm"));
copyFileSync(model, join(dist, "model.wave.onnx"));
console.log(`built ${dist} with ${info.name} ${info.version}`);

function describe(path) {
  if (!existsSync(path)) end(`${path}: no such file; melonnx wave MODEL.onnx writes one`);
  try {
    return readModelInfo(readFileSync(path));
  } catch (error) {
    return end(`${path}: ${error.message}`);
  }
}

function findRuntime() {
  try {
    return dirname(createRequire(import.meta.url).resolve(`onnxruntime-web/${WASM}`));
  } catch {
    return end("onnxruntime-web is not installed: run npm install first");
  }
}

function end(message) {
  console.error(message);
  process.exit(1);
}
