// What the network says everywhere in the plane, with the data on top; or what one unit says, when it is pointed at.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./preact.js";
import { most } from "./arrays.js";
import { fit, penOf, Picture } from "./canvas.js";
import { colour, css, finer, paintClasses, paintHeat } from "./colours.js";
import { words } from "./numbers.js";
import { drawClass, drawValue } from "./shapes.js";
import { useStore } from "./store.js";
import { onTheme } from "./theme.js";

const FINER = 3; // pixels between two points of the grid
const SHOWN = 600; // points at most: more hide the surface

/** Points of the data as {x, y, of}, thinned evenly. */
export function pointsOf(part) {
  if (!part?.x?.shape || part.x.shape[1] !== 2) return [];
  const { data } = part.x, n = part.x.shape[0], by = Math.max(1, n / SHOWN), found = [];
  for (let i = 0; i < n; i += by) {
    const k = Math.floor(i);
    found.push({ x: data[2 * k], y: data[2 * k + 1], of: part.y.data[k * (part.y.data.length / n)] });
  }
  return found;
}

export class SurfacePainter {
  constructor(canvas) {
    Object.assign(this, { canvas, picture: new Picture(), layer: document.createElement("canvas"), points: [], tests: [], bounds: null, classes: null, stale: true });
  }

  /** Other data, or another size or theme: the points are drawn again. */
  set(change) {
    Object.assign(this, change, { stale: true });
  }

  place(x, y) {
    const [[left, right], [low, high]] = this.bounds, { width, height } = this;
    return [(x - left) / (right - left) * width, (1 - (y - low) / (high - low)) * height];
  }

  drawPoints() {
    fit(this.layer, this.width, this.height);
    const pen = penOf(this.layer), radius = Math.max(2.2, this.width / 130);
    const scale = this.classes ? 1 : most([...this.points, ...this.tests].map((point) => point.of));
    const draw = (point, hollow) => {
      const [x, y] = this.place(point.x, point.y);
      if (this.classes) drawClass(pen, x, y, radius, point.of, hollow);
      else drawValue(pen, x, y, radius, point.of / scale, hollow);
    };
    for (const point of this.tests) draw(point, true);
    for (const point of this.points) draw(point, false);
    this.stale = false;
  }

  paint(grid, { unit = null, probe = null } = {}) {
    const { canvas } = this, width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !this.bounds) return;
    if (fit(canvas, width, height) || width !== this.width || height !== this.height) Object.assign(this, { width, height, stale: true });
    if (this.stale) this.drawPoints();
    const pen = penOf(canvas);
    if (unit) this.fill(pen, unit.data, unit.start, unit.size, unit.size, unit.scale);
    else if (grid) this.whole(pen, grid);
    pen.drawImage(this.layer, 0, 0, width, height);
    if (probe) {
      const [x, y] = this.place(...probe);
      pen.strokeStyle = css(colour("--ink"));
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(x, 0); pen.lineTo(x, height); pen.moveTo(0, y); pen.lineTo(width, y);
      pen.stroke();
    }
  }

  whole(pen, grid) {
    const { shape, data } = this.fine = finer(grid, FINER, this.fine?.data);
    const rows = shape[shape.length - 2], columns = shape[shape.length - 1], layers = shape.length > 2 ? shape[0] : 1;
    if (layers === 1) return this.fill(pen, data, 0, rows, columns, most(data));
    paintClasses(this.picture.pixels(rows, columns), data, layers, rows, columns);
    return this.show(pen);
  }

  fill(pen, data, start, rows, columns, scale) {
    paintHeat(this.picture.pixels(rows, columns), 0, data, start, rows, columns, scale);
    this.show(pen);
  }

  show(pen) {
    this.picture.done();
    pen.imageSmoothingEnabled = true;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(this.picture.canvas, 0, 0, this.width, this.height);
  }
}

/** What the grid says at a place: {class, p} or a value. */
function asked(grid, bounds, [x, y]) {
  const rows = grid.shape.at(-2), columns = grid.shape.at(-1), cells = rows * columns;
  const at = (value, [low, high], count) => Math.max(0, Math.min(count - 1, Math.round((value - low) / (high - low) * (count - 1))));
  const cell = at(y, bounds[1], rows) * columns + at(x, bounds[0], columns);
  const classes = grid.shape.length > 2 ? grid.shape[0] : 1;
  if (classes === 1) return { value: grid.data[cell] };
  let best = 0;
  for (let k = 1; k < classes; k++) if (grid.data[k * cells + cell] > grid.data[best * cells + cell]) best = k;
  return { best, p: grid.data[best * cells + cell] };
}

