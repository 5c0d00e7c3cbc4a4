// Equations by the glass box's own writer of LaTeX, a classic script that finds its two helpers among the globals.

import { html, useEffect, useRef } from "./vendor/htm-preact.js";

/** An element; text stays text. */
globalThis.el ??= (name, options = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key === "class") made.className = value;
    else if (key === "text") made.textContent = value;
    else made.setAttribute(key, value);
  }
  return globalThis.append(made, children);
};

globalThis.append ??= (to, children) => {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) to.append(child instanceof Node ? child : String(child));
  }
  return to;
};

export function Formula({ latex, block = true }) {
  const box = useRef(null);
  useEffect(() => {
    const write = globalThis.formula;
    box.current.replaceChildren(write ? write(latex, block) : latex);
  }, [latex, block]);
  return html`<span class=${block ? "formula" : "formula inline"} ref=${box}></span>`;
}

/** The equations of a component, behind a summary, as few look at them all the time. */
export function Equations({ entry, open = false }) {
  if (!entry?.equations?.length) return null;
  return html`<details class="equations" open=${open}><summary>Equations</summary>
    ${entry.equations.map((equation) => html`<${Formula} key=${equation.latex} latex=${equation.latex} />`)}</details>`;
}
