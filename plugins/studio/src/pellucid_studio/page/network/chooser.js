// A dialog that lists what every installed plugin has of a kind, with what it does and how it computes.

import { html, useLayoutEffect, useRef, useState } from "../preact.js";
import { fresh, short, vendor } from "../catalogue.js";
import { Formula } from "../formula.js";
import { Icon } from "../icons.js";

const FIRST = ["core/dense", "core/dropout", "core/layer_norm", "core/batch_norm"];

export function Chooser({ catalogue, kind, open, close, pick }) {
  const dialog = useRef(null);
  const [asked, ask] = useState(""), [shown, show] = useState(null);
  useLayoutEffect(() => { // before a further key can be pressed: what is typed at once is searched for
    if (open && !dialog.current.open) { ask(""); show(null); dialog.current.showModal(); dialog.current.querySelector("input")?.focus(); }
    if (!open && dialog.current.open) dialog.current.close();
  }, [open]);
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
  const named = words.join("_");
  const rank = (entry) => { // whose name was typed comes before whose summary has it
    const name = short(entry.name), place = FIRST.indexOf(entry.name);
    if (named && (name === named || name.startsWith(named))) return name === named ? -2 : -1;
    return place < 0 ? FIRST.length + (vendor(entry.name) === "core" ? 0 : 1) : place;
  };
  const all = open ? catalogue.of(kind).filter((entry) => words.every((word) => `${entry.name} ${entry.summary}`.toLowerCase().includes(word))).sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name)) : [];
  const seen = shown && all.includes(shown) ? shown : all[0];
  const take = (entry) => entry && pick(fresh(catalogue, kind, entry));
  const keys = (event) => {
    if (event.key === "Enter" && event.target.matches("input")) { event.preventDefault(); take(all[0]); }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const items = [...dialog.current.querySelectorAll(".item")], place = items.indexOf(document.activeElement);
    const to = place + (event.key === "ArrowDown" ? 1 : -1);
    (items[to] ?? (to < 0 ? dialog.current.querySelector("input") : null))?.focus();
  };
  return html`<dialog class="chooser" ref=${dialog} aria-label=${`Choose a ${kind}`} onClose=${close} onKeyDown=${keys} onClick=${(event) => event.target === dialog.current && close()}>
    ${open ? html`<div class="inside"><div class="head"><h2>Choose a ${kind}</h2><button type="button" class="quiet round" aria-label="Close" onClick=${close}><${Icon} name="close" /></button></div>
      <input type="search" aria-label="Search" placeholder="Search by name or by what it does" value=${asked} onInput=${(event) => ask(event.target.value)} />
      <div class="pair"><ul class="items">${all.map((entry) => html`<li key=${entry.name}><button type="button" class="item ${entry === seen ? "seen" : ""}" data-name=${entry.name} onClick=${() => take(entry)} onFocus=${() => show(entry)} onMouseEnter=${() => show(entry)}>
        <strong>${short(entry.name).replaceAll("_", " ")}</strong> <span class="vendor">${vendor(entry.name)}</span><span class="note">${entry.summary}</span></button></li>`)}
        ${all.length ? null : html`<li class="note">Nothing has all of these words.</li>`}</ul>
      ${seen ? html`<article class="about"><h3>${short(seen.name).replaceAll("_", " ")}</h3><p>${seen.summary}</p>${(seen.equations ?? []).slice(0, 4).map((equation) => html`<${Formula} key=${equation.latex} latex=${equation.latex} />`)}
        <p class="note doc">${(seen.doc ?? "").replaceAll("``", "")}</p></article>` : null}</div></div>` : null}
  </dialog>`;
}
