// One number that is said of another: the curve that the network makes, through the points of the data.

import { fit, penOf } from "./canvas.js";
import { colour, css } from "./colours.js";
import { words } from "./numbers.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./preact.js";
import { drawClass } from "./shapes.js";
import { useStore } from "./store.js";
import { onTheme } from "./theme.js";
import { Frame } from "./views/plotting.js";

/** The points of a part as {x, y}. */
const pointsOf = (part) => (part ? Array.from(part.x.data, (x, i) => ({ x, y: part.y.data[i] })) : []);

function drawCurve(pen, frame, { data }, [low, high]) {
  pen.beginPath();
  data.forEach((y, i) => pen[i ? "lineTo" : "moveTo"](...frame.place(low + i / (data.length - 1) * (high - low), y)));
  pen.lineWidth = 2.5;
  pen.lineJoin = "round";
  pen.strokeStyle = css(colour("--ink"));
  pen.stroke();
}

function drawPoints(pen, frame, points, hollow) {
  const radius = points.length > 300 ? 2.2 : 3.2;
  pen.globalAlpha = 0.8;
  for (const point of points) drawClass(pen, ...frame.place(point.x, point.y), radius, 0, hollow);
  pen.globalAlpha = 1;
}

/** What the network says at x: on the straight line between two points of the curve. */
function said({ data }, [low, high], x) {
  const place = Math.max(0, Math.min(data.length - 1, (x - low) / (high - low) * (data.length - 1)));
  const left = Math.min(data.length - 2, Math.floor(place)), share = place - left;
  return (1 - share) * data[left] + share * data[left + 1];
}

export function Line({ session }) {
  const { data, network } = useStore(session.store);
  const [tests, setTests] = useState(false);
  const canvas = useRef(null), told = useRef(null), probe = useRef(null), shown = useRef(null);
  const { frames } = session, range = data.bounds[0];

  useLayoutEffect(() => {
    const train = pointsOf(data.points), test = pointsOf(data.test), all = [...train, ...test];
    shown.current = { train, test: tests ? test : [], heights: Frame.around(all.length, (i) => all[i].y) };
    probe.current = null;
    frames.ask();
  }, [data, tests]);

  useEffect(() => {
    const paint = () => {
      const width = canvas.current.clientWidth, height = canvas.current.clientHeight, { train, test, heights } = shown.current;
      if (!width) return;
      fit(canvas.current, width, height);
      const pen = penOf(canvas.current), frame = (canvas.current.frame = new Frame(range, heights, width, height));
      frame.draw(pen);
      frame.clip(pen);
      drawPoints(pen, frame, test, true);
      drawPoints(pen, frame, train, false);
      if (frames.line) drawCurve(pen, frame, frames.line, range);
      pen.restore();
      if (probe.current !== null) {
        const [x] = frame.place(probe.current, 0);
        pen.strokeStyle = css(colour("--ink"));
        pen.lineWidth = 1;
        frame.line(pen, x, frame.top, x, frame.top + frame.high);
      }
      const text = probe.current === null || !frames.line ? "Point at a place." : `${words(probe.current, 3)}: ${words(said(frames.line, range, probe.current), 3)}`;
      if (told.current.textContent !== text) told.current.textContent = text;
    };
    const size = new ResizeObserver(() => frames.ask());
    size.observe(canvas.current);
    const offs = [frames.onPaint(paint), onTheme(() => frames.ask()), () => size.disconnect()];
    return () => offs.forEach((off) => off());
  }, [session, data]);

  const ask = (x) => { probe.current = x === null ? null : Math.max(range[0], Math.min(range[1], x)); frames.ask(); };
  const point = (event) => ask(canvas.current.frame?.back(event.offsetX, 0)[0] ?? null);
  const keys = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    ask((probe.current ?? (range[0] + range[1]) / 2) + step * (range[1] - range[0]) / 40);
  };
  const [input] = network?.inputs ?? ["x"], [output] = network?.outputs ?? ["y"];
  return html`<figure class="surface">
    <canvas ref=${canvas} class="line" tabindex="0" role="img" aria-label=${`What the network says along ${input}, and the points of the data; arrow keys move a place`}
      onPointerMove=${point} onPointerLeave=${() => ask(null)} onKeyDown=${keys} onBlur=${() => ask(null)}></canvas>
    <figcaption><output class="note told" ref=${told} aria-live="polite"></output></figcaption>
    <p class="note">${output} over ${input}: the curve is the network, the points are the data.</p>
    ${data.test ? html`<label class="field inline"><input type="checkbox" role="switch" checked=${tests} onChange=${(event) => setTests(event.target.checked)} /> <span>Show test data (hollow)</span></label>` : null}
  </figure>`;
}
