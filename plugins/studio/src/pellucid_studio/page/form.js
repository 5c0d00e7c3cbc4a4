// Arguments of a component as a form, made of its signature: a field for each type, the default where nothing is said,
// and what pellucid says of a mistake right below.

import { html, useId, useRef, useEffect } from "./preact.js";
import { asTable, fresh, short, typeOf } from "./catalogue.js";
import { Equations } from "./formula.js";
import { typed, words } from "./numbers.js";
import { errorsAt, errorsUnder } from "./paths.js";

const list = (type) => /^a list of/.test(type);
const isNumber = (type) => /\b(int|float)\b/.test(type);

const shown = (value) => (value === null || value === undefined ? "none" : typeof value === "string" ? value : typeof value === "number" ? words(value, 6) : JSON.stringify(value));

/** What is wrong with something, below it. */
export function Errors({ texts, id }) {
  return texts.length ? html`<div class="error" id=${id} role="alert">${texts.map((text) => html`<p key=${text}>${text}</p>`)}</div>` : null;
}

/** A field of text that reports what was typed once it rests or is left. */
function Typed({ value, placeholder, change, numeric, ...more }) {
  const box = useRef(null);
  const text = value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  useEffect(() => { if (box.current && document.activeElement !== box.current) box.current.value = text; }, [text]);
  return html`<input ref=${box} type="text" inputmode=${numeric ? "decimal" : undefined} autocomplete="off" spellcheck="false" placeholder=${placeholder}
    onInput=${(event) => change(event.target.value)} onBlur=${() => { if (box.current) box.current.value = text; }} ...${more} />`;
}

/** Lists and tables, as JSON or, of plain numbers and names, with commas. */
function listed(text) {
  if (text.trim() === "") return undefined;
  try { return JSON.parse(text); } catch { /* then words with commas between */ }
  return text.replace(/^\[|\]$/g, "").split(",").map((word) => typed(word) ?? "").filter((word) => word !== "");
}

/** One component among those of a kind, with its arguments. */
export function Choice({ catalogue, kind, value, path, errors, change, none = null, label, required = false }) {
  const id = useId();
  const entry = value === undefined ? undefined : catalogue.find(kind, value);
  const pick = (event) => {
    const name = event.target.value;
    const found = catalogue.find(kind, name);
    change(name === "" ? undefined : fresh(catalogue, kind, found));
  };
  const own = errorsAt(errors, path);
  return html`<div class="choice">
    <div class="field"><label for=${id}>${label}</label>
      <select id=${id} onChange=${pick} aria-invalid=${own.length > 0} aria-describedby=${`${id}-e`}>
        ${required ? null : html`<option value="" selected=${!entry}>${none ?? "none"}</option>`}
        ${catalogue.of(kind).map((one) => html`<option key=${one.name} value=${one.name} selected=${one === entry}>${short(one.name).replaceAll("_", " ")}</option>`)}
        ${value !== undefined && !entry ? html`<option value=${typeOf(value)} selected>${typeOf(value)}</option>` : null}
      </select></div>
    ${entry ? html`<p class="note">${entry.summary}</p>` : null}
    <${Errors} id=${`${id}-e`} texts=${own} />
    ${entry ? html`<${Arguments} catalogue=${catalogue} entry=${entry} value=${asTable(value)} path=${path} errors=${errors} change=${(next) => change(next)} />` : null}
  </div>`;
}

