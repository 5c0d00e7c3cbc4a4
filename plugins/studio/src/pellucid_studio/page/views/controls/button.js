// A button: how often it was pressed.

import { html } from "../../preact.js";

export function Button({ control, value, set }) {
  return html`<button type="button" onClick=${() => set(value + 1)}>${control.label}</button>`;
}
