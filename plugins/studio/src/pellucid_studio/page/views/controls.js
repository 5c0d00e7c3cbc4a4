// Controls by their names; and the values that are sent of them.

import { prepared } from "../digit.js";
import { html } from "../preact.js";
import { Button } from "./controls/button.js";
import { Choice } from "./controls/choice.js";
import { Drawing } from "./controls/drawing.js";
import { Plane } from "./controls/plane.js";
import { Slider } from "./controls/slider.js";
import { Switch } from "./controls/switch.js";
import { Text } from "./controls/text.js";
import { packedArray } from "./packing.js";

const KINDS = { slider: Slider, choice: Choice, switch: Switch, text: Text, plane: Plane, drawing: Drawing, button: Button };

/** Where controls stand before anybody has touched them. The value of a drawing are its strokes. */
const FIRST = { button: 0, drawing: [] };
const first = (control) => FIRST[control.control] ?? control.value;

/** Whether a control can stand at a value: it may have been set for another run, whose control of this name differs. */
const FITS = {
  slider: (_, value) => typeof value === "number",
  button: (_, value) => Number.isInteger(value),
  choice: ({ options }, value) => options.includes(value),
  switch: (_, value) => typeof value === "boolean",
  text: (_, value) => typeof value === "string",
  plane: (_, value) => Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "number"),
  drawing: (_, value) => Array.isArray(value) && value.every((line) => Array.isArray(line) && line.every((point) => Number.isFinite(point?.x + point?.y + point?.t))),
};
const fits = (control, value) => value !== undefined && Boolean(FITS[control.control]?.(control, value));

/** The values of these controls that somebody has set, as the server reads them: it knows where the others stand. */
export function packed(values, controls) {
  const set = controls.filter((control) => fits(control, values[control.name]));
  const sent = set.map((control) => [control.name, control.control === "drawing" ? ink(control, values[control.name]) : values[control.name]]);
  return Object.fromEntries(sent.filter(([, value]) => value !== null));
}

/** Strokes as the picture that this control wants, whose size is its model's own. */
function ink({ shape }, strokes) {
  const found = prepared(strokes, shape);
  return found && packedArray(found, shape);
}

/** Those controls that are the same for every run. A plane with points of a model's own is not; of a drawing only the size
    of what is made of it may differ. */
export function shared(lists) {
  if (lists.some((list) => !list)) return lists.find(Boolean)?.filter((control) => lists.length === 1 || !control.points) ?? [];
  const told = (control) => JSON.stringify(control.control === "drawing" ? { ...control, shape: null } : control);
  return lists[0].filter((control) => lists.every((list) => list.some((other) => told(other) === told(control))));
}

export function Controls({ controls, values, change }) {
  return controls.map((control) => {
    const Kind = KINDS[control.control], value = values[control.name];
    return Kind ? html`<${Kind} key=${control.name} control=${control} value=${fits(control, value) ? value : first(control)} set=${(other) => change(control.name, other)} />`
      : html`<p key=${control.name} class="error">This page knows no control “${control.control}”.</p>`;
  });
}
