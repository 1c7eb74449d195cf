// Plays one song from where it spoke loudest, with the next one ready, and shows its timeline.

const byId = (id) => document.getElementById(id);
const COLOURS = ["#e6352b", "#3b82f6", "#22a559", "#f59e0b", "#a855f7", "#14b8a6", "#ec4899", "#8b6b4e", "#84a30d", "#6366f1", "#0ea5e9", "#d946ef", "#b45309", "#64748b", "#f97316", "#059669"];
const MOST_IN_LEGEND = 5;

export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export class Player {
  /** `labels`: of which each has a colour. `say(text)` tells what went wrong. */
  constructor(labels, say) {
    this.labels = labels;
    this.say = say;
    this.sounds = new Map(); // by song: an audio element
    this.song = null;
    this.wanted = false; // that it plays, whichever song it is
    byId("play").onclick = () => this.toggle();
    byId("position").oninput = (event) => this.seek(Number(event.target.value));
    byId("back").onclick = () => this.stretch(-1);
    byId("forth").onclick = () => this.stretch(1);
    setInterval(() => this.tick(), 200);
  }

  colour(label, otherwise = "transparent") {
    const at = this.labels.indexOf(label);
    return at < 0 ? otherwise : COLOURS[at % COLOURS.length];
  }

  get sound() {
    return this.song && this.sounds.get(this.song.id);
  }

  /** Begins with a song; `next`: what is likely asked for then, or null. */
  open(song, next) {
    if (this.sound && this.song.id !== song.id) this.sound.pause();
    this.song = song;
    this.ready(song);
    for (const [id, sound] of this.sounds) {
      if (id === song.id || (next && id === next.id)) continue;
      sound.pause();
      sound.removeAttribute("src");
      sound.load(); // or the browser goes on loading it
      this.sounds.delete(id);
    }
    this.drawStrip();
    if (this.wanted) this.play();
    this.tick();
  }

  /** Loads a song as far as its first second. */
  ready(song) {
    if (this.sounds.has(song.id)) return;
    const sound = new Audio();
    sound.preload = "auto";
    sound.addEventListener("loadedmetadata", () => { if (!sound.currentTime) sound.currentTime = song.start; }, { once: true });
    sound.addEventListener("error", () => {
      if (sound.getAttribute("src") && this.song && this.song.id === song.id) this.say("This song cannot be played here.", true);
    });
    sound.addEventListener("playing", () => document.body.dispatchEvent(new CustomEvent("heard", { detail: song.id })));
    sound.src = `/api/audio/${song.id}`;
    this.sounds.set(song.id, sound);
  }

  toggle() {
    if (!this.sound) return;
    this.wanted = this.sound.paused;
    if (this.wanted) this.play();
    else this.sound.pause();
    this.tick();
  }

  /** Falls silent; whoever comes next is played if this one was. */
  pause() {
    if (this.sound) this.sound.pause();
  }

  play() {
    this.sound.play().catch((error) => {
      if (error.name === "NotAllowedError") this.wanted = false; // before the first key or touch
    });
  }

  seek(seconds) {
    if (this.sound) this.sound.currentTime = Math.max(0, Math.min(seconds, this.duration - 0.5));
    this.tick();
  }

  get duration() {
    const known = this.sound && this.sound.duration;
    return Number.isFinite(known) ? known : this.song ? this.song.duration : 1;
  }

  /** To the next stretch of one genre (1), or to the one before (-1). */
  stretch(way) {
    if (!this.sound) return;
    const starts = this.stretches().map(([start]) => start), now = this.sound.currentTime;
    const found = way > 0 ? starts.find((start) => start > now + 0.5) : starts.findLast((start) => start < now - 2);
    this.seek(found === undefined ? (way > 0 ? starts[0] || 0 : 0) : found);
  }

  /** The timeline with neighbours of one genre made one. */
  stretches() {
    const merged = [];
    for (const [start, end, label] of this.song.timeline) {
      const last = merged.at(-1);
      if (last && last[2] === label) last[1] = end;
      else merged.push([start, end, label]);
    }
    return merged;
  }

  drawStrip() {
    const parts = this.stretches(), seconds = new Map();
    let at = 0;
    byId("strip").replaceChildren(...parts.flatMap(([start, end, label]) => {
      seconds.set(label, (seconds.get(label) || 0) + end - start);
      const pieces = start > at + 0.05 ? [[start - at, null]] : [];
      at = end;
      return [...pieces, [end - start, label]].map(([length, name]) => {
        const part = document.createElement("i");
        part.style.flex = `${length} 0 0`;
        part.style.background = name ? this.colour(name) : "transparent";
        return part;
      });
    }));
    const total = [...seconds.values()].reduce((sum, one) => sum + one, 0);
    const falling = [...seconds].sort((a, b) => b[1] - a[1]);
    byId("legend").title = falling.map(([label, length]) => `${label} ${Math.round(100 * length / total)}%`).join(", ");
    byId("legend").replaceChildren(...falling.slice(0, MOST_IN_LEGEND).map(([label, length]) => {
      const one = document.createElement("span"), dot = document.createElement("i");
      dot.style.background = this.colour(label);
      one.append(dot, `${label} ${Math.round(100 * length / total)}%`);
      return one;
    }));
  }

  tick() {
    const sound = this.sound, button = byId("play"), playing = Boolean(sound && !sound.paused);
    const word = playing ? "Pause" : "Play";
    if (button.getAttribute("aria-label") !== word) {
      button.setAttribute("aria-label", word);
      button.textContent = playing ? "❚❚" : "▶";
    }
    if (!sound) return;
    const at = sound.readyState ? sound.currentTime : this.song.start, position = byId("position");
    position.max = this.duration;
    position.value = at;
    position.setAttribute("aria-valuetext", `${clock(at)} of ${clock(this.duration)}`);
    byId("clock").textContent = `${clock(at)} / ${clock(this.duration)}`;
  }
}
