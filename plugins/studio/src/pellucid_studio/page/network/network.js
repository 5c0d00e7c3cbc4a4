// The network: columns of units with the weights between them, which is where it is built, looked at and opened.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../preact.js";
import { onTheme } from "../theme.js";
import { useStore } from "../store.js";
import { errorsUnder } from "../paths.js";
import { Chooser } from "./chooser.js";
import { columnsOf, LayerColumn, InputColumn } from "./column.js";
import { measured, under } from "./geometry.js";
import { linked } from "./links.js";
import { NetworkPainter } from "./painter.js";
import { cellOfUnit, cellOfWeight, tellUnit, tellWeight } from "./telling.js";

export function Network({ session, pointed }) {
  const state = useStore(session.store);
  const { network, draft, ids, builtIds, errors, selected, data } = state;
  const box = useRef(null), canvas = useRef(null), painter = useRef(null), peek = useRef(null);
  const [adding, setAdding] = useState(null);
  const columns = columnsOf(state);

  const lay = () => {
    const { current } = painter, byPath = new Map(columns.filter((column) => column.layer).map((column) => [column.layer.path, { ...column.layer, next: column.next }]));
    current.columns = measured(box.current);
    const input = current.columns.find((column) => column.path === "input");
    if (input) input.plane = data.inputs === 2 && network?.inputs.length === 2 && !data.pictures;
    current.links = linked(current.columns, byPath);
    session.frames.ask();
  };

  useLayoutEffect(() => {
    painter.current ??= new NetworkPainter(canvas.current);
    lay();
    const size = new ResizeObserver(lay);
    size.observe(box.current);
    return () => size.disconnect();
  }, [network, draft, errors, selected, data]);
  useEffect(() => {
    const paint = (frames) => { painter.current.paint(frames); tell(); };
    const offs = [session.frames.onPaint(paint), onTheme(() => session.frames.ask())];
    return () => offs.forEach((off) => off());
  }, [session]);

  // -- what is pointed at ----------------------------------------------------------------------------------------------

  const tell = () => {
    const now = pointed.current, tip = peek.current;
    if (!tip) return;
    tip.hidden = !now;
    if (!now) return;
    const text = now.weight ? tellWeight(session, now) : tellUnit(session, now);
    if (tip.textContent !== text) tip.textContent = text;
    const limit = box.current.parentElement.scrollLeft + box.current.parentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.transform = `translate(${Math.max(4, Math.min(now.x, limit))}px, ${now.y}px)`;
  };
  const set = (next) => {
    pointed.current = next;
    painter.current.pointed = next?.weight ? next : null;
    session.frames.ask();
  };
  const tileOf = (event) => event.target.closest?.(".tile");
  const unitAt = (tile) => {
    const at = tile.getBoundingClientRect(), from = box.current.getBoundingClientRect();
    const path = tile.closest("[data-column]").dataset.column, unit = Number(tile.dataset.unit);
    return { layer: path, unit, text: tile.getAttribute("aria-label"), x: at.left - from.left, y: at.bottom - from.top + 6 };
  };
  const weightAt = (event) => {
    const from = box.current.getBoundingClientRect(), x = event.clientX - from.left, y = event.clientY - from.top;
    const found = under(painter.current.links.filter((link) => link.path), x, y);
    return found && { weight: true, path: found.link.path, i: found.from.unit, j: found.to.unit, from: found.from, to: found.to, x: x + 10, y: y + 14 };
  };
  const move = (event) => {
    const tile = tileOf(event);
    set(tile ? unitAt(tile) : event.target.closest("button, input") ? null : weightAt(event));
  };
  const open = (event) => {
    const tile = tileOf(event), now = tile ? (pointed.current?.weight && event.detail === 0 ? pointed.current : unitAt(tile)) : event.target.closest("button, input, a") ? null : weightAt(event);
    const cell = now && (now.weight ? cellOfWeight(now) : cellOfUnit(session, now));
    if (cell) session.look(cell);
  };

  // -- the keyboard: arrows go from unit to unit, [ and ] through the weights that lead to one -----------------------------

  const keys = (event) => {
    const tile = tileOf(event);
    if (!tile) return;
    const columns = [...box.current.querySelectorAll("[data-column]")].filter((column) => column.querySelector(".tile"));
    const column = columns.indexOf(tile.closest("[data-column]")), tiles = [...columns[column].querySelectorAll(".tile")], place = tiles.indexOf(tile);
    const other = (by) => { const all = columns[column + by]?.querySelectorAll(".tile"); return all?.[Math.min(place, all.length - 1)]; };
    const to = { ArrowUp: tiles[place - 1], ArrowDown: tiles[place + 1], ArrowLeft: other(-1), ArrowRight: other(1) };
    if (event.key in to) {
      event.preventDefault();
      to[event.key]?.focus();
    } else if (event.key === "[" || event.key === "]") {
      event.preventDefault();
      const path = columns[column].dataset.column, unit = Number(tile.dataset.unit);
      const link = painter.current.links.find((one) => one.after.path === path && one.path);
      const pairs = link?.pairs.filter(([, end]) => end.unit === unit) ?? [];
      if (!pairs.length) return;
      const now = pairs.findIndex(([start]) => pointed.current?.weight && pointed.current.i === start.unit);
      const [from, end] = pairs[(now + (event.key === "]" ? 1 : now < 0 ? 0 : -1) + pairs.length) % pairs.length];
      set({ weight: true, path: link.path, i: from.unit, j: end.unit, from, to: end, x: end.x, y: end.y + end.h + 6 });
    } else if (event.key === "Escape") set(null);
  };
  const focus = (event) => { const tile = tileOf(event); if (tile?.matches(":focus-visible")) set(unitAt(tile)); };

  const wrong = errorsUnder(errors, ["model"]);
  return html`<section class="network card" aria-label="Network">
    <div class="head"><h2>Network</h2><p class="note">${network ? `${network.parameters.toLocaleString("en").replaceAll(",", "\u2009")} parameters. ` : ""}Click a unit or a weight to open the last step there.</p></div>
    ${wrong.length ? html`<p class="banner" role="status">${wrong.length === 1 ? "A mistake" : `${wrong.length} mistakes`} in the network: what was built last goes on.</p>` : null}
    <div class="scroll wide"><div class="columns" ref=${box} onPointerMove=${move} onPointerLeave=${() => set(null)} onClick=${open} onKeyDown=${keys} onFocusIn=${focus} onFocusOut=${() => set(null)}>
      <canvas ref=${canvas} aria-hidden="true"></canvas>
      <${InputColumn} network=${network} data=${data} />
      ${columns.map((column, k) => html`<${LayerColumn} key=${column.key} session=${session} column=${column} selected=${selected !== null && column.id === selected} add=${setAdding} last=${k === columns.length - 1} />`)}
      <p class="peek" ref=${peek} role="tooltip" hidden></p>
    </div></div>
    <p class="unseen" id="keys-of-units">Arrow keys go from unit to unit, square brackets through the weights that lead to it, Enter opens the last step there.</p>
    <${Chooser} catalogue=${session.catalogue} kind="layer" open=${adding !== null} close=${() => setAdding(null)} pick=${(layer) => { session.insert(adding, layer); setAdding(null); }} />
  </section>`;
}
