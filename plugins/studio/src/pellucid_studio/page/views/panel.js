// A panel: one run as a view shows it, with the controls that are its own.

import { Icon } from "../icons.js";
import { html, useEffect, useId, useRef, useState } from "../preact.js";
import { Controls, packed } from "./controls.js";
import { Part } from "./parts.js";
import { Question } from "./question.js";

const LIVE_EVERY = 500; // ms between two looks at a network that learns
const QUIET = 700; // ms without an answer before a reader is told what it is

export function Panel({ entry, others, socket, values, known, apart, change, controlled, choose, close }) {
  const { key, view, run, name } = entry;
  const [shown, setShown] = useState({ parts: [], error: null, busy: true }), question = useRef(null), id = useId();
  const controls = useRef(known), latest = useRef(values);
  latest.current = values;
  useEffect(() => {
    const told = ({ controls: found, ...heard }) => {
      if (found) {
        const unheard = !controls.current.length && found.some(({ name }) => latest.current[name] !== undefined);
        controls.current = found;
        controlled(key, found);
        if (unheard) asked.ask(packed(latest.current, found)); // a run that joins others is set as they are
      }
      if (Object.keys(heard).length) setShown((before) => ({ ...before, ...heard }));
    };
    const asked = (question.current = new Question(socket, view, run, told));
    asked.ask(packed(values, controls.current));
    return () => asked.close();
  }, [socket, view, run]);
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else question.current.ask(packed(values, controls.current));
  }, [values]);
  useEffect(() => (run === "live" ? following(socket, question) : undefined), [socket, run]);
  const spoken = useSpoken(shown);
  return html`<section class=${`card panel ${shown.busy ? "busy" : ""}`} aria-labelledby=${id} aria-busy=${shown.busy}>
    <div class="panelhead"><h3 id=${id}>${others.length ? html`<span class="unseen">${name}</span><select aria-label="Run" value=${key} onChange=${(event) => choose(event.target.value)}>
        ${[entry, ...others].map((each) => html`<option key=${each.key} value=${each.key} selected=${each === entry}>${each.name}</option>`)}</select>` : name}</h3>
      ${close ? html`<button type="button" class="quiet round" aria-label=${`Close ${name}`} onClick=${close}><${Icon} name="close" /></button>` : null}</div>
    <div class=${apart.length ? "panelbody with" : "panelbody"}>
      ${apart.length ? html`<form class="apart" aria-label=${`What is set for ${name}`} onSubmit=${(event) => event.preventDefault()}><${Controls} controls=${apart} values=${values} change=${change} /></form>` : null}
      <div class="shown">
        ${shown.error !== null ? html`<p class="banner bad" role="alert">${shown.error}</p>` : null}
        <div class="parts">${(shown.parts ?? []).map((part, i) => html`<${Part} key=${`${i} ${part.part}`} part=${part} />`)}</div>
        ${!shown.parts?.length && shown.error === null ? html`<p class="note">${shown.busy ? "Looking …" : "There is nothing to show."}</p>` : null}
      </div></div>
    <p class="unseen" role="status">${spoken}</p></section>`;
}

/** Ask again while the network of the playground changes. */
function following(socket, question) {
  let last = 0, step = null;
  const offs = [
    socket.on("frame", (frame) => {
      const now = performance.now();
      if (frame.step === step || now - last < LIVE_EVERY) return;
      step = frame.step;
      last = now;
      question.current.again();
    }),
    socket.on("built", () => question.current.again()),
  ];
  return () => offs.forEach((off) => off());
}

/** What is said to those who hear the page: the title of the bars, or what else is a sentence, once nothing changes. */
function useSpoken({ parts, error, busy }) {
  const [spoken, speak] = useState("");
  useEffect(() => {
    if (busy) return undefined;
    const bars = parts?.find((part) => part.part === "bars"), note = parts?.find((part) => part.part === "note");
    const timer = setTimeout(() => speak(error ?? bars?.title ?? note?.text ?? ""), QUIET);
    return () => clearTimeout(timer);
  }, [parts, error, busy]);
  return spoken;
}
