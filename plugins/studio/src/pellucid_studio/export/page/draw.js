// A classifier of pictures: one draws, sees what the network sees, and what it says.
import { Answer } from "./answer.js";
import { el, paint } from "./base.js";
import { Sketch, unseen } from "./sketch.js";

export function draw(network, at, main) {
  const { told } = network, canvas = el("canvas", { class: "pixels", role: "img", "aria-label": "The picture that the network sees" });
  const grey = told.picture.channels === 1, answer = new Answer(network, grey ? "Nothing drawn" : "No picture yet");
  const blank = new Float32Array(told.sample.reduce((a, b) => a * b, 1)).fill(told.picture.dark ? told.picture.high : told.picture.low);
  const size = `${told.picture.height} × ${told.picture.width} pixels`, how = grey ? ": your lines smoothed, sized and centred as the training pictures are." : ".";
  const time = el("p", { class: "note" });
  const show = (numbers) => {
    paint(canvas, numbers ?? blank, told.picture);
    const before = performance.now();
    answer.show(numbers && network.predict(numbers));
    time.textContent = numbers ? `Computed in ${(performance.now() - before).toFixed(1)} ms, here.` : "";
  };
  const sketch = new Sketch(told, at, show);
  answer.box.append(time);
  main.classList.add("three");
  main.append(
    el("section", {}, sketch.head, ...sketch.parts),
    el("section", { class: "sees" }, el("h2", { text: "What it sees" }), canvas, el("p", { class: "note", text: size + how })),
    answer.box);
  if (sketch.strip) main.append(el("section", { class: "wide more" }, el("h2", { text: unseen(told) }), sketch.strip));
  show(null);
  return grey ? "Draw, and the network says what it sees, while you draw." : "Choose a picture, and the network says what it sees.";
}
