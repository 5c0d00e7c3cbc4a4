// The network on one canvas: weights as lines, units as maps of what they say over the plane, or as what they hold.

import { most } from "../arrays.js";
import { fit, penOf, Picture } from "../canvas.js";
import { colour, css, heat, paintHeat } from "../colours.js";
import { curve } from "./geometry.js";

const WIDTHS = [0.7, 1.3, 2, 3, 4.2, 5.6]; // lines are drawn in so many kinds, each with one stroke
const ROUND = 7;

export class NetworkPainter {
  constructor(canvas) {
    Object.assign(this, { canvas, columns: [], links: [], pictures: new Map(), pointed: null, rem: 16 });
  }

  paint(frames) {
    const { canvas } = this, width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width) return;
    if (fit(canvas, width, height)) this.rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const pen = penOf(canvas);
    for (const link of this.links) this.weights(pen, link, frames.weights[link.path]);
    for (const column of this.columns) this.units(pen, column, frames);
    if (this.pointed?.from) this.mark(pen, this.pointed);
  }

  weights(pen, link, weight) {
    if (!weight) {
      pen.beginPath();
      for (const [from, to] of link.pairs) curve(pen, from, to);
      pen.setLineDash([]);
      pen.strokeStyle = css(colour("--line"));
      pen.lineWidth = 1;
      pen.stroke();
      return;
    }
    const scale = Math.max(1, most(weight.data)), columns = weight.shape[1];
    const thick = this.rem / 16 * (link.pairs.length > 80 ? 0.75 : 1); // so that many lines stay apart
    const kinds = Array.from({ length: 2 * WIDTHS.length }, () => []);
    for (const pair of link.pairs) {
      const value = weight.data[pair[0].unit * columns + pair[1].unit];
      const kind = Math.min(WIDTHS.length - 1, Math.floor(Math.sqrt(Math.abs(value) / scale) * WIDTHS.length));
      if (value === value) kinds[kind + (value < 0 ? WIDTHS.length : 0)].push(pair);
    }
    kinds.forEach((pairs, kind) => {
      if (!pairs.length) return;
      const minus = kind >= WIDTHS.length, size = kind % WIDTHS.length;
      pen.beginPath();
      for (const [from, to] of pairs) curve(pen, from, to);
      pen.setLineDash(minus ? [(3 + size) * thick, (3 + 0.5 * size) * thick] : []);
      pen.lineWidth = WIDTHS[size] * thick;
      pen.strokeStyle = css(colour(minus ? "--minus" : "--plus"), 0.35 + 0.11 * size);
      pen.stroke();
    });
    pen.setLineDash([]);
  }

  units(pen, column, frames) {
    const unit = frames.units.get(column.path);
    if (column.plane) return this.plane(pen, column);
    if (unit?.maps) this.maps(pen, column, unit.maps);
    else if (unit?.activations) this.activations(pen, column, unit.activations);
    else for (const tile of column.tiles) this.tile(pen, tile, () => { pen.fillStyle = css(colour("--shade")); pen.fillRect(tile.x, tile.y, tile.w, tile.h); });
  }

  /** The inputs of a plane: each grows along its own axis. */
  plane(pen, column) {
    column.tiles.forEach((tile) => this.tile(pen, tile, () => {
      const along = tile.unit === 0 ? pen.createLinearGradient(tile.x, 0, tile.x + tile.w, 0) : pen.createLinearGradient(0, tile.y + tile.h, 0, tile.y);
      for (let i = 0; i <= 8; i++) along.addColorStop(i / 8, css(heat(i / 4 - 1)));
      pen.fillStyle = along;
      pen.fillRect(tile.x, tile.y, tile.w, tile.h);
    }));
  }

  maps(pen, column, { shape, data }) {
    const [units, size] = shape, picture = this.picture(column.path), cells = size * size;
    const shown = column.tiles.filter((tile) => tile.unit < units);
    const pixels = picture.pixels(size * shown.length, size);
    shown.forEach(({ unit }, k) => paintHeat(pixels, k * cells, data, unit * cells, size, size, most(data, unit * cells, (unit + 1) * cells)));
    picture.done();
    shown.forEach((tile, k) => this.tile(pen, tile, () => pen.drawImage(picture.canvas, 0, k * size, size, size, tile.x, tile.y, tile.w, tile.h)));
  }

  /** One number for each unit, or one picture for each channel. */
  activations(pen, column, { shape, data }) {
    const scale = most(data);
    if (shape.length === 3 || column.picture) {
      const side = Math.sqrt(data.length), [rows, columns, channels] = shape.length === 3 ? shape : [side, side, 1], picture = this.picture(column.path), plane = new Float32Array(rows * columns);
      const shown = column.tiles.filter((tile) => tile.unit < channels), pixels = picture.pixels(rows * shown.length, columns);
      shown.forEach(({ unit }, k) => {
        for (let i = 0; i < plane.length; i++) plane[plane.length - columns - Math.floor(i / columns) * columns + (i % columns)] = data[i * channels + unit]; // pictures have their first row on top
        paintHeat(pixels, k * plane.length, plane, 0, rows, columns, scale);
      });
      picture.done();
      shown.forEach((tile, k) => this.tile(pen, tile, () => { pen.imageSmoothingEnabled = false; pen.drawImage(picture.canvas, 0, k * rows, columns, rows, tile.x, tile.y, tile.w, tile.h); pen.imageSmoothingEnabled = true; }));
      return;
    }
    for (const tile of column.tiles) {
      this.tile(pen, tile, () => { pen.fillStyle = css(heat((data[tile.unit] ?? 0) / scale)); pen.fillRect(tile.x, tile.y, tile.w, tile.h); });
    }
  }

  tile(pen, { x, y, w, h, unit }, fill) {
    pen.save();
    pen.beginPath();
    pen.roundRect(x, y, w, h, ROUND);
    pen.clip();
    fill();
    pen.restore();
    pen.beginPath();
    pen.roundRect(x, y, w, h, ROUND);
    pen.strokeStyle = css(colour("--edge"));
    pen.lineWidth = 1;
    pen.stroke();
  }

  mark(pen, { from, to }) {
    pen.beginPath();
    curve(pen, from, to);
    pen.strokeStyle = css(colour("--ink"));
    pen.lineWidth = 2;
    pen.stroke();
  }

  picture(path) {
    if (!this.pictures.has(path)) this.pictures.set(path, new Picture());
    return this.pictures.get(path);
  }
}
