// Horizontal bars: what is a share of a whole in per cent.

import { html } from "../../preact.js";
import { most } from "../../arrays.js";
import { fixed, words } from "../../numbers.js";
import { decoded } from "../packing.js";

/** Whether numbers are parts of one whole. */
function areShares(values) {
  let sum = 0;
  for (const value of values) { if (!(value >= 0)) return false; sum += value; }
  return Math.abs(sum - 1) < 1e-3;
}

export function Bars({ part }) {
  const { data } = decoded(part.values), shares = areShares(data), scale = shares ? 1 : most(data);
  const signed = data.some((value) => value < 0);
  const text = (value) => (shares ? `${fixed(100 * value, 1)}\u2009%` : words(value));
  return html`<figure class="part partbars"><figcaption>${part.title}</figcaption>
    <ol class=${signed ? "viewbars signed" : "viewbars"}>${part.labels.map((label, i) => html`<li key=${i} class=${i === part.marked ? "marked" : ""} aria-current=${i === part.marked ? "true" : null}>
      <span class="label" title=${String(label)}>${String(label)}</span><span class="track" aria-hidden="true"><${Bar} value=${data[i] / scale} signed=${signed} /></span><span class="number">${text(data[i])}</span></li>`)}</ol></figure>`;
}

/** A rectangle as SVG, whose numbers are attributes: the page allows no style in its elements. */
function Bar({ value, signed }) {
  const size = Math.min(1, Math.abs(value) || 0) * (signed ? 50 : 100), x = signed ? (value < 0 ? 50 - size : 50) : 0;
  return html`<svg viewBox="0 0 100 10" preserveAspectRatio="none"><rect class=${value < 0 ? "minus" : "plus"} x=${x} y="0" width=${size} height="10" /></svg>`;
}
