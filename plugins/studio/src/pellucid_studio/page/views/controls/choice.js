// One of several words.

import { html, useId } from "../../preact.js";

export function Choice({ control, value, set }) {
  const id = useId();
  return html`<div class="field"><label for=${id}>${control.label}</label>
    <select id=${id} value=${value} onChange=${(event) => set(event.target.value)}>${control.options.map((option) => html`<option key=${option} value=${option} selected=${option === value}>${option}</option>`)}</select></div>`;
}
