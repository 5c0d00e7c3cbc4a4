// A decoder: a plane of codes to drag in, sliders for all numbers of a code, and the sample that it stands for.
import { el, id, onceAFrame, paint, text } from "./base.js";
import { Fields } from "./fields.js";
import { Plane, legend } from "./plane.js";
import { Sketch, unseen } from "./sketch.js";

export function explorer(network, at, main) {
  const { told } = network, { picture, ranges } = told, several = ranges.length > 1;
  const inputs = ranges.map(([low, high], k) => ({ name: `code ${k + 1}`, low, high, value: (low + high) / 2 }));
  const made = picture ? el("canvas", { class: "pixels", role: "img", "aria-label": "The decoded picture" }) : el("dl", { class: "values" });
  const others = () => (told.labels ? [choice.selectedIndex] : []);
  const decode = onceAFrame(() => {
    const numbers = network.decode(fields.values, ...others());
    if (picture) paint(made, numbers, picture);
    else made.replaceChildren(...told.inputs.flatMap(({ name }, i) => [el("dt", { text: name }), el("dd", { text: text(numbers[i]) })]));
  });
  const axes = [0, 1];
  const fields = new Fields(inputs, (values) => { if (several) moved(values); decode(); });
  const plane = several ? new Plane("The plane of codes.", [ranges[0], ranges[1]], ([x, y]) => {
    fields.values[axes[0]] = x;
    fields.values[axes[1]] = y;
    fields.set(fields.values);
    decode();
  }) : null;
  const moved = (values) => { plane.at = axes.map((k) => values[k]); plane.draw(); };
  const choice = el("select", { id: id(), onchange: decode }, ...Array.from({ length: told.labels }, (_, k) => el("option", { text: told.names[k] ?? String(k) })));
  const turned = () => {
    Object.assign(plane, { ranges: axes.map((k) => ranges[k]), names: axes.map((k) => inputs[k].name), axes });
    moved(fields.values);
  };
  if (several) {
    const parts = [el("h2", { text: "Drag in the plane of codes" }), plane.canvas, plane.caption()];
    if (ranges.length > 2) parts.push(el("div", { class: "row" }, ...["Across ", "Up "].map((word, axis) => {
      const select = el("select", { onchange: () => { axes[axis] = select.selectedIndex; turned(); } }, ...inputs.map(({ name }, k) => el("option", { text: name, selected: k === axis })));
      return el("label", {}, word, select);
    })));
    if (told.codes) {
      const labels = told.codes.labels && at(told.codes.labels);
      plane.points = { at: at(told.codes.at), labels };
      parts.push(el("p", { class: "note", text: `Each point is the code of one of ${plane.points.at.shape[0]} samples${labels ? ", coloured by its class" : ""}.` }));
      if (labels) parts.push(legend(told.names.length ? told.names : Array.from({ length: Math.max(...labels.data) + 1 }, (_, k) => `class ${k}`)));
    }
    main.append(el("section", {}, ...parts));
    turned();
  }
  const few = ranges.length <= 4, code = [el("h2", { text: "The code" }), fields.box];
  main.append(el("section", {}, el("h2", { text: "What the code stands for" }), made,
    told.labels ? el("div", { class: "row" }, el("label", { for: choice.id, text: "Class" }), choice) : null, ...(few ? code : [])));
  if (!few) main.append(el("section", { class: "wide" }, ...code));
  if (picture) main.append(encoder(network, at, others, (values) => { fields.set([...values]); if (several) moved(fields.values); decode(); }));
  decode();
  return several ? `Each point of the plane is a code, from which the network makes ${picture ? "a picture" : "a sample"}. Drag.` : "From a code of one number the network makes a sample. Move it.";
}

/** A pad: what is drawn is encoded, and comes back from its code. */
function encoder(network, at, others, oncode) {
  const { told } = network;
  const sketch = new Sketch(told, at, (numbers) => { if (numbers) oncode(network.encode(numbers, ...others())); });
  const parts = [el("div", { class: "pads" }, ...sketch.parts)];
  if (sketch.strip) parts.push(el("div", { class: "strips" }, el("p", { class: "note", text: unseen(told) }), sketch.strip));
  return el("section", { class: "wide" }, sketch.head,
    el("p", { class: "note", text: "The network writes it as a code, and above stands what comes back from that code." }), el("div", { class: "beside" }, ...parts));
}
