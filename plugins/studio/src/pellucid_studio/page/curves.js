// The loss over the steps, by uPlot.

import { html, useEffect, useRef, useState } from "./preact.js";
import { colour, css } from "./colours.js";
import { words } from "./numbers.js";
import { useStore } from "./store.js";
import { onTheme } from "./theme.js";
import UPlot from "./vendor/uplot.js";

const EVERY = 120; // ms between two drawings

const MOST = 240; // points that are drawn: of more, means of neighbours, which also calms the noise of single batches

function means(steps, values) {
  const by = Math.ceil(steps.length / MOST);
  if (by < 2) return [steps, values];
  const x = [], y = [];
  for (let i = 0; i < steps.length; i += by) {
    const part = values.slice(i, i + by).filter((value) => value !== null);
    x.push(steps[Math.min(i + by, steps.length) - 1]);
    y.push(part.length ? part.reduce((sum, value) => sum + value, 0) / part.length : null);
  }
  return [x, y];
}

/** Two curves on the steps of both: {x, loss, validation}, with gaps where a curve has no number. */
export function together(curve) {
  const [steps, loss] = means(curve.steps, curve.loss), [v, ends] = means(curve.validation.steps ?? [], curve.validation.loss ?? []);
  if (!v.length) return [steps, loss, steps.map(() => null)];
  const x = [], a = [], b = [];
  for (let i = 0, k = 0; i < steps.length || k < v.length;) {
    const first = steps[i] ?? Infinity, second = v[k] ?? Infinity;
    x.push(Math.min(first, second));
    a.push(first <= second ? loss[i++] : undefined);
    b.push(second <= first ? ends[k++] : undefined);
  }
  return [x, a, b];
}

function options(width, height, log) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const axis = { stroke: css(colour("--soft")), grid: { stroke: css(colour("--line"), 0.7), width: 1 }, ticks: { show: false }, font: `${Math.round(0.75 * rem)}px system-ui, sans-serif`, size: 2.9 * rem };
  const value = (_, number) => words(number, 3);
  return {
    width, height, legend: { live: true }, cursor: { y: false, points: { size: 6 } }, padding: [8, 10, 4, 0],
    scales: { x: { time: false, range: (_, low, high) => (low === null || low === high ? [low ?? 0, (low ?? 0) + 1] : [low, high]) }, y: { distr: log ? 3 : 1, ...(log ? {} : { range: (_, low, high) => [Math.min(0, low ?? 0), high > 0 ? 1.05 * high : 1] }) } },
    axes: [{ ...axis, size: 1.8 * rem, values: (_, all) => all.map((n) => (n >= 1e4 ? `${n / 1e3}k` : n)) }, { ...axis, values: (_, all) => all.map((n) => (n === null ? null : words(n, 2))) }],
    series: [
      { label: "step", value },
      { label: "loss", stroke: css(colour("--plus")), width: 2, value, points: { show: false }, spanGaps: true },
      { label: "validation", stroke: css(colour("--minus")), width: 2, dash: [6, 4], value, points: { show: false }, spanGaps: true },
    ],
  };
}

export function Curves({ session }) {
  const box = useRef(null), plot = useRef(null);
  const [log, setLog] = useState(false);
  const { frames } = session;
  const { network } = useStore(session.store);
  useEffect(() => {
    let drawn = 0, seen = -1;
    const make = () => {
      plot.current?.destroy();
      const width = box.current.clientWidth || 300;
      plot.current = new UPlot(options(width, Math.round(Math.max(150, Math.min(0.5 * width, 420))), log), together(frames.curve), box.current);
    };
    make();
    const paint = (_, now) => {
      const { curve } = frames, length = curve.steps.length + (curve.validation.steps?.length ?? 0);
      if (length === seen && !frames.fresh) return;
      if (now - drawn < EVERY) { clearTimeout(later.timer); later.timer = setTimeout(() => frames.ask(), EVERY); return; }
      drawn = now; seen = length; frames.fresh = false;
      plot.current.setData(together(curve));
    };
    const later = {};
    const size = new ResizeObserver(() => { if (Math.abs(box.current.clientWidth - plot.current.width) > 1) make(); });
    size.observe(box.current);
    const offs = [frames.onPaint(paint), onTheme(make), () => size.disconnect(), () => clearTimeout(later.timer), () => { plot.current.destroy(); plot.current = null; }];
    return () => offs.forEach((off) => off());
  }, [session, log, network]);
  return html`<figure class="curves" aria-label="Loss over the steps">
    <div class="head"><h3>Loss</h3><label class="field inline"><input type="checkbox" role="switch" checked=${log} onChange=${(event) => setLog(event.target.checked)} /> <span>logarithmic</span></label></div>
    <div class="uplotbox" ref=${box}></div></figure>`;
}
