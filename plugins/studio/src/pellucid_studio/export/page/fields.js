// A form of numbers: for each a slider and a field.
import { el, id } from "./base.js";

/** Fields for `inputs`, { kind, name, value } and what the kind needs; calls `onchange` with all numbers. */
export class Fields {
  constructor(inputs, onchange) {
    this.values = inputs.map(({ value }) => value);
    this.onchange = onchange;
    this.shown = inputs.map((input, i) => this.field(input, i));
    this.box = el("div", { class: "fields" }, ...this.shown.map(({ box }) => box));
  }

  field(input, i) {
    if (input.kind === "choice") return this.choice(input, i);
    if (input.kind === "date") return this.date(input, i);
    return this.number(input, i);
  }

  /** One of several texts, each a number for the network; NaN is JSON's null. */
  choice({ name, options, value }, i) {
    const own = id(), list = el("select", { id: own, onchange: () => { this.values[i] = options[list.selectedIndex][1] ?? NaN; this.onchange(this.values); } },
      ...options.map(([text, code]) => el("option", { text, selected: code === value })));
    return { set: () => {}, box: el("div", { class: "field" }, el("label", { for: own, text: name }), list) };
  }

  /** A date, as days since 1970; none is missing. */
  date({ name, value, time }, i) {
    const own = id(), field = el("input", { type: time ? "datetime-local" : "date", id: own, onchange: () => { this.values[i] = field.valueAsNumber / 86400000; this.onchange(this.values); } });
    field.valueAsNumber = (time ? value : Math.floor(value)) * 86400000;
    return { set: () => {}, box: el("div", { class: "field" }, el("label", { for: own, text: name }), field) };
  }

  number({ name, low, high, value, missing }, i) {
    const own = id(), number = el("input", { type: "number", id: own, step: "any", value: Number(value.toPrecision(4)) });
    const slider = low === null ? null : el("input", { type: "range", min: low, max: high, step: (high - low) / 200, value, "aria-label": name });
    const set = (given, by) => {
      if (!Number.isFinite(given) && !(missing && Number.isNaN(given))) return; // an empty field: missing
      this.values[i] = given;
      if (by !== number) number.value = Number(given.toPrecision(4));
      if (slider && by !== slider && Number.isFinite(given)) slider.value = given;
    };
    number.addEventListener("input", () => { set(number.valueAsNumber, number); this.onchange(this.values); });
    slider?.addEventListener("input", () => { set(slider.valueAsNumber, slider); this.onchange(this.values); });
    return { set, box: el("div", { class: "field" }, el("label", { for: own, text: name }), el("div", { class: "row" }, slider, number)) };
  }

  /** Other numbers, without a word to `onchange`. */
  set(values) { values.forEach((value, i) => this.shown[i].set(value)); }
}

