// A text that is typed in. It is sent when nothing was typed for a moment; of one line with Enter, too. Where the text that
// it begins with has several lines, so may any.

import { html, useEffect, useId, useRef, useState } from "../../preact.js";

const PAUSE = 350; // ms

export function Text({ control, value, set }) {
  const id = useId(), [typed, type] = useState(value), timer = useRef(0), lines = control.value.includes("\n");
  useEffect(() => () => clearTimeout(timer.current), []);
  const later = (event) => { const text = event.target.value; type(text); clearTimeout(timer.current); timer.current = setTimeout(() => set(text), PAUSE); };
  const now = (event) => { if (event.key === "Enter") { clearTimeout(timer.current); set(event.target.value); } };
  const left = control.most - [...typed].length;
  const common = { id, maxlength: control.most, value: typed, autocomplete: "off", spellcheck: false, "aria-describedby": `${id}-left`, onInput: later };
  return html`<div class="field"><label for=${id}>${control.label}</label>
    ${lines ? html`<textarea ...${common} rows="4"></textarea>` : html`<input ...${common} type="text" onKeyDown=${now} />`}
    <span id=${`${id}-left`} class=${left < 20 ? "note" : "unseen"}>${left} more letters</span></div>`;
}
