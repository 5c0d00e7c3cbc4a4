// Numbers as text, as a textbook prints them.

const RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹";

/** With so many significant digits: 0.1234, −3.1·10⁻⁵. */
export function words(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return value.toLocaleString("en").replaceAll(",", "\u2009").replace("-", "−");
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e6) return String(Number(value.toPrecision(digits))).replace("-", "−");
  const [mantissa, exponent] = value.toExponential(Math.max(0, digits - 2)).split("e");
  const raised = String(Number(exponent)).replace(/[-\d]/g, (c) => RAISED["-0123456789".indexOf(c)]);
  return `${Number(mantissa)}·10${raised}`.replace("-", "−");
}

/** With a fixed number of decimals, so that a figure that changes does not move what stands beside it. */
export const fixed = (value, decimals = 3) => (value === null || value === undefined || !Number.isFinite(value) ? "–" : value.toFixed(decimals).replace("-", "−"));

/** What a field holds: nothing, a number, or the text as it was typed, which the server then judges. */
export function typed(text) {
  const plain = text.trim().replace("−", "-");
  if (plain === "") return undefined;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : text.trim();
}
