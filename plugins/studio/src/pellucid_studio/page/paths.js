// Places in the sections of an experiment: ["model", "layers", 1, "units"], written "model.layers.1.units".

export const at = (value, path) => path.reduce((inside, key) => inside?.[key], value);

/** The same tree with another value at a path; undefined takes it away. Nothing that was there is changed. */
export function put(tree, [key, ...rest], value) {
  if (key === undefined) return value;
  const copy = Array.isArray(tree) ? [...tree] : { ...tree };
  const inner = put(copy[key], rest, value);
  if (inner !== undefined) copy[key] = inner;
  else if (Array.isArray(copy)) copy.splice(key, 1);
  else delete copy[key];
  return copy;
}

const written = (path) => path.join(".");

/** What is wrong at exactly this place. */
export const errorsAt = (errors, path) => errors.filter((error) => error.path === written(path)).map((error) => error.text);

/** What is wrong here or anywhere inside. */
export const errorsUnder = (errors, path) => errors.filter((error) => error.path === written(path) || error.path.startsWith(`${written(path)}.`));

/** Equal as JSON is: the order of keys does not count. */
export function same(a, b) {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}
