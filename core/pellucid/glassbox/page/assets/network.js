// The network as a picture: layers as boxes with their shapes, containers around them, the loss at the end; and the steps.

const PHASES = { data: "Data", forward: "Forward", loss: "Loss", backward: "Backward", update: "Update" };

/** The number of the step in which something of a call is told; −1 if there is none. */
const stepOf = (call, phase) => data.steps.findIndex((step) => step.call === call && step.phase === phase);

/** Steps of the update that are about this call's parameters and states. */
function updatesOf(call) {
  const own = new Set(Object.values(data.calls[call].names).map((n) => quantities[n].name.replace(/\.new$/, "")));
  return data.steps.flatMap((step, i) => (step.phase === "update" && own.has(step.title) ? [i] : []));
}

function network(go) {
  const chips = [];
  const chip = (step, label, name) => {
    if (step < 0) return null;
    const made = el("button", { type: "button", class: `chip ${data.steps[step].phase}`, "aria-label": `${name}: ${label}`, onclick: () => go(step), text: label });
    chips.push([made, step]);
    return made;
  };
  const outputOf = (call) => {
    const { names } = call;
    const y = names.y ?? names.y0;
    return y === undefined ? "" : shapeText(quantities[y].shape);
  };
  const box = (number) => {
    const call = data.calls[number], inner = call.inner.filter((i) => ["layer", "loss"].includes(data.calls[i].kind));
    const forward = stepOf(number, call.kind === "layer" ? "forward" : "loss"), backward = stepOf(number, "backward");
    const name = `${call.path} ${call.type}`;
    const parameters = Object.values(call.names).map((n) => quantities[n]).filter((q) => q.origin === "given" && q.call === undefined && q.name.startsWith(call.path + "."));
    const head = [el("span", { class: "kind", text: call.type || call.kind }), el("span", { class: "path", text: call.path })];
    const updates = inner.length ? [] : updatesOf(number);
    const chipsHere = el("div", { class: "chips" },
      chip(forward, call.kind === "layer" ? "forward →" : "loss", name), chip(backward, "← backward", name), updates.length ? chip(updates[0], "update ↓", name) : null);
    if (!inner.length) {
      const shape = outputOf(call);
      return el("div", { class: `box ${call.kind}`, role: "group", "aria-label": name }, head,
        el("span", { class: "shape", text: [...parameters.map((q) => `${q.name.slice(call.path.length + 1)} ${shapeText(q.shape)}`), shape && `→ ${shape}`].filter(Boolean).join("\n") }), chipsHere);
    }
    if (call.type === "Parallel") {
      return el("div", { class: "group", role: "group", "aria-label": name }, el("div", { class: "grouphead" }, head, chipsHere.childElementCount ? chipsHere : null), el("div", { class: "beside" }, inner.map((i) => box(i))));
    }
    const row = el("div", { class: "row" }, inner.flatMap((i, k) => [k ? el("span", { class: "arrow", "aria-hidden": "true", text: "→" }) : null, box(i)]));
    const transparent = data.tops.includes(number) || (call.path === "model" && call.type === "Sequential");
    return transparent ? row : el("div", { class: "group", role: "group", "aria-label": name }, el("div", { class: "grouphead" }, head, chipsHere.childElementCount ? chipsHere : null), row);
  };
  const input = byName.get("x") ?? byName.get("x.0");
  const start = el("div", { class: "box data" }, el("span", { class: "kind", text: "Data" }),
    el("span", { class: "shape", text: input ? `x ${shapeText(input.shape)}` : "" }), el("div", { class: "chips" }, chip(data.steps.findIndex((s) => s.phase === "data"), "data", "Data")));
  const picture = el("div", { class: "network" }, el("div", { class: "row" }, start,
    data.tops.flatMap((top) => [el("span", { class: "arrow", "aria-hidden": "true", text: "→" }), box(top)])));
  const light = (step) => {
    const lit = data.steps[step];
    for (const [made, own] of chips) {
      const on = own === step || (lit.phase === "update" && data.steps[own].phase === "update" && data.steps[own].title.replace(/\.[^.]*$/, "") === lit.title.replace(/\.[^.]*$/, ""));
      made.classList.toggle("on", on);
      if (on) made.setAttribute("aria-current", "step"); else made.removeAttribute("aria-current");
    }
    const on = chips.find(([made]) => made.classList.contains("on"));
    if (on && picture.scrollWidth > picture.clientWidth) picture.scrollLeft = on[0].getBoundingClientRect().left - picture.getBoundingClientRect().left + picture.scrollLeft - picture.clientWidth / 2;
  };
  return { picture, light };
}
