// Small things that all else uses: elements, numbers as text, colours of classes, pictures on a canvas.

export const $ = (id) => document.getElementById(id);

/** An element. Text is always text: nothing that a name contains becomes markup. */
export function el(name, options = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") made.className = value;
    else if (key === "text") made.textContent = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

let numbered = 0;
/** A name for an element that another one points to. */
export const id = () => `e${numbered++}`;

/** A number with four digits that count. */
export function text(value) {
  const size = Math.abs(value);
  const written = value === 0 || (size >= 1e-3 && size < 1e6) ? String(Number(value.toPrecision(4))) : value.toExponential(3);
  return written.replace("-", "−");
}

export const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** What a screen reader says once nothing has changed for a moment. */
export function say(words) {
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { $("live").textContent = words; }, 600);
}

const COLOURS = [
  [55, 126, 184], [230, 120, 30], [60, 160, 80], [205, 60, 60], [140, 100, 190], [140, 95, 75], [220, 110, 180], [120, 125, 130], [170, 170, 40], [25, 170, 185],
];
/** The colour of a class, as [red, green, blue]. */
export const colour = (k) => COLOURS[k % COLOURS.length];
export const css = ([r, g, b], alpha = 1) => `rgb(${r} ${g} ${b} / ${alpha})`;

/** A sample on a canvas of as many pixels as it has. */
export function paint(canvas, numbers, { height, width, channels, low, high }) {
  Object.assign(canvas, { width, height });
  const image = new ImageData(width, height), level = (value) => (255 * (value - low)) / (high - low);
  for (let p = 0; p < height * width; p++) {
    for (let c = 0; c < 3; c++) image.data[4 * p + c] = level(numbers[p * channels + (channels === 3 ? c : 0)]);
    image.data[4 * p + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** A canvas as many pixels wide as it is shown, and its pen in CSS pixels. */
export function fresh(canvas) {
  const dense = window.devicePixelRatio || 1, { clientWidth: width, clientHeight: height } = canvas;
  Object.assign(canvas, { width: Math.max(1, Math.round(width * dense)), height: Math.max(1, Math.round(height * dense)) });
  const pen = canvas.getContext("2d");
  pen.scale(dense, dense);
  return { pen, width, height };
}

/** Calls `act` with the place, from 0 to 1 across and down, while one drags on a canvas, and moves by arrows. */
export function dragged(canvas, act, where) {
  const at = (event) => {
    const box = canvas.getBoundingClientRect(), inside = (value) => Math.min(1, Math.max(0, value));
    act(inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height));
  };
  canvas.tabIndex = 0;
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); canvas.focus({ preventScroll: true }); at(event); event.preventDefault(); });
  canvas.addEventListener("pointermove", (event) => { if (canvas.hasPointerCapture(event.pointerId)) at(event); });
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
    const step = event.shiftKey ? 0.1 : 0.02, [x, y] = where(), inside = (value) => Math.min(1, Math.max(0, value));
    act(inside(x + step * move[0]), inside(y + step * move[1]));
    event.preventDefault();
  });
}

/** The same function, called at most once a frame, with what it was last called with. */
export function onceAFrame(act) {
  let waiting = 0, given = [];
  return (...values) => {
    given = values;
    waiting ||= requestAnimationFrame(() => { waiting = 0; act(...given); });
  };
}
