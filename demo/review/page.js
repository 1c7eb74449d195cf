// The page of melonnx review: which song, what was decided on it, and every key.

import { showEvidence, toggleEvidence } from "/evidence.js";
import { toldRight } from "/judged.js";
import { List } from "/list.js";
import { SongMap } from "/map.js";
import { Player } from "/player.js";

const byId = (id) => document.getElementById(id);
const ASK_MS = 2000;
const AGAIN_MS = 1500;
const MOST_SHARES = 9;

const all = await (await fetch("/api/songs")).json();
const placeOf = new Map(all.ids.map((id, song) => [id, song]));
const tags = []; // [title, artist, album, genres] of the file, once they are read
const decided = new Map(); // by song: {by, genres}
const chosen = new Set(); // songs that the next decision is for, where it is not for one
const details = new Map(); // by song, of those that were looked at lately
const mine = []; // this page's decisions, for undo
const waiting = []; // what the server has not said to be on disk
const own = new Set(); // names of genres that are not the model's
let n = all.ids.length; // more come while a folder is heard
let shown = [], here = -1, opened = 0, adding = false, several = false, anchor = -1, folder = -1, isMap = false;
let since = { lines: 0, facts: 0 };

const song = () => (here < 0 ? -1 : shown[here]);
const many = (count, what) => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (one) => one.toString(16).padStart(2, "0")).join("");
const plain = (name) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
const title = (one) => (tags[one] && tags[one][0]) || all.names[one];
const by = (one) => (tags[one] ? [tags[one][1], tags[one][2]].filter(Boolean).join(" · ") : "") || all.folders[all.folder[one]];
const fileGenres = (one) => (tags[one] && tags[one][3]) || "";
const told = (genres) => (genres.length ? genres.join(", ") : "no music");
const differs = (one) => {
  const has = fileGenres(one).split("; ").map(plain).filter(Boolean);
  return has.length > 0 && !has.includes(plain(all.labels[all.answer[one]]));
};
const albumOf = (one) => `${all.folder[one]}\n${(tags[one] && tags[one][2]) || ""}`;

function say(text, bad = false) {
  byId("said").textContent = text;
  byId("said").classList.toggle("bad", bad);
}

// ---- asking the server

async function ask(path, body) {
  const how = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, how);
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.error), { code: answer.status });
  return value;
}

// One after the other, each until it is on disk; its id makes a repetition harmless.
async function send(path, body) {
  waiting.push([path, body]);
  if (waiting.length > 1) return;
  while (waiting.length) {
    try {
      await ask(...waiting[0]);
      waiting.shift();
    } catch (error) {
      if (error.code) {
        waiting.shift();
        say(error.message, true);
        since = { ...since, lines: 0 };
      } else {
        say(`The server does not answer; ${many(waiting.length, "decision")} will be sent again.`, true);
        await new Promise((wake) => setTimeout(wake, AGAIN_MS));
        if (waiting.length) byId("said").dataset.again = "1";
        continue;
      }
    }
    if (!waiting.length && byId("said").dataset.again) {
      delete byId("said").dataset.again;
      say("All decisions are on disk.");
    }
  }
}
addEventListener("beforeunload", (event) => { if (waiting.length) event.preventDefault(); });

async function look() {
  try {
    const news = await ask(`/api/changes?lines=${since.lines}&facts=${since.facts}&songs=${n}`);
    const more = news.facts - since.facts, come = news.songs ? news.songs.ids.length : 0;
    if (come) takeIn(news.songs);
    since = { lines: news.lines, facts: news.facts };
    for (const [id, found] of Object.entries(news.tags)) tags[placeOf.get(id)] = found;
    if (!waiting.length) {
      for (const [id, one] of Object.entries(news.decided)) {
        if (one) {
          decided.set(placeOf.get(id), one);
          learnNames(one.genres);
        } else decided.delete(placeOf.get(id));
      }
    } else since.lines = 0;
    tellHearing(news.hearing);
    if (come) mergeIn();
    if (come || more || Object.keys(news.decided).length) {
      redraw();
      tellCount();
      showDecision();
      if (here >= 0) tellTags();
    }
    setTimeout(look, more >= 1000 ? 50 : ASK_MS);
  } catch {
    setTimeout(look, 2 * ASK_MS);
  }
}

