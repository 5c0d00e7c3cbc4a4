// Train, pause, step: the row at the top, with what the run says of itself.

import { html, useEffect, useRef } from "./vendor/htm-preact.js";
import { Icon } from "./icons.js";
import { fixed, words } from "./numbers.js";
import { useStore } from "./store.js";

const SPEEDS = [[1, "1 step a second"], [5, "5 steps a second"], [25, "25 steps a second"], [100, "100 steps a second"], [1000, "1\u2009000 steps a second"], [null, "as fast as it goes"]];

const STATES = { paused: "paused", training: "training", ended: "all epochs trained", failed: "ended with an error" };

/** Figures that change with every frame are written into the page directly. */
function Figures({ frames, store }) {
  const box = useRef(null);
  useEffect(() => {
    const cells = Object.fromEntries([...box.current.querySelectorAll("[data-figure]")].map((cell) => [cell.dataset.figure, cell]));
    const write = (name, text) => { if (cells[name].textContent !== text) cells[name].textContent = text; };
    return frames.onPaint(({ last }) => {
      if (!last) return;
      write("step", words(last.step));
      write("epoch", words(last.epoch));
      write("loss", fixed(last.loss, 4));
      const { loss, ...others } = last.validation ?? {};
      write("validation", fixed(loss, 4));
      const [name, value] = Object.entries(others)[0] ?? ["accuracy", undefined];
      write("metricname", `validation ${name.replaceAll("_", " ")}`);
      write("metric", value === undefined ? "–" : name === "accuracy" ? `${fixed(100 * value, 1)}\u2009%` : fixed(value, 3));
      write("speed", last.state === "training" && last.speed ? `${words(Math.round(last.speed))}` : "–");
    });
  }, [frames]);
  const { running } = useStore(store);
  const figure = (name, label) => html`<div class="figure">${name === "metric" ? html`<dt data-figure="metricname"></dt>` : html`<dt>${label}</dt>`}<dd class="number" data-figure=${name}></dd></div>`;
  return html`<dl class="figures" ref=${box} aria-label="How far it has come" data-state=${running}>
    ${figure("epoch", "epoch")}${figure("step", "step")}${figure("loss", "loss")}${figure("validation", "validation loss")}
    ${figure("metric", "validation accuracy")}${figure("speed", "steps a second")}</dl>`;
}

export function Controls({ session }) {
  const { running, speed, draft, online } = useStore(session.store);
  const training = running === "training";
  const seed = draft?.train?.seed ?? 0;
  const limit = (event) => session.limit(event.target.value === "" ? null : Number(event.target.value));
  return html`<section class="controls" aria-label="Training">
    <div class="buttons">
      <button type="button" class="round quiet" onClick=${() => session.send("reset")} aria-label="Reset" title="Reset: back to the first weights"><${Icon} name="reset" /></button>
      <button type="button" class="round play" data-do=${training ? "pause" : "train"} disabled=${!online} onClick=${() => session.send(training ? "pause" : "train")}
        aria-label=${training ? "Pause" : "Train"} title=${training ? "Pause (space)" : "Train (space)"}><${Icon} name=${training ? "pause" : "play"} /></button>
      <button type="button" class="round quiet" onClick=${() => session.send("step")} aria-label="One step" title="One step: one batch"><${Icon} name="step" /></button>
      <button type="button" class="quiet" onClick=${() => session.send("sample")} title="One step on one sample alone">One sample</button>
      <button type="button" class="quiet" onClick=${() => session.change(["train", "seed"], seed + 1)} title="Other first weights: the next seed"><${Icon} name="dice" /> New weights</button>
      <label class="field inline"><span class="unseen">Speed</span>
        <select onChange=${limit} aria-label="Speed">${SPEEDS.map(([steps, text]) => html`<option key=${text} value=${steps ?? ""} selected=${speed === steps}>${text}</option>`)}</select></label>
    </div>
    <p class="note state" role="status">${STATES[running] ?? ""}</p>
    <${Figures} frames=${session.frames} store=${session.store} />
  </section>`;
}
