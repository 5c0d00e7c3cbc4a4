// What the network says: probabilities as bars with the likeliest named, or values.
import { sigmoid } from "pellucid";
import { el, percent, say, text } from "./base.js";

const MOST = 12;

/** A section that shows outputs; `show(null)` where there is nothing to be asked. */
export class Answer {
  constructor(network, nothing) {
    const { told } = network;
    this.network = network;
    this.names = told.names;
    this.nothing = nothing;
    this.values = told.reading === "values";
    this.head = el("p", { class: "answer" });
    this.list = this.values ? el("dl", { class: "values" }) : el("ol", { class: "bars" });
    this.box = el("section", {}, el("h2", { text: "What the network says" }), this.head, this.list);
    this.show(null);
  }

  show(outputs) {
    if (this.values) return this.showValues(outputs);
    const { told } = this.network, alone = told.reading === "answers"; // each output by itself
    const shares = outputs === null ? this.names.map(() => 0) : alone ? [...outputs].map(sigmoid) : [...this.network.probabilities(outputs)];
    const order = shares.map((_, k) => k).sort((a, b) => shares[b] - shares[a]), best = order[0];
    const said = (k) => outputs !== null && (alone ? shares[k] > 0.5 : k === best);
    const yes = order.filter(said).map((k) => (alone ? this.names[k] : `${this.names[k]}, ${percent(shares[k])}`));
    this.head.textContent = outputs === null ? this.nothing : yes.join(", ") || "None of these";
    if (outputs !== null) say(this.head.textContent);
    const shown = shares.length > MOST ? order.slice(0, MOST) : shares.map((_, k) => k);
    this.rows ??= shown.map(() => this.row());
    shown.forEach((k, i) => {
      const { item, name, fill, number } = this.rows[i];
      item.classList.toggle("first", said(k));
      name.textContent = name.title = this.names[k];
      fill.style.width = `${100 * shares[k]}%`;
      number.textContent = outputs === null ? "" : percent(shares[k]);
    });
  }

  row() {
    const name = el("span", { class: "name" }), fill = el("div", { class: "fill" }), number = el("span", { class: "number" });
    const item = el("li", {}, name, el("div", { class: "track", "aria-hidden": "true" }, fill), number);
    this.list.append(item);
    return { item, name, fill, number };
  }

  showValues(outputs) {
    this.head.textContent = outputs === null ? this.nothing : "";
    this.head.hidden = outputs !== null;
    this.list.replaceChildren(...(outputs === null ? [] : this.names.flatMap((name, k) => [el("dt", { text: name }), el("dd", { text: text(outputs[k]) })])));
    if (outputs !== null) say(this.names.map((name, k) => `${name} ${text(outputs[k])}`).slice(0, 5).join(", "));
  }
}
