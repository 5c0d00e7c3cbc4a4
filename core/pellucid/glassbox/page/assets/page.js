// The page: one step of the step at a time, its arrays, and the panel of the cell that was asked.

const TOLD = {
  data: "What the step was given.",
  forward: "The layer computes its output from its input and its weights.",
  loss: "The prediction is held against the target: one number says how far off it is, and its derivative starts the way back.",
  backward: "The derivative of the loss by the layer's output comes in; out go the derivatives by its weights and by its input.",
  update: "The optimizer moves the weights against their gradients.",
};

const ORIGINS = { equation: "computed from its equation", given: "given", drawn: "drawn at random", set: "as the trainer was told" };

class Page {
  constructor() {
    this.step = -1;
    this.trail = [];
    this.exercise = new Exercise($("exercise"), { go: (q, p) => this.ask(q, p), steps: () => this.step });
    this.panel = new Panel($("panel"), { go: (q, p, to) => this.ask(q, p, to), back: () => this.back(), hidden: (q, p) => this.exercise.hides(q, p) });
    this.shown = new Map(); // quantity number -> heat map of this step
  }

  start() {
    document.title = `${data.title} · pellucid`;
    $("title").textContent = data.title;
    append($("facts"), data.facts.map(([name, value]) => el("li", {}, el("span", { text: name }), " ", value)));
    const { picture, light } = network((step) => this.open(step));
    $("network").append(picture);
    this.light = light;
    this.progress();
    $("before").addEventListener("click", () => this.open(this.step - 1));
    $("after").addEventListener("click", () => this.open(this.step + 1));
    $("exercise-toggle").addEventListener("click", () => (this.exercise.on ? this.exercise.end() : this.exercise.begin(this.step)));
    $("theme").addEventListener("click", () => this.theme());
    document.addEventListener("keydown", (event) => this.key(event));
    document.body.addEventListener("exercise-ended", () => { this.mode(); this.again(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
    window.addEventListener("hashchange", () => this.fromHash());
    this.mode();
    if (!this.fromHash()) this.open(Math.max(0, data.steps.findIndex((s) => s.phase === "forward")));
  }

  progress() {
    const bar = $("progress");
    this.dots = data.steps.map((step, i) => el("button", {
      type: "button", class: `dot ${step.phase}`, "aria-label": `${PHASES[step.phase]}: ${step.title}`, title: `${PHASES[step.phase]}: ${step.title}`, onclick: () => this.open(i),
    }));
    let group = null, phase = null;
    this.dots.forEach((dot, i) => {
      if (data.steps[i].phase !== phase) {
        phase = data.steps[i].phase;
        group = el("div", { class: `phase ${phase}` }, el("span", { text: PHASES[phase], "aria-hidden": "true" }), el("div", { class: "dots" }));
        bar.append(group);
      }
      group.lastChild.append(dot);
    });
  }

  // -- steps ------------------------------------------------------------------------------------------------------------

  open(number) {
    if (number < 0 || number >= data.steps.length || number === this.step) return;
    this.step = number;
    const step = data.steps[number], call = step.call === null ? null : data.calls[step.call];
    $("before").disabled = number === 0;
    $("after").disabled = number === data.steps.length - 1;
    this.dots.forEach((dot, i) => { dot.classList.toggle("on", i === number); dot.classList.toggle("past", i < number); if (i === number) dot.setAttribute("aria-current", "step"); else dot.removeAttribute("aria-current"); });
    const dot = this.dots[number], bar = $("progress");
    if (bar.scrollWidth > bar.clientWidth) bar.scrollLeft = dot.offsetLeft - bar.offsetLeft - bar.clientWidth / 2;
    $("where").textContent = `${number + 1} of ${data.steps.length} · ${PHASES[step.phase]} · ${step.title}`;
    this.light(number);
    const root = clear($("arrays"));
    root.append(el("h2", { tabindex: "-1", id: "stepname" }, el("span", { class: `tag ${step.phase}`, text: PHASES[step.phase] }), " ", step.title), el("p", { class: "note", text: call?.doc && step.phase !== "backward" && step.phase !== "update" ? `${TOLD[step.phase]} ${call.doc}` : TOLD[step.phase] }));
    const equations = this.equations(step, call);
    if (equations) root.append(equations);
    for (const map of maps) if (!map.root.isConnected) maps.delete(map);
    this.shown = new Map();
    const enters = (n) => !/^(x|dy|prediction|target)\d*$/.test(quantities[n].of);
    for (const n of [...step.names].sort((a, b) => enters(a) - enters(b))) root.append(this.card(quantities[n], step));
    if (call && step.phase !== "backward") root.append(...call.parts.map((part) => this.part(part)).filter(Boolean));
    for (const map of maps) map.fit();
    $("where").dispatchEvent(new CustomEvent("opened", { bubbles: true }));
  }

  /** The step in which a quantity stands, and its heat map there. */
  openFor(quantity) {
    const step = data.steps.findIndex((s) => s.names.includes(quantity.number));
    if (step >= 0 && !data.steps[this.step]?.names.includes(quantity.number)) this.open(step);
    const folded = document.querySelector(`.card[data-number="${quantity.number}"] details:not([open])`);
    if (folded) { folded.open = true; folded.dispatchEvent(new Event("toggle")); }
    for (const map of maps) map.fit();
  }

  equations(step, call) {
    const own = call ?? (step.names.map((n) => quantities[n]).filter((q) => q.call !== undefined).map((q) => data.calls[q.call]).pop() ?? null);
    if (!own) return null;
    const ofs = new Set(step.names.map((n) => quantities[n].of));
    const defines = (e) => !e.python || e.python.trimStart().startsWith("lambda"); // a function for those below it
    const holds = own.equations.filter((e) => ofs.has(e.of) || (step.phase === "forward" && defines(e)));
    const shown = holds.filter((e) => e.latex.includes("=") || holds.length === 1); // a mere name says nothing here
    if (!shown.length) return null;
    return el("section", { class: "equations", "aria-label": "Equations" }, shown.map((e) => formula(e.latex)));
  }

  card(quantity, step) {
    const first = quantity.first;
    const about = first !== quantity ? [" the same array as ", el("code", { text: first.name })] : [ORIGINS[quantity.origin] ?? "recorded"];
    const head = el("div", { class: "cardhead" }, el("h3", {}, el("code", { text: quantity.name })), el("span", { class: "shape", text: shapeText(quantity.shape) }), el("span", { class: "origin" }, about));
    const card = el("article", { class: "card", "data-quantity": quantity.name, "data-number": quantity.number }, head);
    if (!quantity.size) { card.append(el("p", { class: "note", text: "It is empty." })); return card; }
    if (!quantity.shape.length) {
      card.append(el("button", { type: "button", class: "scalar", "aria-label": `${quantity.name}: why?`, onclick: () => this.ask(quantity, 0) }, this.exercise.hides(quantity, 0) ? "?" : precise(quantity.at(0), quantity.kind)));
      return card;
    }
    const entering = step.phase === "forward" ? /^x\d*$/ : step.phase === "backward" ? /^dy\d*$/ : /^(prediction|target)?$/;
    const ofShapes = quantity.node !== undefined && nodeAt(quantity.node).constant;
    if ((first !== quantity && !entering.test(quantity.of)) || ofShapes) {
      const body = el("details", { ontoggle: () => { if (body.open && !body.querySelector(".map")) { body.append(this.map(quantity).root); for (const map of maps) map.fit(); } } },
        el("summary", { text: ofShapes ? "Show it: no data is in it, only shapes and arguments" : "Show it" }));
      card.append(body);
      return card;
    }
    const map = this.map(quantity);
    head.append(map.controls);
    card.append(map.root);
    return card;
  }

  map(quantity) {
    const map = new HeatMap(quantity, { pick: (place) => this.ask(quantity, place), hidden: (place) => this.exercise.hides(quantity, place) });
    this.shown.set(quantity.number, map);
    return map;
  }

  part(part) {
    if (part.is === "note") return el("section", { class: "part" }, el("p", { text: part.text }), part.latex ? formula(part.latex) : null);
    if (part.is === "table") return el("section", { class: "part" }, el("h3", { text: part.title }), el("div", { class: "scroll" }, el("table", { class: "plain" }, el("thead", {}, el("tr", {}, part.columns.map((c) => el("th", { scope: "col", text: c })))),
      el("tbody", {}, part.rows.map((row) => el("tr", {}, row.map((cell) => el("td", { text: typeof cell === "number" ? text(cell) : cell }))))))));
    if (part.is !== "picture") return null;
    const section = el("section", { class: "part" }, el("h3", { text: part.title }), part.note ? el("p", { class: "note", text: part.note }) : null);
    if (part.quantity !== undefined) {
      const quantity = quantities[part.quantity];
      section.append(new HeatMap(quantity, { pick: (place) => this.ask(quantity, place), hidden: (place) => this.exercise.hides(quantity, place) }).root);
    } else {
      const told = data.extra[part.extra], array = unshuffled(told.data, sizeOf(told.shape));
      section.append(told.shape.length ? new HeatMap({ name: part.title, shape: told.shape, kind: told.type, array: () => array }).root : el("p", { class: "scalar", text: text(array[0]) }));
    }
    return section;
  }

  // -- cells ------------------------------------------------------------------------------------------------------------

  /** Ask for the why of a cell; `trailTo` cuts the way back there. */
  ask(quantity, place, trailTo) {
    const last = this.trail[this.trail.length - 1];
    if (trailTo !== undefined) this.trail = this.trail.slice(0, trailTo + 1);
    else if (!last || last[0] !== quantity || last[1] !== place) this.trail.push([quantity, place]);
    this.display();
  }

  back() {
    if (this.trail.length < 2) return;
    this.trail.pop();
    this.display();
  }

  display() {
    const [quantity, place] = this.trail[this.trail.length - 1];
    if (this.step < 0 || !data.steps[this.step].names.includes(quantity.number)) this.open(data.steps.findIndex((s) => s.names.includes(quantity.number)));
    this.panel.show(quantity, place, this.trail);
    document.body.classList.add("asked");
    history.replaceState(null, "", "#" + linkTo(quantity, place));
    const parents = this.panel.found ? this.panel.found.parents : [];
    for (const [number, map] of this.shown) {
      map.marks = new Map(parents.filter((cell) => cell.quantity.first === quantities[number].first).map((cell) => [cell.place, "part"]));
      if (quantities[number].first === quantity.first) { map.marks.set(place, "chosen"); map.show(place); }
      map.draw();
    }
    if (matchMedia("(max-width: 899px)").matches) $("panel").scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    $("live").textContent = `${quantity.cell(place)}: ${this.exercise.hides(quantity, place) ? "hidden" : text(quantity.at(place))}`;
    this.mode();
  }

  again() { if (this.trail.length) this.display(); for (const map of maps) map.draw(); }

  /** The cell that the address names: "#layers.0.z[3,7]". */
  fromHash() {
    let named;
    try { named = decodeURIComponent(location.hash.slice(1)); } catch { return false; }
    const match = /^(.*?)(?:\[([\d, ]+)\])?$/.exec(named);
    const quantity = match && byName.get(match[1]);
    if (!quantity) return false;
    const index = match[2] === undefined ? [] : match[2].split(",").map(Number);
    if (index.length !== quantity.shape.length || index.some((i, axis) => !(i < quantity.shape[axis]))) return false;
    this.ask(quantity, placeOf(index, quantity.shape));
    return true;
  }

  // -- keys, theme ------------------------------------------------------------------------------------------------------

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    if (event.target.closest?.(".map, pre, .scroll, .network") && event.key.startsWith("Arrow") && !event.target.closest("button")) return;
    if (event.key === "ArrowRight") this.open(this.step + 1);
    else if (event.key === "ArrowLeft") this.open(this.step - 1);
    else if (event.key === "Backspace") this.back();
    else return;
    event.preventDefault();
  }

  theme() {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    this.mode();
    this.repaint();
  }

  repaint() { for (const map of maps) map.draw(); if (this.trail.length) this.panel.show(...this.trail[this.trail.length - 1], this.trail); }

  mode() {
    const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    $("theme").textContent = dark ? "Light" : "Dark";
    $("exercise-toggle").setAttribute("aria-pressed", String(this.exercise.on));
    $("exercise-toggle").textContent = this.exercise.on ? "End exercise" : "Exercise";
  }
}

const page = new Page();
// For whoever tests the page, and for the curious: what it knows, by name.
window.pellucid = { data, quantities, byName, page, formula, why: (name, index = []) => {
  const quantity = byName.get(name), place = placeOf(index, quantity.shape);
  const found = Panel.taken(quantity.asked, place);
  return { value: quantity.at(place), total: found && found.total, terms: found && found.terms.map((t) => t.value), parents: found && found.parents.map((c) => c.quantity.cell(c.place)) };
} };
unpack($("numbers").textContent).then(() => { page.start(); document.body.classList.add("ready"); },
  (error) => { $("arrays").textContent = `This browser cannot unpack the numbers of this page: ${error.message}. Use a current Chromium, Firefox or Safari.`; });
