// The run as this page sees it: what is edited, what was built of it, and what may be asked of the server.

import * as address from "./address.js";
import { arrayOf } from "./arrays.js";
import { lookOf, looksOf } from "./looks.js";
import { at, put, same } from "./paths.js";

export const TABS = ["Playground", "Views"];
const PACE = 100; // steps a second of a network that was just built, as more is over before it is seen
const REST = 180; // ms after the last change before a network is built

/** What the server says of the data, with arrays in place of texts, and names for classes that have none. */
function decoded(data, { outputs }) {
  const part = (found) => found?.y && { x: arrayOf(found.x), y: arrayOf(found.y) };
  const classes = data.classes ?? (data.task === "classification" ? outputs.map((_, k) => `class ${k}`) : null);
  const pictures = data.pictures ? arrayOf(data.pictures) : null, labels = data.labels ? arrayOf(data.labels).data : null;
  return { ...data, classes, pictures, labels, points: part(data.points), test: part(data.test) };
}

export class Session {
  constructor({ socket, store, frames, catalogue }) {
    Object.assign(this, { socket, store, frames, catalogue });
    this.waiting = 0; // builds that the server has not answered
    this.goOn = false; // a change while it trains: the new network trains on
    this.ids = 0;
    this.sent = [];
    this.sample = 0;
    this.looks = { title: null, views: {} }; // which view is chosen, and of each the runs and what is set
    socket.on("built", (message) => this.built(message));
    socket.on("errors", (message) => this.wrong(message.errors));
    socket.on("frame", (message) => this.frame(message));
    socket.on("opened", (message) => this.opened(message));
    socket.on("refused", (message) => { this.waiting = 0; this.goOn = false; store.set({ refused: message.text }); });
    socket.on("open", () => { store.set({ online: true, refused: null }); this.waiting = 0; this.watch(); });
    socket.on("close", () => store.set({ online: false }));
  }

  get state() { return this.store.state; }

  watch() {
    this.socket.send({ do: "watch", surface: true, units: true, every: 1, sample: this.sample });
  }

  // -- what comes ------------------------------------------------------------------------------------------------------

  built(message) {
    if (this.waiting > 1) { this.waiting--; return; } // a later one is under way
    const mine = this.waiting === 1;
    this.waiting = 0;
    const layers = at(message.sections, ["model", "layers"])?.length ?? 0;
    const draft = mine ? this.state.draft : message.sections;
    const ids = mine && this.sent.length === layers ? this.sent : Array.from({ length: layers }, () => ++this.ids);
    const data = decoded(message.data, message.network);
    this.frames.forget();
    if (data.pictures) this.frames.picture(data.pictures, this.sample);
    this.store.set({ draft, ids, builtIds: ids, sections: message.sections, network: message.network, data, run: message.run ?? null, live: message.views ?? [], errors: [], refused: null, hint: message.note || null, opened: null });
    if (this.begun) this.remember();
    else { this.begun = true; this.fromAddress(); this.pace = true; }
    if (this.goOn) { this.goOn = false; this.send("train"); }
  }

  /** Mistakes of what was to be built; one without a place is an answer to something else. */
  wrong(errors) {
    const lost = errors.filter((error) => !error.path);
    if (lost.length) this.store.set({ [this.waiting ? "refused" : "hint"]: lost.map((error) => error.text).join("\n") });
    if (lost.length === errors.length && !this.waiting) return;
    this.waiting = 0;
    this.goOn = false;
    this.store.set({ errors: errors.filter((error) => error.path) });
  }

  frame(message) {
    this.frames.take(message);
    const { state, text = null, limit } = message;
    if (limit !== this.state.speed) this.store.set({ speed: limit });
    if (this.pace) {
      this.pace = false;
      if (state === "paused" && message.step === 0) this.limit(PACE); // nobody has begun: this page is the first
    }
    if (this.openNext && state !== "training") { this.openNext = false; this.send("open"); }
    if (state !== this.state.running || text !== this.state.failure) this.store.set({ running: state, failure: text, hint: null });
  }

