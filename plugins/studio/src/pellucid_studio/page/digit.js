// One character drawn by hand: a pad for mouse, touch and pen, and the picture that a network sees of it, made as MNIST's
// digits were (pellucid.standard.images.ink). Plain JavaScript that needs nothing else: published pages hold it, too.
//
// A stroke is a list of points {x, y, t}: place and thickness of the line in sides of the pad, y downwards.

/** How thick the pen draws, in sides of the pad. */
export const PEN = 1 / 13;
/** Thinner lines than this share of the character's longer side are widened to it, thicker ones narrowed: 9 of 10
    digits of MNIST lie between. */
export const THIN = 1 / 11, THICK = 1 / 5;
/** What is drawn within this share of the pad is a touch and no character. */
const SMALLEST = 0.02;
/** Points of a stroke that lie nearer to each other show how a hand trembles, and no shape. */
const NEAR = 0.012;
/** The character is drawn so many times larger than it ends up, and each pixel is a mean of what it covers. */
const FINE = 8;

/** The same line without tremor and corners of the mouse's steps: thinned, then three times with its corners cut off
    (Chaikin 1974), which makes it a quadratic B-spline. Its ends stay. */
export function smoothed(stroke) {
  let line = stroke.slice(0, 1);
  for (const point of stroke) {
    const last = line[line.length - 1];
    if (Math.hypot(point.x - last.x, point.y - last.y) >= NEAR) line.push(point);
  }
  const end = stroke[stroke.length - 1];
  if (line.length > 1) line[line.length - 1] = end;
  const between = (a, b, share) => ({ x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share, t: a.t + (b.t - a.t) * share });
  for (let round = 0; round < 3 && line.length > 2; round++) {
    const cut = [line[0]];
    for (let i = 1; i < line.length; i++) cut.push(between(line[i - 1], line[i], 0.25), between(line[i - 1], line[i], 0.75));
    line = [...cut, line[line.length - 1]];
  }
  return line;
}

/**
 * The picture that a network sees: strokes smoothed, lines as thick as MNIST's, drawn with antialiasing, the character's
 * longer side 20 of 28 pixels (5/7 of the shorter side of `shape`), its centre of mass in the middle.
 *
 * @param strokes what a Pad holds
 * @param shape [height, width]
 * @returns Float32Array of height · width numbers, ink from 0 to 1, row after row; null where nothing is drawn
 */
export function prepared(strokes, [height, width] = [28, 28]) {
  const lines = strokes.filter((stroke) => stroke.length).map(smoothed);
  const [spanX, spanY] = span(lines, 0);
  if (!lines.length || Math.max(spanX[1] - spanX[0], spanY[1] - spanY[0]) < SMALLEST) return null;
  const thick = asThick(lines);
  const [[left, right], [top, bottom]] = span(thick, 0.5);
  const box = Math.round((Math.min(height, width) * 20) / 28), scale = box / Math.max(right - left, bottom - top);
  const h = Math.max(1, Math.round((bottom - top) * scale)), w = Math.max(1, Math.round((right - left) * scale));
  const fine = drawn(thick, [left, top], [(w * FINE) / (right - left), (h * FINE) / (bottom - top)], h * FINE, w * FINE);
  return centred(reduced(fine, h, w), h, w, height, width);
}

/** From where to where lines reach, across and down, with a share of their thickness. */
function span(lines, share) {
  const x = [Infinity, -Infinity], y = [Infinity, -Infinity];
  for (const point of lines.flat()) {
    const more = point.t * share;
    x[0] = Math.min(x[0], point.x - more); x[1] = Math.max(x[1], point.x + more);
    y[0] = Math.min(y[0], point.y - more); y[1] = Math.max(y[1], point.y + more);
  }
  return [x, y];
}

/** With lines of a thickness that MNIST knows, for the size of the character. */
function asThick(lines) {
  let length = 1e-9, area = 1e-9 * lines[0][0].t; // of dots alone, too
  for (const line of lines) {
    for (let i = 1; i < line.length; i++) {
      const piece = Math.hypot(line[i].x - line[i - 1].x, line[i].y - line[i - 1].y);
      length += piece;
      area += (piece * (line[i].t + line[i - 1].t)) / 2;
    }
  }
  const thickness = area / length, [x, y] = span(lines, 0.5), longest = Math.max(x[1] - x[0], y[1] - y[0]);
  const wanted = Math.min(Math.max(thickness, THIN * longest), THICK * longest);
  if (wanted === thickness) return lines;
  return lines.map((line) => line.map((point) => ({ ...point, t: (point.t * wanted) / thickness })));
}

