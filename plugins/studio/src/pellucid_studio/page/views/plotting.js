// A plane with axes, and points in it.

import { colour, css } from "../colours.js";
import { words } from "../numbers.js";
import { drawClass } from "../shapes.js";

const EDGE = { left: 34, right: 10, top: 10, bottom: 22 };

/** Round numbers from low to high, about so many. */
export function ticks(low, high, count = 5) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((by) => by * power).find((each) => each >= rough);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return found;
}

export class Frame {
  constructor([x0, x1], [y0, y1], width, height) {
    Object.assign(this, { x0, x1, y0, y1 });
    this.left = EDGE.left;
    this.top = EDGE.top;
    this.wide = Math.max(1, width - EDGE.left - EDGE.right);
    this.high = Math.max(1, height - EDGE.top - EDGE.bottom);
  }

  /** Bounds of numbers with some room around them. */
  static around(n, at) {
    let low = Infinity, high = -Infinity;
    for (let i = 0; i < n; i++) if (Number.isFinite(at(i))) { low = Math.min(low, at(i)); high = Math.max(high, at(i)); }
    if (low > high) return [-1, 1];
    const room = 0.06 * (high - low) || 0.5;
    return [low - room, high + room];
  }

  place(x, y) {
    return [this.left + ((x - this.x0) / (this.x1 - this.x0)) * this.wide, this.top + (1 - (y - this.y0) / (this.y1 - this.y0)) * this.high];
  }

  back(x, y) {
    return [this.x0 + ((x - this.left) / this.wide) * (this.x1 - this.x0), this.y0 + (1 - (y - this.top) / this.high) * (this.y1 - this.y0)];
  }

  draw(pen) {
    pen.font = "11px system-ui, sans-serif";
    pen.lineWidth = 1;
    pen.strokeStyle = css(colour("--line"));
    pen.fillStyle = css(colour("--soft"));
    pen.textBaseline = "middle";
    for (const y of ticks(this.y0, this.y1)) {
      const at = Math.round(this.place(0, y)[1]) + 0.5;
      this.line(pen, this.left, at, this.left + this.wide, at);
      pen.textAlign = "right";
      pen.fillText(words(y, 2), this.left - 6, at);
    }
    pen.textBaseline = "alphabetic";
    for (const x of ticks(this.x0, this.x1)) {
      const at = Math.round(this.place(x, 0)[0]) + 0.5;
      this.line(pen, at, this.top, at, this.top + this.high);
      pen.textAlign = "center";
      pen.fillText(words(x, 2), at, this.top + this.high + 15);
    }
  }

  /** Nothing that is drawn until `pen.restore()` leaves the frame. */
  clip(pen) {
    pen.save();
    pen.beginPath();
    pen.rect(this.left, this.top, this.wide, this.high);
    pen.clip();
  }

  line(pen, ...[x, y, to, down]) {
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(to, down);
    pen.stroke();
  }
}

/** Points of classes; faint ones stay behind what stands out. */
export function drawPoints(pen, frame, points, { faint = false } = {}) {
  if (!points) return;
  const radius = points.n > 1500 ? 1.8 : points.n > 300 ? 2.6 : 3.6;
  frame.clip(pen);
  pen.globalAlpha = faint ? 0.75 : 0.9;
  for (let i = 0; i < points.n; i++) {
    const [x, y] = frame.place(points.x(i), points.y(i));
    if (Number.isFinite(x) && Number.isFinite(y)) drawClass(pen, x, y, radius, points.classes ? points.classes[i] : 1);
  }
  pen.restore();
}

/** The point that is dragged. */
export function drawHandle(pen, frame, [px, py]) {
  const [x, y] = frame.place(px, py);
  for (const [width, name] of [[5, "--card"], [2.5, "--ink"]]) {
    pen.lineWidth = width;
    pen.strokeStyle = css(colour(name));
    pen.beginPath();
    pen.arc(x, y, 8, 0, 2 * Math.PI);
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) { pen.moveTo(x + 8 * dx, y + 8 * dy); pen.lineTo(x + 14 * dx, y + 14 * dy); }
    pen.stroke();
  }
}
