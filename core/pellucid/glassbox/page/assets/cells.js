// Cells: how each cell of each array follows from others, by the rules that pellucid.glassbox.rules has in Python.
// A node of the graph gives the value of a cell, at(place), and the expression that made it, expr(place, first).

class Expr {
  /** op: "cell", "number", "sum", "product", "choose", or the name of a function; see pellucid.glassbox.expr. */
  constructor(op, value, args = [], more = {}) {
    this.op = op;
    this.value = value;
    this.args = args;
    Object.assign(this, more); // symbol, index, quantity and place of a cell; opaque
  }
}
const ZERO = new Expr("number", 0);

function erf(x) { // Abramowitz and Stegun 7.1.6 for small, a continued fraction for large ones: to the last digits
  const size = Math.abs(x);
  if (size < 2.5) {
    let term = x, sum = x;
    for (let n = 1; n < 200 && Math.abs(term) > 1e-18 * Math.abs(sum); n++) { term *= (2 * x * x) / (2 * n + 1); sum += term; }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  if (size > 6) return Math.sign(x);
  let below = 0;
  for (let n = 60; n > 0; n--) below = n / 2 / (size + below);
  return Math.sign(x) * (1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (size + below));
}

function even(x) { // to the nearest, halves to the even one
  const low = Math.floor(x), rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}

const FUNCTIONS = {
  add: (a, b) => a + b, subtract: (a, b) => a - b, multiply: (a, b) => a * b, divide: (a, b) => a / b,
  negative: (a) => -a, positive: (a) => a, absolute: Math.abs, fabs: Math.abs, square: (a) => a * a, sqrt: Math.sqrt,
  power: (a, b) => (b === 2 ? a * a : Math.pow(a, b)), float_power: Math.pow, reciprocal: (a) => 1 / a,
  exp: Math.exp, exp2: (a) => Math.pow(2, a), expm1: Math.expm1, log: Math.log, log1p: Math.log1p, log2: Math.log2,
  log10: Math.log10, tanh: Math.tanh, sinh: Math.sinh, cosh: Math.cosh, sin: Math.sin, cos: Math.cos, tan: Math.tan,
  arctan: Math.atan, arcsin: Math.asin, arccos: Math.acos, arctan2: Math.atan2, arcsinh: Math.asinh, arctanh: Math.atanh,
  hypot: Math.hypot, cbrt: Math.cbrt, erf,
  maximum: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b)),
  minimum: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.min(a, b)),
  fmax: (a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b)),
  fmin: (a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b)),
  logaddexp: (a, b) => (a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))),
  floor: Math.floor, ceil: Math.ceil, trunc: Math.trunc, rint: even, sign: Math.sign,
  floor_divide: (a, b) => Math.floor(a / b), remainder: (a, b) => (b === 0 ? NaN : a - Math.floor(a / b) * b), fmod: (a, b) => a % b,
  greater: (a, b) => +(a > b), less: (a, b) => +(a < b), greater_equal: (a, b) => +(a >= b), less_equal: (a, b) => +(a <= b),
  equal: (a, b) => +(a === b), not_equal: (a, b) => +(a !== b),
  logical_and: (a, b) => +(!!a && !!b), logical_or: (a, b) => +(!!a || !!b), logical_not: (a) => +!a, logical_xor: (a, b) => +(!a !== !b),
  isnan: (a) => +Number.isNaN(a), isfinite: (a) => +Number.isFinite(a), isinf: (a) => +(Math.abs(a) === Infinity),
  astype_whole: Math.trunc, astype_bool: (a) => +(a !== 0), heaviside: (a, b) => (a > 0 ? 1 : a === 0 ? b : Number.isNaN(a) ? NaN : 0),
  deg2rad: (a) => a * Math.PI / 180, rad2deg: (a) => a * 180 / Math.PI,
};

/** Σ to the last digit, whatever the order: the partial sums do not overlap (Shewchuk, 1997). */
function exactSum(values) {
  const partials = [];
  for (let x of values) {
    if (!Number.isFinite(x)) return values.reduce((a, b) => a + b, 0);
    let kept = 0;
    for (let y of partials) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y, low = y - (high - x);
      if (low) partials[kept++] = low;
      x = high;
    }
    partials.length = kept;
    partials.push(x);
  }
  let sum = 0;
  for (let i = partials.length - 1; i >= 0; i--) sum += partials[i];
  return sum;
}

