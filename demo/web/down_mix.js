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
    if (cancels(stretch, mixed)) mixOneWay(stretch, mixed, share);
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

/** Mix again, the first loud one standing in for those that are it turned around, as loud as they are. */
function mixOneWay(stretch, mixed, share) {
  const energies = stretch.map((channel) => product(channel, channel));
  const first = energies.findIndex((energy) => energy >= Math.max(...energies) / 2);
  const loud = stretch[first];
  let amplitude = 0;
  mixed.fill(0);
  for (const [number, channel] of stretch.entries()) {
    const against = product(channel, loud) < 0;
    if (against && (isTurned(channel, loud) || isTurned(bass(channel), bass(loud)))) {
      amplitude += Math.sqrt(energies[number] / energies[first]);
    } else {
      for (let i = 0; i < mixed.length; i++) mixed[i] += against ? -channel[i] : channel[i];
    }
  }
  const times = Math.fround(amplitude);
  for (let i = 0; i < mixed.length; i++) {
    mixed[i] = Math.fround(mixed[i] + Math.fround(times * loud[i])) * share;
  }
}

function isTurned(channel, loud) {
  return product(channel, loud) < -0.5 * Math.sqrt(product(channel, channel) * product(loud, loud));
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
