// Colours and shapes of classes with their names.

import { html } from "../preact.js";
import { drawClass } from "../shapes.js";
import { useCanvas } from "./canvas.js";

function Mark({ number }) {
  const canvas = useCanvas((pen, width, height) => drawClass(pen, width / 2, height / 2, 4.5, number), [number]);
  return html`<canvas ref=${canvas} class="mark" aria-hidden="true"></canvas>`;
}

export function Legend({ labels, classes }) {
  if (!labels?.length || !classes) return null;
  const found = new Set(classes);
  return html`<ul class="legend">${labels.map((label, number) => (found.has(number) ? html`<li key=${number}><${Mark} number=${number} />${String(label)}</li>` : null))}</ul>`;
}
