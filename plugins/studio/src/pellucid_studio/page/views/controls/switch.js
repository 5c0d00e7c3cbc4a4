// On or off.

import { html, useId } from "../../preact.js";

export function Switch({ control, value, set }) {
  const id = useId();
  return html`<div class="viewswitch"><input id=${id} type="checkbox" role="switch" checked=${value} onChange=${(event) => set(event.target.checked)} />
    <label for=${id}>${control.label}</label></div>`;
}
