/** From the twin's probabilities to the answer, by the rules of the Python runtime. */

/**
 * `probabilities`: of the genres of `info`, and `leaves` of its labels where these are sub-genres.
 * `length`: seconds of music. Returns the genres as [genre, share] pairs, most probable first; the
 * first one's label, score and threshold; whether the music is shorter than what the model hears at
 * a time; whether the model is unsure; and the likeliest of the genre's sub-genres, if any.
 */
export function tell({ probabilities, leaves }, info, length) {
  const parents = new Map(Object.entries(info.parents));
  const thresholds = new Map(Object.entries(info.thresholds));
  const names = new Set(info.labels.map((label) => parents.get(label) ?? label));
  const genres = falling([...names], probabilities);
  const [label, score] = genres[0];
  const threshold = thresholds.get(label) ?? 0;
  const within = leaves ? falling(info.labels, leaves) : [];
  const subgenre = within.find(([leaf]) => parents.get(leaf) === label)?.[0];
  const short = isShort(length, info);
  return { label, score, threshold, short, unsure: short || score < threshold, genres, subgenre };
}

function isShort(length, { window, mel_spec: { hop_length: hop, sample_rate: rate } }) {
  return 1 + Math.floor(Math.round(length * rate) / hop) < window;
}

function falling(names, shares) {
  return names.map((name, i) => [name, shares[i]]).sort(([, a], [, b]) => b - a);
}
