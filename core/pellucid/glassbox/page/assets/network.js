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
  const arrow = () => el("span", { class: "arrow", "aria-hidden": "true", text: "→" });
  const leaf = (call, name, kind, shape, chips) => el("div", { class: `box ${kind}`, role: "group", "aria-label": name },
    el("span", { class: "kind", text: call.type || call.kind }), el("span", { class: "path", text: call.path }),
    el("span", { class: "shape", text: shape }), el("div", { class: "chips" }, chips));
  // What a call does, from left to right; what waits for nobody else in it stands below each other.
  const boxes = (number) => {
    const call = data.calls[number], name = `${call.path} ${call.type}`;
    const parts = call.columns.map((column) => (column.length === 1 ? box(column[0]) : el("div", { class: "beside" }, column.map(box))));
    if (call.kind === "objective") { // it may give the model what it has drawn, and its loss may be no component
      const before = stepOf(number, "data"), loss = stepOf(number, "loss");
      if (before >= 0) parts.unshift(leaf(call, `${name}, before the model`, "data", "before the model", [chip(before, "drawn →", name)]));
      if (loss >= 0) parts.push(leaf(call, name, "loss", "", [chip(loss, "loss", name)]));
    }
    return parts.flatMap((part, k) => [k ? arrow() : null, part]);
  };
  const box = (number) => {
    const call = data.calls[number], name = `${call.path} ${call.type}`;
    const forward = stepOf(number, call.kind === "layer" ? "forward" : "loss"), backward = stepOf(number, "backward");
    const parameters = Object.values(call.names).map((n) => quantities[n]).filter((q) => q.origin === "given" && q.call === undefined && q.name.startsWith(call.path + "."));
    const updates = call.columns.length ? [] : updatesOf(number);
    const chipsHere = [chip(forward, call.kind === "layer" ? "forward →" : "loss", name), chip(backward, "← backward", name), updates.length ? chip(updates[0], "update ↓", name) : null].filter(Boolean);
    if (!call.columns.length) {
      const shape = outputOf(call);
      return leaf(call, name, call.kind, [...parameters.map((q) => `${q.name.slice(call.path.length + 1)} ${shapeText(q.shape)}`), shape && `→ ${shape}`].filter(Boolean).join("\n"), chipsHere);
    }
    const row = el("div", { class: "row" }, boxes(number));
    if (call.path === "model" && call.type === "Sequential") return row;
    return el("div", { class: "group", role: "group", "aria-label": name }, el("div", { class: "grouphead" },
      el("span", { class: "kind", text: call.type || call.kind }), el("span", { class: "path", text: call.path }), chipsHere.length ? el("div", { class: "chips" }, chipsHere) : null), row);
  };
  const input = byName.get("x") ?? byName.get("x.0");
  const start = el("div", { class: "box data" }, el("span", { class: "kind", text: "Data" }),
    el("span", { class: "shape", text: input ? `x ${shapeText(input.shape)}` : "" }), el("div", { class: "chips" }, chip(data.steps.findIndex((s) => s.phase === "data"), "data", "Data")));
  const picture = el("div", { class: "network" }, el("div", { class: "row" }, start,
    data.tops.flatMap((top) => [arrow(), ...(data.calls[top].kind === "objective" ? boxes(top) : [box(top)])])));
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
