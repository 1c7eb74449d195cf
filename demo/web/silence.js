/**
 * Cuts long silence out of a waveform, so that it has no say in the twin's answer.
 *
 * models/README.md, "Windows", has the rule; infer/frontend/silence.py its reasons.
 */

const QUIET = 2e-4; // Half the way from a frame's lowest to its highest sample.
const BELOW_LOUDEST = 0.01; // A track that is quiet all over is music that somebody turned down.
const PAUSE_S = 2.5; // What is shorter is a rest in the music.
const CLICK_S = 0.2; // Shorter sounds amid silence are clicks.

/**
 * Mono `waveform` (Float32Array) without its silences, itself where it has none.
 *
 * `info`: of the model, at whose sample rate the waveform is.
 */
export function withoutSilence(waveform, { window, mel_spec: spec }) {
  const frame = spec.hop_length / spec.sample_rate;
  const swing = swings(waveform, spec.hop_length, spec.n_fft / 2);
  const silent = silences(swing, Math.min(window, Math.ceil(PAUSE_S / frame)), CLICK_S / frame);
  if (!silent.includes(true)) return waveform;
  const parts = runs(silent, false).map(([begin, end]) =>
    waveform.subarray(begin * spec.hop_length, end * spec.hop_length),
  );
  const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  // One sample more would be the first of another frame.
  return silent.at(-1) ? joined.subarray(0, joined.length - 1) : joined;
}

/** Of each frame, half the way from the lowest to the highest sample of its second half. */
function swings(waveform, hop, half) {
  const swing = new Float32Array(1 + Math.floor(waveform.length / hop));
  for (let t = 0; t < swing.length; t++) {
    const [begin, end] = [t * hop, t * hop + half];
    // What is behind the end of the track are zeros.
    let [low, high] = end > waveform.length ? [0, 0] : [Infinity, -Infinity];
    for (let i = begin; i < Math.min(end, waveform.length); i++) {
      low = Math.min(low, waveform[i]);
      high = Math.max(high, waveform[i]);
    }
    swing[t] = (high - low) / 2;
  }
  return swing;
}

/** Whether each frame is silent; never all of them. */
function silences(swing, least, click) {
  const loudest = swing.reduce((most, one) => Math.max(most, one), 0);
  const silent = new Array(swing.length).fill(false);
  if (!loudest) return silent;
  const bar = Math.min(QUIET, BELOW_LOUDEST * loudest);
  const pauses = runs([...swing].map((one) => one <= bar), true);
  for (const [begin, end] of pauses) if (end - begin >= least) silent.fill(true, begin, end);
  if (!silent.includes(true)) return silent;
  const withoutClicks = [...silent];
  for (const [begin, end] of runs(silent, false)) {
    if (end - begin < click) withoutClicks.fill(true, begin, end);
  }
  return withoutClicks.includes(false) ? withoutClicks : silent;
}

/** Where `flags` are `value`: the first of each run, and the one behind its last. */
function runs(flags, value) {
  const found = [];
  for (let at = 0; at < flags.length; at++) {
    if (flags[at] !== value) continue;
    const begin = at;
    while (at < flags.length && flags[at] === value) at++;
    found.push([begin, at]);
  }
  return found;
}
