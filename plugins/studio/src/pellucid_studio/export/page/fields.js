// A form of numbers: for each a slider and a field.
import { el, id } from "./base.js";

/** Fields for `inputs`, { name, low, high, value }; calls `onchange` with all numbers. */
export class Fields {
  constructor(inputs, onchange) {
    this.values = inputs.map(({ value }) => value);
    this.onchange = onchange;
    this.shown = inputs.map((input, i) => this.field(input, i));
    this.box = el("div", { class: "fields" }, ...this.shown.map(({ box }) => box));
  }

  field({ name, low, high, value }, i) {
    const own = id(), number = el("input", { type: "number", id: own, step: "any", value: Number(value.toPrecision(5)) });
    const slider = low === null ? null : el("input", { type: "range", min: low, max: high, step: (high - low) / 200, value, "aria-label": name });
    const set = (given, by) => {
      if (!Number.isFinite(given)) return;
      this.values[i] = given;
      if (by !== number) number.value = Number(given.toPrecision(5));
      if (slider && by !== slider) slider.value = given;
    };
    number.addEventListener("input", () => { set(number.valueAsNumber, number); this.onchange(this.values); });
    slider?.addEventListener("input", () => { set(slider.valueAsNumber, slider); this.onchange(this.values); });
    return { set, box: el("div", { class: "field" }, el("label", { for: own, text: name }), el("div", { class: "row" }, slider, number)) };
  }

  /** Other numbers, without a word to `onchange`. */
  set(values) { values.forEach((value, i) => this.shown[i].set(value)); }
}

