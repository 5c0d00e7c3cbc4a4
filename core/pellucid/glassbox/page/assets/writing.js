// Writing: expressions as elements, in symbols or with numbers put in. Cells are links to their own why.

const SHORT = 4, DEEP = 9, LONG = 600, MOST_PARTS = 2000;
const [SUM, PRODUCT, SIGN, POWER, ATOM] = [0, 1, 2, 3, 4];
const COMPARED = {
  equal: "=", not_equal: "≠", less: "<", less_equal: "≤", greater: ">", greater_equal: "≥", logical_and: "and",
  logical_or: "or", bitwise_and: "and", bitwise_or: "or",
};
const CALLED = { maximum: "max", minimum: "min", absolute: "abs", remainder: "mod", logical_not: "not", invert: "not" };
const HATS = { xhat: "x̂", mhat: "m̂", vhat: "v̂", hhat: "ĥ", eps: "ε", theta: "θ", prediction: "ŷ" };

/** A name of the equations as it is read: dgamma is dγ, beta1 is β₁. */
function symbolText(symbol) {
  if (symbol in HATS) return HATS[symbol];
  const match = /^(d?)([A-Za-z]+?)(\d*)$/.exec(symbol);
  if (!match) return symbol;
  const [, d, head, digits] = match;
  const below = [...digits].map((c) => "₀₁₂₃₄₅₆₇₈₉"[c]).join("");
  if (symbol in GREEK) return GREEK[symbol];
  if (head in GREEK) return d + GREEK[head] + below;
  if ((d + head) in GREEK) return GREEK[d + head] + below;
  return d + head + below;
}

/** Writes with symbols, or with numbers; `go` is called with the quantity and place of a cell that was chosen. */
class Writer {
  constructor({ numbers = false, go = null, hidden = null } = {}) {
    Object.assign(this, { numbers, go, hidden });
  }

  /** The expression, as deep as it can be read. */
  write(expr) {
    for (const deep of [DEEP, 5, 3, 2]) {
      this.deep = deep;
      this.left = MOST_PARTS;
      const made = el("span", { class: "expr" }, this.part(expr, SUM, 0, null));
      if ((this.left > 0 && made.textContent.length <= LONG) || deep === 2) return made;
    }
  }

  part(expr, around, depth, pattern) {
    if (depth > (this.deep ?? DEEP) || --this.left < 0) return [this.numbers ? text(expr.value) : "…"];
    const [shown, binds] = this.parts(expr, depth, pattern);
    return binds >= around ? shown : ["(", ...shown, ")"];
  }

  /** What is shown, and how tightly it binds. */
  parts(expr, depth, pattern) {
    const { op, args } = expr;
    if (op === "number") return [[text(expr.value)], expr.value < 0 ? SIGN : ATOM];
    if (op === "cell") return this.cell(expr, pattern);
    if (op === "choose") return this.parts(args[0], depth, pattern);
    if (op === "sum" && args.every((arg) => arg.op === "number")) return [[text(expr.value)], expr.value < 0 ? SIGN : ATOM]; // how many there are, say
    if (op === "sum") return [this.sum(expr, depth, pattern), SUM];
    const one = (i, around) => this.part(args[i], around, depth + 1, pattern);
    if (op === "subtract") return [[...one(0, SUM), ` ${MINUS} `, ...one(1, PRODUCT)], SUM];
    if (op === "negative") {
      const part = one(0, PRODUCT), signed = this.starts(args[0], part);
      return [signed ? [MINUS, "(", ...part, ")"] : [MINUS, ...part], depth ? SIGN : SUM];
    }
    if (op === "product") {
      if (args.length > SHORT * 2) return [this.called(expr, depth, pattern), ATOM];
      return [args.flatMap((_, i) => [...(i ? ["·"] : []), ...one(i, i ? POWER : SIGN)]), PRODUCT];
    }
    if (op === "divide") return [[...one(0, PRODUCT), " / ", ...one(1, POWER)], PRODUCT];
    if (op === "power" || op === "square") {
      const exponent = op === "square" ? ["2"] : this.part(args[1], ATOM, depth + 1, pattern);
      return [[...one(0, ATOM), el("sup", {}, exponent)], POWER];
    }
    if (op in COMPARED && args.length === 2) return [["[", ...one(0, SUM), ` ${COMPARED[op]} `, ...one(1, SUM), "]"], ATOM];
    if (op === "sqrt") return [["√", "(", ...one(0, SUM), ")"], ATOM];
    if (op.startsWith("astype")) return this.parts(args[0], depth, pattern);
    return [this.called(expr, depth, pattern), ATOM];
  }

