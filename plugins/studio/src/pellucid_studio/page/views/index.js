// Views of models: what plugins let one look at. (The views come with the next commit of theirs.)

import { html } from "../preact.js";

export function Views({ catalogue }) {
  return html`<p class="note waiting">${catalogue.views.length} views are installed.</p>`;
}
