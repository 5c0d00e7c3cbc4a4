// Heat maps: an array as colours and, where there is room, as numbers. Only what is in view is drawn.

const ZOOMS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 44, 56, 72];
const READABLE = 44; // from this width on a cell shows its number

/** Ways of looking at an array: which axes lie along rows and columns, and which have one index chosen. */
function viewsOf(shape) {
  const n = shape.length, views = [];
  const rest = (used) => shape.map((_, axis) => axis).filter((axis) => !used.includes(axis));
  const plain = (rows, columns) => ({
    name: `axes ${rows} × ${columns}`, rows: rows === null ? 1 : shape[rows], columns: shape[columns], free: rest([rows, columns]),
    place: (r, c, index) => { const at = index.slice(); if (rows !== null) at[rows] = r; at[columns] = c; return placeOf(at, shape); },
    where: (index) => [rows === null ? 0 : index[rows], index[columns]],
  });
  const square = (axis) => {
    const side = Math.round(Math.sqrt(shape[axis]));
    return {
      name: `axis ${axis} as ${side} × ${side}`, rows: side, columns: side, free: rest([axis]),
      place: (r, c, index) => { const at = index.slice(); at[axis] = r * side + c; return placeOf(at, shape); },
      where: (index) => [Math.floor(index[axis] / side), index[axis] % side],
    };
  };
  if (n === 0) return [];
  if (n === 1) views.push({ ...plain(null, 0), name: "as a row" });
  if (n === 2) views.push(plain(0, 1), plain(1, 0));
  if (n === 3) views.push(plain(1, 2), plain(0, 1), plain(0, 2));
  if (n >= 4) {
    const pairs = [[0, 1], [1, 2], [2, 3], [0, 3], [0, 2], [1, 3]];
    pairs.sort((a, b) => Math.min(shape[b[0]], shape[b[1]]) - Math.min(shape[a[0]], shape[a[1]]));
    const spatial = shape[1] === shape[2] && shape[1] > 1 ? [1, 2] : shape[0] === shape[1] && shape[0] > 1 ? [0, 1] : pairs[0];
    views.push(plain(...spatial), ...pairs.filter((pair) => pair.join() !== spatial.join()).map((pair) => plain(...pair)));
  }
  for (let axis = n - 1; axis >= 0 && n <= 2; axis--) {
    const side = Math.round(Math.sqrt(shape[axis]));
    if (side * side === shape[axis] && side >= 7) views.push(square(axis));
  }
  return views;
}

