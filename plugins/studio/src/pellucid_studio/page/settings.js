// How it learns: loss, optimizer, schedule, and the section [train].

import { html } from "./preact.js";
import { Choice, Errors } from "./form.js";
import { Arguments } from "./form.js";
import { errorsAt } from "./paths.js";
import { useStore } from "./store.js";

/** What the page offers of the section [train]; a file may say more, which is kept. */
const TRAIN = {
  name: "train",
  arguments: [
    { name: "batch_size", type: "int", default: 32, doc: "samples of a step" },
    { name: "epochs", type: "int", default: 10, doc: "passes over the training data" },
    { name: "seed", type: "int", default: 0, doc: "of the first weights, the order of samples and all that is drawn" },
    { name: "clip_norm", type: "float or None", default: null, doc: "upper bound on the norm of the gradient" },
  ],
};

export function Settings({ session }) {
  const { draft, errors } = useStore(session.store);
  const part = (kind, label, none) => html`<section class="card setting" aria-label=${label}>
    <${Choice} catalogue=${session.catalogue} kind=${kind} label=${label} value=${draft[kind]} path=${[kind]} errors=${errors} none=${none} change=${(next) => session.change([kind], next)} /></section>`;
  return html`<div class="settings">
    ${part("loss", "Loss", "the model's own")}
    ${part("optimizer", "Optimizer", "as usual: adam")}
    ${part("schedule", "Schedule", "as usual: constant")}
    <section class="card setting" aria-label="Training run"><h2>Run</h2>
      <${Arguments} catalogue=${session.catalogue} entry=${TRAIN} value=${draft.train ?? {}} path=${["train"]} errors=${errors} change=${(next) => session.change(["train"], next)} />
      <${Errors} texts=${errorsAt(errors, ["train"])} /></section>
  </div>`;
}
