() => {
  // The cursor over the timeline and the pictures follows the player; a click into them seeks.
  const player = () => document.querySelector("#song audio");

  const follow = () => {
    const audio = player();
    if (!audio) return;
    for (const line of document.querySelectorAll(".time")) {
      const share = Math.min(1, audio.currentTime / Number(line.dataset.duration));
      line.style.setProperty("--now", share);
      line.classList.toggle("moving", audio.currentTime > 0 || !audio.paused);
    }
    const now = document.querySelector("#timeline .now");
    const moment = [...document.querySelectorAll("#timeline [data-from]")].find(
      (one) => audio.currentTime < Number(one.dataset.to));
    if (now && moment && (audio.currentTime > 0 || !audio.paused)) {
      const seconds = Math.floor(audio.currentTime);
      const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      now.textContent = `${clock}  ${moment.dataset.says}`;
    }
    if (!audio.paused) requestAnimationFrame(follow);
  };
  // These events do not bubble.
  for (const event of ["play", "seeked", "timeupdate"]) {
    document.addEventListener(event, follow, true);
  }

  // The strip may come after the player has failed.
  const mute = "this browser cannot play the file";
  new MutationObserver(() => {
    const now = document.querySelector("#timeline .now");
    if (now && player()?.error && now.textContent !== mute) now.textContent = mute;
  }).observe(document.body, {childList: true, subtree: true});

  document.addEventListener("click", (event) => {
    const audio = player();
    if (!audio) return;
    const line = event.target.closest(".time");
    const place = event.target.closest(".seek");
    if (line) {
      const box = line.getBoundingClientRect();
      audio.currentTime = (event.clientX - box.left) / box.width * Number(line.dataset.duration);
    } else if (place) {
      event.preventDefault();
      audio.currentTime = Number(place.dataset.at);
      audio.play();
    }
  });
}
