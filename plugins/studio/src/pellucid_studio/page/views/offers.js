// Which views there are, each with the runs that it suits; the network of the playground is a run, too. Views of one
// title are one to a reader, whatever plugins they come from: the plane of an AE stands beside that of a VAE.

/** [{title, doc, entries: [{key, view, run, name}]}], those without a run left out. */
export function offers({ views, runs }, live) {
  const named = new Map(runs.map((run) => [run.index, run.name]));
  const found = new Map();
  const own = (view) => (view.name.startsWith("studio/") ? 0 : 1); // what everybody looks for comes first
  for (const view of [...views].sort((a, b) => own(a) - own(b))) {
    const suited = (view.runs ?? []).filter((index) => named.has(index)).map((index) => ({ run: index, name: named.get(index) }));
    if (live.includes(view.name)) suited.push({ run: "live", name: "the playground’s network" });
    if (!suited.length) continue;
    if (!found.has(view.title)) found.set(view.title, { title: view.title, doc: (view.doc || view.summary).replace(/:$/, "."), entries: [] });
    const { entries } = found.get(view.title);
    for (const entry of suited) entries.push({ ...entry, view: view.name, key: `${view.name} ${entry.run}` });
  }
  for (const { entries } of found.values()) {
    entries.sort((a, b) => order(a) - order(b));
    for (const entry of entries) { // one run that suits two views of this title
      if (entries.some((other) => other !== entry && other.run === entry.run)) entry.name = `${entry.name} (${entry.view})`;
    }
  }
  return [...found.values()];
}

const order = ({ run }) => (run === "live" ? Infinity : run);
