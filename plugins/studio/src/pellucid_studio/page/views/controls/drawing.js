// A canvas to draw on. Its value are the strokes; the picture that a network sees is made of them when they are sent.

import { html, useEffect, useId, useRef } from "../../preact.js";
import { Pad } from "../../digit.js";
import { onTheme } from "../../theme.js";

export function Drawing({ control, value, set }) {
  const canvas = useRef(null), pad = useRef(null), told = useRef(set), id = useId();
  const own = useRef(new WeakSet()); // what was told from here: it comes back when more has been drawn already
  told.current = set;
  useEffect(() => {
    pad.current = new Pad(canvas.current, ({ strokes }) => {
      const drawn = [...strokes];
      own.current.add(drawn);
      told.current(drawn);
    });
    const off = onTheme(() => pad.current.draw());
    return () => { off(); pad.current.close(); };
  }, []);
  useEffect(() => { // drawn on another pad
    if (own.current.has(value)) return;
    pad.current.strokes = [...value];
    pad.current.draw();
  }, [value]);
  return html`<div class="field drawingpad"><span id=${id}>${control.label}</span>
    <div class="padbox"><canvas ref=${canvas} class="pad" role="application" aria-roledescription="drawing surface" aria-labelledby=${id} aria-describedby=${`${id}-how`}></canvas>
      ${value.length ? null : html`<span class="padhint" aria-hidden="true">Nothing drawn</span>`}</div>
    <p id=${`${id}-how`} class="unseen">Draw with the mouse, a finger or a pen. With the keyboard: arrows move the pen, Space lowers and lifts it, Backspace takes the last stroke back, Delete clears.</p>
    <div class="row"><button type="button" class="small" disabled=${!value.length} onClick=${() => pad.current.undo()}>Undo</button>
      <button type="button" class="small" disabled=${!value.length} onClick=${() => pad.current.clear()}>Clear</button></div></div>`;
}
