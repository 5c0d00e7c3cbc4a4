// Pictures in rows: grey levels or colours from 0 to 1, each perhaps with a label.

import { html, useEffect, useRef } from "../../preact.js";
import { decoded } from "../packing.js";

export function Pictures({ part }) {
  const images = decoded(part.images), [n, height, width, channels = 1] = images.shape, size = height * width * channels;
  const grid = useRef(null);
  useEffect(() => {
    if (part.columns) grid.current.style.setProperty("--columns", part.columns);
    else grid.current.style.removeProperty("--columns");
  }, [part.columns]);
  const cells = Array.from({ length: n }, (_, i) => i);
  return html`<figure class="part partpictures"><figcaption>${part.title}</figcaption>
    <ul ref=${grid} class=${`viewpictures ${part.columns ? "fixed" : ""} ${part.columns > 6 ? "wide" : ""} ${n === 1 ? "one" : ""}`}>${cells.map((i) => {
      const label = part.labels?.[i];
      return html`<li key=${i}><${One} data=${images.data.subarray(i * size, (i + 1) * size)} height=${height} width=${width} channels=${channels} name=${label === undefined ? `${part.title}${n > 1 ? `, ${i + 1} of ${n}` : ""}` : String(label)} />
        ${label === undefined ? null : html`<span class="label" aria-hidden="true">${String(label)}</span>`}</li>`;
    })}</ul></figure>`;
}

function One({ data, height, width, channels, name }) {
  const canvas = useRef(null);
  useEffect(() => {
    const pen = canvas.current.getContext("2d"), image = pen.createImageData(width, height);
    const full = data instanceof Uint8Array ? 1 : 255;
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = data[i * channels + (channels === 3 ? c : 0)] * full; // clamped by the array
      image.data[4 * i + 3] = 255;
    }
    pen.putImageData(image, 0, 0);
  }, [data, height, width, channels]);
  return html`<canvas ref=${canvas} width=${width} height=${height} role="img" aria-label=${name}></canvas>`;
}
