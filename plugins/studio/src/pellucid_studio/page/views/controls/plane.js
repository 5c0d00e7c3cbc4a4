// A plane in which a point is dragged, by pointer or with the arrow keys; samples may stand in it.

import { html, useEffect, useId, useRef } from "../../preact.js";
import { words } from "../../numbers.js";
import { drawHandle, drawPoints, Frame } from "../plotting.js";
import { Legend } from "../legend.js";
import { useCanvas } from "../canvas.js";
import { decodedPoints } from "../packing.js";

export function Plane({ control, value, set }) {
  const id = useId(), { low, high } = control;
  const points = decodedPoints(control);
  const paint = (pen, width, height) => {
    const frame = new Frame([low, high], [low, high], width, height);
    frame.draw(pen);
    drawPoints(pen, frame, points, { faint: true });
    drawHandle(pen, frame, value);
  };
  const canvas = useCanvas(paint, [control, value[0], value[1]]);
  const inside = (number) => Math.min(high, Math.max(low, number));
  const at = (event) => {
    const box = canvas.current.getBoundingClientRect(), frame = new Frame([low, high], [low, high], box.width, box.height);
    const [x, y] = frame.back(event.clientX - box.left, event.clientY - box.top);
    set([inside(x), inside(y)]);
  };
  const drags = useRef(null);
  const down = (event) => {
    if (event.button !== 0 || drags.current !== null) return;
    event.preventDefault();
    canvas.current.focus({ preventScroll: true });
    canvas.current.setPointerCapture(event.pointerId);
    drags.current = event.pointerId;
    at(event);
  };
  const move = (event) => { if (event.pointerId === drags.current) at(event); };
  const up = (event) => { if (event.pointerId === drags.current) drags.current = null; };
  const key = (event) => {
    const by = ((high - low) / 100) * (event.shiftKey ? 10 : 1), [x, y] = value;
    const to = { ArrowLeft: [x - by, y], ArrowRight: [x + by, y], ArrowUp: [x, y + by], ArrowDown: [x, y - by], Home: control.value }[event.key];
    if (!to || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    set(to.map(inside));
  };
  const told = `x ${words(value[0])}, y ${words(value[1])}`;
  const spoken = useRef(null);
  useEffect(() => { const timer = setTimeout(() => { if (spoken.current && document.activeElement === canvas.current) spoken.current.textContent = told; }, 300); return () => clearTimeout(timer); }, [told]);
  return html`<div class="field"><span id=${id}>${control.label}</span>
    <canvas ref=${canvas} class="plane" tabindex="0" role="application" aria-roledescription="plane" aria-labelledby=${id} aria-describedby=${`${id}-how`}
      onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerCancel=${up} onKeyDown=${key}></canvas>
    <span class="note number">${told}</span><span class="unseen" role="status" ref=${spoken}></span>
    <p id=${`${id}-how`} class="unseen">${told}. Arrow keys move the point, with Shift further; Home takes it back.</p>
    <${Legend} labels=${control.labels} classes=${points?.classes} /></div>`;
}