  opened(message) {
    this.store.set({ hint: null, opened: { step: message.step, cell: this.wanted ?? "" } });
  }

  // -- what is asked ---------------------------------------------------------------------------------------------------

  send(what, more = {}) {
    return this.socket.send({ do: what, ...more });
  }

  /** Show what the network says of another sample. */
  view(number) {
    const { pictures } = this.state.data;
    this.sample = number;
    if (pictures && number < pictures.shape[0]) this.frames.picture(pictures, number);
    this.watch();
  }

  limit(steps) {
    this.send("speed", { steps });
  }

  /** Change the sections; the network is built anew once no further change comes. */
  edit(sections, ids = this.state.ids) {
    this.store.set({ draft: sections, ids });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.build(), REST);
  }

  /** Change what stands at a path. */
  change(path, value) {
    this.edit(put(this.state.draft, path, value));
  }

  build(sections = this.state.draft) {
    clearTimeout(this.timer);
    this.goOn ||= this.state.running === "training";
    this.sent = this.state.ids;
    if (this.send("build", { sections })) this.waiting++;
  }

  /** Another experiment altogether: a preset, an address. */
  open(sections) {
    const layers = at(sections, ["model", "layers"])?.length ?? 0;
    this.store.set({ draft: sections, ids: Array.from({ length: layers }, () => ++this.ids), selected: null });
    this.build();
  }

  /** Open the last step at a cell, such as layers.0.weight.new[1,3]. */
  look(cell) {
    this.wanted = cell;
    const { opened, running } = this.state;
    if (opened && running !== "training" && opened.step === this.frames.last?.step) this.store.set({ opened: { ...opened, cell } });
    else if (running === "training") { this.openNext = true; this.send("pause"); } // its last step is the one that can be opened
    else this.send("open");
  }

  // -- layers ----------------------------------------------------------------------------------------------------------

  get layers() { return at(this.state.draft, ["model", "layers"]) ?? []; }

  setLayers(layers, ids) {
    this.edit(put(this.state.draft, ["model", "layers"], layers), ids);
  }

  insert(place, layer) {
    const layers = [...this.layers], ids = [...this.state.ids], id = ++this.ids;
    layers.splice(place, 0, layer);
    ids.splice(place, 0, id);
    this.setLayers(layers, ids);
    this.store.set({ selected: id });
  }

  remove(place) {
    this.setLayers(this.layers.filter((_, i) => i !== place), this.state.ids.filter((_, i) => i !== place));
  }

  move(place, by) {
    const layers = [...this.layers], ids = [...this.state.ids], to = place + by;
    if (to < 0 || to >= layers.length) return;
    [layers[place], layers[to]] = [layers[to], layers[place]];
    [ids[place], ids[to]] = [ids[to], ids[place]];
    this.setLayers(layers, ids);
  }

  // -- the address -----------------------------------------------------------------------------------------------------

  show(tab) {
    this.store.set({ tab });
    this.remember();
  }

  /** Something in the views has changed: the address says it once it rests. */
  looked() {
    clearTimeout(this.looking);
    this.looking = setTimeout(() => { if (!this.waiting) this.remember(); }, REST);
  }

  async remember() {
    clearTimeout(this.looking);
    const { sections, tab } = this.state;
    const fragment = await address.written(tab === TABS[0] ? { sections } : { sections, view: tab, look: lookOf(this.looks) });
    this.fragment = fragment;
    history.replaceState(null, "", `#${fragment}`);
  }

  /** Build what the address says, unless that is what runs already: reloading the page must not lose a run. */
  async fromAddress() {
    if (location.hash && location.hash.slice(1) === this.fragment) return;
    try {
      const state = await address.read(location.hash);
      if (state?.look) this.looks = looksOf(state.look);
      if (state) this.store.set({ tab: TABS.includes(state.view) ? state.view : TABS[0], looked: this.state.looked + 1 });
      if (state && !same(state.sections, this.state.sections)) this.open(state.sections);
      else await this.remember();
    } catch (error) {
      this.store.set({ refused: error.message });
    }
  }
}
