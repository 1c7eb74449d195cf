// The songs as points, near ones sounding alike: a click plays, a lasso or a rectangle selects.

const CELLS = 128; // a side, so that what is below the pointer is found at once
const STEPS = 65535;
const CLICK_PX = 5, REACH_PX = 14, EDGE_PX = 24;
const PALE = 150, FULL = 255, GONE = 40; // opacities: not decided, decided, not in the list
const AGAIN_MS = 1000;
const NAMED = 0.01; // the share of the songs from which on a genre's name stands on the map

export class SongMap {
  /**
   * `box`: with a canvas. `songs`: what the page knows of them:
   * `label(song)` of the model, `colour(song)` as "#rrggbb", `decided(song)`, `isChosen(song)`, `isShown(song)`, `here()`;
   * `pick(song, add)` is called on a click or an arrow, `choose(songs)` after a lasso, `point(song)`
   * when the mouse comes to another one, -1 for none.
   */
  constructor(box, songs) {
    this.box = box;
    this.songs = songs;
    this.canvas = box.querySelector("canvas");
    this.pen = this.canvas.getContext("2d");
    this.n = 0;
    this.mode = "move";
    this.pointers = new Map();
    this.view = null; // scale, left and top, in CSS pixels
    this.line = null;
    this.names = [];
    this.pointed = -1;
    this.isWaiting = false;
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    for (const kind of ["down", "move", "up", "cancel"]) this.canvas.addEventListener(`pointer${kind}`, (event) => this[kind](event));
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
    }, { passive: false });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** Asks for the places until they are there; `tell(text)` says what is waited for, "" for nothing. */
  async load(ask, tell) {
    if (this.n || this.isLoading) return;
    this.isLoading = true;
    try {
      let told = await ask("/api/map");
      for (; told.again; told = await ask("/api/map")) {
        tell(told.waiting);
        await new Promise((wake) => setTimeout(wake, AGAIN_MS));
      }
      if (told.x) this.place(told.x, told.y);
      tell(told.meaning || told.waiting);
    } finally {
      this.isLoading = false;
    }
  }

  place(x, y) {
    this.n = x.length;
    this.x = Float32Array.from(x, (value) => (value < 0 ? NaN : value / STEPS));
    this.y = Float32Array.from(y, (value) => value / STEPS);
    this.cells = new Map();
    this.width = this.height = 1e-6;
    for (let song = 0; song < this.n; song++) {
      if (Number.isNaN(this.x[song])) continue;
      this.width = Math.max(this.width, this.x[song]);
      this.height = Math.max(this.height, this.y[song]);
      const key = cell(this.y[song]) * CELLS + cell(this.x[song]);
      if (!this.cells.has(key)) this.cells.set(key, []);
      this.cells.get(key).push(song);
    }
    const of = Map.groupBy(Array.from({ length: this.n }, (_, song) => song).filter((song) => !Number.isNaN(this.x[song])), (song) => this.songs.label(song));
    this.names = [...of].filter(([, songs]) => songs.length > NAMED * this.n).map(([label, songs]) => [label, middle(songs, this.x), middle(songs, this.y)]);
    this.view = null;
    this.draw();
  }

  whole() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const scale = Math.min((width - 2 * EDGE_PX) / this.width, (height - 2 * EDGE_PX) / this.height);
    this.view = { scale, left: (width - this.width * scale) / 2, top: (height - this.height * scale) / 2 };
    this.draw();
  }

  zoom(factor, px = this.canvas.clientWidth / 2, py = this.canvas.clientHeight / 2) {
    const view = this.view;
    if (!view) return;
    view.left = px - (px - view.left) * factor;
    view.top = py - (py - view.top) * factor;
    view.scale *= factor;
    this.draw();
  }

  /** The song in hand comes into sight. */
  follow() {
    const song = this.songs.here(), view = this.view;
    if (view && song >= 0 && song < this.n && !Number.isNaN(this.x[song])) {
      const [px, py] = this.at(song), { clientWidth: width, clientHeight: height } = this.canvas;
      const edge = EDGE_PX / 2; // less than about the whole, which stays where it is
      if (px < edge || px > width - edge) view.left += width / 2 - px;
      if (py < edge || py > height - edge) view.top += height / 2 - py;
    }
    this.draw();
  }

  at(song) {
    return [this.view.left + this.x[song] * this.view.scale, this.view.top + this.y[song] * this.view.scale];
  }

  // ---- drawing

  draw() {
    if (this.isWaiting || this.box.hidden) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.paint();
    });
  }

  paint() {
    const canvas = this.canvas, ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    if (!width || !height || !this.n) return;
    if (!this.view) return this.whole();
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    // Pixel by pixel: 100,000 rectangles of the canvas's own take ten times as long.
    if (!this.image || this.image.width !== width || this.image.height !== height) {
      this.image = this.pen.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.pixels.fill(0);
    const room = Math.sqrt((canvas.clientWidth * canvas.clientHeight) / this.n);
    const dot = Math.max(2, Math.min(8, room / 5)) * ratio;
    const ink = getComputedStyle(canvas).color, edge = Math.round(1.5 * ratio);
    const inkPixel = packed(ink.match(/\d+/g).map(Number), FULL), grey = packed([128, 128, 128], GONE);
    const passes = [[], [], [], []]; // not in the list, not decided, decided, chosen: later ones on top
    for (let song = 0; song < this.n; song++) {
      if (Number.isNaN(this.x[song])) continue;
      const pass = !this.songs.isShown(song) ? 0 : this.songs.isChosen(song) ? 3 : this.songs.decided(song) ? 2 : 1;
      passes[pass].push(song);
    }
    const colours = new Map();
    const pixelOf = (song, alpha) => {
      const key = this.songs.colour(song) + alpha;
      if (!colours.has(key)) colours.set(key, packed([1, 3, 5].map((from) => parseInt(key.slice(from, from + 2), 16)), alpha));
      return colours.get(key);
    };
    const { scale, left, top } = this.view;
    passes.forEach((songs, pass) => {
      for (const song of songs) {
        const made = this.songs.decided(song), side = Math.round(made && pass ? dot * 1.35 : dot);
        const px = Math.round((left + this.x[song] * scale) * ratio - side / 2), py = Math.round((top + this.y[song] * scale) * ratio - side / 2);
        if (pass === 3) this.square(px - edge, py - edge, side + 2 * edge, inkPixel);
        this.square(px, py, side, pass ? pixelOf(song, made || pass === 3 ? FULL : PALE) : grey);
      }
    });
    const pen = this.pen;
    pen.putImageData(this.image, 0, 0);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.strokeStyle = ink;
    pen.font = "600 13px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.fillStyle = ink;
    pen.strokeStyle = getComputedStyle(this.box).backgroundColor;
    pen.lineWidth = 4;
    for (const [label, x, y] of this.names) {
      pen.strokeText(label, left + x * scale, top + y * scale);
      pen.fillText(label, left + x * scale, top + y * scale);
    }
    pen.strokeStyle = ink;
    const here = this.songs.here();
    if (here >= 0 && here < this.n && !Number.isNaN(this.x[here])) {
      pen.lineWidth = 2.5;
      pen.beginPath();
      pen.arc(...this.at(here), dot / ratio + 4, 0, 2 * Math.PI);
      pen.stroke();
    }
    if (this.line && this.line.length > 1) {
      pen.lineWidth = 1;
      pen.setLineDash([5, 4]);
      pen.beginPath();
      this.line.forEach((point, number) => (number ? pen.lineTo(...point) : pen.moveTo(...point)));
      pen.closePath();
      pen.stroke();
      pen.setLineDash([]);
    }
  }

  square(px, py, side, colour) {
    const right = Math.min(px + side, this.image.width), bottom = Math.min(py + side, this.image.height);
    for (let row = Math.max(py, 0); row < bottom; row++) {
      for (let column = Math.max(px, 0); column < right; column++) this.pixels[row * this.image.width + column] = colour;
    }
  }

  // ---- by pointer: mouse, pen, one finger, or two that pinch

  down(event) {
    if (!this.view || event.button > 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
    this.begin = [event.offsetX, event.offsetY];
    this.hasMoved = this.pointers.size > 1;
    const shape = event.shiftKey && this.mode === "move" ? "lasso" : this.mode;
    this.line = shape === "move" || this.pointers.size > 1 ? null : [this.begin];
    this.shape = shape;
  }

  move(event) {
    const now = [event.offsetX, event.offsetY], before = this.pointers.get(event.pointerId);
    if (!before) return this.over(this.view ? this.near(...now) : -1);
    if (Math.hypot(now[0] - this.begin[0], now[1] - this.begin[1]) > CLICK_PX) this.hasMoved = true;
    if (this.pointers.size > 1) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const far = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      this.zoom(far(now) / Math.max(far(before), 1), ...other);
    } else if (this.shape === "lasso") this.line.push(now);
    else if (this.shape === "rectangle") this.line = [this.begin, [now[0], this.begin[1]], now, [this.begin[0], now[1]]];
    else if (this.hasMoved) {
      this.view.left += now[0] - before[0];
      this.view.top += now[1] - before[1];
    }
    this.pointers.set(event.pointerId, now);
    this.draw();
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (!this.hasMoved) {
      const song = this.near(event.offsetX, event.offsetY);
      if (song >= 0) this.songs.pick(song, event.ctrlKey || event.metaKey);
    } else if (this.line) this.songs.choose(this.within(this.line));
    this.line = null;
    this.draw();
  }

  cancel(event) {
    this.pointers.delete(event.pointerId);
    this.line = null;
    this.draw();
  }

  over(song) {
    if (song === this.pointed) return;
    this.pointed = song;
    this.canvas.classList.toggle("over", song >= 0);
    this.songs.point(song);
  }

  near(px, py) {
    const { scale, left, top } = this.view, mx = (px - left) / scale, my = (py - top) / scale, reach = REACH_PX / scale;
    let best = -1, least = reach * reach;
    for (let row = cell(my - reach); row <= cell(my + reach); row++) {
      for (let column = cell(mx - reach); column <= cell(mx + reach); column++) {
        for (const song of this.cells.get(row * CELLS + column) || []) {
          const far = (this.x[song] - mx) ** 2 + (this.y[song] - my) ** 2;
          if (far < least && this.songs.isShown(song)) [best, least] = [song, far];
        }
      }
    }
    return best;
  }

  within(line) {
    const found = [];
    for (let song = 0; song < this.n; song++) {
      if (this.songs.isShown(song) && !Number.isNaN(this.x[song]) && isInside(this.at(song), line)) found.push(song);
    }
    return found;
  }

  // ---- by keys

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.view) return;
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const acts = { "+": () => this.zoom(1.4), "=": () => this.zoom(1.4), "-": () => this.zoom(1 / 1.4), 0: () => this.whole() };
    if (ways[event.key]) {
      const song = this.beside(...ways[event.key]);
      if (song >= 0) this.songs.pick(song, event.shiftKey);
    } else if (acts[event.key]) acts[event.key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The next song that way: near, and rather straight on. */
  beside(dx, dy) {
    const here = this.songs.here();
    let best = -1, least = Infinity;
    for (let song = 0; song < this.n; song++) {
      if (song === here || !this.songs.isShown(song) || Number.isNaN(this.x[song])) continue;
      if (!(here >= 0 && here < this.n) || Number.isNaN(this.x[here])) return song;
      const ahead = (this.x[song] - this.x[here]) * dx + (this.y[song] - this.y[here]) * dy;
      const aside = Math.abs((this.x[song] - this.x[here]) * dy) + Math.abs((this.y[song] - this.y[here]) * dx);
      if (ahead > aside * 0.5 && ahead + 2 * aside < least) [best, least] = [song, ahead + 2 * aside];
    }
    return best;
  }
}

const cell = (value) => Math.min(CELLS - 1, Math.max(0, Math.floor(value * CELLS)));
const middle = (songs, values) => songs.map((song) => values[song]).sort((a, b) => a - b)[songs.length >> 1];
const packed = ([red, green, blue], alpha) => ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;

function isInside([px, py], line) {
  let is = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
    const [ax, ay] = line[i], [bx, by] = line[j];
    if (ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax) is = !is;
  }
  return is;
}