/** Lines as ink from 0 to 1 on high x wide pixels: each pixel as far as it lies within the distance to a line. */
function drawn(lines, [left, top], [across, down], high, wide) {
  const ink = new Float32Array(high * wide);
  for (const line of lines) {
    for (let i = 0; i < line.length; i++) {
      const a = line[Math.max(0, i - 1)], b = line[i];
      const ax = (a.x - left) * across, ay = (a.y - top) * down, dx = (b.x - a.x) * across, dy = (b.y - a.y) * down;
      const ra = (a.t * across) / 2, rb = (b.t * across) / 2, reach = Math.max(ra, rb) + 1, squared = dx * dx + dy * dy;
      const x0 = Math.max(0, Math.floor(Math.min(ax, ax + dx) - reach)), x1 = Math.min(wide, Math.ceil(Math.max(ax, ax + dx) + reach));
      const y0 = Math.max(0, Math.floor(Math.min(ay, ay + dy) - reach)), y1 = Math.min(high, Math.ceil(Math.max(ay, ay + dy) + reach));
      for (let y = y0; y < y1; y++) {
        for (let x = x0; x < x1; x++) {
          const px = x + 0.5 - ax, py = y + 0.5 - ay;
          const along = squared > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / squared)) : 0;
          const cover = ra + (rb - ra) * along + 0.5 - Math.hypot(px - dx * along, py - dy * along);
          if (cover > ink[y * wide + x]) ink[y * wide + x] = Math.min(1, cover);
        }
      }
    }
  }
  return ink;
}

/** Each of h x w pixels as the mean of what lies below it, weighted by a triangle that is two pixels wide. */
function reduced(fine, h, w) {
  const wide = w * FINE, rows = new Float32Array(h * wide), small = new Float32Array(h * w);
  const weighted = (to, from, n, count, step, start) => {
    for (let i = 0; i < n; i++) {
      let sum = 0, all = 0;
      const middle = (i + 0.5) * FINE;
      for (let k = Math.max(0, (i - 1) * FINE); k < Math.min(count, (i + 2) * FINE); k++) {
        const weight = 1 - Math.abs(k + 0.5 - middle) / FINE;
        if (weight > 0) { sum += weight * from[start + k * step]; all += weight; }
      }
      to(i, sum / all);
    }
  };
  for (let x = 0; x < wide; x++) weighted((i, value) => { rows[i * wide + x] = value; }, fine, h, h * FINE, wide, x);
  for (let y = 0; y < h; y++) weighted((i, value) => { small[y * w + i] = value; }, rows, w, wide, 1, y * wide);
  return small;
}

/** In the middle of height x width pixels by its mass, as near as whole pixels let it, and never cut off. */
function centred(small, h, w, height, width) {
  let total = 0, down = 0, across = 0;
  small.forEach((ink, i) => { total += ink; down += ink * Math.floor(i / w); across += ink * (i % w); });
  const place = (size, middle, extent) => Math.min(Math.max(rounded(size / 2 - middle), 0), size - extent);
  const top = place(height, down / total, h), left = place(width, across / total, w);
  const whole = new Float32Array(height * width);
  small.forEach((ink, i) => { whole[(top + Math.floor(i / w)) * width + left + (i % w)] = Math.min(1, ink); });
  return whole;
}

