// Exercises: a number is hidden, and the answer to it marked.

class Exercise {
  constructor(root, { go, steps }) {
    Object.assign(this, { root, go, steps });
    this.target = null;
    this.right = 0; this.tried = 0;
  }

  get on() { return this.target !== null; }

  hides(quantity, place) { return this.target !== null && !this.solved && quantity.first === this.target.quantity.first && place === this.target.place; }

  /** A cell of this step, or of another, with a few terms that are not zero. */
  begin(stepNumber, random = Math.random) {
    const tries = [];
    const candidates = (step) => data.steps[step].names.map((n) => quantities[n]).filter((q) => q.same === undefined && q.node !== undefined && q.size > 0 && q.kind !== "u1");
    let pool = candidates(stepNumber);
    if (!pool.length) pool = data.steps.flatMap((_, i) => candidates(i));
    for (let k = 0; k < 60 && pool.length; k++) {
      const quantity = pool[Math.floor(random() * pool.length)], place = Math.floor(random() * quantity.size);
      const value = quantity.at(place);
      if (!Number.isFinite(value)) continue;
      const found = Panel.taken(quantity, place);
      if (!found || found.expr.opaque || !found.parents.length || found.terms.length > 2000) continue;
      const busy = found.terms.filter((t) => t.value !== 0).length;
      tries.push({ quantity, place, found, cost: (value === 0 ? 100 : 0) + (found.expr.op === "cell" ? 200 : 0) + (busy > 8 ? busy : 0) + (busy < 2 ? 3 : 0) });
      if (tries[tries.length - 1].cost === 0) break;
    }
    if (!tries.length) { this.say("Nothing of this step can be worked out by hand. Choose another step."); return; }
    const best = tries.sort((a, b) => a.cost - b.cost)[0];
    this.ask(best.quantity, best.place, best.found);
  }

  ask(quantity, place, found) {
    this.target = { quantity, place };
    this.solved = false;
    const value = quantity.at(place), size = found.terms.reduce((sum, t) => sum + Math.abs(t.value), 0);
    this.answer = value;
    this.tolerance = 0.01 * Math.abs(value) + 0.0005 * size;
    this.go(quantity, place);
    clear(this.root);
    this.input = el("input", { type: "text", inputmode: "text", autocomplete: "off", "aria-label": `Your answer for ${quantity.cell(place)}`, size: 14 });
    this.verdict = el("p", { class: "verdict", role: "status" });
    append(this.root, [
      el("p", {}, "What is ", el("code", { text: quantity.cell(place) }), "? Work it out from the equation and the numbers below."),
      el("form", { onsubmit: (event) => { event.preventDefault(); this.mark(this.input.value); } }, this.input, el("button", { type: "submit", text: "Check" }),
        el("button", { type: "button", onclick: () => this.reveal(), text: "Show the answer" }), el("button", { type: "button", onclick: () => this.begin(this.steps()), text: "Another" }), el("button", { type: "button", onclick: () => this.end(), text: "End" })),
      el("p", { class: "note" }, `An answer within ±${text(this.tolerance, 2)} is right: 1 % of the number, and what rounding the numbers shown can do. Write 0.25, -3.1e-5 or 1/3.`),
      this.verdict,
    ]);
    this.root.hidden = false;
    this.input.focus({ preventScroll: true });
  }

  static read(written) {
    const tidy = written.trim().replace(/[−–]/g, "-").replace(/,/g, ".").replace(/[·*x×]\s*10\s*\^?\s*/i, "e").replace(/[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]/g, (c) => "-0123456789"["⁻⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c)]);
    const parts = tidy.split("/");
    if (parts.length > 2 || parts.some((p) => p.trim() === "" || !Number.isFinite(Number(p)))) return NaN;
    return parts.length === 2 ? Number(parts[0]) / Number(parts[1]) : Number(tidy);
  }

  mark(written) {
    const given = Exercise.read(written);
    if (Number.isNaN(given)) { this.say(`“${written}” is no number. Write 0.25, -3.1e-5 or 1/3.`); return; }
    if (!this.solved) this.tried++;
    if (Math.abs(given - this.answer) <= this.tolerance) {
      if (!this.solved) this.right++;
      this.finish(`Right: it is ${precise(this.answer, this.target.quantity.kind)}. ${this.right} of ${this.tried} so far.`, "right");
    } else {
      const sign = Math.sign(given) === -Math.sign(this.answer) && Math.abs(given + this.answer) <= this.tolerance;
      this.say(sign ? "Not yet: look at the sign." : `Not yet: it is ${given > this.answer ? "less" : "more"} than ${text(given)}.`, "wrong");
    }
  }

  reveal() { this.finish(`It is ${precise(this.answer, this.target.quantity.kind)}.`, ""); }

  finish(words, kind) {
    this.solved = true;
    this.go(this.target.quantity, this.target.place);
    this.say(words, kind);
  }

  say(words, kind = "") {
    if (!this.verdict || !this.verdict.isConnected) { clear(this.root); this.verdict = el("p", { role: "status" }); this.root.append(this.verdict); this.root.hidden = false; }
    this.verdict.className = `verdict ${kind}`;
    this.verdict.textContent = words;
  }

  end() {
    this.target = null;
    clear(this.root);
    this.root.hidden = true;
    document.body.dispatchEvent(new CustomEvent("exercise-ended"));
  }
}
