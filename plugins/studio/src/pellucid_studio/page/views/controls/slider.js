// A number between two others.

import { html, useId } from "../../preact.js";
import { words } from "../../numbers.js";

export function Slider({ control, value, set }) {
  const id = useId(), { low, high, step } = control;
  return html`<div class="field"><label for=${id}>${control.label}</label>
    <div class="slider"><input id=${id} type="range" min=${low} max=${high} step=${step ?? "any"} value=${value} aria-valuetext=${words(value)}
      onInput=${(event) => set(Number(event.target.value))} /><output for=${id} class="number">${words(value)}</output></div></div>`;
}