// ---- songs that come while a folder is heard

function takeIn(songs) {
  for (const name of ["ids", "names", "folder", "answer", "score", "unsure"]) all[name].push(...songs[name]);
  all.folders = songs.folders;
  all.order = songs.order;
  for (; n < all.ids.length; n++) placeOf.set(all.ids[n], n);
  learnLabels(songs.labels);
}

// What was passed in the list stays; what is to come is put in order again, with the new ones.
function mergeIn() {
  const passed = shown.slice(0, here + 1), has = new Set(passed), top = byId("list").scrollTop;
  shown = [...passed, ...matching().filter((one) => !has.has(one))];
  list.show(shown);
  byId("list").scrollTop = top;
  tellEmpty();
  if (here < 0 && shown.length) goTo(Math.max(0, nextOpen(-1)));
  tellChosen();
}

function tellHearing(heard) {
  const wasDone = byId("hearing").hidden;
  byId("hearing").hidden = !heard || (heard.done && !heard.error);
  if (!heard) return;
  const failed = heard.failed ? `, ${heard.failed.toLocaleString("en")} of them unreadable` : "";
  const left = heard.left_s === null ? "" : `; about ${heard.left_s < 90 ? `${heard.left_s} s` : `${Math.round(heard.left_s / 60)} min`} left`;
  byId("heard").max = heard.of;
  byId("heard").value = heard.came;
  byId("hearing-text").textContent = heard.error || `Heard ${heard.came.toLocaleString("en")} of ${many(heard.of, "song")}${failed}${left}`;
  if (heard.done && !heard.error && !wasDone) say(`All ${many(heard.of, "song")} are heard${failed}.`);
}

function learnLabels(labels) {
  const known = all.labels.length;
  all.labels.push(...labels.slice(known));
  const genre = byId("genre"), chosen = genre.value;
  if (genre.options.length === labels.length + 1) return;
  const sorted = [...all.labels].sort();
  genre.replaceChildren(genre.options[0], ...sorted.map((label) => new Option(label, label)));
  genre.value = chosen;
  byId("names").replaceChildren(...[...sorted, ...own].map((label) => new Option(label)));
}

function learnNames(genres) {
  for (const name of genres) {
    if (all.labels.includes(name) || own.has(name)) continue;
    own.add(name);
    byId("names").append(new Option(name));
  }
}

// ---- the list

const list = new List(byId("list"), fillRow, clickRow);

function redraw() {
  list.refresh();
  map.draw();
}

function fillRow(row, one, isHere) {
  const [left, middle, mark] = row.children, sure = !all.unsure[one];
  const label = all.labels[all.answer[one]], made = decided.get(one);
  left.children[0].textContent = title(one);
  left.children[1].textContent = by(one);
  const doubt = document.createElement("span");
  doubt.className = "doubt";
  doubt.textContent = sure ? "" : " unsure";
  middle.children[0].replaceChildren(`${label} ${all.score[one]}%`, doubt);
  middle.children[1].firstChild.style.width = `${all.score[one]}%`;
  mark.className = made ? "mark decided" : "mark";
  mark.textContent = made ? `✓ ${told(made.genres)}` : fileGenres(one) && `file: ${fileGenres(one)}`;
  row.classList.toggle("sure", sure);
  row.classList.toggle("here", isHere);
  row.setAttribute("aria-selected", chosen.size ? chosen.has(one) : isHere);
}

