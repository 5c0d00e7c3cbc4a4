// Frames of the run as they come, and their painting: once for each picture of the screen at most; what comes faster is
// merged, so a slow page drops frames and never falls behind.

import { arrayOf } from "./arrays.js";

const LONGEST = 4000; // points of a curve before every other is left out
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const CALM_EVERY = 400; // ms between two paintings for whoever asked for little motion

const nothing = () => ({ steps: [], loss: [], validation: { steps: [], loss: [] } });

export class Frames {
  constructor() {
    this.painters = new Set();
    this.count = { came: 0, painted: 0, merged: 0 };
    this.times = []; // ms that the last hundred paintings took
    this.asked = false;
    this.forget();
  }

  /** A new network: nothing of the last one is shown any more. */
  forget() {
    this.last = null;
    this.curve = nothing();
    this.weights = {};
    this.sizes = {};
    this.units = new Map();
    this.surface = null;
    this.line = null;
    this.sample = null;
    this.fresh = true;
  }

  take(frame) {
    this.count.came++;
    this.last = { ...this.last, ...frame };
    if (frame.curve) this.extend(frame.curve);
    if (frame.surface) this.surface = { ...frame.surface, grid: arrayOf(frame.surface.grid) };
    if (frame.line) this.line = arrayOf(frame.line);
    for (const unit of frame.units ?? []) {
      this.units.set(unit.path, unit.maps ? { maps: arrayOf(unit.maps) } : { activations: arrayOf(unit.activations) });
    }
    for (const [path, array] of Object.entries(frame.weights ?? {})) this.weights[path] = arrayOf(array);
    if (frame.sizes) this.sizes = frame.sizes;
    if (frame.sample) this.see(frame.sample);
    if (this.asked) this.count.merged++;
    this.ask();
  }

  /** The picture that goes in, until a frame brings the sample itself. */
  picture({ shape, data }, number) {
    const size = shape[1] * shape[2];
    this.units.set("input", { activations: { shape: [shape[1], shape[2], 1], data: data.subarray(number * size, (number + 1) * size) } });
  }

  /** The sample whose activations are shown; what goes in is shown as the units of a layer are. */
  see(sample) {
    const x = sample.x ? arrayOf(sample.x) : this.sample?.x;
    this.sample = { ...sample, x };
    if (x) this.units.set("input", { activations: x.shape.length === 2 ? { shape: [...x.shape, 1], data: x.data } : x });
  }

  extend({ from, steps, loss, validation }) {
    const { curve } = this;
    if (from === 0) Object.assign(curve, nothing());
    curve.steps.push(...steps);
    curve.loss.push(...loss);
    if (validation) for (const [name, values] of Object.entries(validation)) (curve.validation[name] ??= []).push(...values);
    if (curve.steps.length > LONGEST) {
      curve.steps = curve.steps.filter((_, i) => i % 2 === 0);
      curve.loss = curve.loss.filter((_, i) => i % 2 === 0);
    }
  }

  /** `paint(frames, now)` is called whenever something new is to be seen. */
  onPaint(paint) {
    this.painters.add(paint);
    this.ask();
    return () => this.painters.delete(paint);
  }

  ask() {
    if (this.asked) return;
    this.asked = true;
    const paint = (now) => {
      this.asked = false;
      const start = performance.now();
      for (const painter of this.painters) painter(this, now);
      this.times.push(performance.now() - start);
      if (this.times.length > 100) this.times.shift();
      this.count.painted++;
    };
    if (calm.matches && this.last?.state === "training") setTimeout(() => requestAnimationFrame(paint), CALM_EVERY);
    else requestAnimationFrame(paint);
  }
}
