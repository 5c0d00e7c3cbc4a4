// Points in a plane.

import { html, useId } from "../../preact.js";
import { useCanvas } from "../canvas.js";
import { Legend } from "../legend.js";
import { decodedPoints } from "../packing.js";
import { drawPoints, Frame } from "../plotting.js";

export function Points({ part }) {
  const points = decodedPoints(part), id = useId();
  const canvas = useCanvas((pen, width, height) => {
    const frame = new Frame(Frame.around(points.n, points.x), Frame.around(points.n, points.y), width, height);
    frame.draw(pen);
    drawPoints(pen, frame, points);
  }, [part]);
  const kinds = points.classes ? new Set(points.classes).size : 0;
  return html`<figure class="part partpoints"><figcaption id=${id}>${part.title}</figcaption>
    <canvas ref=${canvas} class="plane" role="img" aria-label=${`${part.title}: ${points.n} points${kinds ? ` of ${kinds} classes` : ""}`}></canvas>
    <${Legend} labels=${part.labels} classes=${points.classes} /></figure>`;
}
