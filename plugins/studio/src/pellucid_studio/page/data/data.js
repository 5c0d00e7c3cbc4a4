// Choose the data: ready lessons, data sets with their arguments, a table of one's own, points drawn by hand.

import { html, useId, useRef, useState } from "../preact.js";
import { asTable, fresh, short, typeOf } from "../catalogue.js";
import { Arguments, Errors } from "../form.js";
import { errorsAt } from "../paths.js";
import { useStore } from "../store.js";
import { Drawing } from "./drawing.js";
import { fitted } from "./fitting.js";

const POINTS = "studio/points", TABLE = "studio/own_table";

/** What `pellucid` says of a table that was sent, or the data section that it became. */
async function sent(file) {
  const answer = await fetch("table", { method: "POST", headers: { "Content-Type": "text/csv", "X-Name": encodeURIComponent(file.name) }, body: await file.text() });
  const text = await answer.text();
  let found;
  try { found = JSON.parse(text); } catch { throw new Error(text); }
  if (found.data) return found.data;
  throw new Error(found.error ?? (found.errors ?? []).map((error) => error.text).join("\n"));
}

function Upload({ take }) {
  const box = useRef(null);
  const [wrong, setWrong] = useState([]), [busy, setBusy] = useState(false);
  const read = async (file) => {
    if (!file) return;
    setBusy(true); setWrong([]);
    try { take(await sent(file)); } catch (error) { setWrong([error.message]); } finally { setBusy(false); box.current.value = ""; }
  };
  return html`<div class="upload" onDragOver=${(event) => event.preventDefault()} onDrop=${(event) => { event.preventDefault(); read(event.dataTransfer.files[0]); }}>
    <label class="button quiet">${busy ? "Reading …" : "A table of your own …"}<input ref=${box} class="unseen" type="file" accept=".csv,text/csv" onChange=${(event) => read(event.target.files[0])} /></label>
    <p class="note">A .csv file with a line of names; it stays on this machine.</p><${Errors} texts=${wrong} /></div>`;
}

export function Data({ session }) {
  const { draft, data, errors, run } = useStore(session.store);
  const id = useId();
  const { catalogue } = session;
  const turn = useRef(0);
  const value = asTable(draft.data), type = typeOf(value), entry = catalogue.find("dataset", type);
  const change = async (next) => {
    const mine = ++turn.current;
    session.store.set({ draft: { ...session.state.draft, data: next }, looking: true }); // seen at once, as large data take their time
    const found = await fitted(next, () => session.state.draft);
    if (mine !== turn.current) return; // a later change is under way
    session.store.set({ looking: false });
    if (found.errors) session.store.set({ errors: found.errors.map((error) => ({ ...error, path: error.path || "data" })) });
    else session.edit(found.sections);
  };
  const pick = (name) => {
    if (name === POINTS) return change({ type: POINTS, ...first() });
    return change(fresh(catalogue, "dataset", catalogue.find("dataset", name)));
  };
  const preset = (name) => { const found = catalogue.presets.find((one) => one.name === name); if (found) session.open(found.sections); };
  const lists = catalogue.data.filter((one) => one.name !== TABLE || type === TABLE);
  return html`<section class="card data" aria-label="Data">
    <h2>Data</h2>
    ${catalogue.presets.length ? html`<div class="field"><label for=${`${id}-p`}>Begin with</label><select id=${`${id}-p`} onChange=${(event) => { preset(event.target.value); event.target.value = ""; }}>
      <option value="">a lesson …</option>${catalogue.presets.map((one) => html`<option key=${one.name} value=${one.name} title=${one.summary}>${one.title ?? one.name}</option>`)}</select></div>` : null}
    <div class="field"><label for=${id}>Data set</label><select id=${id} onChange=${(event) => pick(event.target.value)}>
      ${lists.map((one) => html`<option key=${one.name} value=${one.name} selected=${one === entry}>${one.name === POINTS ? "drawn by hand" : one.name === TABLE ? `table: ${value.name ?? ""}` : short(one.name).replaceAll("_", " ")}</option>`)}
      ${entry ? null : html`<option selected value=${type}>${short(type)}</option>`}</select></div>
    ${entry ? html`<p class="note">${entry.summary}</p>` : null}
    <${Errors} texts=${errorsAt(errors, ["data"])} />
    ${type === POINTS ? html`<${Drawing} value=${value} change=${change} />` : entry ? html`<${Arguments} key=${entry.name} catalogue=${catalogue} entry=${entry} value=${value} path=${["data"]} errors=${errors} change=${change} leave=${type === TABLE ? ["name", "type"] : []} />` : null}
    <${Upload} take=${(next) => change(next)} />
    ${data ? html`<p class="note facts">${facts(data)}</p>` : null}
  </section>`;
}

const facts = (data) => `${data.samples ? `${data.samples} samples, ` : ""}${data.inputs} ${data.inputs === 1 ? "input" : "inputs"}, ${data.classes ? `${data.classes.length} classes` : data.task}.`;

/** A few points to begin with: exclusive or, which no straight line tells apart. */
function first() {
  const x = [], y = [];
  for (const [a, b] of [[-1, -1], [1, 1], [-1, 1], [1, -1]]) {
    for (let i = 0; i < 10; i++) {
      const angle = 2.4 * i, far = 0.08 * Math.sqrt(i + 0.5);
      x.push([a, b].map((side, axis) => Number((0.5 * side + far * (axis ? Math.sin(angle) : Math.cos(angle))).toFixed(3))));
      y.push(a * b > 0 ? 0 : 1);
    }
  }
  return { x, y };
}