/** Colours of the page as it is now: light or dark. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const rgb = (name) => style.getPropertyValue(name).trim().match(/[0-9.]+/g).slice(0, 3).map(Number);
  return { zero: rgb("--zero"), plus: rgb("--plus"), minus: rgb("--minus"), odd: rgb("--odd"), ink: style.getPropertyValue("--ink").trim(), accent: style.getPropertyValue("--mark").trim() };
}

const maps = new Set();

class HeatMap {
  /** source: {name, shape, kind, array()}; pick(place): a cell was chosen; hidden(place): whether its number is secret. */
  constructor(source, { pick = null, hidden = () => false, tall = 320, marks = [] } = {}) {
    Object.assign(this, { source, pick, hidden, tall });
    this.shape = source.shape;
    this.views = viewsOf(this.shape);
    this.view = this.views[0];
    this.index = this.shape.map(() => 0);
    this.cursor = [0, 0];
    this.marks = new Map(marks.map((place) => [place, "part"]));
    this.zoom = null;
    this.build();
    maps.add(this);
  }

  build() {
    this.id = `map${HeatMap.count++}`;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.filler = el("div", { class: "filler" }, this.canvas);
    this.spoken = el("div", { role: "gridcell", id: `${this.id}c`, class: "unseen" });
    this.box = el("div", {
      class: "map", tabindex: "0", role: "grid", "aria-label": `${this.source.name}, ${shapeText(this.shape)}`,
      "aria-activedescendant": `${this.id}c`, "aria-rowcount": this.view?.rows, "aria-colcount": this.view?.columns,
      onscroll: () => this.draw(), onkeydown: (event) => this.key(event), onpointermove: (event) => this.point(event),
      onpointerleave: () => this.tell(null), onfocus: () => { this.focused = true; this.tell(this.cursor); this.draw(); },
      onblur: () => { this.focused = false; this.tell(null); this.draw(); }, onclick: (event) => this.click(event),
    }, this.filler, el("div", { role: "row", class: "unseen" }, this.spoken));
    this.told = el("p", { class: "told" });
    this.choice = el("span", { class: "choices" });
    this.controls = this.bar();
    this.root = el("div", { class: "mapbox" }, this.controls, this.box, this.told);
    this.tell(null);
    new ResizeObserver(() => { if (this.box.isConnected) this.fit(); }).observe(this.box);
  }

  bar() {
    const pick = this.views.length > 1 ? el("select", { "aria-label": `View of ${this.source.name}`, onchange: (event) => this.look(Number(event.target.value)) },
      this.views.map((view, i) => el("option", { value: i, text: view.name }))) : null;
    this.chooser = pick;
    const zoom = (by, name, sign) => el("button", { type: "button", class: "small", title: name, "aria-label": `${name}: ${this.source.name}`, onclick: () => this.zoomBy(by), text: sign });
    this.free();
    return el("div", { class: "mapbar" }, pick, this.choice, el("span", { class: "zooms" }, zoom(-1, "Smaller cells", MINUS), zoom(1, "Larger cells", "+")));
  }

  /** Choosers of the index along axes that are not shown. */
  free() {
    clear(this.choice);
    this.inputs = new Map();
    for (const axis of this.view.free) {
      if (this.shape[axis] < 2) continue;
      const input = el("input", {
        type: "number", min: 0, max: this.shape[axis] - 1, value: this.index[axis], "aria-label": `Index along axis ${axis} of ${this.source.name}`,
        onchange: (event) => { this.index[axis] = Math.min(this.shape[axis] - 1, Math.max(0, Math.trunc(Number(event.target.value)) || 0)); event.target.value = this.index[axis]; this.draw(); this.tell(null); },
      });
      this.inputs.set(axis, input);
      this.choice.append(el("label", {}, `axis ${axis}: `, input));
    }
  }

  look(number) { this.view = this.views[number]; if (this.chooser) this.chooser.value = number; this.cursor = [0, 0]; this.zoom = null; this.free(); this.fit(); }

  // -- size and place ---------------------------------------------------------------------------------------------------

  get wide() { return this.size; }
  get high() { return this.view.rows <= 4 ? Math.max(this.size, 18) : Math.max(this.size, this.size >= READABLE ? 0 : 1) * (this.size >= READABLE ? 0.55 : 1); }

  fit() {
    const width = this.box.clientWidth;
    if (!width) return;
    if (this.zoom === null) {
      const fits = ZOOMS.filter((z) => z * this.view.columns <= width && (z >= READABLE ? z * 0.55 : z) * this.view.rows <= this.tall);
      this.zoom = fits.length ? ZOOMS.indexOf(fits[fits.length - 1]) : this.view.columns * 2 > width * 1.5 ? 0 : 1;
      while (ZOOMS[this.zoom] < 6 && (ZOOMS[this.zoom + 1] * this.view.columns <= width || this.view.rows <= 4)) this.zoom++; // the rest is scrolled to
    }
    this.size = ZOOMS[this.zoom];
    this.filler.style.width = `${this.view.columns * this.wide}px`;
    this.filler.style.height = `${this.view.rows * this.high}px`;
    this.box.style.height = `${Math.min(this.tall, this.view.rows * this.high) + 16}px`;
    this.draw();
  }

  zoomBy(by) {
    this.zoom = Math.min(ZOOMS.length - 1, Math.max(0, this.zoom + by));
    this.fit();
    this.reveal();
  }

  /** The row and column under the pointer. */
  under(event) {
    const box = this.filler.getBoundingClientRect();
    const c = Math.floor((event.clientX - box.left) / this.wide), r = Math.floor((event.clientY - box.top) / this.high);
    return r >= 0 && c >= 0 && r < this.view.rows && c < this.view.columns ? [r, c] : null;
  }

  placeAt([r, c]) { return this.view.place(r, c, this.index); }

  /** Show this cell, whatever has to be chosen for it. */
  show(place) {
    const index = indexOf(place, this.shape);
    this.index = index.slice();
    for (const [axis, input] of this.inputs) input.value = index[axis];
    this.cursor = this.view.where(index);
    this.reveal();
    this.draw();
  }

  reveal() {
    const [r, c] = this.cursor, { box } = this;
    const x = c * this.wide, y = r * this.high;
    if (x < box.scrollLeft) box.scrollLeft = x;
    if (y < box.scrollTop) box.scrollTop = y;
    if (x + this.wide > box.scrollLeft + box.clientWidth) box.scrollLeft = x + this.wide - box.clientWidth;
    if (y + this.high > box.scrollTop + box.clientHeight) box.scrollTop = y + this.high - box.clientHeight;
  }

  // -- drawing ----------------------------------------------------------------------------------------------------------

  /** The largest size among the numbers in view, scrolled to or not: the deepest colour. */
  scale() {
    const key = [this.views.indexOf(this.view), ...this.view.free.map((axis) => this.index[axis])].join();
    if (this.scaled !== key) {
      const array = this.source.array(), view = this.view;
      let most = 0;
      for (let r = 0; r < view.rows; r++) {
        for (let c = 0; c < view.columns; c++) {
          const size = Math.abs(array[this.placeAt([r, c])]);
          if (size > most && size !== Infinity) most = size;
        }
      }
      this.largest = most || 1;
      this.scaled = key;
    }
    return this.largest;
  }

  draw() {
    const { box, canvas } = this, width = Math.min(box.clientWidth, Math.ceil(this.view.columns * this.wide)), height = Math.min(box.clientHeight, Math.ceil(this.view.rows * this.high));
    if (!width || !height || !this.size) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`; canvas.style.height = `${height}px`;
    const left = box.scrollLeft, top = box.scrollTop;
    canvas.style.transform = `translate(${left}px, ${top}px)`;
    const pen = canvas.getContext("2d"), paint = colours(), most = this.scale(), array = this.source.array();
    pen.scale(ratio, ratio);
    pen.translate(-left, -top);
    const { wide, high } = this, gap = wide >= 6 ? 1 : 0;
    const rows = [Math.floor(top / high), Math.min(this.view.rows, Math.ceil((top + height) / high))];
    const columns = [Math.floor(left / wide), Math.min(this.view.columns, Math.ceil((left + width) / wide))];
    pen.font = "11px ui-monospace, monospace";
    pen.textAlign = "center"; pen.textBaseline = "middle";
    const marked = [];
    for (let r = rows[0]; r < rows[1]; r++) {
      for (let c = columns[0]; c < columns[1]; c++) {
        const place = this.placeAt([r, c]), value = array[place], x = c * wide, y = r * high, hides = this.hidden(place);
        const [colour, dark] = hides ? [paint.odd, false] : shade(value, most, paint);
        pen.fillStyle = `rgb(${colour[0]},${colour[1]},${colour[2]})`;
        pen.fillRect(x, y, wide - gap, high - gap);
        if (wide >= READABLE) {
          pen.fillStyle = dark ? "#fff" : "#14161a";
          pen.fillText(hides ? "?" : text(value, wide >= 56 ? 4 : 3), x + wide / 2, y + high / 2, wide - 4);
        }
        if (this.marks.has(place)) marked.push([x, y, this.marks.get(place)]);
      }
    }
    const outline = (x, y, colour, width) => { pen.strokeStyle = colour; pen.lineWidth = width; pen.strokeRect(x + width / 2 - 1, y + width / 2 - 1, Math.max(wide - gap, 3) - width + 2, Math.max(high - gap, 3) - width + 2); };
    const all = (rows[1] - rows[0]) * (columns[1] - columns[0]);
    for (const [x, y, kind] of marked) {
      if (kind !== "chosen" && all > 4 && marked.length > 0.9 * all) continue; // where all is marked, nothing is
      if (kind === "chosen") outline(x, y, paint.accent, 3);
      else if (wide >= 8) outline(x, y, paint.accent, 1.5);
      else { pen.globalAlpha = 0.35; pen.fillStyle = paint.accent; pen.fillRect(x, y, wide, high); pen.globalAlpha = 1; }
    }
    if (this.focused) { outline(this.cursor[1] * wide, this.cursor[0] * high, paint.ink, 2); }
  }

  tell(where) {
    const shown = where ?? null;
    if (shown === null) { this.told.textContent = this.range(); return; }
    const place = this.placeAt(shown), index = indexOf(place, this.shape);
    const value = this.hidden(place) ? "hidden" : precise(this.source.array()[place], this.source.kind);
    this.told.textContent = `[${index.join(", ")}] = ${value}`;
    this.spoken.textContent = `${this.source.name} ${index.join(", ")}: ${value}`;
  }

  range() {
    const array = this.source.array();
    if (!array.length) return "empty";
    let low = Infinity, high = -Infinity, sum = 0, zeros = 0;
    for (let i = 0; i < array.length; i++) { const v = array[i]; if (v < low) low = v; if (v > high) high = v; sum += v; if (v === 0) zeros++; }
    const secret = this.secret ? "" : `from ${text(low)} to ${text(high)}, mean ${text(sum / array.length)}`;
    return secret + (zeros && zeros < array.length ? `, ${zeros} of ${array.length} are 0` : "");
  }

  // -- pointer and keys -------------------------------------------------------------------------------------------------

  point(event) { const where = this.under(event); this.tell(where); }

  click(event) {
    const where = this.under(event);
    if (!where) return;
    this.cursor = where;
    this.tell(where);
    this.draw();
    if (this.pick) this.pick(this.placeAt(where));
  }

  key(event) {
    const [r, c] = this.cursor, last = [this.view.rows - 1, this.view.columns - 1];
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.high) - 1);
    const moves = {
      ArrowLeft: [r, c - 1], ArrowRight: [r, c + 1], ArrowUp: [r - 1, c], ArrowDown: [r + 1, c], Home: event.ctrlKey ? [0, 0] : [r, 0],
      End: event.ctrlKey ? last : [r, last[1]], PageUp: [r - page, c], PageDown: [r + page, c],
    };
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); if (this.pick) this.pick(this.placeAt(this.cursor)); return; }
    if (event.key === "+" || event.key === "-") { event.preventDefault(); this.zoomBy(event.key === "+" ? 1 : -1); return; }
    const to = moves[event.key];
    if (!to || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.cursor = [Math.min(last[0], Math.max(0, to[0])), Math.min(last[1], Math.max(0, to[1]))];
    this.tell(this.cursor);
    this.reveal();
    this.draw();
  }
}
HeatMap.count = 0;

/** The colour of a number, and whether white is readable on it. */
function shade(value, most, paint) {
  if (!Number.isFinite(value)) return [paint.odd, false];
  const strength = Math.pow(Math.min(1, Math.abs(value) / most), 0.7), end = value < 0 ? paint.minus : paint.plus;
  const mix = paint.zero.map((z, i) => Math.round(z + (end[i] - z) * strength));
  return [mix, 0.3 * mix[0] + 0.59 * mix[1] + 0.11 * mix[2] < 140];
}
