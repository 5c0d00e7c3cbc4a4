// Controls by their names; and the values that are sent of them.

import { html } from "../preact.js";
import { Button } from "./controls/button.js";
import { Choice } from "./controls/choice.js";
import { Drawing } from "./controls/drawing.js";
import { Plane } from "./controls/plane.js";
import { Slider } from "./controls/slider.js";
import { Switch } from "./controls/switch.js";
import { Text } from "./controls/text.js";

const KINDS = { slider: Slider, choice: Choice, switch: Switch, text: Text, plane: Plane, drawing: Drawing, button: Button };
const FIRST = { button: 0, drawing: null };

/** What a control stands at before anybody has touched it. */
const first = (control) => control.value ?? FIRST[control.control] ?? null;

/** The values of these controls that somebody has set: the server knows where the others stand. */
export function packed(values, controls) {
  return Object.fromEntries(controls.filter(({ name }) => values[name] !== undefined && values[name] !== null).map(({ name }) => [name, values[name]]));
}

/** Those controls that are the same for every run; a plane with points of a model's own is not. */
export function shared(lists) {
  if (lists.some((list) => !list)) return lists.find(Boolean)?.filter((control) => lists.length === 1 || !control.points) ?? [];
  return lists[0].filter((control) => lists.every((list) => list.some((other) => JSON.stringify(other) === JSON.stringify(control))));
}

export function Controls({ controls, values, change }) {
  return controls.map((control) => {
    const Kind = KINDS[control.control];
    return Kind ? html`<${Kind} key=${control.name} control=${control} value=${values[control.name] ?? first(control)} set=${(value) => change(control.name, value)} />`
      : html`<p key=${control.name} class="error">This page knows no control “${control.control}”.</p>`;
  });
}
