// The panel of one cell: equation, numbers put in, sum, terms, the way back, and the code that computed it.

const FEW = 12;

/** The equation that a quantity's call has for it; null if it has none. */
function equationOf(quantity) {
  if (quantity.call === undefined) return null;
  const call = data.calls[quantity.call];
  return call.equations.filter((e) => e.of === quantity.of).pop() ?? null;
}

class Panel {
  constructor(root, { go, back, hidden }) {
    Object.assign(this, { root, go, back, hidden });
    this.bySize = false;
    this.most = FEW;
  }

  /** What a cell is made of, once it is asked: {expr, terms, total}. */
  static taken(quantity, place) {
    let expr;
    try { expr = why(quantity, place); } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return null; // a recurrence deeper than the browser's stack
    }
    if (expr === null) return null;
    const terms = termsOf(expr);
    return { expr, terms, total: exactSum(terms.map((t) => t.value)), parents: placesIn(expr) };
  }

  show(quantity, place, trail) {
    this.quantity = quantity; this.place = place;
    this.most = FEW;
    const { root } = this;
    clear(root);
    root.append(this.head(quantity, place, trail));
    const first = quantity.first;
    if (first !== quantity) root.append(el("p", { class: "note" }, "The same array as ", this.link(first, place), "."));
    const asked = quantity.asked;
    this.found = Panel.taken(asked, place);
    const equation = equationOf(asked), call = asked.call === undefined ? null : data.calls[asked.call];
    if (asked.code && this.found) root.append(el("p", { class: "note", text: "There is no equation of it: this is what the code of the layer around it does, run again on what was recorded." }));
    if (equation) root.append(el("section", { class: "equation", "aria-label": "Equation" }, formula(equation.latex)));
    if (this.found === null) root.append(el("p", { class: "note", text: this.ending(asked, equation) }));
    else if (this.found.expr.opaque) root.append(this.opaque(this.found.expr));
    else root.append(this.worked(asked, place));
    if (this.found) root.append(this.parents());
    if (call) root.append(...this.windows(asked, call), this.code(call));
    document.body.dispatchEvent(new CustomEvent("shown"));
  }

  head(quantity, place, trail) {
    const hides = this.hidden(quantity, place), value = quantity.at(place);
    const crumbs = el("ol", { class: "crumbs", "aria-label": "The way here" }, trail.slice(-6).map(([q, p], i, all) => el("li", {}, i === all.length - 1
      ? el("span", { "aria-current": "location", text: q.cell(p) }) : this.link(q, p, trail.length - all.length + i))));
    return el("header", {}, el("div", { class: "crumbbar" }, el("button", { type: "button", class: "small", disabled: trail.length < 2, onclick: () => this.back(), title: "Back (Backspace)" }, "← Back"), crumbs),
      el("h2", { tabindex: "-1", id: "cellname" }, el("span", { class: "cellname", text: quantity.cell(place) }), " = ", el("output", { class: "value", text: hides ? "?" : precise(value, quantity.kind) })));
  }

  link(quantity, place, trailTo) {
    return el("a", { class: "cell", href: "#" + linkTo(quantity, place), text: quantity.cell(place), onclick: (event) => { event.preventDefault(); this.go(quantity, place, trailTo); } });
  }

  ending(quantity, equation) {
    if (quantity.unable) return quantity.unable;
    if (quantity.origin === "given") return quantity.name.startsWith("optimizer.") || quantity.name.endsWith(".asked") ? "It was there before the step: the way back ends here."
      : /^(micro\.\d+\.)?(x|y|rows|weight)(\.|$)/.test(quantity.name) ? "It is data: the way back ends here." : "A weight as it was before the step: the way back ends here.";
    if (quantity.origin === "set") return "It is as the trainer was told: the way back ends here.";
    if (quantity.origin === "drawn" || quantity.name.includes(".drawn.")) return "A random number that was drawn in this step, a function of the seed, the step, the place in the model and the row: the way back ends here.";
    if (equation && !equation.python) return equation.why || "Its equation has no short expression, so this page does not take it apart. Python's trace.why answers by measured derivatives.";
    return "It was recorded as the code computed it; no equation on this page takes it apart.";
  }

  opaque(expr) {
    return el("section", { class: "worked" }, el("p", { class: "note" }, "Not taken apart: ", el("code", { text: expr.op }), " may depend on all of what stands below."));
  }

  worked(quantity, place) {
    const { expr, terms, total } = this.found, value = quantity.at(place), hides = this.hidden(quantity, place);
    const options = { go: this.go, hidden: this.hidden };
    const name = el("span", { class: "expr" }, el("i", { text: symbolText(quantity.of) }), quantity.shape.length ? el("sub", { text: indexOf(place, quantity.shape).join(",") }) : null);
    const line = (...parts) => el("div", { class: "line" }, ...parts);
    const scale = terms.reduce((sum, t) => sum + Math.abs(t.value), 0);
    const near = Math.abs(total - value) <= 1e-6 * Math.max(1, Math.abs(value), scale) || (Number.isNaN(total) && Number.isNaN(value)) || total === value;
    const section = el("section", { class: "worked", "aria-label": "Worked out" },
      line(name, el("span", { class: "is", text: "=" }), new Writer(options).write(expr)),
      expr.op === "cell" || expr.op === "number" ? null : line(el("span", { class: "is", text: "=" }), this.put(expr, terms, options)),
      line(el("span", { class: "is", text: "=" }), el("output", { class: "total", "data-total": hides ? "" : total, text: hides ? "?" : precise(total, "f4") })));
    if (!hides) {
      section.append(el("p", { class: near ? "check" : "check far" }, near ? "✓ " : "✗ ", quantity.kept ? `recorded: ${precise(value, quantity.kind)}` : "computed from its equation, as the code keeps no such array",
        quantity.kept && total !== value ? `, a difference of ${text(Math.abs(total - value), 2)}${near ? " by rounding" : ""}` : "", near ? "" : ": further than rounding explains"));
    }
    for (const reason of reasonsOf(expr).slice(0, SHORT)) {
      section.append(el("p", { class: "note" }, "because ", new Writer(options).write(reason), " = ", text(reason.value)));
    }
    if (terms.length > 1) section.append(this.termTable(terms, options));
    return section;
  }

  /** Numbers put in; of a long sum the largest terms. */
  put(expr, terms, options) {
    const writer = new Writer({ ...options, numbers: true });
    if (terms.length === 1 || !hasLongSum(expr)) return writer.write(expr);
    writer.deep = 5;
    writer.left = MOST_PARTS;
    const sorted = terms.length > SHORT ? bySizeOf(terms) : terms, few = sorted.slice(0, terms.length > SHORT ? SHORT - 1 : SHORT), rest = sorted.slice(few.length);
    const shown = few.flatMap((term, i) => { const part = writer.part(term.expr, SUM, 1, null); return i ? writer.plus(term.expr, part) : part; });
    return el("span", { class: "expr" }, shown, rest.length ? ` + … and ${rest.length} more, together ${text(exactSum(rest.map((t) => t.value)))}` : "");
  }

  termTable(terms, options) {
    const box = el("div", { class: "terms" });
    const fill = () => {
      const sorted = this.bySize ? bySizeOf(terms) : terms;
      const most = Math.max(...sorted.slice(0, this.most).map((t) => Math.abs(t.value)), 1e-300);
      const rows = sorted.slice(0, this.most).map((term) => {
        const bar = el("span", { class: term.value < 0 ? "bar minus" : "bar plus", "aria-hidden": "true" });
        const hides = this.hidden(this.quantity, this.place);
        bar.style.width = hides ? "0" : `${Math.min(100, (100 * Math.abs(term.value)) / most) || 0}%`;
        return el("tr", {}, el("td", {}, new Writer(options).write(term.expr)), el("td", { class: "put" }, new Writer({ ...options, numbers: true }).write(term.expr)),
          el("td", { class: "number", text: hides ? "?" : text(term.value, 5) }), el("td", { class: "barcell" }, bar));
      });
      clear(box);
      append(box, [
        el("div", { class: "termbar" }, el("h3", { text: `${terms.length} terms` }),
          el("button", { type: "button", class: "small", "aria-pressed": String(this.bySize), onclick: () => { this.bySize = !this.bySize; fill(); }, text: "sort by size" })),
        el("div", { class: "scroll" }, el("table", {}, el("thead", { class: "unseen" }, el("tr", {}, ["Term", "Numbers", "Value", "Size"].map((t) => el("th", { scope: "col", text: t })))), el("tbody", {}, rows))),
        terms.length > this.most ? el("button", { type: "button", class: "small", onclick: () => { this.most *= 8; fill(); } }, `Show more (${terms.length - this.most} left)`) : null,
      ]);
    };
    fill();
    return box;
  }

  /** The arrays that it came from, with its cells marked in them. */
  parents() {
    const groups = new Map();
    for (const cell of this.found.parents) {
      if (!groups.has(cell.quantity)) groups.set(cell.quantity, []);
      groups.get(cell.quantity).push(cell.place);
    }
    if (!groups.size) return el("p", { class: "note", text: "It is made of no other number of this step." });
    const section = el("section", { class: "parents" }, el("h3", { text: "Where it comes from" }));
    for (const [quantity, places] of groups) {
      const shown = places.slice(0, 6).flatMap((place, i) => [i ? ", " : "", this.link(quantity, place)]);
      const body = el("div", { class: "parentmap" });
      const item = el("details", { ontoggle: () => {
        if (!item.open || body.childElementCount || !quantity.shape.length) return;
        const map = new HeatMap(quantity, { pick: (place) => this.go(quantity, place), hidden: (place) => this.hidden(quantity, place), tall: 180, marks: places });
        body.append(map.root);
        map.fit(); map.show(places[0]);
      } }, el("summary", {}, el("code", { text: quantity.name }), ` ${places.length === 1 ? "1 cell" : `${places.length} cells`}`), el("p", { class: "links" }, shown, places.length > 6 ? ", …" : ""), body);
      section.append(item);
    }
    return section;
  }

  /** Small tables of the cells that it was made of: the patch under a kernel. */
  windows(quantity, call) {
    return call.parts.filter((part) => part.is === "window" && part.of === quantity.of && this.found).map((part) => {
      const section = el("section", { class: "windows" }, el("h3", { text: part.title }));
      const tables = el("div", { class: "side" });
      for (const of of part.shows) {
        const number = call.names[of];
        if (number === undefined) continue;
        const places = this.found.parents.filter((cell) => cell.quantity.first === quantities[number].first);
        if (places.length) tables.append(patch(quantities[number], places.map((cell) => cell.place), this.go, this.hidden));
      }
      section.append(tables);
      return section;
    });
  }

  code(call) {
    const code = call.code.map((i) => data.codes[i]);
    if (!code.length) return el("span");
    const shown = el("pre", { tabindex: "0" }, el("code"));
    const pick = (i) => { shown.firstChild.textContent = code[i].text; where.textContent = code[i].where; tabs.forEach((t, k) => t.setAttribute("aria-pressed", String(k === i))); };
    const where = el("code", { class: "where" });
    const tabs = code.map((c, i) => el("button", { type: "button", class: "small", onclick: () => pick(i), text: c.method }));
    const section = el("section", { class: "code", "aria-label": "The code that computed it" }, el("h3", { text: "The code that computed it" }), el("div", { class: "tabs" }, tabs, where), shown);
    const late = this.quantity.of.startsWith("d") && code.some((c) => c.method === "backward");
    pick(late ? code.findIndex((c) => c.method === "backward") : 0);
    return section;
  }
}

