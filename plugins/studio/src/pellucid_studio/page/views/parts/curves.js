// Curves over common values of x, by uPlot.

import { html, useEffect, useRef } from "../../preact.js";
import { classColour, colour, css } from "../../colours.js";
import { words } from "../../numbers.js";
import { onTheme } from "../../theme.js";
import UPlot from "../../vendor/uplot.js";
import { decoded } from "../packing.js";

const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];

function options(part, width) {
  const axis = { stroke: css(colour("--soft")), grid: { stroke: css(colour("--line"), 0.8), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif", labelSize: 20 };
  const value = (_, number) => words(number), values = (_, all) => all.map((number) => (number === null ? null : words(number, 2)));
  return {
    width, height: Math.round(Math.max(160, Math.min(0.55 * width, 320))), legend: { live: true }, cursor: { y: false, points: { size: 6 } }, padding: [8, 10, 0, 0],
    scales: { x: { time: false } },
    axes: [{ ...axis, size: 28, values, label: part.x_label || undefined }, { ...axis, size: 46, values, label: part.y_label || undefined }],
    series: [{ label: part.x_label || "x", value }, ...Object.keys(part.curves).map((label, i) => ({ label, value, stroke: css(classColour(i === 0 ? 1 : i === 1 ? 0 : i)), width: 2, dash: DASHES[Math.floor(i / 4) % 4], points: { show: false } }))],
  };
}

/** Numbers as uPlot wants them: a gap is null. */
const plain = (array) => Array.from(decoded(array).data, (value) => (Number.isFinite(value) ? value : null));

export function Curves({ part }) {
  const box = useRef(null), plot = useRef(null), shown = useRef(part), names = Object.keys(part.curves).join("\n");
  shown.current = part;
  const data = () => [shown.current.x, ...Object.values(shown.current.curves)].map(plain);
  useEffect(() => {
    const make = () => {
      plot.current?.destroy();
      plot.current = new UPlot(options(shown.current, box.current.clientWidth || 300), data(), box.current);
    };
    make();
    const size = new ResizeObserver(() => { if (Math.abs(box.current.clientWidth - plot.current.width) > 1) make(); });
    size.observe(box.current);
    const off = onTheme(make);
    return () => { size.disconnect(); off(); plot.current.destroy(); plot.current = null; };
  }, [names, part.x_label, part.y_label]);
  useEffect(() => plot.current?.setData(data()), [part]);
  return html`<figure class="part partcurves" aria-label=${`${part.title}: ${Object.keys(part.curves).join(", ")}`}><figcaption>${part.title}</figcaption><div class="uplotbox" ref=${box}></div></figure>`;
}
