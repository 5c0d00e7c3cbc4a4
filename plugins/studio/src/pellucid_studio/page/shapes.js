// Points of classes on a canvas: each class has a colour and a shape, as colour alone says nothing to many.

import { classColour, colour, css, heat } from "./colours.js";

const TAU = 2 * Math.PI;
const SHAPES = [
  (pen, x, y, r) => pen.arc(x, y, r, 0, TAU),
  (pen, x, y, r) => pen.rect(x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r),
  (pen, x, y, r) => { pen.moveTo(x, y - 1.25 * r); pen.lineTo(x + 1.15 * r, y + 0.85 * r); pen.lineTo(x - 1.15 * r, y + 0.85 * r); pen.closePath(); },
  (pen, x, y, r) => { pen.moveTo(x, y - 1.3 * r); pen.lineTo(x + 1.3 * r, y); pen.lineTo(x, y + 1.3 * r); pen.lineTo(x - 1.3 * r, y); pen.closePath(); },
  (pen, x, y, r) => { const w = 0.45 * r, l = 1.2 * r; for (const [a, b] of [[-w, -l], [w, -l], [w, -w], [l, -w], [l, w], [w, w], [w, l], [-w, l], [-w, w], [-l, w], [-l, -w], [-w, -w]]) pen.lineTo(x + a, y + b); pen.closePath(); },
];

/** A point of a class; `hollow` for those that were not trained on. */
export function drawClass(pen, x, y, radius, number, hollow = false) {
  pen.beginPath();
  SHAPES[number % SHAPES.length](pen, x, y, radius);
  finish(pen, classColour(number), radius, hollow);
}

/** A point of a value between −1 and 1. */
export function drawValue(pen, x, y, radius, value, hollow = false) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, TAU);
  finish(pen, heat(value), radius, hollow);
}

function finish(pen, rgb, radius, hollow) {
  pen.lineWidth = Math.max(1, 0.32 * radius);
  if (hollow) {
    pen.fillStyle = css(colour("--card"), 0.85);
    pen.strokeStyle = css(rgb);
  } else {
    pen.fillStyle = css(rgb);
    pen.strokeStyle = css(colour("--card"));
  }
  pen.fill();
  pen.stroke();
}
