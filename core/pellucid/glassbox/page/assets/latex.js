// LaTeX to MathML, of the subset in which components write their equations.

const MATHML = "http://www.w3.org/1998/Math/MathML";
const GREEK = {
  alpha: "α", beta: "β", gamma: "γ", delta: "δ", epsilon: "ϵ", varepsilon: "ε", zeta: "ζ", eta: "η", theta: "θ", kappa: "κ",
  lambda: "λ", mu: "μ", nu: "ν", xi: "ξ", pi: "π", rho: "ρ", sigma: "σ", tau: "τ", phi: "φ", varphi: "φ", chi: "χ",
  psi: "ψ", omega: "ω", Gamma: "Γ", Delta: "Δ", Theta: "Θ", Lambda: "Λ", Sigma: "Σ", Phi: "Φ", Psi: "Ψ", Omega: "Ω",
  ell: "ℓ", partial: "∂", infty: "∞", nabla: "∇", top: "⊤", bot: "⊥", emptyset: "∅", varnothing: "∅", "#": "#",
};
const OPERATORS = {
  odot: "⊙", cdot: "·", times: "×", circ: "∘", sim: "∼", le: "≤", leq: "≤", ge: "≥", geq: "≥", ne: "≠", neq: "≠",
  leftarrow: "←", rightarrow: "→", to: "→", mapsto: "↦", mid: "∣", in: "∈", notin: "∉", approx: "≈", equiv: "≡",
  propto: "∝", pm: "±", dots: "…", ldots: "…", cdots: "⋯", vdots: "⋮", wedge: "∧", vee: "∨", neg: "¬", forall: "∀",
  exists: "∃", cup: "∪", cap: "∩", subset: "⊂", setminus: "∖", star: "⋆", ast: "∗", oplus: "⊕", otimes: "⊗", ll: "≪",
  gg: "≫", Rightarrow: "⇒", Leftrightarrow: "⇔", colon: ":", prime: "′", backslash: "\\",
};
const FENCES = {
  lfloor: "⌊", rfloor: "⌋", lceil: "⌈", rceil: "⌉", lVert: "‖", rVert: "‖", Vert: "‖", lvert: "|", rvert: "|", vert: "|",
  langle: "⟨", rangle: "⟩", "{": "{", "}": "}",
};
const LARGE = { sum: "∑", prod: "∏", int: "∫", bigcup: "⋃" };
const NAMED = ["max", "min", "log", "exp", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arg", "det", "ln", "sup", "inf", "lim", "Pr"];
const LIMITS = new Set(["max", "min", "sup", "inf", "lim"]);
const ACCENTS = { hat: "^", bar: "¯", tilde: "~", dot: "˙", vec: "→", overline: "¯", widehat: "^" };
const SPACES = { ",": 0.167, ":": 0.222, ";": 0.278, " ": 0.25, "!": -0.167, quad: 1, qquad: 2 };

function math(name, options = {}, ...children) {
  const made = document.createElementNS(MATHML, name);
  for (const [key, value] of Object.entries(options)) made.setAttribute(key, value);
  return append(made, children);
}

/** Words: commands, braces, scripts, letters, numbers. */
function words(source) {
  return source.match(/\\[a-zA-Z]+|\\.|[{}^_&]|[0-9]+(?:\.[0-9]+)?|\s+|[^]/gu) ?? [];
}

class Parser {
  constructor(source) {
    this.words = words(source);
    this.place = 0;
  }

  peek() { return this.words[this.place]; }
  next() { return this.words[this.place++]; }
  skip() { while (/^\s/.test(this.peek() ?? "")) this.place++; }

  /** Everything up to one of these, as the children of a row. */
  row(ends = []) {
    const found = [];
    for (;;) {
      this.skip();
      const word = this.peek();
      if (word === undefined || ends.includes(word)) return found;
      if (word === "}") throw new Error("a } without {");
      found.push(this.scripted());
    }
  }

  /** An atom with what stands below and above it. */
  scripted() {
    const base = this.atom();
    let under = null, over = null, primes = "";
    for (;;) {
      this.skip();
      const word = this.peek();
      if (word === "_" && !under) { this.next(); under = this.argument(); }
      else if (word === "^" && !over) { this.next(); over = this.argument(); }
      else if (word === "'") { this.next(); primes += "′"; }
      else break;
    }
    if (primes) {
      const prime = math("mo", {}, primes);
      over = over ? math("mrow", {}, prime, over) : prime;
    }
    const stacked = base.limits && !this.inText;
    const kind = stacked ? ["munder", "mover", "munderover"] : ["msub", "msup", "msubsup"];
    if (under && over) return math(kind[2], {}, base.node, under, over);
    if (under) return math(kind[0], {}, base.node, under);
    if (over) return math(kind[1], {}, base.node, over);
    return base.node;
  }

  /** One argument: a group or a single atom. */
  argument() {
    this.skip();
    if (this.peek() === "{") return this.group();
    const word = this.peek() ?? "";
    if (/^[0-9]./.test(word)) this.words.splice(this.place, 1, word[0], word.slice(1)); // \tfrac12 is a half
    return this.atom().node;
  }

  /** The rows and columns of an environment. */
  table(name) {
    const rows = [[]];
    for (;;) {
      rows[rows.length - 1].push(math("mtd", {}, this.row(["&", "\\\\", "\\end"])));
      const word = this.next();
      if (word === "\\\\") rows.push([]);
      else if (word !== "&") break;
    }
    if (this.letters() !== name) throw new Error(`\\begin{${name}} without \\end{${name}}`);
    const inside = rows.map((cells) => math("mtr", {}, cells));
    if (name === "aligned") return math("mtable", { columnalign: "right left", class: "aligned", displaystyle: "true" }, inside);
    if (name === "cases") return math("mrow", {}, math("mo", { stretchy: "true" }, "{"), math("mtable", { columnalign: "left left" }, inside));
    const fence = { pmatrix: ["(", ")"], bmatrix: ["[", "]"], vmatrix: ["|", "|"], matrix: ["", ""] }[name];
    if (!fence) throw new Error(`\\begin{${name}} is not known here`);
    return math("mrow", {}, math("mo", { stretchy: "true" }, fence[0]), math("mtable", {}, inside), math("mo", { stretchy: "true" }, fence[1]));
  }

  group() {
    this.expect("{");
    const found = this.row(["}"]);
    this.expect("}");
    return found.length === 1 ? found[0] : math("mrow", {}, found);
  }

  expect(word) {
    this.skip();
    const got = this.next();
    if (got !== word) throw new Error(`expected ${word}, received ${got ?? "the end"}`);
  }

  /** The letters of a group as they stand. */
  letters() {
    this.skip();
    if (this.peek() !== "{") return this.next() ?? "";
    this.next();
    let found = "", depth = 1;
    for (;;) {
      const word = this.next();
      if (word === undefined) throw new Error("a { without }");
      if (word === "{") depth++;
      if (word === "}" && --depth === 0) return found;
      found += word === "\\ " ? " " : word.replace(/^\\([_{}%&#$])$/, "$1");
    }
  }

  atom() {
    const word = this.next();
    if (word === undefined) throw new Error("something is missing at the end");
    if (word === "{") { this.place--; return { node: this.group() }; }
    if (word[0] === "\\") return this.command(word.slice(1));
    if (/^[0-9]/.test(word)) return { node: math("mn", {}, word) };
    if (/^[a-zA-Zα-ωΑ-Ω]$/u.test(word)) return { node: math("mi", {}, word) };
    if (word === "-") return { node: math("mo", {}, "−") };
    if ("()[]|".includes(word)) return { node: math("mo", { stretchy: "false" }, word) };
    if (word === "~") return { node: math("mspace", { width: "0.25em" }) };
    return { node: math("mo", {}, word) };
  }

  command(name) {
    if (name in GREEK) return { node: math("mi", {}, GREEK[name]) };
    if (name in OPERATORS) return { node: math("mo", {}, OPERATORS[name]) };
    if (name in FENCES) return { node: math("mo", { stretchy: "false" }, FENCES[name]) };
    if (name in LARGE) return { node: math("mo", { movablelimits: "false" }, LARGE[name]), limits: name !== "int" && !this.small };
    if (NAMED.includes(name)) return { node: math("mi", { mathvariant: "normal" }, name), limits: LIMITS.has(name) };
    if (name in SPACES) return { node: math("mspace", { width: `${SPACES[name]}em` }) };
    if (name in ACCENTS) return { node: math("mover", { accent: "true" }, this.argument(), math("mo", { stretchy: name === "overline" ? "true" : "false" }, ACCENTS[name])) };
    switch (name) {
      case "frac": case "tfrac": case "dfrac": {
        const over = this.argument(), under = this.argument();
        const node = math("mfrac", {}, over, under);
        return { node: name === "tfrac" ? math("mstyle", { displaystyle: "false", scriptlevel: "0" }, node) : node };
      }
      case "sqrt": {
        this.skip();
        if (this.peek() !== "[") return { node: math("msqrt", {}, this.argument()) };
        this.next();
        const degree = math("mrow", {}, this.row(["]"]));
        this.expect("]");
        return { node: math("mroot", {}, this.argument(), degree) };
      }
      case "text": case "textrm": case "mbox": return { node: math("mtext", {}, this.letters().replace(/ /g, "\u00a0")) };
      case "mathrm": case "operatorname": case "mathsf": case "mathtt": {
        const letters = this.letters();
        return { node: math("mi", { mathvariant: "normal" }, letters.replace(/\\,/g, " ")) };
      }
      case "mathit": case "boldsymbol": case "mathbf": return { node: math("mi", {}, this.letters()) };
      case "mathcal": {
        const letters = { N: "𝒩", U: "𝒰", L: "ℒ", D: "𝒟", B: "ℬ", H: "ℋ", O: "𝒪", S: "𝒮" };
        return { node: math("mi", {}, [...this.letters()].map((c) => letters[c] ?? c).join("")) };
      }
      case "mathbb": {
        const letters = { R: "ℝ", N: "ℕ", Z: "ℤ", E: "𝔼", P: "ℙ" };
        return { node: math("mi", {}, [...this.letters()].map((c) => letters[c] ?? c).join("")) };
      }
      case "textstyle": this.small = true; return { node: math("mrow") };
      case "displaystyle": case "limits": case "nolimits": return { node: math("mrow") };
      case "bigl": case "bigr": case "Bigl": case "Bigr": case "big": case "Big": return { node: this.fence("1.6em") };
      case "left": {
        const open = this.fence();
        const inside = this.row(["\\right"]);
        this.expect("\\right");
        return { node: math("mrow", {}, open, inside, this.fence()) };
      }
      case "underbrace": return { node: math("munder", {}, this.argument(), math("mo", { stretchy: "true" }, "⏟")), limits: true };
      case "begin": return { node: this.table(this.letters()) };
      case "underline": return { node: this.argument() };
      default: throw new Error(`\\${name} is not known here`);
    }
  }

  fence(size) {
    this.skip();
    const word = this.next() ?? "";
    const letter = word === "." ? "" : word[0] === "\\" ? FENCES[word.slice(1)] ?? OPERATORS[word.slice(1)] ?? "" : word;
    const options = { stretchy: "true", symmetric: "true" };
    if (size) { options.minsize = size; options.maxsize = size; }
    return math("mo", options, letter);
  }
}

/** A formula. What is not understood is shown as it was written, and counted for whoever tests the page. */
function formula(source, display = true) {
  try {
    const parser = new Parser(source);
    const made = math("math", { display: display ? "block" : "inline" }, math("mrow", {}, parser.row()));
    if (parser.peek() !== undefined) throw new Error(`${parser.peek()} has no beginning`);
    made.setAttribute("aria-label", source);
    return made;
  } catch (error) {
    formula.failures.push(`${source}: ${error.message}`);
    return el("code", { class: "raw", title: error.message, text: source });
  }
}
formula.failures = [];