/** The nearest whole number, of two the even one, as Python has it: an upright 1 lies between two columns. */
const rounded = (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/**
 * A canvas on which one draws. Its ink has the canvas's CSS colour. With the keyboard: arrows move the pen, Space lowers
 * and lifts it, Backspace takes the last stroke back, Delete all.
 */
export class Pad {
  /**
   * @param canvas a canvas element, as square as CSS shows it
   * @param onchange called with this pad, at most once a frame, when the strokes have changed
   */
  constructor(canvas, onchange = () => {}) {
    this.canvas = canvas;
    this.onchange = onchange;
    this.strokes = [];
    this.at = { x: 0.5, y: 0.5 };
    this.down = false; // whether the keyboard's pen is
    this.pointer = null;
    canvas.style.touchAction = "none"; // a finger draws, and does not scroll the page
    if (!canvas.hasAttribute("tabindex")) canvas.tabIndex = 0;
    const on = (name, act) => canvas.addEventListener(name, act);
    on("pointerdown", (event) => this.#begin(event));
    on("pointermove", (event) => this.#go(event));
    on("pointerup", (event) => this.#end(event));
    on("pointercancel", (event) => this.#end(event, true));
    on("keydown", (event) => this.#key(event));
    on("focus", () => this.#asked());
    on("blur", () => { this.down = false; this.#asked(); });
    this.watching = new ResizeObserver(() => this.draw());
    this.watching.observe(canvas);
  }

  get empty() { return this.strokes.length === 0; }

  undo() { this.strokes.pop(); this.down = false; this.#changed(); }

  clear() { this.strokes = []; this.down = false; this.#changed(); }

  /** Other strokes in place of these. */
  set(strokes) { this.strokes = strokes; this.#changed(); }

  /** No longer watches its canvas. */
  close() { this.watching.disconnect(); cancelAnimationFrame(this.frame); }

  /** What is drawn, in the canvas's colour as it is now. */
  draw() {
    const { canvas } = this, { width, height } = canvas.getBoundingClientRect(), dense = window.devicePixelRatio || 1;
    if (!width || !height) return;
    const high = Math.round(height * dense), wide = Math.round(width * dense);
    if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
    const pen = canvas.getContext("2d"), side = Math.min(wide, high);
    pen.clearRect(0, 0, wide, high);
    pen.strokeStyle = pen.fillStyle = getComputedStyle(canvas).color;
    pen.lineCap = pen.lineJoin = "round";
    for (const line of this.strokes.map(smoothed)) {
      line.forEach((point, i) => {
        const from = line[Math.max(0, i - 1)];
        pen.lineWidth = ((from.t + point.t) / 2) * side;
        pen.beginPath();
        pen.moveTo(from.x * side, from.y * side);
        pen.lineTo(point.x * side, point.y * side);
        pen.stroke();
      });
    }
    if (document.activeElement === canvas && this.keyed) {
      pen.lineWidth = 2 * dense;
      pen.beginPath();
      pen.arc(this.at.x * side, this.at.y * side, (PEN * side) / 2 + 3 * dense, 0, 2 * Math.PI);
      if (this.down) pen.fill(); else pen.stroke();
    }
  }

  #changed() { this.fresh = true; this.#asked(); }

  #asked() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
      if (this.fresh) { this.fresh = false; this.onchange(this); }
    });
  }

  #point(event) {
    const box = this.canvas.getBoundingClientRect(), side = Math.min(box.width, box.height);
    const inside = (value) => Math.min(1, Math.max(0, value));
    const pressed = event.pointerType === "pen" && event.pressure > 0 ? 0.5 + event.pressure : 1;
    return { x: inside((event.clientX - box.left) / side), y: inside((event.clientY - box.top) / side), t: PEN * pressed };
  }

  #begin(event) {
    if (event.button !== 0) return;
    if (this.pointer !== null) { // a pen takes over from the hand that rests on the screen; another finger does not
      if (event.pointerType !== "pen" || this.kind === "pen") return;
      this.strokes.pop();
    }
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture?.(event.pointerId);
    Object.assign(this, { pointer: event.pointerId, kind: event.pointerType, keyed: false, down: false });
    this.strokes.push([this.#point(event)]);
    this.#changed();
  }

  #go(event) {
    if (event.pointerId !== this.pointer) return;
    const between = event.getCoalescedEvents?.() ?? [];
    for (const each of between.length ? between : [event]) this.strokes[this.strokes.length - 1].push(this.#point(each));
    this.#changed();
  }

  #end(event, lost = false) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    if (lost) { this.strokes.pop(); this.#changed(); }
  }

  #key(event) {
    const taken = event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey));
    if (event.altKey || ((event.ctrlKey || event.metaKey) && !taken)) return;
    const step = 1 / 28, moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (moves[event.key]) {
      const inside = (value) => Math.min(1 - PEN / 2, Math.max(PEN / 2, value)), [dx, dy] = moves[event.key];
      this.at = { x: inside(this.at.x + dx), y: inside(this.at.y + dy) };
      if (this.down) this.strokes[this.strokes.length - 1].push({ ...this.at, t: PEN });
      this.keyed = true;
      if (this.down) this.#changed(); else this.#asked();
    } else if (event.key === " " || event.key === "Enter") {
      this.down = !this.down;
      this.keyed = true;
      if (this.down) { this.strokes.push([{ ...this.at, t: PEN }]); this.#changed(); } else this.#asked();
    } else if (taken) this.undo();
    else if (event.key === "Delete") this.clear();
    else return;
    event.preventDefault();
  }
}
