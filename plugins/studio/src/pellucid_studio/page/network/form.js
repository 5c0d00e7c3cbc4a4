// The arguments of the layer that is chosen, and where it stands.

import { html } from "../preact.js";
import { asTable, short, typeOf } from "../catalogue.js";
import { Arguments, Errors } from "../form.js";
import { Icon } from "../icons.js";
import { errorsAt } from "../paths.js";
import { useStore } from "../store.js";

/** A model of an architecture's own: its arguments in place of a list of layers. */
function ModelForm({ session, draft, errors }) {
  const value = asTable(draft.model), entry = session.catalogue.find("model", value) ?? session.catalogue.find("layer", value);
  return html`<section class="card" id="layer-form" aria-label="Arguments of the model"><h2>${short(typeOf(value)).replaceAll("_", " ")}</h2>
    ${entry ? html`<p class="note">${entry.summary}</p><${Arguments} catalogue=${session.catalogue} entry=${entry} value=${value} path=${["model"]} errors=${errors} change=${(next) => session.change(["model"], next)} />` : null}
    <${Errors} texts=${errorsAt(errors, ["model"])} /></section>`;
}

export function LayerForm({ session }) {
  const { draft, ids, selected, errors } = useStore(session.store);
  if (!draft?.model) return null;
  if (!Array.isArray(draft.model.layers)) return html`<${ModelForm} session=${session} draft=${draft} errors=${errors} />`;
  const place = ids.indexOf(selected), layer = draft.model.layers[place];
  if (layer === undefined) return html`<span id="layer-form" hidden></span>`;
  const path = ["model", "layers", place], value = asTable(layer), entry = session.catalogue.find("layer", value);
  const last = draft.model.layers.length - 1;
  return html`<section class="card" id="layer-form" aria-label=${`Layer ${place + 1}`}>
    <div class="head"><h2>Layer ${place + 1}: ${short(value.type).replaceAll("_", " ")}</h2>
      <div class="buttons"><button type="button" class="quiet" disabled=${place === 0} onClick=${() => session.move(place, -1)}><${Icon} name="left" /> Earlier</button>
      <button type="button" class="quiet" disabled=${place === last} onClick=${() => session.move(place, 1)}>Later <${Icon} name="right" /></button>
      <button type="button" class="quiet" onClick=${() => session.remove(place)}>Remove</button>
      <button type="button" class="quiet round" aria-label="Close the form" onClick=${() => session.store.set({ selected: null })}><${Icon} name="close" /></button></div></div>
    ${entry ? html`<p class="note">${entry.summary}</p>` : null}
    <${Errors} texts=${errorsAt(errors, path)} />
    ${entry ? html`<${Arguments} key=${`${selected} ${entry.name}`} catalogue=${session.catalogue} entry=${entry} value=${value} path=${path} errors=${errors} change=${(next) => session.change(path, next)} />` : null}
  </section>`;
}