  cell(expr, pattern) {
    const hides = this.hidden && expr.quantity && this.hidden(expr.quantity, expr.place);
    const index = pattern?.names.get(expr) ?? expr.index.map(String);
    const symbol = symbolText(expr.symbol || (expr.quantity ? expr.quantity.of || expr.quantity.name : ""));
    const shown = this.numbers ? [hides ? "?" : text(expr.value)] : [el("i", { text: symbol }), index.length ? el("sub", { text: index.join(",") }) : null];
    const binds = this.numbers && expr.value < 0 ? SIGN : ATOM;
    if (!expr.quantity || !this.go || (pattern && !this.numbers && index.join() !== expr.index.join())) return [shown, binds];
    const link = el("a", {
      class: "cell", href: "#" + linkTo(expr.quantity, expr.place), title: `${expr.quantity.cell(expr.place)} = ${hides ? "?" : precise(expr.value, expr.quantity.kind)}`,
      onclick: (event) => { event.preventDefault(); this.go(expr.quantity, expr.place); },
    }, shown);
    return [[link], binds];
  }

  called(expr, depth, pattern) {
    const most = expr.opaque ? 2 : SHORT;
    const finite = expr.args.filter((arg) => arg.op !== "number" || Math.abs(arg.value) !== Infinity);
    const args = /^(max|min)/.test(expr.op) && finite.length ? finite : expr.args; // −∞ beside a number is never the largest
    const shown = args.slice(0, most).flatMap((arg, i) => [...(i ? [", "] : []), ...this.part(arg, SUM, depth + 1, pattern)]);
    return [CALLED[expr.op] ?? expr.op, "(", ...shown, ...(args.length > most ? [", …"] : []), ")"];
  }

  sum(expr, depth, pattern) {
    const { args } = expr;
    if (args.length > SHORT) {
      if (this.numbers && depth) return [text(expr.value)];
      const found = this.numbers || pattern ? null : patternOf(args);
      if (found) return this.summed(found, depth);
      if (pattern) return ["Σ…"];
      const ends = [0, 1, args.length - 1].map((i) => this.part(args[i], SUM, depth + 1, null));
      return [...ends[0], ...this.plus(args[1], ends[1]), " + … ", ...this.plus(args[args.length - 1], ends[2])];
    }
    return args.flatMap((arg, i) => {
      const part = this.part(arg, SUM, depth + 1, pattern);
      return i ? this.plus(arg, part) : part;
    });
  }

  /** Whether what is written begins with a minus sign. */
  starts(arg, part) {
    const first = typeof part[0] === "string" ? part[0] : part[0]?.textContent ?? "";
    return first.startsWith(MINUS);
  }

  plus(arg, part) {
    if (typeof part[0] === "string" && part[0].startsWith(MINUS)) return [` ${MINUS} `, part[0].slice(MINUS.length), ...part.slice(1)];
    if (this.numbers && part[0] instanceof Element && this.starts(arg, part)) { // −0.7·0.2 is taken away
      part[0].textContent = part[0].textContent.slice(MINUS.length);
      return [` ${MINUS} `, ...part];
    }
    return this.starts(arg, part) ? [" + (", ...part, ")"] : [" + ", ...part];
  }

  summed(found, depth) {
    const letters = found.ranges.map((r) => r.letter).join(",");
    const range = found.ranges.map((r) => `${r.letter} = ${r.from} … ${r.to}`).join(", ");
    return [el("span", { class: "sigma", title: range }, "Σ", el("sub", { text: letters })), " ", ...this.part(found.example, PRODUCT, depth + 1, found)];
  }
}

const linkTo = (quantity, place) => encodeURIComponent(quantity.cell(place).replace(/, /g, ","));
