/** From the twin's probabilities to the answer, by the rules of the Python runtime. */

/**
 * `probabilities`: of the genres of `info`, and `leaves` of its labels where these are sub-genres.
 * Returns the genres as [genre, share] pairs, most probable first; the first one's label, score
 * and threshold; whether the model is unsure of it; and the likeliest of its sub-genres, if any.
 */
export function tell({ probabilities, leaves }, info) {
  const parents = new Map(Object.entries(info.parents));
  const thresholds = new Map(Object.entries(info.thresholds));
  const names = new Set(info.labels.map((label) => parents.get(label) ?? label));
  const genres = falling([...names], probabilities);
  const [label, score] = genres[0];
  const threshold = thresholds.get(label) ?? 0;
  const within = leaves ? falling(info.labels, leaves) : [];
  const subgenre = within.find(([leaf]) => parents.get(leaf) === label)?.[0];
  return { label, score, threshold, unsure: score < threshold, genres, subgenre };
}

function falling(names, shares) {
  return names.map((name, i) => [name, shares[i]]).sort(([, a], [, b]) => b - a);
}
