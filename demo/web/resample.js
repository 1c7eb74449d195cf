/**
 * Changes the sample rate with the filter of the Python runtime (soxr's "HQ"), not the browser's:
 * the genre hangs on what is left of the highest octave.
 *
 * A sinc under a Kaiser window, at each output sample's own place between the input samples.
 * Source: J. F. Kaiser, Nonrecursive Digital Filter Design Using the I0-sinh Window Function,
 * ISCAS 1974.
 */

const PASS_BAND = 0.9136; // Of the lower rate's half; its whole half is the stop band's edge.
const ATTENUATION = 132; // dB in the stop band: soxr's roll-off, to 0.03 dB where it is 6 dB down.

/** Mono `waveform` (Float32Array) at `from` Hz as one at `to` Hz; round(length * to / from) long. */
export function resample(waveform, from, to) {
  if (from === to) return waveform;
  const common = gcd(from, to);
  const [up, down] = [to / common, from / common];
  const { taps, phases } = designFilter(up, from, to);
  const half = taps / 2;
  const padded = new Float32Array(waveform.length + 2 * taps);
  padded.set(waveform, half);
  const output = new Float32Array(Math.round((waveform.length * up) / down));
  for (let k = 0; k < output.length; k++) {
    const place = k * down;
    const phase = place % up;
    output[k] = dot(padded, (place - phase) / up + 1, phases, phase * taps, taps);
  }
  return output;
}

/** Four sums, because one would wait for itself at each step; `length` is a multiple of four. */
function dot(one, i, other, j, length) {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (const end = i + length; i < end; i += 4, j += 4) {
    a += one[i] * other[j];
    b += one[i + 1] * other[j + 1];
    c += one[i + 2] * other[j + 2];
    d += one[i + 3] * other[j + 3];
  }
  return a + b + c + d;
}

/** `phases`: for each of `up` places between two input samples, the `taps` weights around it. */
function designFilter(up, from, to) {
  const edge = Math.min(from, to) / 2 / from; // Cycles per input sample.
  const width = edge * (1 - PASS_BAND);
  const cutoff = edge - width / 2;
  const taps = 4 * Math.ceil((ATTENUATION - 7.95) / (2.285 * 2 * Math.PI * width) / 4);
  const beta = 0.1102 * (ATTENUATION - 8.7);
  const half = taps / 2;
  const phases = new Float32Array(up * taps);
  for (let phase = 0; phase < up; phase++) {
    for (let tap = 0; tap < taps; tap++) {
      const distance = tap + 1 - half - phase / up;
      const window = bessel(beta * Math.sqrt(Math.max(0, 1 - (distance / half) ** 2))) / bessel(beta);
      phases[phase * taps + tap] = 2 * cutoff * sinc(2 * cutoff * distance) * window;
    }
  }
  return { taps, phases };
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The modified Bessel function of the first kind and order 0, by its power series. */
function bessel(x) {
  let [sum, term] = [1, 1];
  for (let k = 1; term > sum * 1e-12; k++) sum += term *= (x / 2 / k) ** 2;
  return sum;
}

function gcd(a, b) {
  return b ? gcd(b, a % b) : a;
}
