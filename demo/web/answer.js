/** From the twin's probabilities to the answer, by the rules of the Python runtime. */

export const DEFAULT_SURE = 90;

/**
 * `probabilities`: of the genres of `info`, `leaves` of its labels where these are sub-genres, and
 * `music`, 0 to 1, where the model tells it. `length`: seconds, without those of long silence.
 * `sure`: of answers that are not unsure, so many percent are right. Returns the genres as [genre, share] pairs, most probable
 * first; the first one's label, the chance that it is accepted as its score, and its bar; whether the
 * music is shorter than what the model hears at a time; whether it does not sound like music; whether
 * the model is unsure; and the likeliest of the genre's sub-genres, if any.
 */
export function tell({ probabilities, leaves, music }, info, length, sure = DEFAULT_SURE) {
  const parents = new Map(Object.entries(info.parents));
  const names = new Set(info.labels.map((label) => parents.get(label) ?? label));
  const genres = falling([...names], probabilities);
  const [label] = genres[0];
  const accepts = new Map([[label, 1], ...entries(info.accepts, label)]);
  const accepted = genres.map(([genre, share]) => share * (accepts.get(genre) ?? 0));
  const score = Math.min(1, accepted.reduce((sum, share) => sum + share));
  const bar = new Map(entries(info.bars, String(sure))).get(label) ?? 0;
  const within = leaves ? falling(info.labels, leaves) : [];
  const subgenre = within.find(([leaf]) => parents.get(leaf) === label)?.[0];
  const short = isShort(length, info);
  const noMusic = music !== undefined && music < info.music_bar;
  const unsure = short || noMusic || score < bar;
  return { label, score, bar, short, noMusic, unsure, genres, subgenre };
}

/** Of the object that `table` has under `key`; a label may be called as a method of objects is. */
function entries(table, key) {
  return Object.entries(new Map(Object.entries(table)).get(key) ?? {});
}

function isShort(length, { window, mel_spec: { hop_length: hop, sample_rate: rate } }) {
  return 1 + Math.floor(Math.round(length * rate) / hop) < window;
}

function falling(names, shares) {
  return names.map((name, i) => [name, shares[i]]).sort(([, a], [, b]) => b - a);
}
