/**
 * Mixes channels down to mono as the Python runtime does: their mean, unless they cancel each other.
 *
 * models/README.md, "From samples to log-mel", has the rule; infer/audio/down_mix.py its reasons.
 */

const STRETCH = 1 << 15; // Samples that are judged together.
const LEAST_LEFT = 0.1; // Of the channels' energy, in their sum.
const LOW = 64; // Samples that are summed up to look at the bass alone.

/** Mono Float32Array of `channels`, Float32Arrays of one length; [m, -m] gives m. */
export function downMix(channels) {
  const { length } = channels[0];
  const mono = Float32Array.from(channels[0]);
  for (const channel of channels.slice(1)) {
    for (let i = 0; i < length; i++) mono[i] += channel[i];
  }
  if (channels.length === 1) return mono;
  const share = Math.fround(1 / channels.length);
  for (let i = 0; i < length; i++) mono[i] *= share;
  for (let begin = 0; begin < length; begin += STRETCH) {
    const stretch = channels.map((channel) => channel.subarray(begin, begin + STRETCH));
    const mixed = mono.subarray(begin, begin + STRETCH);
    if (cancels(stretch, mixed)) turn(stretch, mixed, share);
  }
  return mono;
}

/** Whether the sum has lost most of the energy; or some, and most of the bass. */
function cancels(stretch, mixed) {
  const squared = stretch.length ** 2;
  const left = squared * product(mixed, mixed);
  const given = sum(stretch, (channel) => product(channel, channel));
  if (left >= given) return false;
  if (left < LEAST_LEFT * given) return true;
  const low = bass(mixed);
  const bassGiven = sum(stretch.map(bass), (channel) => product(channel, channel));
  return squared * product(low, low) < LEAST_LEFT * bassGiven;
}

/** Mix again, with those turned around that stand against the first loud one. */
function turn(stretch, mixed, share) {
  const energies = stretch.map((channel) => product(channel, channel));
  const loud = stretch[energies.findIndex((energy) => energy >= Math.max(...energies) / 2)];
  mixed.fill(0);
  for (const channel of stretch) {
    const sign = product(channel, loud) < 0 ? -1 : 1;
    for (let i = 0; i < mixed.length; i++) mixed[i] += sign * channel[i];
  }
  for (let i = 0; i < mixed.length; i++) mixed[i] *= share;
}

function bass(channel) {
  const low = new Float32Array(Math.floor(channel.length / LOW));
  for (let i = 0; i < low.length * LOW; i++) low[Math.floor(i / LOW)] += channel[i];
  return low;
}

function product(one, other) {
  let total = 0;
  for (let i = 0; i < one.length; i++) total += one[i] * other[i];
  return total;
}

function sum(list, of) {
  return list.reduce((total, one) => total + of(one), 0);
}