function Field({ catalogue, argument, value, path, errors, change }) {
  const id = useId();
  const { name, type, choices, kind, required } = argument;
  const texts = errorsAt(errors, path);
  const told = { id, "aria-invalid": texts.length > 0, "aria-describedby": `${id}-e` };
  const fallback = required ? "required" : shown(argument.default);
  const title = argument.doc ?? undefined;
  let field;
  if (kind && !list(type)) {
    return html`<div class="nested"><${Choice} catalogue=${catalogue} kind=${kind} value=${value} path=${path} errors=${errors} change=${change} label=${name.replaceAll("_", " ")} none=${required ? "choose" : argument.default ? `as usual: ${fallback}` : "as usual"} /></div>`;
  }
  if (kind && list(type) && kind === "layer") {
    return html`<div class="nested"><${Several} catalogue=${catalogue} kind=${kind} value=${value ?? []} path=${path} errors=${errors} change=${change} label=${name} /></div>`;
  }
  if (choices?.length) {
    field = html`<select ...${told} onChange=${(event) => change(event.target.value === "" ? undefined : event.target.value)}>
      ${required ? null : html`<option value="" selected=${value === undefined}>${fallback}</option>`}
      ${choices.filter((choice) => required || choice !== argument.default).map((choice) => html`<option key=${choice} value=${choice} selected=${choice === value}>${choice}</option>`)}</select>`;
  } else if (type === "bool") {
    field = html`<input type="checkbox" role="switch" ...${told} checked=${value ?? argument.default} onChange=${(event) => change(event.target.checked === argument.default ? undefined : event.target.checked)} />`;
  } else if (list(type) || /tuple|table|dict/.test(type)) {
    field = html`<${Typed} ...${told} value=${Array.isArray(value) && value.every((one) => typeof one !== "object") ? value.join(", ") : value} placeholder=${fallback} change=${(text) => change(listed(text))} />`;
  } else {
    field = html`<${Typed} ...${told} value=${value} placeholder=${fallback} numeric=${isNumber(type)} change=${(text) => change(isNumber(type) ? typed(text) : text === "" ? undefined : text)} />`;
  }
  return html`<div class=${type === "bool" ? "field inline" : "field"} data-argument=${name}><label for=${id} title=${title}>${name.replaceAll("_", " ")}</label>${field}<${Errors} id=${`${id}-e`} texts=${texts} /></div>`;
}

/** A list of components inside of one, such as the layers of a residual. */
function Several({ catalogue, kind, value, path, errors, change, label }) {
  const all = Array.isArray(value) ? value : [];
  const replace = (i, next) => change(next === undefined ? all.filter((_, k) => k !== i) : all.map((one, k) => (k === i ? next : one)));
  return html`<fieldset class="several"><legend>${label}</legend><${Errors} texts=${errorsAt(errors, path)} />
    ${all.map((one, i) => html`<${Choice} key=${i} catalogue=${catalogue} kind=${kind} value=${one} path=${[...path, i]} errors=${errors} change=${(next) => replace(i, next)} label=${`${i + 1}`} none="remove" />`)}
    <button type="button" class="quiet" onClick=${() => change([...all, fresh(catalogue, kind, catalogue.of(kind)[0])])}>Add one inside</button></fieldset>`;
}

/** What its docstring says of each argument. */
function About({ all }) {
  const told = all.filter((argument) => argument.doc);
  return told.length ? html`<details class="about-arguments"><summary>What they mean</summary><dl>
    ${told.map(({ name, doc }) => html`<div key=${name}><dt>${name.replaceAll("_", " ")}</dt><dd class="note">${doc.replaceAll("``", "")}</dd></div>`)}</dl></details>` : null;
}

const FEW = 6; // arguments that are shown at once; the rest is behind a summary

/** All arguments of a component: `value` is its table, `change` gets the next one. */
export function Arguments({ catalogue, entry, value, path, errors, change, leave = [] }) {
  const all = (entry.arguments ?? []).filter((argument) => !leave.includes(argument.name));
  const names = new Set([...all.map((argument) => argument.name), ...leave]);
  const lost = errorsUnder(errors, path).filter((error) => error.path !== path.join(".") && !names.has(error.path.slice(path.join(".").length + 1).split(".")[0]));
  const set = (name, next) => {
    const table = { ...value, [name]: next };
    if (next === undefined) delete table[name];
    change(table);
  };
  const field = (argument) => html`<${Field} key=${argument.name} catalogue=${catalogue} argument=${argument} value=${value[argument.name]} path=${[...path, argument.name]} errors=${errors} change=${(next) => set(argument.name, next)} />`;
  const rank = (argument) => (argument.required ? 0 : argument.kind ? 2 : 1);
  const sorted = [...all].sort((a, b) => rank(a) - rank(b));
  const rest = sorted.slice(FEW);
  const used = rest.some((argument) => argument.name in value || errorsUnder(errors, [...path, argument.name]).length);
  return html`<div class="arguments">
    <div class="fields">${sorted.slice(0, FEW).map(field)}</div>
    ${rest.length ? html`<details open=${used}><summary>${rest.length} more</summary><div class="fields">${rest.map(field)}</div></details>` : null}
    <${Errors} texts=${lost.map((error) => error.text)} />
    <${About} all=${all} />
    <${Equations} entry=${entry} /></div>`;
}
