/** A file in, mono samples at its own rate out: what can be heard, or why it cannot. */

import { downMix } from "./down_mix.js";
import { sampleRate } from "./sample_rate.js";

export const MAX_MINUTES = 20; // The whole song lies in memory several times over.
const MAX_BYTES = 2 ** 30;
const SILENCE = 2 / 32768; // Two steps of 16-bit audio: what swings less is dither, or constant.

/** Why a file cannot be classified; the message is for its owner. */
export class AudioError extends Error {}

/**
 * Decode a File to mono: `waveform` (Float32Array), its channels mixed, at `rate` Hz.
 *
 * `atLeast`: seconds that the model needs. Throws AudioError.
 */
export async function decode(file, atLeast) {
  if (file.size > MAX_BYTES) throw new AudioError("is larger than 1 GB; too large for this page.");
  refuseLong(await claimedSeconds(file));
  const bytes = await read(file);
  if (!bytes.byteLength) throw new AudioError("is empty (0 bytes).");
  const audio = await decodeBytes(bytes);
  refuseLong(audio.duration);
  if (audio.duration < atLeast) {
    const lasts = Math.round(audio.duration * 1000);
    throw new AudioError(`lasts ${lasts} ms; there is no genre in so little.`);
  }
  const channels = Array.from({ length: audio.numberOfChannels }, (_, i) => audio.getChannelData(i));
  const waveform = downMix(channels);
  requireSound(waveform);
  return { waveform, rate: audio.sampleRate };
}

async function read(file) {
  try {
    return await file.arrayBuffer();
  } catch {
    throw new AudioError("cannot be read. Is it a folder? Then open it and choose the files in it.");
  }
}

async function decodeBytes(bytes) {
  // The context's rate is what a file is decoded to; at the file's own, the samples stay as they are.
  const context = new OfflineAudioContext(1, 1, sampleRate(new Uint8Array(bytes)));
  try {
    return await context.decodeAudioData(bytes);
  } catch {
    throw new AudioError(
      "is not music that this browser can decode, or nothing is in it. Try mp3, wav, flac, ogg or m4a.",
    );
  }
}

/** Seconds that the file's header promises, before anything is decoded; 0 if it does not say. */
function claimedSeconds(file) {
  const player = document.createElement("audio");
  const url = URL.createObjectURL(file);
  return new Promise((resolve) => {
    player.preload = "metadata";
    player.onloadedmetadata = () => resolve(Number.isFinite(player.duration) ? player.duration : 0);
    player.onerror = () => resolve(0); // Decoding tells what is wrong.
    setTimeout(resolve, 3000, 0); // A browser may wait for somebody to press play.
    player.src = url;
  }).finally(() => {
    player.removeAttribute("src");
    URL.revokeObjectURL(url);
  });
}

function refuseLong(seconds) {
  if (seconds <= MAX_MINUTES * 60) return;
  throw new AudioError(
    `lasts ${Math.round(seconds / 60)} minutes; this page takes ${MAX_MINUTES} at most, since ` +
      "a browser must hold all of it in memory. The command “melonnx classify” takes any length.",
  );
}

function requireSound(waveform) {
  let [low, high] = [Infinity, -Infinity];
  for (const sample of waveform) {
    if (!Number.isFinite(sample)) throw new AudioError("holds samples that are no numbers.");
    low = Math.min(low, sample);
    high = Math.max(high, sample);
  }
  if (high - low < 2 * SILENCE) throw new AudioError("is silence, so it has no genre.");
}
