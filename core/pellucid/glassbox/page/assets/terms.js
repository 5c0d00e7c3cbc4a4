// Terms: what a number is the sum of; and what the terms of a long sum have in common. As terms.py and pattern.py.

const MOST = 100000;

function termsOf(expr) {
  const finished = [], pending = [{ sign: 1, factors: [expr], before: [], after: [], over: [] }];
  let opened = false;
  while (pending.length) {
    const part = simplified(pending.pop());
    const place = additive(part);
    const args = place === null ? [] : part.factors[place].args;
    if (place === null || (opened && finished.length + pending.length + args.length > MOST)) {
      finished.push(finish(part));
      continue;
    }
    opened = true;
    const name = part.factors[place].op;
    const before = [...part.before, ...part.factors.slice(0, place)], after = [...part.factors.slice(place + 1), ...part.after];
    for (let i = args.length - 1; i >= 0; i--) {
      pending.push({ sign: name === "subtract" && i ? -part.sign : part.sign, factors: [args[i]], before, after, over: part.over });
    }
  }
  const shown = finished.filter((term) => !term.zero);
  return shown.length ? shown : finished.slice(0, 1);
}

function simplified(part) {
  let { sign } = part;
  const over = [...part.over], found = [], pending = [...part.factors].reverse();
  while (pending.length) {
    const factor = pending.pop();
    if (factor.op === "negative") { sign = -sign; pending.push(factor.args[0]); }
    else if (factor.op === "choose") pending.push(factor.args[0]);
    else if (factor.op === "product") pending.push(...[...factor.args].reverse());
    else if (factor.op === "divide") { pending.push(factor.args[0]); over.push(factor.args[1]); }
    else found.push(factor);
  }
  return { sign, factors: found, before: part.before, after: part.after, over };
}

function additive(part) {
  let best = null;
  part.factors.forEach((factor, i) => {
    if (factor.op !== "sum" && factor.op !== "subtract") return;
    const alone = part.factors.length === 1 && !part.before.length && !part.after.length && !part.over.length;
    if (!alone && factor.args.some((arg) => arg.op === "number" && arg.value !== 0)) return;
    if (best === null || factor.args.length > part.factors[best].args.length) best = i;
  });
  return best;
}

function finish(part) {
  const factors = [...part.before, ...part.factors, ...part.after].filter((f) => f.op !== "number" || f.value !== 1);
  let value = part.sign;
  for (const factor of factors) value *= factor.value;
  for (const divisor of part.over) value /= divisor.value;
  const product = (found) => (found.length === 1 ? found[0] : found.length ? new Expr("product", 0, found) : new Expr("number", 1));
  const quotient = part.over.length ? new Expr("divide", 0, [product(factors), product(part.over)]) : product(factors);
  const zero = value === 0 && factors.some((f) => f.op === "number" && f.value === 0); // a zero chosen in place of something
  return { value, zero, expr: part.sign > 0 ? quotient : new Expr("negative", value, [quotient]) };
}

/** Whether a sum that is taken apart is too long to be written out. */
function hasLongSum(expr) {
  const pending = [expr];
  for (let looked = 0; pending.length && looked < 50; looked++) {
    const each = pending.pop();
    if (each.op === "sum" && each.args.length > SHORT) return true;
    if (["sum", "subtract", "product", "divide", "negative", "choose"].includes(each.op)) pending.push(...each.args);
  }
  return pending.length > 0;
}

/** What has chosen an expression among others. */
function reasonsOf(expr) {
  const found = [];
  for (; expr.op === "choose"; expr = expr.args[0]) found.push(...expr.args.slice(1).filter((reason) => reason.op !== "number"));
  return found;
}

const bySizeOf = (terms) => [...terms].sort((a, b) => (Number.isNaN(b.value) - Number.isNaN(a.value)) || Math.abs(b.value) - Math.abs(a.value));

/** The cells of quantities that an expression was computed from, each once. */
function placesIn(expr) {
  const found = new Map(), seen = new Set(), pending = [expr];
  while (pending.length) {
    const each = pending.pop();
    if (each.quantity !== undefined) found.set(`${each.quantity.number}/${each.place}`, each);
    else if (each.args.length && !seen.has(each)) {
      seen.add(each);
      for (let i = each.args.length - 1; i >= 0; i--) pending.push(each.args[i]);
    }
  }
  return [...found.values()];
}

// -- patterns ---------------------------------------------------------------------------------------------------------

const LETTERS = "kijlmnt";

const shownPart = (expr) => { while (expr.op === "choose") expr = expr.args[0]; return expr; };

/** The first of terms that are built alike, with letters where indices run; null where they are not. */
function patternOf(terms) {
  if (terms.length > 20000) return null;
  const columns = endsOf(terms);
  if (columns === null) return null;
  const runs = [], names = new Map(), symbols = new Set(columns.map((cells) => cells[0].symbol));
  const free = [...LETTERS].filter((letter) => !symbols.has(letter)); // k stands for one thing
  for (const cells of columns) {
    if (cells[0].op === "number") {
      if (cells.some((cell) => cell.value !== cells[0].value)) return null;
      continue;
    }
    const axes = cells[0].index.length;
    const spoken = [];
    for (let axis = 0; axis < axes; axis++) spoken.push(spokenAxis(cells.map((cell) => cell.index[axis]), runs, free));
    const known = names.get(cells[0]);
    if (known && known.join() !== spoken.join()) return null;
    names.set(cells[0], spoken);
  }
  if (!runs.length || runs.length > free.length) return null;
  let combinations = 1;
  for (const { values } of runs) {
    const low = Math.min(...values), high = Math.max(...values);
    if (new Set(values).size !== high - low + 1) return null;
    combinations *= high - low + 1;
  }
  const together = new Set(terms.map((_, i) => runs.map(({ values }) => values[i]).join()));
  if (together.size !== terms.length || combinations !== terms.length) return null;
  const ranges = runs.map(({ letter, values }) => ({ letter, from: Math.min(...values), to: Math.max(...values) }));
  return { example: terms[0], ranges, names };
}

function spokenAxis(values, runs, free) {
  if (values.every((v) => v === values[0])) return String(values[0]);
  for (const run of runs) {
    const away = values[0] - run.values[0];
    if (values.every((v, i) => v - run.values[i] === away)) return run.letter + (away > 0 ? `+${away}` : away < 0 ? `−${-away}` : "");
    const both = values[0] + run.values[0];
    if (values.every((v, i) => v + run.values[i] === both)) return `${both}−${run.letter}`;
  }
  runs.push({ values, letter: free[runs.length % free.length] });
  return runs[runs.length - 1].letter;
}

function endsOf(terms) {
  const columns = [], pending = [[...terms]];
  let seen = 0;
  while (pending.length) {
    const column = pending.pop().map(shownPart), [first] = column;
    if (++seen > 40 || column.some((e) => e.op !== first.op || e.args.length !== first.args.length)) return null;
    if (!first.args.length) {
      if (first.op === "cell" && column.some((e) => e.symbol !== first.symbol || e.quantity !== first.quantity)) return null;
      columns.push(column);
    } else if (!column.every((e) => e === first)) {
      for (let i = first.args.length - 1; i >= 0; i--) pending.push(column.map((e) => e.args[i]));
    }
  }
  return columns;
}
