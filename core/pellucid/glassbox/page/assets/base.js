// Small things that all else uses: elements, numbers as text, whole-number arithmetic on shapes.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

/** An element. Text is always text: nothing that a name or a source contains becomes markup. */
function el(name, options = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") made.className = value;
    else if (key === "text") made.textContent = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  append(made, children);
  return made;
}

function append(to, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    to.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return to;
}

const clear = (node) => { node.replaceChildren(); return node; };

// -- numbers ----------------------------------------------------------------------------------------------------------

const MINUS = "−";

/** A number of the data: what JSON has no word for is a text. */
const parsed = (value) => (value === "inf" ? Infinity : value === "-inf" ? -Infinity : value === "nan" ? NaN : value);

/** With so many significant digits, as a textbook prints it: 0.1234, −3.1·10⁻⁵. */
function text(value, digits = 4) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : MINUS + "∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value).replace("-", MINUS);
  const size = Math.abs(value);
  let found;
  if (size >= 1e-4 && size < 1e7) {
    found = Number(value.toPrecision(digits)).toString();
    if (found.includes("e")) found = value.toPrecision(digits);
  } else {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const raised = String(Number(exponent)).replace(/[-\d]/g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
    found = `${Number(mantissa)}·10${raised}`;
  }
  return found.replace("-", MINUS);
}

/** All digits that tell the number from its neighbours. */
const precise = (value, kind) => {
  if (!Number.isFinite(value) || Number.isInteger(value)) return text(value);
  return text(value, kind === "f4" ? 9 : 15);
};

// -- shapes -----------------------------------------------------------------------------------------------------------

const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);

function stridesOf(shape) {
  const strides = new Array(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) { strides[i] = step; step *= shape[i]; }
  return strides;
}

/** The index along each axis of the cell at a flat place. */
function indexOf(place, shape) {
  const index = new Array(shape.length);
  for (let i = shape.length - 1; i >= 0; i--) { index[i] = place % shape[i]; place = Math.floor(place / shape[i]); }
  return index;
}

const placeOf = (index, shape) => index.reduce((place, i, axis) => place * shape[axis] + i, 0);
const shapeText = (shape) => (shape.length ? shape.join(" × ") : "a number");
