// How large weights, gradients and updates are, parameter by parameter: where learning vanishes or explodes is seen here.

import { html, useEffect, useRef } from "./preact.js";
import { words } from "./numbers.js";
import { useStore } from "./store.js";

const LOW = -8, HIGH = 2; // powers of ten from the left end of a bar to its right end
const EVERY = 150; // ms between two writings
const COLUMNS = ["weight", "gradient", "update"];

const share = (size) => (size > 0 ? Math.max(0.01, Math.min(1, (Math.log10(size) - LOW) / (HIGH - LOW))) : 0);

/** Parameters of a network by the paths that frames use. */
export function parametersOf(network) {
  return (network?.layers ?? []).flatMap((layer) => Object.entries(layer.parameters ?? {}).map(([name, shape]) => ({ path: `${layer.path}.${name}`.replace(/^\./, ""), shape })));
}

export function Sizes({ session }) {
  const { network } = useStore(session.store);
  const body = useRef(null);
  const parameters = parametersOf(network);
  useEffect(() => {
    let last = 0, timer = 0;
    const cells = new Map([...body.current.querySelectorAll("[data-size]")].map((cell) => [cell.dataset.size, { bar: cell.querySelector(".bar"), text: cell.querySelector(".number") }]));
    const paint = ({ sizes }, now) => {
      clearTimeout(timer);
      if (now - last < EVERY) { timer = setTimeout(() => session.frames.ask(), EVERY); return; }
      last = now;
      for (const [path, found] of Object.entries(sizes)) {
        for (const column of COLUMNS) write(cells.get(`${path} ${column}`), found[column], column, found);
      }
    };
    const write = (cell, size, column, found) => {
      if (!cell || cell.size === size) return;
      cell.size = size;
      cell.bar.style.transform = `scaleX(${share(size)})`;
      cell.text.textContent = words(size, 2);
      if (column === "update" && found.weight > 0) cell.text.title = `${words(size / found.weight, 2)} of the weights`;
    };
    const off = session.frames.onPaint(paint);
    return () => { off(); clearTimeout(timer); };
  }, [network]);
  return html`<section class="card sizes" aria-label="Sizes of weights, gradients and updates">
    <h2>Sizes <small>root mean squares; bars from 10⁻⁸ to 100</small></h2>
    <div class="scroll"><table ref=${body}><thead><tr><th scope="col">parameter</th><th scope="col">shape</th>${COLUMNS.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
    <tbody>${parameters.slice(0, 40).map(({ path, shape }) => html`<tr key=${path}><th scope="row"><code>${path}</code></th><td class="number">${shape.join(" × ")}</td>
      ${COLUMNS.map((name) => html`<td key=${name} class=${`size ${name}`} data-size=${`${path} ${name}`}><span class="bar" aria-hidden="true"></span><span class="number"></span></td>`)}</tr>`)}</tbody></table></div>
  </section>`;
}
