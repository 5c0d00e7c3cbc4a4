// Points drawn by hand: choose a class, press and draw; the keyboard moves a cross and puts points, too.

import { html, useEffect, useRef, useState } from "../preact.js";
import { fit, penOf } from "../canvas.js";
import { classColour, colour, css } from "../colours.js";
import { drawClass } from "../shapes.js";
import { onTheme } from "../theme.js";

const MOST = 2000, CLASSES = 6;
const APART = 0.045; // of the plane, between two points of one stroke
const REST = 250; // ms after the last point before the network is built on them
const rounded = (value) => Number(Math.max(-1, Math.min(1, value)).toFixed(3));

export function Drawing({ value, change }) {
  const canvas = useRef(null), kept = useRef(null), cursor = useRef(null), rest = useRef(0), stroke = useRef(null);
  const [number, choose] = useState(0), [rub, setRub] = useState(false);
  if (!rest.current) kept.current = { x: value.x ?? [], y: value.y ?? [] };

  const paint = () => {
    const box = canvas.current, size = box.clientWidth;
    if (!size) return;
    fit(box, size, size);
    const pen = penOf(box), place = ([x, y]) => [(x + 1) / 2 * size, (1 - y) / 2 * size];
    pen.strokeStyle = css(colour("--line"));
    pen.beginPath(); pen.moveTo(size / 2, 0); pen.lineTo(size / 2, size); pen.moveTo(0, size / 2); pen.lineTo(size, size / 2); pen.stroke();
    kept.current.x.forEach((point, i) => drawClass(pen, ...place(point), Math.max(3, size / 70), kept.current.y[i]));
    if (cursor.current) {
      const [x, y] = place(cursor.current);
      pen.strokeStyle = rub ? css(colour("--ink")) : css(classColour(number));
      pen.lineWidth = 2;
      pen.beginPath(); pen.moveTo(x - 9, y); pen.lineTo(x + 9, y); pen.moveTo(x, y - 9); pen.lineTo(x, y + 9); pen.stroke();
    }
  };
  useEffect(() => {
    paint();
    const size = new ResizeObserver(paint);
    size.observe(canvas.current);
    const off = onTheme(paint);
    return () => { size.disconnect(); off(); };
  }, [value, number, rub]);

  const done = () => {
    clearTimeout(rest.current);
    rest.current = setTimeout(() => { rest.current = 0; change({ ...value, ...kept.current }); }, REST);
  };
  const put = (x, y) => {
    const { current } = kept;
    if (rub) {
      const stays = current.x.map(([a, b]) => Math.hypot(a - x, b - y) > 0.09);
      kept.current = { x: current.x.filter((_, i) => stays[i]), y: current.y.filter((_, i) => stays[i]) };
    } else if (current.x.length < MOST) kept.current = { x: [...current.x, [rounded(x), rounded(y)]], y: [...current.y, number] };
    paint();
    done();
  };
  const where = (event) => {
    const box = canvas.current.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * 2 - 1, 1 - (event.clientY - box.top) / box.height * 2];
  };
  const down = (event) => { event.preventDefault(); canvas.current.focus(); canvas.current.setPointerCapture(event.pointerId); stroke.current = where(event); put(...stroke.current); };
  const move = (event) => {
    if (!stroke.current) return;
    const to = where(event);
    if (Math.hypot(to[0] - stroke.current[0], to[1] - stroke.current[1]) < APART) return;
    stroke.current = to;
    put(...to);
  };
  const keys = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (step) cursor.current = (cursor.current ?? [0, 0]).map((old, axis) => rounded(old + 0.05 * step[axis]));
    else if ((event.key === " " || event.key === "Enter") && cursor.current) put(...cursor.current);
    else if (/^[1-6]$/.test(event.key)) { choose(Number(event.key) - 1); setRub(false); } else return;
    event.preventDefault();
    paint();
  };
  const used = Math.max(2, ...kept.current.y.map((k) => k + 1));
  const clear = () => { kept.current = { x: [], y: [] }; paint(); done(); };
  return html`<div class="drawing">
    <div class="row" role="group" aria-label="Class of the points that are drawn">
      ${Array.from({ length: Math.min(CLASSES, used + 1) }, (_, k) => html`<button key=${k} type="button" class="swatch" aria-pressed=${!rub && k === number} aria-label=${`class ${k}`} title=${`class ${k} (key ${k + 1})`} onClick=${() => { choose(k); setRub(false); }}><${Swatch} number=${k} /></button>`)}
      <button type="button" class="quiet small" aria-pressed=${rub} onClick=${() => setRub(!rub)}>Rub out</button>
      <button type="button" class="quiet small" onClick=${clear}>Clear</button></div>
    <canvas ref=${canvas} class="board" tabindex="0" role="application" aria-label="Draw points: arrow keys move the cross, space puts a point, 1 to 6 choose the class" onPointerDown=${down} onPointerMove=${move} onPointerUp=${() => { stroke.current = null; }} onPointerCancel=${() => { stroke.current = null; }} onKeyDown=${keys} onFocus=${paint}
      onBlur=${() => { cursor.current = null; paint(); }}></canvas>
    <p class="note">${kept.current.x.length} points. Press and draw; arrow keys and space do the same.</p></div>`;
}

function Swatch({ number }) {
  const canvas = useRef(null);
  useEffect(() => {
    const paint = () => { const size = canvas.current.clientWidth; fit(canvas.current, size, size); drawClass(penOf(canvas.current), size / 2, size / 2, 0.33 * size, number); };
    paint();
    return onTheme(paint);
  }, [number]);
  return html`<canvas class="mark large" ref=${canvas} aria-hidden="true"></canvas>`;
}
