// Views: ways to look at models, which plugins contribute as data. One is chosen, for one run or for several beside each
// other, which share what is set.

import { Icon } from "../icons.js";
import { html, useEffect, useMemo, useState } from "../preact.js";
import { useStore } from "../store.js";
import { Controls, shared } from "./controls.js";
import { Panel } from "./panel.js";
import { offers } from "./offers.js";

const MOST_BESIDE = 3;

/** What is chosen and set is kept in `session.looks`, for the address, and for when somebody comes back to this tab. */
export function Views({ session }) {
  const { live, listed } = useStore(session.store);
  const { catalogue, socket, looks } = session;
  const [title, choose] = useState(looks.title);
  const offered = useMemo(() => offers(catalogue, live), [catalogue, live]);
  const view = offered.find((each) => each.title === title) ?? offered[0];
  useEffect(() => {
    if (!view) return;
    looks.title = view.title;
    session.looked();
  }, [view?.title]);
  if (!listed) return html`<p class="note waiting" role="status">Looking for views …</p>`;
  if (!view) {
    return html`<section class="card viewless"><h2>Nothing to look at yet</h2>
      <p>A view looks at a model: a drawing and what a classifier takes it for, the plane of an autoencoder, pictures out of noise. Open the studio with a run,</p>
      <pre><code>pellucid studio runs/mnist</code></pre>
      <p class="note">or build a network in the playground that a view of your plugins suits: a classifier of pictures for example.</p></section>`;
  }
  return html`<div class="views">
    <nav class="viewchoice" aria-label="Views">${offered.map((each) => html`<button key=${each.title} type="button" aria-pressed=${each === view} onClick=${() => choose(each.title)}>${each.title}</button>`)}</nav>
    <${Chosen} key=${view.title} view=${view} socket=${socket} before=${(looks.views[view.title] ??= {})} changed=${() => session.looked()} /></div>`;
}

const isLarge = ({ control }) => control === "drawing" || control === "plane";

/** One view: its controls, and a panel for each run. */
function Chosen({ view, socket, before, changed }) {
  const { entries } = view, find = (key) => entries.find((entry) => entry.key === key);
  const [keys, setKeys] = useState(before.keys ?? [entries[0].key]), [values, setValues] = useState(before.values ?? {}), [known, setKnown] = useState({});
  useEffect(() => { Object.assign(before, { keys, values }); changed(); }, [keys, values]);
  const there = keys.filter(find), open = there.length ? there : [entries[0].key];
  const free = entries.filter((entry) => !open.includes(entry.key));
  const together = shared(open.map((key) => known[key])), names = new Set(together.map((control) => control.name));
  const change = (name, value) => setValues((all) => ({ ...all, [name]: value }));
  const controlled = (key, controls) => setKnown((all) => ({ ...all, [key]: controls }));
  return html`<section class="view" aria-label=${view.title}>
    <header class="viewhead"><h2>${view.title}</h2>${view.doc ? html`<p class="note">${view.doc}</p>` : null}</header>
    <div class=${`viewbody ${together.length ? "" : "bare"} ${open.length > 1 && !together.some(isLarge) ? "above" : ""}`}>
      ${together.length ? html`<form class="card viewcontrols" aria-label="What is set" onSubmit=${(event) => event.preventDefault()}>
        <${Controls} controls=${together} values=${values} change=${change} /></form>` : null}
      <div class="panels" data-count=${open.length}>${open.map((key, i) => html`<${Panel} key=${key} entry=${find(key)} others=${free} socket=${socket}
        values=${values} known=${known[key] ?? []} apart=${(known[key] ?? []).filter((control) => !names.has(control.name))} change=${change} controlled=${controlled}
        choose=${(other) => setKeys(open.map((each, k) => (k === i ? other : each)))} close=${open.length > 1 ? () => setKeys(open.filter((_, k) => k !== i)) : null} />`)}</div></div>
    ${free.length && open.length < MOST_BESIDE ? html`<p><button type="button" class="beside" onClick=${() => setKeys([...open, free[0].key])}><${Icon} name="plus" /> Another run beside it</button></p>` : null}
  </section>`;
}