// -- simplifications, as in rules.py ----------------------------------------------------------------------------------

const isConstant = (expr, number) =>
  expr.op === "number" ? expr.value === number : number === 0 && expr.op === "cell" && expr.quantity === undefined && expr.value === 0;

function applied(name, value, args) {
  if (name === "multiply" || name === "product") {
    if (value === 0 && args.some((a) => isConstant(a, 0))) return ZERO;
    const kept = args.filter((a) => !isConstant(a, 1)).flatMap((a) => (a.op === "product" ? a.args : [a]));
    return kept.length === 1 ? kept[0] : new Expr("product", value, kept.length ? kept : args.slice(0, 1));
  }
  if (name === "divide" && isConstant(args[1], 1)) return args[0];
  if (name === "add" || name === "subtract") {
    if (isConstant(args[1], 0)) return args[0];
    if (isConstant(args[0], 0)) return name === "add" ? args[1] : new Expr("negative", value, args.slice(1));
  }
  if (name === "positive" || (name === "power" && isConstant(args[1], 1))) return args[0];
  return new Expr(name === "add" ? "sum" : name, value, args);
}

function totalled(value, args) {
  const kept = args.filter((a) => !(a.op === "number" && a.value === 0));
  if (kept.length === 1) return kept[0];
  return kept.length ? new Expr("sum", value, kept) : new Expr("number", value);
}

// -- nodes ------------------------------------------------------------------------------------------------------------

/** From a place in a broadcast shape to the place in an operand. */
function broadcaster(from, to) {
  if (sizeOf(from) === sizeOf(to)) return (place) => place;
  if (sizeOf(from) === 1) return () => 0;
  const own = stridesOf(from), lengths = to.slice(), steps = lengths.map(() => 0);
  for (let i = 0; i < from.length; i++) {
    const axis = to.length - from.length + i;
    steps[axis] = from[i] === 1 ? 0 : own[i];
  }
  return (place) => {
    let found = 0;
    for (let axis = lengths.length - 1; axis >= 0; axis--) {
      found += (place % lengths[axis]) * steps[axis];
      place = Math.floor(place / lengths[axis]);
    }
    return found;
  };
}

let asking = 0; // counts questions: within one, each cell is explained once

class Node_ {
  constructor(told, number) {
    this.letter = told[0];
    this.shape = told[1];
    this.told = told;
    this.number = number;
    this.size = sizeOf(this.shape);
    this.memo = null;
    this.constant = false;
    this.stands = null;
  }

  /** The value of a cell. */
  at(place) {
    if (!this.costly) return this.find(place);
    if (this.memo === null) { this.memo = new Float64Array(this.size); this.done = new Uint8Array(this.size); }
    if (!this.done[place]) { this.memo[place] = this.find(place); this.done[place] = 1; }
    return this.memo[place];
  }

  /** The expression of a cell; first: of the result of an equation itself, which is not explained by itself. */
  expr(place, first = false) {
    if (this.stands && !first) {
      const there = this.stands.places[place];
      if (there >= 0) return cellOf(quantities[this.stands.quantity], there, this.stands.symbol);
    }
    if (this.constant && this.shape.length) return new Expr("number", this.at(place));
    if (this.asked !== asking) { this.asked = asking; this.known = [new Map(), new Map()]; }
    const known = this.known[+first];
    if (!known.has(place)) known.set(place, this.explain(place, first));
    return known.get(place); // branches meet: a recurrence would have 2ⁿ of them
  }

  each(place) { return this.operands.map((operand, i) => operand.expr(this.maps[i](place))); }
}

function cellOf(quantity, place, symbol) {
  return new Expr("cell", quantity.at(place), [], { symbol, index: indexOf(place, quantity.shape), quantity, place });
}

