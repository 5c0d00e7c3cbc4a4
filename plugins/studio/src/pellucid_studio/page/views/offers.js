// Which views there are, each with the runs that it suits; the network of the playground is a run, too.

/** [{name, title, summary, doc, runs: [{index, name}]}], those without a run left out. */
export function offers({ views, runs }, live) {
  const named = new Map(runs.map((run) => [run.index, run.name]));
  return views
    .map((view) => {
      const suited = (view.runs ?? []).filter((index) => named.has(index)).map((index) => ({ index, name: named.get(index) }));
      if (live.includes(view.name)) suited.push({ index: "live", name: "the playground’s network" });
      return { ...view, runs: suited };
    })
    .filter((view) => view.runs.length);
}
