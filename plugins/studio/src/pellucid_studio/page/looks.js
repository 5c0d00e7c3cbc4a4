// What is looked at, as the address says it: the chosen view, its runs, and what is set.

const DIGITS = 5; // of places in a drawing and of numbers of sliders: as fine as anybody can set them
const rounded = (_, value) => (typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value);

/** {title, runs, values} of the view that is chosen; undefined where none is. */
export function lookOf({ title, views }) {
  const { keys, values = {} } = views[title] ?? {};
  return title === null ? undefined : { title, runs: keys, values: JSON.parse(JSON.stringify(values, rounded)) };
}

/** The other way; what is none is left out, and what does not suit the view's controls is not used. */
export function looksOf({ title, runs, values }) {
  if (typeof title !== "string") return { title: null, views: {} };
  const keys = Array.isArray(runs) && runs.length && runs.every((key) => typeof key === "string") ? [...new Set(runs)] : undefined;
  return { title, views: { [title]: { keys, values: values && typeof values === "object" ? { ...values } : {} } } };
}