export function Surface({ session, pointed }) {
  const { data, network } = useStore(session.store);
  const [tests, setTests] = useState(false);
  const canvas = useRef(null), painter = useRef(null), probe = useRef(null), told = useRef(null);
  const { frames } = session;

  useLayoutEffect(() => { painter.current = new SurfacePainter(canvas.current); }, []);
  useEffect(() => {
    const paint = () => {
      const { layer, unit } = pointed.current ?? {};
      const maps = layer && frames.units.get(layer)?.maps;
      const size = maps?.shape[1], start = unit * size * size;
      const shown = maps && unit < maps.shape[0] ? { data: maps.data, start, size, scale: most(maps.data, start, start + size * size) } : null;
      painter.current.paint(frames.surface?.grid, { unit: shown, probe: probe.current });
      tell();
    };
    const size = new ResizeObserver(() => frames.ask());
    size.observe(canvas.current);
    const offs = [frames.onPaint(paint), onTheme(() => { painter.current.set({}); frames.ask(); }), () => size.disconnect()];
    return () => offs.forEach((off) => off());
  }, [session]);

  useLayoutEffect(() => { // before a key can be pressed on what was not there before
    probe.current = null;
    painter.current.set({ points: pointsOf(data.points), tests: tests ? pointsOf(data.test) : [], bounds: data.bounds, classes: data.classes });
    frames.ask();
  }, [data, tests]);

  const tell = () => {
    const grid = frames.surface?.grid, place = probe.current;
    let text = pointed.current ? pointed.current.text : "Point at a place, or at a unit of the network.";
    if (grid && place) {
      const found = asked(grid, data.bounds, place);
      const says = found.best === undefined ? words(found.value, 3) : `${data.classes?.[found.best] ?? found.best}, ${(100 * found.p).toFixed(0)}\u2009%`;
      text = `(${words(place[0], 3)}, ${words(place[1], 3)}): ${says}`;
    }
    if (told.current && told.current.textContent !== text) told.current.textContent = text;
  };

  const point = (event) => {
    const box = canvas.current.getBoundingClientRect(), [[left, right], [low, high]] = data.bounds;
    probe.current = [left + (event.clientX - box.left) / box.width * (right - left), high - (event.clientY - box.top) / box.height * (high - low)];
    frames.ask();
  };
  const leave = () => { probe.current = null; frames.ask(); };
  const keys = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const now = probe.current ?? data.bounds.map(([low, high]) => (low + high) / 2);
    probe.current = now.map((value, axis) => {
      const [low, high] = data.bounds[axis];
      return Math.max(low, Math.min(high, value + step[axis] * (high - low) / 40));
    });
    frames.ask();
  };
  const [[left, right], [low, high]] = data.bounds;
  const names = network?.inputs ?? ["x", "y"];
  return html`<figure class="surface">
    <div class="plot">
      <span class="axis y"><span>${words(high, 2)}</span><span>${names[1] ?? ""}</span><span>${words(low, 2)}</span></span>
      <canvas ref=${canvas} tabindex="0" role="img" aria-label=${`What the network says over the plane of ${names.slice(0, 2).join(" and ")}; arrow keys move a cross`}
        onPointerMove=${point} onPointerLeave=${leave} onKeyDown=${keys} onBlur=${leave}></canvas>
      <span class="axis x"><span>${words(left, 2)}</span><span>${names[0] ?? ""}</span><span>${words(right, 2)}</span></span>
    </div>
    <figcaption><output class="note told" ref=${told} aria-live="polite"></output></figcaption>
    <${Legend} data=${data} />
    ${data.test ? html`<label class="field inline"><input type="checkbox" role="switch" checked=${tests} onChange=${(event) => setTests(event.target.checked)} /> <span>Show test data (hollow)</span></label>` : null}
  </figure>`;
}

function Mark({ number }) {
  const canvas = useRef(null);
  useEffect(() => {
    const paint = () => { const size = canvas.current.clientWidth; fit(canvas.current, size, size); drawClass(penOf(canvas.current), size / 2, size / 2, 0.31 * size, number); };
    paint();
    return onTheme(paint);
  }, [number]);
  return html`<canvas class="mark" ref=${canvas} aria-hidden="true"></canvas>`;
}

export function Legend({ data }) {
  if (!data.classes) return null;
  return html`<ul class="legend" aria-label="Classes">${data.classes.slice(0, 10).map((name, k) => html`<li key=${k}><${Mark} number=${k} /> ${name}</li>`)}</ul>`;
}
