// Views: ways to look at models, which plugins contribute as data. One is chosen, for one run or for several beside each
// other, which share what is set.

import { Icon } from "../icons.js";
import { html, useEffect, useMemo, useState } from "../preact.js";
import { Controls, shared } from "./controls.js";
import { Panel } from "./panel.js";
import { offers } from "./offers.js";

const MOST_BESIDE = 3;

export function Views({ socket, catalogue }) {
  const [live, setLive] = useState(catalogue.live ?? []);
  useEffect(() => socket.on("built", ({ views }) => { catalogue.live = views ?? []; setLive(catalogue.live); }), [socket, catalogue]);
  const offered = useMemo(() => offers(catalogue, live), [catalogue, live]);
  const [name, setName] = useState(null);
  const view = offered.find((each) => each.name === name) ?? offered[0];
  if (!view) {
    return html`<section class="card viewless"><h2>Nothing to look at yet</h2>
      <p>A view looks at a trained model: a drawing and what a classifier takes it for, the plane of an autoencoder, pictures out of noise. Open the studio with a run,</p>
      <pre><code>pellucid studio runs/mnist</code></pre>
      <p class="note">or train a network in the playground that one of the views of your plugins suits: a classifier of pictures for example.</p></section>`;
  }
  return html`<div class="views">
    <nav class="viewchoice" aria-label="Views">${offered.map((each) => html`<button key=${each.name} type="button" aria-pressed=${each === view} title=${each.summary} onClick=${() => setName(each.name)}>${each.title}</button>`)}</nav>
    <${Chosen} key=${view.name} view=${view} socket=${socket} /></div>`;
}

/** One view: its controls, and a panel for each run. */
function Chosen({ view, socket }) {
  const [runs, setRuns] = useState([view.runs[0].index]);
  const [set, setValues] = useState({}), [known, setKnown] = useState({});
  const here = runs.filter((run) => view.runs.some((each) => each.index === run));
  const open = here.length ? here : [view.runs[0].index];
  const together = shared(open.map((run) => known[run]));
  const change = (name, value) => setValues((before) => ({ ...before, [name]: value }));
  const controlled = (run, controls) => setKnown((before) => ({ ...before, [run]: controls }));
  const free = view.runs.filter((each) => !open.includes(each.index));
  const put = (place, run) => setRuns(open.map((each, i) => (i === place ? run : each)));
  return html`<section class="view" aria-label=${view.title}>
    <header class="viewhead"><h2>${view.title}</h2>${view.doc ?? view.summary ? html`<p class="note">${view.doc ?? view.summary}</p>` : null}</header>
    <div class=${`viewbody ${together.length ? "" : "bare"}`}>
      ${together.length ? html`<form class="card viewcontrols" aria-label="What is set" onSubmit=${(event) => event.preventDefault()}>
        <${Controls} controls=${together} values=${set} change=${change} /></form>` : null}
      <div class="panels" data-count=${open.length}>
        ${open.map((run, i) => html`<${Panel} key=${run} view=${view} run=${run} runs=${[...view.runs.filter((each) => each.index === run), ...free]} socket=${socket}
          values=${set} apart=${(known[run] ?? []).filter((control) => !together.some((other) => other.name === control.name))}
          change=${change} controlled=${controlled} choose=${(other) => put(i, other)} close=${open.length > 1 ? () => setRuns(open.filter((_, k) => k !== i)) : null} />`)}
      </div></div>
    ${free.length && open.length < MOST_BESIDE ? html`<p><button type="button" class="beside" onClick=${() => setRuns([...open, free[0].index])}><${Icon} name="plus" /> Another run beside it</button></p>` : null}
  </section>`;
}
