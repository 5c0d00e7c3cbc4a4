// An array as a heat map: minus, zero, plus. The pointer, or the arrow keys, tell the numbers.

import { html, useId, useState } from "../../preact.js";
import { most } from "../../arrays.js";
import { Picture } from "../../canvas.js";
import { colour, css, paintHeat } from "../../colours.js";
import { words } from "../../numbers.js";
import { useCanvas } from "../canvas.js";
import { decoded } from "../packing.js";

const MOST_TILES = 36;
const picture = new Picture();

/** An array of any number of axes as tiles of rows by columns: {tiles, rows, columns}. */
function tiled(shape) {
  const [columns, rows] = [shape[shape.length - 1] ?? 1, shape.length > 1 ? shape[shape.length - 2] : 1];
  const all = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  return { tiles: Math.min(all, MOST_TILES), all, rows, columns };
}

export function HeatMap({ part }) {
  const array = decoded(part.array), { tiles, all, rows, columns } = tiled(array.shape), id = useId();
  const across = Math.ceil(Math.sqrt(tiles)), down = Math.ceil(tiles / across);
  const gap = tiles > 1 ? 1 : 0, wide = across * (columns + gap) - gap, high = down * (rows + gap) - gap;
  const scale = most(array.data), [at, look] = useState(null);
  const paint = (pen, width, height) => {
    pen.imageSmoothingEnabled = false;
    const x = width / wide, y = height / high;
    for (let k = 0; k < tiles; k++) {
      const pixels = picture.pixels(rows, columns);
      const upright = new Float32Array(rows * columns); // the first row above
      for (let r = 0; r < rows; r++) upright.set(array.data.subarray((k * rows + r) * columns, (k * rows + r + 1) * columns), (rows - 1 - r) * columns);
      paintHeat(pixels, 0, upright, 0, rows, columns, scale);
      picture.done();
      pen.drawImage(picture.canvas, (k % across) * (columns + gap) * x, Math.floor(k / across) * (rows + gap) * y, columns * x, rows * y);
    }
    if (at) {
      const [k, r, c] = at;
      pen.strokeStyle = css(colour("--ink"));
      pen.lineWidth = 1.5;
      pen.strokeRect(((k % across) * (columns + gap) + c) * x, (Math.floor(k / across) * (rows + gap) + r) * y, x, y);
    }
  };
  const canvas = useCanvas(paint, [part, at]);
  const point = (event) => {
    const box = canvas.current.getBoundingClientRect();
    const u = Math.floor(((event.clientX - box.left) / box.width) * wide), v = Math.floor(((event.clientY - box.top) / box.height) * high);
    const k = Math.floor(v / (rows + gap)) * across + Math.floor(u / (columns + gap)), r = v % (rows + gap), c = u % (columns + gap);
    look(u >= 0 && v >= 0 && k < tiles && r < rows && c < columns ? [k, r, c] : null);
  };
  const key = (event) => {
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!by) return;
    event.preventDefault();
    const [k, r, c] = at ?? [0, 0, 0];
    look(at ? [k, Math.min(rows - 1, Math.max(0, r + by[0])), Math.min(columns - 1, Math.max(0, c + by[1]))] : [k, r, c]);
  };
  const value = at && array.data[(at[0] * rows + at[1]) * columns + at[2]];
  const place = at && (array.shape.length < 2 ? [at[2]] : tiles > 1 ? at : at.slice(1));
  const ratio = useRatio(canvas, wide, high);
  return html`<figure class="part partpicture"><figcaption id=${id}>${part.title}</figcaption>
    <canvas ref=${ratio} class="heat" tabindex="0" role="img" aria-labelledby=${id} aria-describedby=${`${id}-told`}
      onPointerMove=${point} onPointerLeave=${() => look(null)} onBlur=${() => look(null)} onKeyDown=${key}></canvas>
    <p id=${`${id}-told`} class="note number told" aria-live="polite">${at ? `[${place.join(", ")}] = ${words(value, 4)}` : `up to ±${words(scale)}${all > tiles ? `, the first ${tiles} of ${all}` : ""}`}</p>
    ${part.note ? html`<p class="note">${part.note}</p>` : null}</figure>`;
}

/** The canvas's ref, with its proportions set: a style by script, which the page's policy allows. */
function useRatio(canvas, wide, high) {
  return (element) => {
    canvas.current = element;
    if (element) element.style.aspectRatio = `${wide} / ${Math.max(high, wide / 12)}`;
  };
}