/** The smallest block of an array that holds these cells, as a table; axes along which only one index occurs are named above. */
function patch(quantity, places, go, hidden) {
  const all = places.map((place) => indexOf(place, quantity.shape)), inside = new Set(places);
  const low = quantity.shape.map((_, axis) => Math.min(...all.map((i) => i[axis])));
  const high = quantity.shape.map((_, axis) => Math.max(...all.map((i) => i[axis])));
  const varying = low.map((_, axis) => axis).filter((axis) => high[axis] > low[axis]);
  const [rows = -1, columns = -1] = varying.length > 1 ? varying : [-1, varying[0] ?? -1];
  const others = varying.filter((axis) => axis !== rows && axis !== columns);
  const box = el("figure", { class: "patch" }, el("figcaption", {}, el("code", { text: quantity.name }), " ", low.map((l, axis) => (high[axis] > l ? `${l}…${high[axis]}` : l)).join(", ")));
  const along = (axis) => (axis < 0 ? [0] : Array.from({ length: high[axis] - low[axis] + 1 }, (_, k) => low[axis] + k));
  const most = Math.max(...places.map((place) => Math.abs(quantity.at(place))), 1e-300);
  const each = (axes, index) => {
    if (axes.length) { for (const k of along(axes[0]).slice(0, 4)) each(axes.slice(1), index.map((i, axis) => (axis === axes[0] ? k : i))); return; }
    const paint = colours();
    box.append(el("table", {}, others.length ? el("caption", { text: others.map((axis) => `axis ${axis}: ${index[axis]}`).join(", ") }) : null, el("tbody", {}, along(rows).slice(0, 12).map((r) => el("tr", {}, along(columns).slice(0, 12).map((c) => {
      const at = index.slice();
      if (rows >= 0) at[rows] = r;
      if (columns >= 0) at[columns] = c;
      const place = placeOf(at, quantity.shape), value = quantity.at(place);
      const cell = el("td", { class: inside.has(place) ? "in" : "out" }, el("a", { class: "cell", href: "#" + linkTo(quantity, place), text: hidden(quantity, place) ? "?" : text(value, 3), onclick: (event) => { event.preventDefault(); go(quantity, place); } }));
      const [colour, dark] = shade(value, most, paint);
      if (inside.has(place)) { cell.style.background = `rgb(${colour})`; cell.firstChild.style.color = dark ? "#fff" : "#14161a"; }
      return cell;
    }))))));
  };
  each(others, low);
  return box;
}
