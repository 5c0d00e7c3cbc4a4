// What may be built: the server's catalogue, looked up by names as experiments write them.

export class Catalogue {
  constructor(found) {
    Object.assign(this, { components: [], data: [], presets: [], views: [], runs: [] }, found);
  }

  /** The entry of a component: "dense", "core/dense" or {type: "dense"}; undefined where there is none. */
  find(kind, component) {
    const name = typeOf(component);
    const all = kind === "dataset" ? this.data : this.of(kind);
    return all.find((entry) => entry.name === name) ?? all.find((entry) => short(entry.name) === name);
  }

  of(kind) {
    return this.components.filter((entry) => entry.kind === kind);
  }

  /** The first that can be put in as it is. */
  plain(kind) {
    const all = this.of(kind);
    return all.find((entry) => !entry.arguments?.some((argument) => argument.required)) ?? all[0];
  }

  /** The name that an experiment would write: short where no other plugin has it. */
  written(kind, entry) {
    const all = kind === "dataset" ? this.data : this.of(kind);
    const others = all.filter((other) => short(other.name) === short(entry.name));
    return others.length === 1 && !entry.name.startsWith("studio/") ? short(entry.name) : entry.name;
  }
}

export const short = (name) => name.slice(name.indexOf("/") + 1);
export const vendor = (name) => (name.includes("/") ? name.slice(0, name.indexOf("/")) : "core");

/** A component's name, written as a text or as a table. */
export const typeOf = (component) => (typeof component === "string" ? component : component?.type ?? "");

/** As a table, so that arguments can be put beside its type. */
export const asTable = (component) => (typeof component === "string" ? { type: component } : { ...component });

/** What an argument that must be given begins with, so that most components can be put in by one click. */
const STARTS = { int: 4, float: 0.1, "int or float": 0.1, bool: false };

/** What is put in; of one that works on another of its kind, such as a loss with a sign, that is what stood there before. */
export function fresh(catalogue, kind, entry, before) {
  const made = { type: catalogue.written(kind, entry) };
  for (const argument of entry.arguments ?? []) {
    if (!argument.required) continue;
    if (argument.choices?.length) made[argument.name] = argument.choices[0];
    else if (argument.kind === kind && !/^a list of/.test(argument.type)) made[argument.name] = before ?? catalogue.written(kind, catalogue.plain(kind));
    else if (argument.type in STARTS) made[argument.name] = STARTS[argument.type];
  }
  return made;
}

/** The first whole number that must be given: how wide a layer is. */
export const widthOf = (entry) => entry?.arguments?.find((argument) => argument.required && argument.type === "int")?.name;
