// A sentence, and perhaps a formula.

import { html } from "../../preact.js";
import { Formula } from "../../formula.js";

export function Note({ part }) {
  return html`<div class="part partnote"><p>${part.text}</p>${part.latex ? html`<${Formula} latex=${part.latex} />` : null}</div>`;
}
