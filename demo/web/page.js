/** The page: takes files, hears one after the other, and shows what they are. */

import { DEFAULT_SURE, tell } from "./answer.js";
import { AudioError, MAX_MINUTES, decode } from "./audio.js";
import { openModel } from "./model.js";

const find = (id) => document.getElementById(id);
const percent = (share) => `${Math.round(share * 100)}%`;
const show = (text) => (find("status").textContent = text);
const tellReader = (text) => (find("said").textContent = text); // Of what others see on the cards.

show("Loading the model…");
const opened = openModel();
let earlier = Promise.resolve(); // One song at a time: each begins when the one before it is done.

opened.then(
  ({ info }) => {
    describe(info);
    show("Ready. The model is here, and works without the network from now on.");
  },
  (error) => show(`The model cannot be loaded: ${error.message}.`),
);

function describe(info) {
  const { accuracy, songs } = info.metrics;
  find("model-name").textContent = `${info.name} ${info.version}`;
  if (accuracy && songs) {
    find("model-accuracy").textContent =
      `, right about ${percent(accuracy)} of ${songs} songs by artists that it had not heard`;
  }
  find("model-license").textContent = info.license ? `Licence: ${info.license}.` : "";
  const rates = Object.keys(info.bars).map(Number).filter((rate) => [80, 90, 95].includes(rate));
  find("rate").replaceChildren(...rates.map((rate) => new Option(`${rate}%`, rate)));
  find("rate").value = rates.includes(DEFAULT_SURE) ? DEFAULT_SURE : rates[0];
  find("sure").hidden = rates.length < 2;
  find("about").hidden = false;
}

function take(files) {
  const cards = [...files].map((file) => [file, addCard(file.name)]);
  find("songs").prepend(...cards.map(([, card]) => card));
  for (const [file, card] of cards) {
    earlier = earlier.then(() => opened).then(
      (model) => hear(file, card, model),
      () => fail(card, file.name, "cannot be heard: the model is not there."),
    );
  }
}

function addCard(name) {
  const card = find("song").content.cloneNode(true).firstElementChild;
  card.querySelector("h2").textContent = name;
  return card;
}

async function hear(file, card, { info, run }) {
  const { sample_rate: modelRate, n_fft: frame } = info.mel_spec;
  card.querySelector(".answer").textContent = "Listening…";
  tellReader(`Listening to ${file.name}…`);
  try {
    const { waveform, rate } = await decode(file, frame / modelRate);
    const length = waveform.length / rate;
    const heard = await run(waveform, rate);
    const show = () => {
      const sure = Number(find("rate").value) || DEFAULT_SURE;
      fill(card, file.name, tell(heard, info, heard.sounds, sure), {
        length, sounds: heard.sounds, seconds: heard.seconds, info,
      });
    };
    show();
    find("rate").addEventListener("change", show);
  } catch (error) {
    const why = error instanceof AudioError ? error.message : `made the model fail: ${error.message}`;
    fail(card, file.name, why);
  }
}

function fill(card, name, answer, { length, sounds, seconds, info }) {
  const { label, score, bar, short, noMusic, unsure, genres, subgenre } = answer;
  const part = (selector) => card.querySelector(selector);
  part(".answer").textContent = `${label} ${percent(score)}`;
  if (subgenre && subgenre !== label) part(".answer").textContent += `, ${subgenre}`;
  part(".unsure").textContent = noMusic
    ? "Does not sound like music: speech, noise or effects?"
    : short
      ? `Unsure: shorter than the ${patchSeconds(info).toFixed(1)} s that this model hears at a time.`
      : `Unsure: below ${percent(bar)}, take this model's “${label}” for a guess.`;
  part(".unsure").hidden = !unsure;
  part(".genres").replaceChildren(...genres.map(addGenre));
  part(".genres").hidden = false;
  part(".small").textContent =
    `${info.name} ${info.version} · ${seconds.toFixed(2)} s for ${clock(length)} of music, ` +
    "on one thread";
  if (sounds < length / 2) {
    part(".small").textContent += ` · mostly silence: ${clock(sounds)} of ${clock(length)} were heard`;
  }
  part(".small").hidden = false;
  card.setAttribute("aria-busy", "false");
  const doubt = noMusic ? ", but it does not sound like music" : unsure ? ", unsure" : "";
  tellReader(`${name}: ${label}, ${percent(score)}${doubt}.`);
}

function addGenre([genre, share]) {
  const row = find("genre").content.cloneNode(true).firstElementChild;
  row.querySelector(".genre-name").textContent = genre;
  row.querySelector(".bar").style.width = `${share * 100}%`;
  row.querySelector(".share").textContent = percent(share);
  return row;
}

function patchSeconds({ window, mel_spec: { hop_length: hop, sample_rate: rate } }) {
  return (window * hop) / rate;
}

function clock(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function fail(card, name, why) {
  card.classList.add("failed");
  card.setAttribute("aria-busy", "false");
  card.querySelector(".answer").textContent = `This file ${why}`;
  tellReader(`${name} ${why}`);
}

find("limit").textContent = MAX_MINUTES;
find("files").addEventListener("change", ({ target }) => {
  take(target.files);
  target.value = ""; // So that the same file can be chosen again.
});

// On the whole page: a file dropped beside the frame would else be opened instead of this page.
addEventListener("dragover", (event) => {
  event.preventDefault();
  find("drop").classList.add("over");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) find("drop").classList.remove("over");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  find("drop").classList.remove("over");
  take(event.dataTransfer.files);
});