const MAKERS = {
  q(node, [, , number, symbol]) {
    const quantity = quantities[number];
    node.find = (place) => quantity.at(place);
    node.explain = (place) => cellOf(quantity, place, symbol);
  },

  c(node, [, shape, value, symbol]) {
    node.constant = true;
    let at;
    if (value !== null && typeof value === "object") {
      const array = value.at ? unshuffled(value.at, node.size) : null;
      const same = parsed(value.all);
      at = array ? (place) => array[place] : () => same;
    } else {
      const number = parsed(value);
      at = () => number;
    }
    node.find = at;
    node.explain = (place) => symbol && !shape.length ? new Expr("cell", at(place), [], { symbol, index: [] }) : new Expr("number", at(place));
  },

  e(node, [, shape, name, operands, value]) {
    node.operands = operands.map(nodeAt);
    node.constant = node.operands.every((o) => o.constant);
    node.maps = node.operands.map((o) => broadcaster(o.shape, shape));
    const f = FUNCTIONS[name] ?? FUNCTIONS.astype_whole, [a, b] = node.operands, [m, n] = node.maps;
    if (value !== undefined) { const known = parsed(value); node.find = () => known; }
    else if (node.operands.length === 1) node.find = (place) => f(a.at(m(place)));
    else node.find = (place) => f(a.at(m(place)), b.at(n(place)));
    node.explain = (place) => applied(name, node.at(place), node.each(place));
  },

  m(node, [, shape, , operands, places]) {
    node.operands = operands.map(nodeAt);
    node.constant = node.operands.every((o) => o.constant);
    let source;
    if (places.steps) {
      const [start, ...steps] = places.steps, own = stridesOf(shape);
      if (steps.every((step, i) => step === own[i] || shape[i] === 1)) source = (place) => start + place;
      else source = (place) => {
        let found = start;
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          found += (place % shape[axis]) * steps[axis];
          place = Math.floor(place / shape[axis]);
        }
        return found;
      };
    } else {
      let all = null;
      source = (place) => (all ??= placesAt(places.at, node.size))[place];
    }
    const starts = [];
    node.operands.reduce((start, o) => (starts.push(start), start + o.size), 1);
    const owner = (there) => { let i = starts.length - 1; while (starts[i] > there) i--; return i; };
    if (node.operands.length === 1) {
      const [only] = node.operands;
      node.find = (place) => { const there = source(place); return there === 0 ? 0 : only.at(there - 1); };
    } else {
      node.find = (place) => {
        const there = source(place);
        if (there === 0) return 0;
        const i = owner(there);
        return node.operands[i].at(there - starts[i]);
      };
    }
    node.explain = (place, first) => {
      const there = source(place);
      if (there === 0) return ZERO;
      const i = owner(there);
      return node.operands[i].expr(there - starts[i], first);
    };
  },

  p(node, [, , operands, places, by]) {
    node.operands = operands.map(nodeAt);
    const [x, ...conditions] = node.operands;
    let all = null;
    const chosen = by.map((each) => each && placesAt(each, node.size));
    const source = (place) => (all ??= placesAt(places, node.size))[place];
    node.find = (place) => x.at(source(place));
    node.explain = (place) => {
      const because = conditions.flatMap((c, i) =>
        chosen[i] ? [c.expr(chosen[i][place])] : Array.from({ length: c.size }, (_, k) => c.expr(k)));
      return new Expr("choose", node.at(place), [x.expr(source(place)), ...because]);
    };
  },

  w(node, [, shape, operands]) {
    node.operands = operands.map(nodeAt);
    node.constant = node.operands.every((o) => o.constant);
    const [condition, yes, no = yes] = node.operands;
    const maps = [condition, yes, no].map((o) => broadcaster(o.shape, shape));
    node.find = (place) => condition.at(maps[0](place)) ? yes.at(maps[1](place)) : no.at(maps[2](place));
    node.explain = (place) => {
      const asked = maps[0](place);
      const chosen = condition.at(asked) ? yes.expr(maps[1](place)) : no.expr(maps[2](place));
      return condition.constant ? chosen : new Expr("choose", node.at(place), [chosen, condition.expr(asked)]);
    };
  },

  r(node, [, , name, operand, axes]) {
    const x = nodeAt(operand);
    node.operands = [x];
    node.constant = x.constant;
    node.costly = true;
    const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
    const lengths = axes.map((axis) => x.shape[axis]), count = sizeOf(lengths), strides = stridesOf(x.shape);
    const outer = kept.map((axis) => x.shape[axis]);
    const inside = Array.from({ length: count }, (_, k) =>
      indexOf(k, lengths).reduce((place, i, j) => place + i * strides[axes[j]], 0));
    const start = (place) => indexOf(place, outer).reduce((found, i, j) => found + i * strides[kept[j]], 0);
    const reduce = {
      sum: (at) => { let sum = 0; for (let k = 0; k < count; k++) sum += at(k); return sum; },
      prod: (at) => { let found = 1; for (let k = 0; k < count; k++) found *= at(k); return found; },
      max: (at) => { let best = at(0); for (let k = 1; k < count; k++) best = FUNCTIONS.maximum(best, at(k)); return best; },
      min: (at) => { let best = at(0); for (let k = 1; k < count; k++) best = FUNCTIONS.minimum(best, at(k)); return best; },
      any: (at) => { for (let k = 0; k < count; k++) if (at(k)) return 1; return 0; },
      all: (at) => { for (let k = 0; k < count; k++) if (!at(k)) return 0; return 1; },
      argmax: (at) => { let best = 0; for (let k = 1; k < count; k++) if (at(k) > at(best)) best = k; return best; },
      argmin: (at) => { let best = 0; for (let k = 1; k < count; k++) if (at(k) < at(best)) best = k; return best; },
      count_nonzero: (at) => { let found = 0; for (let k = 0; k < count; k++) found += at(k) ? 1 : 0; return found; },
    }[name];
    node.find = (place) => { const from = start(place); return reduce((k) => x.at(from + inside[k])); };
    node.explain = (place) => {
      const from = start(place), args = inside.map((k) => x.expr(from + k)), value = node.at(place);
      if (name === "sum") return totalled(value, args);
      return name === "prod" && args.length ? applied("product", value, args) : new Expr(name, value, args);
    };
  },

  k(node, [, , operands, inputs, output]) {
    node.operands = operands.map(nodeAt);
    node.constant = node.operands.every((o) => o.constant);
    node.costly = true;
    const letters = [...new Set([...node.operands.flatMap((o, i) => (o.constant && o.shape.length ? [...inputs[i]] : [])), ...inputs.join("")])];
    const lengths = {};
    node.operands.forEach((o, i) => [...inputs[i]].forEach((c, axis) => { lengths[c] = Math.max(lengths[c] ?? 1, o.shape[axis]); }));
    const inner = letters.filter((c) => !output.includes(c));
    const steps = node.operands.map((o, i) => {
      const strides = stridesOf(o.shape), found = {};
      [...inputs[i]].forEach((c, axis) => { found[c] = (found[c] ?? 0) + (o.shape[axis] === 1 ? 0 : strides[axis]); });
      return found;
    });
    // A constant operand whose letters are all chosen and whose cell is zero ends the search there.
    const checks = Array.from({ length: inner.length + 1 }, () => []);
    node.operands.forEach((o, i) => {
      if (!(o.constant && o.shape.length)) return;
      checks[Math.max(0, ...[...inputs[i]].map((c) => inner.indexOf(c) + 1))].push(i);
    });
    const count = node.operands.length;
    const walk = (place, visit) => {
      const fixed = indexOf(place, node.shape), cells = new Array(count).fill(0);
      [...output].forEach((c, axis) => { for (let i = 0; i < count; i++) cells[i] += fixed[axis] * (steps[i][c] ?? 0); });
      const deeper = (depth) => {
        for (const i of checks[depth]) if (node.operands[i].at(cells[i]) === 0) return;
        if (depth === inner.length) { visit(cells); return; }
        const c = inner[depth], n = lengths[c];
        for (let k = 0; k < n; k++) {
          deeper(depth + 1);
          for (let i = 0; i < count; i++) cells[i] += steps[i][c] ?? 0;
        }
        for (let i = 0; i < count; i++) cells[i] -= n * (steps[i][c] ?? 0);
      };
      deeper(0);
    };
    const product = (cells) => { let found = 1; for (let i = 0; i < count; i++) found *= node.operands[i].at(cells[i]); return found; };
    if (count === 2 && inner.length === 1 && !checks.flat().length) { // a plain matrix product, without the search
      const [a, b] = node.operands, [c] = inner, n = lengths[c], da = steps[0][c] ?? 0, db = steps[1][c] ?? 0;
      node.find = (place) => {
        const fixed = indexOf(place, node.shape);
        let i = 0, j = 0, sum = 0;
        for (let axis = 0; axis < output.length; axis++) { i += fixed[axis] * (steps[0][output[axis]] ?? 0); j += fixed[axis] * (steps[1][output[axis]] ?? 0); }
        for (let k = 0; k < n; k++, i += da, j += db) sum += a.at(i) * b.at(j);
        return sum;
      };
    } else node.find = (place) => { let sum = 0; walk(place, (cells) => { sum += product(cells); }); return sum; };
    let varying = null;
    node.explain = (place) => {
      if (varying === null) {
        const plain = (o) => { for (let i = 0; i < o.size; i++) { const v = o.at(i); if (v !== 0 && v !== 1) return false; } return true; };
        varying = node.operands.map((_, i) => i).filter((i) => { const o = node.operands[i]; return !(o.constant && o.shape.length && plain(o)); });
        if (!varying.length) varying = node.operands.map((_, i) => i);
      }
      const found = [];
      walk(place, (cells) => {
        const factors = varying.map((i) => node.operands[i].expr(cells[i]));
        if (factors.length === 1) found.push(factors[0]);
        else found.push(factors.length === 2 && factors.every((f) => f.op !== "number") ? new Expr("product", product(cells), factors) : applied("product", product(cells), factors));
      });
      return totalled(node.at(place), found);
    };
  },

  s(node, [, , operands, places, count]) {
    node.operands = operands.map(nodeAt);
    node.costly = true;
    const [old, added] = node.operands;
    let lists = null;
    const at = (place) => {
      if (lists === null) {
        lists = new Map();
        placesAt(places, count).forEach((there, i) => { if (!lists.has(there)) lists.set(there, []); lists.get(there).push(i); });
      }
      return lists.get(place) ?? [];
    };
    node.find = (place) => at(place).reduce((sum, i) => sum + added.at(i), old.at(place));
    node.explain = (place) => totalled(node.at(place), [old.expr(place), ...at(place).map((i) => added.expr(i))]);
  },

  o(node, [, , name, operands, value]) {
    node.operands = operands.map(nodeAt);
    const known = value !== null && typeof value === "object" ? (value.at ? unshuffled(value.at, node.size) : null) : null;
    const all = value !== null && typeof value === "object" ? parsed(value.all) : parsed(value);
    node.find = (place) => (known ? known[place] : all);
    node.explain = (place) => {
      const args = [];
      for (const o of node.operands) for (let i = 0; i < o.size && args.length < 2000; i++) args.push(o.expr(i));
      return new Expr(name, node.at(place), args, { opaque: true });
    };
  },
};

const nodes = [];
function nodeAt(number) {
  if (nodes[number] === undefined) {
    const told = data.nodes[number], node = new Node_(told, number);
    nodes[number] = node;
    MAKERS[told[0]](node, told);
    if (shared.has(number) && !"qc".includes(told[0])) node.costly = true;
    const stands = data.stands[number];
    if (stands) node.stands = { quantity: stands[0], symbol: stands[1], places: placesAt(stands[2], node.size) };
  }
  return nodes[number];
}

/** Nodes that several are made of: their cells are computed once. */
const shared = new Set();
{
  const seen = new Set();
  const uses = { e: (t) => t[3], m: (t) => t[3], p: (t) => t[2], w: (t) => t[2], r: (t) => [t[3]], k: (t) => t[2], s: (t) => t[2], o: (t) => t[3] };
  for (const told of data.nodes) for (const i of new Set(uses[told[0]]?.(told) ?? [])) (seen.has(i) ? shared : seen).add(i);
}

/** The expression of a cell of a quantity; null where nothing tells how it was made. */
function why(quantity, place) {
  asking++;
  return quantity.node === undefined ? null : nodeAt(quantity.node).expr(place, true);
}
