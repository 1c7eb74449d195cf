// A list of any length: of its rows only those in sight are there, and they are used again.

export const ROW = 56;
const COMING = 2; // rows that are seen below the one in hand
const MORE = 6; // beyond each end, for those who scroll fast

export class List {
  /** `fill(element, song)` writes a row; `choose(place, event)` is called on a click. */
  constructor(box, fill, choose) {
    this.box = box;
    this.fill = fill;
    this.songs = [];
    this.here = -1;
    this.all = box.appendChild(Object.assign(document.createElement("div"), { className: "all" }));
    this.all.setAttribute("role", "presentation");
    this.rows = new Map();
    this.spare = [];
    box.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(box);
    this.all.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) choose(Number(row.dataset.place), event);
    });
  }

  /** Other songs, or in another order. */
  show(songs) {
    this.songs = songs;
    this.all.style.height = `${songs.length * ROW}px`;
    this.refresh();
  }

  /** Writes all rows in sight again. */
  refresh() {
    for (const row of this.rows.values()) this.spare.push(row);
    this.rows.clear();
    this.draw();
  }

  goTo(place) {
    this.here = place;
    const top = place * ROW, { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + (1 + COMING) * ROW > scrollTop + clientHeight) this.box.scrollTop = top + (1 + COMING) * ROW - clientHeight;
    this.refresh();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW) - MORE);
    const last = Math.min(this.songs.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW) + MORE);
    for (const [place, row] of this.rows) {
      if (place < first || place >= last) {
        this.rows.delete(place);
        this.spare.push(row);
      }
    }
    for (let place = first; place < last; place++) if (!this.rows.has(place)) this.put(place);
    for (const row of this.spare.splice(0)) row.remove();
    const here = this.rows.has(this.here) ? this.rows.get(this.here).id : null;
    if (here) this.box.setAttribute("aria-activedescendant", here);
    else this.box.removeAttribute("aria-activedescendant");
  }

  put(place) {
    const row = this.spare.pop() || this.make();
    row.style.top = `${place * ROW}px`;
    row.dataset.place = place;
    row.id = `row-${place}`;
    row.setAttribute("aria-setsize", this.songs.length);
    row.setAttribute("aria-posinset", place + 1);
    this.fill(row, this.songs[place], place === this.here);
    if (row.parentNode !== this.all) this.all.append(row);
    this.rows.set(place, row);
  }

  make() {
    const row = document.createElement("div");
    row.className = "row";
    row.setAttribute("role", "option");
    row.innerHTML = '<span><span class="name"></span><span class="by"></span></span>' +
      '<span><span class="genre"></span><span class="bar" aria-hidden="true"><i></i></span></span>' +
      '<span class="mark"></span>';
    return row;
  }
}
