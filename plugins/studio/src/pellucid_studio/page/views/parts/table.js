// Rows of texts and numbers.

import { html } from "../../preact.js";
import { words } from "../../numbers.js";

const cell = (value) => (typeof value === "number" ? html`<td class="number">${words(value, 4)}</td>` : html`<td>${value === null ? "–" : String(value)}</td>`);

export function Table({ part }) {
  return html`<figure class="part parttable"><figcaption>${part.title}</figcaption><div class="scroll" tabindex="0" role="group" aria-label=${part.title}><table>
    <thead><tr>${part.columns.map((name) => html`<th key=${name} scope="col">${name}</th>`)}</tr></thead>
    <tbody>${part.rows.map((row, i) => html`<tr key=${i}>${row.map(cell)}</tr>`)}</tbody></table></div></figure>`;
}
