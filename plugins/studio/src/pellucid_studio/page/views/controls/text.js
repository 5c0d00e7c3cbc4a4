// A text that is typed in. It is sent when nothing was typed for a moment, or with Enter.

import { html, useEffect, useId, useRef, useState } from "../../preact.js";

const PAUSE = 350; // ms

export function Text({ control, value, set }) {
  const id = useId(), [typed, type] = useState(value), timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const later = (text) => { type(text); clearTimeout(timer.current); timer.current = setTimeout(() => set(text), PAUSE); };
  const now = (event) => { if (event.key === "Enter") { clearTimeout(timer.current); set(event.target.value); } };
  const left = control.most - [...typed].length;
  return html`<div class="field"><label for=${id}>${control.label}</label>
    <input id=${id} type="text" maxlength=${control.most} value=${typed} autocomplete="off" spellcheck=${false} aria-describedby=${`${id}-left`} onInput=${(event) => later(event.target.value)} onKeyDown=${now} />
    <span id=${`${id}-left`} class=${left < 20 ? "note" : "unseen"}>${left} more letters</span></div>`;
}
