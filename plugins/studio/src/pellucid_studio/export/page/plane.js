// A plane in which one drags: points in it, what lies under it, a cross where one is.
import { colour, css, dragged, el, fresh, onceAFrame, text } from "./base.js";

export class Plane {
  /**
   * @param label what a screen reader says of it
   * @param ranges [[low, high], [low, high]] across and up
   * @param onmove called with [x, y]
   */
  constructor(label, ranges, onmove) {
    this.ranges = ranges;
    this.at = ranges.map(([low, high]) => (low + high) / 2);
    this.points = null; // { at: tensor (n, 2), labels: tensor (n,) or null }
    this.under = null; // a canvas
    this.names = ["", ""];
    this.canvas = el("canvas", { class: "plane", role: "img", "aria-label": `${label} Arrows move; with Shift further.` });
    this.draw = onceAFrame(() => this.drawn());
    dragged(this.canvas, (x, y) => {
      this.at = [x, 1 - y].map((share, axis) => this.ranges[axis][0] + share * (this.ranges[axis][1] - this.ranges[axis][0]));
      this.draw();
      onmove(this.at);
    }, () => { const [x, y] = this.shares(this.at); return [x, 1 - y]; });
    new ResizeObserver(this.draw).observe(this.canvas);
  }

  shares(point) { return [0, 1].map((axis) => (point[axis] - this.ranges[axis][0]) / (this.ranges[axis][1] - this.ranges[axis][0])); }

  drawn() {
    const { pen, width, height } = fresh(this.canvas), style = getComputedStyle(this.canvas);
    if (this.under) { pen.imageSmoothingEnabled = true; pen.drawImage(this.under, 0, 0, width, height); }
    const place = (point) => { const [x, y] = this.shares(point); return [x * width, (1 - y) * height]; };
    if (this.points) {
      const { at, labels } = this.points, n = at.shape[0], wide = at.shape[1], [a, b] = this.axes ?? [0, 1];
      for (let i = 0; i < n; i++) {
        const [x, y] = place([at.data[i * wide + a], at.data[i * wide + b]]);
        pen.beginPath();
        pen.arc(x, y, this.under ? 4 : 3, 0, 2 * Math.PI);
        pen.fillStyle = labels ? css(colour(labels.data[i]), 0.85) : style.color;
        pen.fill();
        if (this.under) { pen.strokeStyle = "#fff"; pen.lineWidth = 1; pen.stroke(); }
      }
    }
    const [x, y] = place(this.at);
    for (const [line, pencolour] of [[5, "#fff"], [2.5, "#111"]]) {
      pen.lineWidth = line;
      pen.strokeStyle = pencolour;
      pen.beginPath();
      pen.arc(x, y, 9, 0, 2 * Math.PI);
      pen.moveTo(x - 15, y); pen.lineTo(x - 4, y); pen.moveTo(x + 4, y); pen.lineTo(x + 15, y);
      pen.moveTo(x, y - 15); pen.lineTo(x, y - 4); pen.moveTo(x, y + 4); pen.lineTo(x, y + 15);
      pen.stroke();
    }
    this.named?.replaceChildren(`${this.names[0]} across, ${text(this.ranges[0][0])} to ${text(this.ranges[0][1])}; ${this.names[1]} up, ${text(this.ranges[1][0])} to ${text(this.ranges[1][1])}.`);
  }

  /** A line below that says what the axes are. */
  caption() { return (this.named = el("p", { class: "note" })); }
}

/** Colours and names of the classes. */
export const legend = (names) => el("ul", { class: "legend" }, ...names.map((name, k) => {
  const mark = el("i", { "aria-hidden": "true" });
  mark.style.background = css(colour(k));
  return el("li", {}, mark, name);
}));
