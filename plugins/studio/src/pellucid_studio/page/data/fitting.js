// Other data want another last layer: as many units as there are classes or values, and a loss of their kind.

import { asTable, typeOf } from "../catalogue.js";

const LOSS = { classification: "softmax_cross_entropy", regression: "mse" };
const OF_CLASSES = ["softmax_cross_entropy", "focal", "hinge", "kl_divergence"];

async function looked(data, train) {
  const answer = await fetch("check", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ sections: { data, ...(train?.seed === undefined ? {} : { train: { seed: train.seed } }) } }) });
  const found = await answer.json().catch(() => ({ errors: [{ path: "data", text: `The server refused these data (${answer.status}).` }] }));
  return found;
}

const short = (component) => typeOf(component).replace(/^core\//, "");

/** Sections with these data in which layers and loss fit them, or {errors}. */
export async function fitted(data, sections) {
  const found = await looked(data, sections.train);
  if (found.errors?.length) return { errors: found.errors };
  const { task, outputs } = found.data;
  const next = { ...sections, data };
  const layers = next.model?.layers;
  if (outputs && next.model?.outputs !== undefined) next.model = { ...next.model, outputs };
  if (Array.isArray(layers) && layers.length && outputs) {
    const last = asTable(layers[layers.length - 1]);
    if (short(last) === "dense" && last.units !== outputs) next.model = { ...next.model, layers: [...layers.slice(0, -1), { ...last, units: outputs }] };
  }
  const classes = OF_CLASSES.includes(short(next.loss));
  if (task in LOSS && (next.loss === undefined || classes !== (task === "classification"))) next.loss = { type: LOSS[task] };
  return { sections: next };
}
