// The picture of what spoke for a song's genre; drawn by the server once a song is stayed with.

const byId = (id) => document.getElementById(id);
const STAY_MS = 500; // who decides faster needs no picture, and it takes a core
const OPEN = "melonnx review evidence";

const dark = matchMedia("(prefers-color-scheme: dark)");
let song = null, timer = 0;

/** `id`: the song that is looked at; `genre`: of the model. */
export function showEvidence(id, genre) {
  if (song && song.id === id) return;
  song = { id, genre };
  ask(STAY_MS);
}

export function toggleEvidence() {
  byId("why").open = !byId("why").open;
}

function ask(wait) {
  clearTimeout(timer);
  const picture = byId("evidence");
  picture.hidden = true;
  picture.removeAttribute("src"); // what was asked for and is not drawn yet is not waited for
  if (!song || !byId("why").open) return;
  byId("drawing").textContent = "Listening again …";
  timer = setTimeout(() => {
    picture.alt = `Mel spectrogram of where it spoke loudest for ${song.genre}, with what speaks for it and against it`;
    picture.src = `/api/picture/${song.id}?dark=${dark.matches ? 1 : 0}`;
  }, wait);
}

byId("evidence").onload = () => {
  byId("evidence").hidden = false;
  byId("drawing").textContent = "";
};
byId("evidence").onerror = async () => {
  const source = byId("evidence").getAttribute("src");
  if (!source) return;
  let reason = "The server does not answer.";
  try {
    reason = (await (await fetch(source)).json()).error;
  } catch { /* it is said above */ }
  if (byId("evidence").getAttribute("src") === source) byId("drawing").textContent = reason;
};
byId("why").ontoggle = () => {
  try {
    localStorage.setItem(OPEN, byId("why").open ? "1" : "");
  } catch { /* a browser that keeps nothing */ }
  ask(0);
};
dark.onchange = () => ask(0);

function wasOpen() {
  const wide = matchMedia("(min-width: 801px) and (min-height: 800px)").matches;
  try {
    const kept = localStorage.getItem(OPEN);
    return kept === null ? wide : kept === "1";
  } catch {
    return wide;
  }
}
if (wasOpen()) byId("why").open = true;