function clickRow(place, event) {
  if (several || event.ctrlKey || event.metaKey) {
    const one = shown[place];
    if (!chosen.delete(one)) chosen.add(one);
    anchor = place;
    goTo(place);
    tellChosen();
  } else if (event.shiftKey) {
    chooseTo(place);
  } else goTo(place);
}

function chooseTo(place) {
  if (anchor < 0 || !chosen.size) anchor = Math.max(0, here);
  const [from, to] = [Math.min(anchor, place), Math.max(anchor, place)];
  chosen.clear();
  for (let at = from; at <= to; at++) chosen.add(shown[at]);
  goTo(place);
  tellChosen();
}

function tellChosen() {
  byId("none").hidden = !chosen.size;
  byId("shown").textContent = chosen.size ? `${many(chosen.size, "song")} selected` : many(shown.length, "song");
  byId("asked").textContent = chosen.size > 1 ? `Decide on ${many(chosen.size, "song")}:` : "What is it?";
  redraw();
}

function clearChosen() {
  chosen.clear();
  anchor = -1;
  tellChosen();
}

const WHICH = {
  all: () => true,
  open: (one) => all.unsure[one] && !decided.has(one),
  unsure: (one) => all.unsure[one],
  sure: (one) => !all.unsure[one],
  differs,
  decided: (one) => decided.has(one),
};

function matching() {
  const words = byId("text").value.toLowerCase().split(/\s+/).filter(Boolean), which = WHICH[byId("state").value];
  const genre = byId("genre").value;
  return sorted().filter((one) => (folder < 0 || all.folder[one] === folder) && which(one) && isOf(one, genre) && has(one, words));
}

// ---- the map

const inList = new Set(); // what the filters leave
let meaning = "";
const map = new SongMap(byId("map"), {
  label: (one) => all.labels[all.answer[one]],
  point: (one) => { byId("meaning").textContent = one < 0 ? meaning : titled(one); },
  colour: (one) => {
    const made = decided.get(one), label = made ? made.genres[0] : all.labels[all.answer[one]];
    return player.colour(label, "#808080");
  },
  decided: (one) => decided.has(one),
  isChosen: (one) => chosen.has(one),
  isShown: (one) => inList.has(one),
  here: song,
  pick(one, add) {
    if (add || several) {
      if (!chosen.delete(one)) chosen.add(one);
      tellChosen();
    }
    player.wanted = true;
    goTo(shown.indexOf(one));
    say(titled(one));
  },
  choose(songs) {
    for (const one of songs) chosen.add(one);
    tellChosen();
    say(songs.length ? `${many(chosen.size, "song")} are selected: the next decision is for all of them.` : "There is no song within.");
  },
});

const titled = (one) => `${title(one)}: ${decided.has(one) ? told(decided.get(one).genres) : all.labels[all.answer[one]]}`;

function tellMap(text) {
  meaning = text;
  byId("meaning").textContent = text;
}

function toggleMap() {
  isMap = !isMap;
  byId("mapped").setAttribute("aria-pressed", isMap);
  document.body.classList.toggle("mapped", isMap);
  tellEmpty();
  if (!isMap) {
    if (here >= 0) list.goTo(here);
    return byId("list").focus();
  }
  map.load(ask, tellMap).then(() => map.follow(), (error) => tellMap(error.message));
  map.follow();
  byId("map").querySelector("canvas").focus();
}

// Whether something but the kind of answer leaves songs out.
const tellsApart = () => Boolean(byId("text").value.trim() || byId("genre").value || folder >= 0);

function tellEmpty() {
  inList.clear();
  for (const one of shown) inList.add(one);
  byId("map").hidden = !isMap || !shown.length;
  byId("none-such").textContent = n ? (byId("state").value === "open" && !tellsApart() ? "Every unsure song is decided." : "No song is like that.") : "The first songs are being heard.";
  byId("show-all").hidden = !n;
  byId("empty").hidden = shown.length > 0;
  byId("list").hidden = isMap || !shown.length;
  byId("song").hidden = !shown.length;
}

