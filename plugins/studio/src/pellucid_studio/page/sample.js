// Where there is no plane: the sample in view, and what the network says of it.

import { html, useEffect, useRef, useState } from "./preact.js";
import { most } from "./arrays.js";
import { fit, penOf, Picture } from "./canvas.js";
import { paintHeat } from "./colours.js";
import { Icon } from "./icons.js";
import { fixed, words } from "./numbers.js";
import { useStore } from "./store.js";

const MOST = 12;

/** The weights that lead to a unit, where it looks at the picture itself: what it looks for. */
function lookedFor({ weights }, shown, pointed) {
  const weight = pointed && !pointed.weight && weights[`${pointed.layer}.weight`], [rows, columns] = shown.shape;
  if (!weight || weight.shape.length !== 2 || weight.shape[0] !== rows * columns) return null;
  const units = weight.shape[1], data = Float32Array.from({ length: rows * columns }, (_, i) => weight.data[i * units + pointed.unit]);
  return { shape: [rows, columns], data };
}

export function Sample({ session, pointed }) {
  const { data, network } = useStore(session.store);
  const bars = useRef(null), canvas = useRef(null), told = useRef(null), caption = useRef(null);
  const names = (data.classes ?? network?.outputs ?? []).slice(0, MOST);
  useEffect(() => {
    const rows = [...bars.current.querySelectorAll("li")].map((row) => ({ bar: row.querySelector(".bar"), text: row.querySelector(".number"), row }));
    const picture = new Picture();
    return session.frames.onPaint((frames) => {
      const { sample, units } = frames, shown = units.get("input")?.activations;
      const weights = canvas.current && shown && lookedFor(frames, shown, pointed.current);
      if (canvas.current && shown) draw(picture, canvas.current, weights ?? shown);
      const says = weights ? "the weights of this unit" : "the picture that goes in";
      if (canvas.current && caption.current.textContent !== says) caption.current.textContent = says;
      if (!sample) return;
      const outputs = sample.outputs ?? [], scale = data.classes ? 1 : most(outputs);
      rows.forEach(({ bar, text, row }, k) => {
        const value = outputs[k] ?? 0;
        bar.style.transform = `scaleX(${Math.min(1, Math.abs(value) / scale)})`;
        text.textContent = data.classes ? `${fixed(100 * value, 1)}\u2009%` : words(value, 4);
        row.classList.toggle("right", data.classes ? sample.y === k : false);
      });
      const text = data.classes ? `It is ${data.classes[sample.y] ?? sample.y}.` : `It should be ${[sample.y].flat().map((value) => words(value, 4)).join(", ")}.`;
      if (told.current.textContent !== text) told.current.textContent = text;
    });
  }, [data, network]);
  const [number, choose] = useState(session.sample);
  const go = (by) => { const next = Math.max(0, number + by); choose(next); session.view(next); };
  return html`<figure class="sample"><div class="head"><h3>Sample ${number + 1}</h3><div class="buttons"><button type="button" class="quiet round" aria-label="The sample before" disabled=${number === 0} onClick=${() => go(-1)}><${Icon} name="left" /></button>
      <button type="button" class="quiet round" aria-label="The next sample" onClick=${() => go(1)}><${Icon} name="right" /></button></div></div>
    <div class="pair">${data.pictures ? html`<div><canvas ref=${canvas} role="img" aria-label="The picture that the network looks at"></canvas><p class="note" ref=${caption}></p></div>` : null}
    <ol class="bars" ref=${bars} aria-label="What the network says">${names.map((name, k) => html`<li key=${k}><span class="label">${name}</span><span class="track"><span class="bar" aria-hidden="true"></span></span><span class="number"></span></li>`)}</ol></div>
    <figcaption class="note" ref=${told}></figcaption></figure>`;
}

function draw(picture, canvas, { shape, data }) {
  const [rows, columns] = shape, turned = new Float32Array(rows * columns);
  for (let i = 0; i < turned.length; i++) turned[(rows - 1 - Math.floor(i / columns)) * columns + (i % columns)] = data[i];
  paintHeat(picture.pixels(rows, columns), 0, turned, 0, rows, columns, most(turned));
  picture.done();
  fit(canvas, canvas.clientWidth, canvas.clientHeight);
  const pen = penOf(canvas);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(picture.canvas, 0, 0, canvas.clientWidth, canvas.clientHeight);
}
