// A canvas to draw on; what is sent is the picture that a network sees.

import { html, useEffect, useId, useRef, useState } from "../../preact.js";
import { Pad, prepared } from "../../digit.js";
import { onTheme } from "../../theme.js";
import { packedArray } from "../packing.js";

export function Drawing({ control, value, set }) {
  const canvas = useRef(null), pad = useRef(null), id = useId(), [count, tell] = useState(0);
  useEffect(() => {
    const changed = () => {
      tell(pad.current.strokes.length);
      const ink = prepared(pad.current.strokes, control.shape);
      set(ink && packedArray(ink, control.shape));
    };
    pad.current = new Pad(canvas.current, changed);
    const off = onTheme(() => pad.current.draw());
    return () => { off(); pad.current.close(); };
  }, [control.shape.join()]);
  return html`<div class="field drawingpad"><span id=${id}>${control.label}</span>
    <div class="padbox"><canvas ref=${canvas} class="pad" role="application" aria-roledescription="drawing surface" aria-labelledby=${id} aria-describedby=${`${id}-how`}></canvas>
      ${count ? null : html`<span class="padhint" aria-hidden="true">Nothing drawn</span>`}</div>
    <p id=${`${id}-how`} class="unseen">Draw with the mouse, a finger or a pen. With the keyboard: arrows move the pen, Space lowers and lifts it, Backspace takes the last stroke back, Delete clears.</p>
    <div class="row"><button type="button" class="small" disabled=${!count} onClick=${() => pad.current.undo()}>Undo</button>
      <button type="button" class="small" disabled=${!count} onClick=${() => pad.current.clear()}>Clear</button></div></div>`;
}
