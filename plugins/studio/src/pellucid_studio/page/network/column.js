// One layer as a column: its name, how many units, its units as tiles; between columns the place for a further one.

import { html } from "../preact.js";
import { asTable, short, typeOf, widthOf } from "../catalogue.js";
import { Icon } from "../icons.js";
import { at, errorsUnder } from "../paths.js";

const MOST = 10; // tiles of a column

/** Columns as they are drawn: the layers as edited, each with what was built of it, if it was. */
export function columnsOf({ draft, network, ids, builtIds, errors, sections }) {
  const layers = at(draft, ["model", "layers"]);
  const built = network?.layers ?? [];
  if (!Array.isArray(layers)) return built.map((layer, place) => ({ key: layer.path, id: null, place, layer, next: true, title: layer.title, wrong: [] }));
  return layers.flatMap((value, place) => {
    const path = ["model", "layers", place], was = builtIds.indexOf(ids[place]), before = place ? builtIds.indexOf(ids[place - 1]) : -1;
    const inside = was < 0 ? [] : built.filter(({ path: name }) => name === `layers.${was}` || name.startsWith(`layers.${was}.`));
    const column = { id: ids[place], place, path, value, wrong: errorsUnder(errors, path), next: was === before + 1 };
    if (!inside.length) return [{ ...column, key: `${ids[place]}`, layer: null }];
    return inside.map((layer, k) => ({ ...column, key: `${ids[place]}.${k}`, layer, next: k > 0 || column.next, inner: k > 0, part: inside.length > 1 }));
  });
}

/** Whether what a layer says is still the picture that went in, in one row: flattened, or with noise. */
const isPicture = (layer, { pictures }) => Boolean(pictures && layer?.shape.length === 1 && layer.shape[0] === pictures.shape[1] * pictures.shape[2] && !Object.keys(layer.parameters ?? {}).length);

/** Whether names beside tiles need more room than there is. */
const isLong = (names, most) => Boolean(names?.some((name) => String(name).length > most));

export function tilesOf(units) {
  return Array.from({ length: Math.min(units, MOST) }, (_, unit) => unit);
}

function Tiles({ units, label, names, first = false }) {
  const shown = tilesOf(units);
  return html`<div class="tiles ${units > 6 ? "many" : ""}" role="group" aria-label=${label}>
    ${shown.map((unit) => html`<span class="tilerow" key=${unit}><button type="button" class="tile" data-unit=${unit} tabindex=${unit === 0 ? 0 : -1}
      aria-label=${`${label}, ${names?.[unit] ?? `unit ${unit}`}`} aria-describedby="keys-of-units"></button>${names?.[unit] !== undefined ? html`<span class="name ${first ? "first" : ""}" aria-hidden="true">${names[unit]}</span>` : null}</span>`)}
    ${units > shown.length ? html`<span class="note rest">and ${units - shown.length} more</span>` : null}</div>`;
}

export function InputColumn({ network, data }) {
  if (!network) return null;
  const names = network.inputs ?? [], count = data.pictures ? 1 : names.length || data.inputs, units = Math.min(count, 64); // after transforms, as the weights see them
  return html`<div class="column input ${isLong(names.slice(0, MOST), 4) && !data.pictures ? "long" : ""}" data-column="input" data-picture=${data.pictures ? "" : undefined}><div class="head"><span class="title">inputs</span><span class="note">${data.pictures ? "a picture" : count}</span></div>
    <${Tiles} units=${units} label="inputs" names=${data.pictures ? [] : names.slice(0, MOST)} first=${true} /></div>`;
}

/** Put a number of units where the layer has its width. */
function Width({ session, column, name }) {
  const units = column.value[name], known = Number.isInteger(units);
  const set = (next) => session.change([...column.path, name], next);
  return html`<div class="width" role="group" aria-label=${`${name} of layer ${column.place + 1}`}>
    <button type="button" class="tiny" aria-label="One fewer" disabled=${!known || units <= 1} onClick=${() => set(units - 1)}>−</button>
    <output class="number">${units ?? "?"}</output>
    <button type="button" class="tiny" aria-label="One more" disabled=${!known} onClick=${() => set(units + 1)}>+</button></div>`;
}

export function LayerColumn({ session, column, selected, add, last }) {
  const { layer, value, place, wrong, inner, id } = column;
  const mine = value !== undefined && !inner;
  const type = value === undefined ? layer?.type ?? "" : typeOf(value);
  const entry = session.catalogue.find("layer", type), name = mine ? widthOf(entry) : null;
  const picture = isPicture(layer, session.state.data), units = picture ? 1 : layer?.units ?? 0;
  const outputs = last ? session.state.network?.outputs : null;
  const select = () => session.store.set({ selected: selected ? null : id });
  return html`${mine ? html`<div class="gap"><button type="button" class="tiny add" aria-label=${`Put a layer before layer ${place + 1}`} title="Put a layer here" onClick=${() => add(place)}><${Icon} name="plus" /></button></div>` : value === undefined ? html`<div class="gap"></div>` : html`<div class="gap"></div>`}
    <div class="column ${selected ? "selected" : ""} ${wrong.length ? "wrong" : ""} ${isLong(outputs?.slice(0, MOST), 8) ? "long" : ""}" data-column=${layer?.path ?? ""} data-picture=${picture ? "" : undefined}>
      <div class="head">
        ${mine ? html`<div class="titles"><button type="button" class="title" aria-expanded=${selected} aria-controls="layer-form" onClick=${select} title=${entry?.summary} aria-label=${`${short(type).replaceAll("_", " ")}, layer ${place + 1}: arguments`}>${short(type).replaceAll("_", " ")}</button>
          <button type="button" class="tiny quiet" aria-label=${`Remove layer ${place + 1}, ${short(type)}`} title="Remove" onClick=${() => session.remove(place)}><${Icon} name="close" /></button></div>` : html`<span class="title plain">${layer ? short(layer.type ?? layer.title).replaceAll("_", " ") : ""}</span>`}
        ${name ? html`<${Width} session=${session} column=${{ ...column, value: asTable(value) }} name=${name} />` : html`<span class="note">${layer?.shape?.join(" × ") ?? ""}</span>`}
        <span class="note sub">${asTable(value ?? "").activation ?? (value === undefined ? layer?.title.split(", ")[1] ?? "" : "")}</span>
      </div>
      ${wrong.length ? html`<p class="error" role="alert">${wrong[0].text}</p>` : null}
      ${layer ? html`<${Tiles} units=${units} label=${layer.path || "model"} names=${outputs} />` : html`<p class="note">not built yet</p>`}
    </div>`;
}
