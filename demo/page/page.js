() => {
  // The cursor over the timeline and the pictures follows the player; a click into them seeks.
  const player = () => document.querySelector("#song audio");
  const clock = (seconds) =>
    `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  const mark = (audio) => {
    const moving = audio.currentTime > 0 || !audio.paused;
    for (const line of document.querySelectorAll(".time")) {
      const share = Math.min(1, audio.currentTime / Number(line.dataset.duration));
      line.style.setProperty("--now", share);
      line.classList.toggle("moving", moving);
    }
    for (const stop of document.querySelectorAll(".plane .stop")) {
      const { from, to } = stop.dataset;
      stop.classList.toggle("now", moving
        && audio.currentTime >= Number(from) && audio.currentTime < Number(to));
    }
  };
  const follow = () => {
    const audio = player();
    if (!audio) return;
    mark(audio);
    const now = document.querySelector("#timeline .now");
    const moment = [...document.querySelectorAll("#timeline [data-from]")].find(
      (one) => audio.currentTime < Number(one.dataset.to));
    if (now && moment && (audio.currentTime > 0 || !audio.paused)) {
      now.textContent = `${clock(audio.currentTime)}  ${moment.dataset.says}`;
      const strip = document.querySelector("#timeline .strip");
      strip.setAttribute("aria-valuenow", Math.round(audio.currentTime));
      strip.setAttribute("aria-valuetext", now.textContent);
    }
    if (!audio.paused) requestAnimationFrame(follow);
  };
  // These events do not bubble.
  for (const event of ["play", "seeked", "timeupdate"]) {
    document.addEventListener(event, follow, true);
  }

  // What a screen reader is told: one line, whichever part of the page has changed.
  const said = document.createElement("p");
  said.className = "unseen";
  said.id = "said";
  said.setAttribute("role", "status");
  const announced = new WeakMap();  // Gradio may write new words into an old card
  const announce = () => {
    for (const card of document.querySelectorAll("[data-announce]")) {
      if (announced.get(card) === card.dataset.announce) continue;
      announced.set(card, card.dataset.announce);
      said.textContent = card.dataset.announce;
    }
  };

  // Gradio gives some of its parts no name, and puts buttons into buttons.
  const nameless = () => {
    if (!said.isConnected) (document.querySelector("main") ?? document.body).append(said);
    for (const audio of document.querySelectorAll("audio:not([aria-label])")) {
      audio.setAttribute("aria-label", "The song");
    }
    for (const head of document.querySelectorAll(".toast-header[role]")) {
      head.removeAttribute("role");  // its Close is the button
      head.removeAttribute("tabindex");
    }
    for (const sign of document.querySelectorAll("footer button img:not([alt=''])")) sign.alt = "";
  };

  // Gradio opens a list at every key, Tab too, which leaves it open over what is below it.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Tab" && event.target.closest?.("[role=combobox]")) event.stopPropagation();
  }, true);

  // Who goes by keys, and has sent a song off by a button that is gone now, goes on at the player.
  let held = null;
  document.addEventListener("focusin", ({ target }) => {
    held = target.matches(":focus-visible") ? target : null;
  });
  const keep = () => {
    const lost = held?.getClientRects().length === 0 && document.activeElement === document.body;
    if (lost && player()) player().focus({ preventScroll: true });
  };

  // The strip may come after the player has failed.
  const mute = "this browser cannot play the file";
  const look = () => {
    const now = document.querySelector("#timeline .now");
    if (now && player()?.error && now.textContent !== mute) now.textContent = mute;
    if (player()) mark(player());  // a picture may come after the player was moved
    nameless();
    announce();
    setTimeout(keep, 100);  // what is hidden keeps the focus until the page is drawn
  };
  new MutationObserver(look).observe(document.body, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-announce"],
  });
  look();

  const seek = (seconds) => {
    const audio = player();
    if (audio) audio.currentTime = Math.max(0, Math.min(seconds, audio.duration || seconds));
  };

  document.addEventListener("click", (event) => {
    const line = event.target.closest(".time");
    const place = event.target.closest(".seek, .plane .stop");
    if (place) event.preventDefault();
    if (!player()) return;
    if (line) {
      const box = line.getBoundingClientRect();
      seek((event.clientX - box.left) / box.width * Number(line.dataset.duration));
    } else if (place) {
      seek(Number(place.dataset.at));
      player().play();
    }
  });

  document.addEventListener("keydown", (event) => {
    const strip = event.target.closest?.(".strip");
    const audio = player();
    if (!strip || !audio) return;
    const end = Number(strip.dataset.duration), now = audio.currentTime;
    const places = {
      ArrowLeft: now - 5, ArrowDown: now - 5, ArrowRight: now + 5, ArrowUp: now + 5,
      PageDown: now - end / 10, PageUp: now + end / 10, Home: 0, End: end - 1,
    };
    if (event.key in places) {
      seek(places[event.key]);
    } else if (event.key === " " || event.key === "Enter") {
      if (audio.paused) audio.play(); else audio.pause();
    } else return;
    event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#add button")) return;
    document.querySelector("#songs .icon-button input[type=file]")?.click();
  });

  // Why there is no sound from the microphone, and what helps.
  const microphone = (text) => {
    const place = document.querySelector("#microphone .told");
    if (!place) return;
    place.replaceChildren();
    if (!text) return;
    const card = document.createElement("div");
    card.className = "card problem";
    card.setAttribute("role", "alert");
    card.textContent = text;
    place.append(card);
  };
  const cures = {
    NotAllowedError: "The browser does not let this page hear the microphone. Allow it by the sign "
      + "beside the address, then record again.",
    NotFoundError: "There is no microphone. Connect one, then record again; or drop a file.",
    NotReadableError: "The microphone is there, but another program has it. Close that, then "
      + "record again.",
  };
  const secure = "A browser gives the microphone only to https:// pages and to this machine's own. "
    + "Open the page through HTTPS, or as http://localhost; a file can be dropped either way.";
  const media = navigator.mediaDevices;
  if (media) {
    const ask = media.getUserMedia.bind(media);
    media.getUserMedia = async (...wanted) => {
      try {
        const stream = await ask(...wanted);
        microphone("");
        return stream;
      } catch (error) {
        microphone(cures[error.name] ?? `The microphone cannot be heard: ${error.message}`);
        throw error;
      }
    };
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("#song [aria-label='Record audio']") && !media) microphone(secure);
    if (event.target.closest("#song [aria-label='Upload file']")) microphone("");
  }, true);
}
