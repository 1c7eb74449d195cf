// How right the model was where it was unsure, by what was decided of it.

const LEAST = 10; // decisions, for a share of them to be told
const Z = 1.96; // of an interval of 95%

/** In words; "" where too few were asked. */
export function toldRight(right, asked) {
  if (asked < LEAST) return "";
  const [low, high] = between(right, asked).map((share) => Math.round(100 * share));
  return `of the ${asked.toLocaleString("en")} unsure answers that you judged, ${Math.round((100 * right) / asked)}% were right (${low} to ${high}%)`;
}

/** Wilson's interval. */
function between(right, asked) {
  const share = right / asked, whole = 1 + (Z * Z) / asked, middle = share + (Z * Z) / (2 * asked);
  const far = Z * Math.sqrt((share * (1 - share)) / asked + (Z * Z) / (4 * asked * asked));
  return [(middle - far) / whole, (middle + far) / whole];
}