function choose() {
  shown = matching();
  chosen.clear();
  anchor = -1;
  byId("list").scrollTop = 0;
  list.here = -1;
  list.show(shown);
  tellEmpty();
  here = -1;
  if (shown.length) goTo(Math.max(0, nextOpen(-1)));
  else player.pause();
  tellChosen();
}

function showAll() {
  byId("text").value = byId("genre").value = "";
  byId("state").value = "all";
  folder = -1;
  byId("folder").setAttribute("aria-pressed", false);
  choose();
  focusSongs();
}

function isOf(one, genre) {
  if (!genre) return true;
  const made = decided.get(one);
  return made ? made.genres.includes(genre) : all.labels[all.answer[one]] === genre;
}

function has(one, words) {
  if (!words.length) return true;
  const text = `${all.names[one]} ${all.folders[all.folder[one]]} ${(tags[one] || []).join(" ")}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function sorted() {
  const how = byId("sort").value;
  if (how === "score") return [...all.order].sort((a, b) => all.score[b] - all.score[a]);
  if (how === "path") {
    return Array.from({ length: n }, (_, one) => one).sort((a, b) => all.folder[a] - all.folder[b] || (all.names[a] < all.names[b] ? -1 : 1));
  }
  if (how === "worth") return all.order;
  if (how === "lot") return [...all.order].sort((a, b) => (all.ids[a] < all.ids[b] ? -1 : 1)); // ids are chance
  const albums = new Map();
  for (let one = 0; one < n; one++) {
    const key = albumOf(one);
    if (!albums.has(key)) albums.set(key, []);
    albums.get(key).push(one);
  }
  const agreement = (songs) => {
    const counts = new Map();
    for (const one of songs) counts.set(all.answer[one], (counts.get(all.answer[one]) || 0) + 1);
    return Math.max(...counts.values()) / songs.length;
  };
  return [...albums.values()].map((songs) => [agreement(songs), songs]).sort((a, b) => a[0] - b[0] || b[1].length - a[1].length).flatMap((one) => one[1]);
}

function judged() {
  let asked = 0, right = 0;
  for (const [one, made] of decided) {
    if (!all.unsure[one]) continue;
    asked++;
    right += made.genres.includes(all.labels[all.answer[one]]) ? 1 : 0;
  }
  return [right, asked];
}

function tellCount() {
  let unsure = 0, open = 0;
  for (let one = 0; one < n; one++) {
    unsure += all.unsure[one];
    open += all.unsure[one] && !decided.has(one) ? 1 : 0;
  }
  byId("count").textContent = `${many(n, "song")}, ${open.toLocaleString("en")} of ${unsure.toLocaleString("en")} unsure ones left; ${decided.size.toLocaleString("en")} decided`;
  byId("right").textContent = toldRight(...judged());
  byId("write").disabled = !decided.size;
}

// ---- one song

async function detailOf(one) {
  if (!details.has(one)) {
    details.set(one, ask(`/api/song/${all.ids[one]}`));
    if (details.size > 60) details.delete(details.keys().next().value);
  }
  try {
    const detail = await details.get(one);
    tags[one] = detail.facts;
    return detail;
  } catch (error) {
    details.delete(one);
    throw error;
  }
}

async function goTo(place) {
  if (place < 0 || place >= shown.length) return;
  here = place;
  list.goTo(place);
  map.follow();
  const one = song(), turn = ++opened;
  byId("song").hidden = false;
  byId("song").scrollTop = 0; // on a telephone: whose turn it is stands above
  tellTags();
  adding = false;
  byId("adding").setAttribute("aria-pressed", false);
  byId("answers").replaceChildren();
  try {
    const detail = await detailOf(one);
    if (turn !== opened) return;
    const next = nextOpen(here);
    player.open(detail, null);
    showSong(detail);
    showEvidence(detail.id, all.labels[all.answer[one]]);
    if (next < 0) return;
    const following = await detailOf(shown[next]);
    if (turn === opened) player.open(detail, following), player.ready(following);
  } catch (error) {
    if (turn === opened) say(error.code ? error.message : "The server does not answer.", true);
  }
}

function tellTags() {
  const one = song();
  byId("title").textContent = title(one);
  byId("by").textContent = byId("by").title = by(one);
  byId("path").textContent = byId("path").title = `${all.folders[all.folder[one]]}/${all.names[one]}`;
  byId("kept").hidden = !fileGenres(one);
  byId("kept").title = fileGenres(one);
}

function showSong(detail) {
  tellTags();
  byId("warning").hidden = !detail.warnings.length;
  byId("warning").textContent = detail.warnings.join("; ");
  const shares = detail.shares.slice(0, MOST_SHARES);
  byId("answers").replaceChildren(...shares.map(([label, share], at) => {
    const button = document.createElement("button"), number = document.createElement("kbd");
    const name = document.createElement("span"), bar = document.createElement("span"), percent = document.createElement("small");
    button.type = "button";
    button.dataset.genre = label;
    number.className = "number";
    number.textContent = at + 1;
    number.ariaHidden = "true";
    name.textContent = label;
    bar.className = "share";
    bar.appendChild(document.createElement("i")).style.width = `${100 * share}%`;
    percent.textContent = share < 0.005 ? "<1%" : `${Math.round(100 * share)}%`;
    button.append(number, name, bar, percent);
    button.onclick = () => take(label, adding);
    return button;
  }));
  showDecision();
}

function showDecision() {
  const made = here < 0 ? null : decided.get(song());
  for (const button of byId("answers").children) button.setAttribute("aria-pressed", Boolean(made && made.genres.includes(button.dataset.genre)));
  byId("nomusic").setAttribute("aria-pressed", Boolean(made && !made.genres.length));
  byId("undo").disabled = !mine.length && !made;
}

// ---- deciding

function decide(genres, { stay = false } = {}) {
  if (here < 0) return;
  const songs = chosen.size ? [...chosen] : [song()];
  const made = { by: newId(), genres };
  for (const one of songs) decided.set(one, made);
  learnNames(genres);
  mine.push({ by: made.by, songs, here: song() });
  send("/api/decide", { id: made.by, songs: songs.map((one) => all.ids[one]), genres });
  say(songs.length > 1 ? `${many(songs.length, "song")}: ${told(genres)}` : `${title(song())}: ${told(genres)}`);
  tellCount();
  if (chosen.size) clearChosen();
  redraw();
  showDecision();
  if (!stay) next();
}

function take(genre, too) {
  if (!too) return decide([genre]);
  const made = decided.get(song()), had = made ? made.genres : [];
  const genres = had.includes(genre) ? had.filter((one) => one !== genre) : [...had, genre];
  if (genres.length) decide(genres, { stay: true });
  else undo();
}

function nextOpen(from) {
  for (let place = from + 1; place < shown.length; place++) if (!decided.has(shown[place])) return place;
  return -1;
}

function next() {
  const place = nextOpen(here), first = place < 0 ? nextOpen(-1) : place;
  if (first >= 0 && first !== here) {
    goTo(first);
    if (place < 0) say("That was the end of this list; on with what was skipped.");
  } else say("Every song of this list is decided.");
}

function undo() {
  const last = mine.pop();
  const made = last || (here >= 0 && decided.get(song()));
  if (!made) return;
  send("/api/undo", { id: newId(), undo: made.by });
  for (const [one, counts] of decided) if (counts.by === made.by) decided.delete(one);
  since.lines = 0; // what was decided before counts again; the server knows
  say("Taken back.");
  tellCount();
  redraw();
  if (last && shown.includes(last.here)) goTo(shown.indexOf(last.here));
  showDecision();
}

function fileIsRight() {
  const names = fileGenres(song()).split("; ").filter(Boolean);
  if (!names.length) return say("The file has no genre.");
  decide(names.map((name) => all.labels.find((label) => plain(label) === plain(name)) || name));
}

function wholeAlbum() {
  if (chosen.size) {
    clearChosen();
    return say("Nothing is selected.");
  }
  const key = albumOf(song());
  for (let one = 0; one < n; one++) if (albumOf(one) === key) chosen.add(one);
  tellChosen();
  say(`${many(chosen.size, "song")} of this album are selected: the next decision is for all of them.`);
}

function focusSongs() {
  (isMap ? byId("map").querySelector("canvas") : byId("list")).focus();
}

function takeName() {
  const name = byId("name").value.trim();
  if (!name) return;
  const known = [...all.labels, ...own].find((one) => plain(one) === plain(name));
  byId("name").value = "";
  focusSongs();
  take(known || name, adding);
}

// ---- writing

async function openWriting() {
  byId("writing").showModal();
  byId("plan").textContent = "Reading what the files have …";
  byId("changes").hidden = byId("do-write").hidden = byId("un-write").hidden = true;
  while (waiting.length) await new Promise((wake) => setTimeout(wake, 20));
  try {
    const { rows } = await ask("/api/plan");
    const count = rows.filter((row) => row.outcome === "tag").length;
    showChanges(rows.filter((row) => row.outcome !== "same"));
    const same = rows.filter((row) => row.outcome === "same").length;
    byId("plan").textContent = `${many(count, "file")} would get a genre` + (same ? `; ${same.toLocaleString("en")} have it already.` : ".");
    byId("do-write").hidden = !count;
    byId("do-write").textContent = `Write ${many(count, "genre")}`;
  } catch (error) {
    byId("plan").textContent = error.message;
  }
}

function showChanges(rows) {
  byId("changes").hidden = !rows.length;
  byId("changes").querySelector("tbody").replaceChildren(...rows.slice(0, 2000).map((row) => {
    const line = document.createElement("tr");
    const last = { tag: "is written", tagged: "written", failed: row.error }[row.outcome] ?? row.outcome;
    line.append(...[row.name, row.old || "none", row.new || "none", last].map((text) => Object.assign(document.createElement("td"), { textContent: text })));
    return line;
  }));
}

async function write() {
  byId("do-write").hidden = true;
  byId("plan").textContent = "Writing …";
  try {
    const { rows, log, command } = await ask("/api/write", {});
    const count = rows.filter((row) => row.outcome === "tagged").length, failed = rows.filter((row) => row.outcome === "failed").length;
    showChanges(rows.filter((row) => row.outcome !== "same"));
    byId("plan").textContent = `${many(count, "genre")} written` + (failed ? `, ${failed} failed` : "") + `. To undo it later: ${command}`;
    byId("un-write").hidden = !count;
    byId("un-write").onclick = () => restore(log);
    byId("un-write").focus();
  } catch (error) {
    byId("plan").textContent = error.message;
  }
}

async function restore(log) {
  try {
    const { restored, failed } = await ask("/api/restore", { log });
    byId("plan").textContent = `${many(restored, "file")} as before` + (failed ? `; ${failed} were changed since and left alone.` : ".");
    byId("changes").hidden = byId("un-write").hidden = true;
    byId("close-write").focus();
  } catch (error) {
    byId("plan").textContent = error.message;
  }
}

// ---- keys

const KEYS = {
  Enter: () => byId("answers").children.length && decide([all.labels[all.answer[song()]]]),
  " ": () => player.toggle(),
  n: () => decide([]),
  s: () => next(),
  j: (event) => (event.shiftKey ? chooseTo(Math.min(here + 1, shown.length - 1)) : goTo(here + 1)),
  k: (event) => (event.shiftKey ? chooseTo(Math.max(here - 1, 0)) : goTo(here - 1)),
  arrowdown: (event) => KEYS.j(event),
  arrowup: (event) => KEYS.k(event),
  home: () => goTo(0),
  end: () => goTo(shown.length - 1),
  pagedown: () => goTo(Math.min(here + 10, shown.length - 1)),
  pageup: () => goTo(Math.max(here - 10, 0)),
  "[": () => player.stretch(-1),
  "]": () => player.stretch(1),
  a: () => wholeAlbum(),
  e: () => toggleEvidence(),
  m: () => toggleMap(),
  f: () => fileIsRight(),
  u: () => undo(),
  "/": () => byId("name").focus(),
  "?": () => byId("keys").showModal(),
  escape: () => chosen.size && wholeAlbum(),
};

addEventListener("keydown", (event) => {
  const at = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || at.closest("dialog")) return;
  if (at.matches("input:not([type=range]), select")) {
    if (event.key === "Escape") focusSongs();
    return;
  }
  // A button that has the focus is pressed by these, and a slider moved.
  if (at.matches("button, summary") && (event.key === "Enter" || event.key === " ")) return;
  if (at.matches("[type=range]") && /^(Arrow|Home|End|Page)/.test(event.key)) return;
  const digit = /^Digit([1-9])$/.exec(event.code);
  if (digit && (event.shiftKey || event.key === digit[1])) {
    const button = byId("answers").children[digit[1] - 1];
    if (button) take(button.dataset.genre, event.shiftKey || adding);
  } else {
    const act = KEYS[event.key] || KEYS[event.key.toLowerCase()];
    if (!act || (here < 0 && !"?/".includes(event.key))) return;
    act(event);
  }
  event.preventDefault();
});

byId("undo").onclick = undo;
byId("write").onclick = openWriting;
byId("help").onclick = () => byId("keys").showModal();
byId("do-write").onclick = write;
byId("close-write").onclick = () => byId("writing").close();
byId("nomusic").onclick = () => decide([]);
byId("skip").onclick = next;
byId("album").onclick = wholeAlbum;
byId("kept").onclick = fileIsRight;
byId("adding").onclick = () => {
  adding = !adding;
  byId("adding").setAttribute("aria-pressed", adding);
};
byId("folder").onclick = () => {
  if (folder < 0 && here < 0) return;
  folder = folder < 0 ? all.folder[song()] : -1;
  byId("folder").setAttribute("aria-pressed", folder >= 0);
  byId("folder").title = folder < 0 ? "" : all.folders[folder];
  choose();
};
byId("show-all").onclick = showAll;
byId("mapped").onclick = toggleMap;
byId("nearer").onclick = () => map.zoom(1.4);
byId("farther").onclick = () => map.zoom(1 / 1.4);
byId("whole").onclick = () => map.whole();
for (const button of document.querySelectorAll("[data-mode]")) {
  button.onclick = () => {
    map.mode = button.dataset.mode;
    for (const one of document.querySelectorAll("[data-mode]")) one.setAttribute("aria-pressed", one === button);
    byId("map").querySelector("canvas").className = map.mode;
  };
}
byId("several").onclick = () => {
  several = !several;
  byId("several").setAttribute("aria-pressed", several);
};
byId("every").onclick = () => {
  for (const one of shown) chosen.add(one);
  tellChosen();
};
byId("none").onclick = clearChosen;
byId("other").onsubmit = (event) => {
  event.preventDefault();
  takeName();
};
let typing = 0;
byId("filters").onsubmit = (event) => {
  event.preventDefault();
  clearTimeout(typing);
  choose();
  focusSongs();
};
for (const id of ["state", "genre", "sort"]) byId(id).onchange = choose;
byId("text").oninput = () => {
  clearTimeout(typing);
  typing = setTimeout(choose, 150);
};

const player = new Player(all.labels, say);
learnLabels(all.labels);
tellHearing(all.hearing);
document.title = `${all.results} – melonnx review`;
await look();
tellCount();
choose();
byId("list").focus();
