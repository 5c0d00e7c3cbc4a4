// A model of a table: a form of its inputs; of two inputs their plane with what the network says everywhere.
import { Answer } from "./answer.js";
import { colour, el, onceAFrame } from "./base.js";
import { Fields } from "./fields.js";
import { Plane, legend } from "./plane.js";

/** Cells along each side of the plane, and milliseconds that all of them may take. */
const CELLS = 72, PATIENCE = 400;

export function form(network, at, main) {
  const { told } = network, answer = new Answer(network, "Give numbers"), classes = ["softmax", "sigmoid"].includes(told.reading);
  const show = onceAFrame((values) => answer.show(network.predict(values)));
  const fields = new Fields(told.inputs, (values) => { plane && ((plane.at = [...values]), plane.draw()); show(values); });
  const plane = told.inputs.length === 2 && told.inputs.every(({ low }) => low !== null && low !== undefined) ? surface(network, at, (values) => { fields.set(values); show(values); }) : null;
  const inputs = el("section", {}, el("h2", { text: "Inputs" }), fields.box);
  if (plane) {
    plane.at = [...fields.values];
    const parts = [el("h2", { text: "What it says everywhere" }), plane.canvas, plane.caption(), classes ? legend(told.names) : null];
    main.append(el("section", {}, ...parts), el("div", { class: "stack" }, answer.box, inputs));
  } else main.append(inputs, answer.box);
  answer.show(network.predict(fields.values));
  return told.inputs.length === 1 ? "Change the input, and see what the network says." : "Change the inputs, and see what the network says.";
}

/** The plane of two inputs, a tenth larger than the data, coloured by the likeliest class or by the first value. */
function surface(network, at, onmove) {
  const { told } = network, ranges = told.inputs.map(({ low, high }) => [low - (high - low) / 10, high + (high - low) / 10]);
  const plane = new Plane("The plane of both inputs.", ranges, onmove), cells = affordable(network, told.inputs.map(({ value }) => value));
  const under = el("canvas", { width: cells, height: cells }), image = new ImageData(cells, cells), values = [];
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const share = [(column + 0.5) / cells, 1 - (row + 0.5) / cells];
      values.push(network.predict(ranges.map(([low, high], axis) => low + share[axis] * (high - low))));
    }
  }
  const first = values.map((outputs) => outputs[0]), low = Math.min(...first), high = Math.max(...first);
  values.forEach((outputs, i) => {
    const shares = network.probabilities(outputs);
    const mixed = shares ? mix(shares) : between((first[i] - low) / (high - low || 1));
    image.data.set([...mixed, 255], 4 * i);
  });
  under.getContext("2d").putImageData(image, 0, 0);
  plane.under = under;
  plane.names = told.inputs.map(({ name }) => name);
  if (told.points) plane.points = { at: at(told.points.at), labels: told.points.labels && at(told.points.labels) };
  return plane;
}

/** As many cells as a network of this size computes in time. */
function affordable(network, values) {
  const begin = performance.now();
  let count = 0;
  while (performance.now() - begin < 20) { network.predict(values); count++; }
  return Math.max(12, Math.min(CELLS, Math.floor(Math.sqrt((PATIENCE * count) / (performance.now() - begin)))));
}

/** Light where the network is unsure, the class's colour where it is sure. */
function mix(shares) {
  const mixed = [0, 1, 2].map((c) => shares.reduce((sum, share, k) => sum + share * colour(k)[c], 0));
  const sure = (Math.max(...shares) - 1 / shares.length) / (1 - 1 / shares.length);
  return mixed.map((value) => 245 + (value - 245) * (0.15 + 0.6 * sure));
}

/** From orange over white to blue. */
const between = (share) => [0, 1, 2].map((c) => (share < 0.5 ? colour(1)[c] + (245 - colour(1)[c]) * 2 * share : 245 + (colour(0)[c] - 245) * (2 * share - 1)));
