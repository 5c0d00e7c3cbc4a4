// Colours of the style sheet as numbers, and arrays as colours.

import { onTheme } from "./theme.js";

const found = new Map();
let table = null;
onTheme(() => { found.clear(); table = null; });

/** A variable of the style sheet, "#rrggbb", as [r, g, b]. */
export function colour(name) {
  if (!found.has(name)) {
    const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const hex = text.length === 4 ? text.replace(/[0-9a-f]/gi, "$&$&") : text;
    found.set(name, [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  }
  return found.get(name);
}

export const css = ([r, g, b], alpha = 1) => `rgba(${Math.round(r)}, ${Math.round(g)}, ${Math.round(b)}, ${alpha})`;

export const mix = (from, to, share) => from.map((value, i) => value + share * (to[i] - value));

/** Minus to plus by way of zero, of a number from −1 to 1. */
export function heat(value) {
  return mix(colour("--zero"), colour(value < 0 ? "--minus" : "--plus"), Math.min(1, Math.abs(value)) ** 0.8);
}

/** Colour of a class; after ten they begin again. */
export const classColour = (number) => colour(`--c${number % 10}`);

/** 511 colours of heat as pixels, number 255 in the middle. */
function heatTable() {
  if (!table) {
    table = new Uint32Array(511);
    for (let i = 0; i < 511; i++) {
      const [r, g, b] = heat((i - 255) / 255);
      table[i] = (255 << 24) | (b << 16) | (g << 8) | r;
    }
  }
  return table;
}

/** Numbers from `start` on as the pixels of a picture, the lowest row of the plane at the bottom. */
export function paintHeat(pixels, offset, values, start, rows, columns, scale) {
  const colours = heatTable(), by = 255 / scale;
  for (let row = 0; row < rows; row++) {
    let to = offset + (rows - 1 - row) * columns;
    const from = start + row * columns;
    for (let column = 0; column < columns; column++, to++) {
      const place = 255 + values[from + column] * by;
      pixels[to] = colours[place > 0 ? (place < 510 ? place + 0.5 : 510) | 0 : 0]; // NaN falls to 0
    }
  }
}

/** Probabilities (classes, rows, columns) as mixed colours of the classes, paler where none stands out. */
export function paintClasses(pixels, values, classes, rows, columns) {
  const colours = Array.from({ length: classes }, (_, k) => classColour(k)), [gr, gg, gb] = colour("--zero");
  const cells = rows * columns, even = 1 / classes;
  for (let row = 0, from = 0; row < rows; row++) {
    let to = (rows - 1 - row) * columns;
    for (let column = 0; column < columns; column++, from++, to++) {
      let r = 0, g = 0, b = 0, top = 0;
      for (let k = 0, place = from; k < classes; k++, place += cells) {
        const p = values[place], of = colours[k];
        r += p * of[0]; g += p * of[1]; b += p * of[2];
        if (p > top) top = p;
      }
      const sure = 0.08 + 0.6 * Math.max(0, (top - even) / (1 - even));
      pixels[to] = (255 << 24) | ((gb + sure * (b - gb)) << 16) | ((gg + sure * (g - gg)) << 8) | (gr + sure * (r - gr));
    }
  }
}

/** A finer grid by straight lines between the numbers of layers (layers, rows, columns); `into` is used again. */
export function finer({ shape, data }, by, into) {
  const rows = shape.at(-2), columns = shape.at(-1), layers = shape.length > 2 ? shape[0] : 1;
  const high = (rows - 1) * by + 1, wide = (columns - 1) * by + 1;
  const made = into?.length === layers * high * wide ? into : new Float32Array(layers * high * wide);
  for (let k = 0, to = 0; k < layers; k++) {
    for (let row = 0; row < high; row++) {
      const above = Math.min(rows - 2, Math.floor(row / by)), v = row / by - above, start = (k * rows + above) * columns;
      for (let column = 0; column < wide; column++, to++) {
        const left = Math.min(columns - 2, Math.floor(column / by)), u = column / by - left, at = start + left;
        made[to] = (1 - v) * ((1 - u) * data[at] + u * data[at + 1]) + v * ((1 - u) * data[at + columns] + u * data[at + columns + 1]);
      }
    }
  }
  return { shape: layers > 1 ? [layers, high, wide] : [high, wide], data: made };
}
