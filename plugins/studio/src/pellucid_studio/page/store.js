// What the page knows, and who is told when it changes. Frames do not go this way: see frames.js.

import { useEffect, useState } from "./vendor/htm-preact.js";

export class Store {
  constructor(state) {
    this.state = state;
    this.told = new Set();
  }

  set(change) {
    this.state = { ...this.state, ...change };
    for (const tell of [...this.told]) tell(this.state);
  }

  subscribe(tell) {
    this.told.add(tell);
    return () => this.told.delete(tell);
  }
}

/** The state of a store in a component, which is drawn again when it changes. */
export function useStore(store) {
  const [state, set] = useState(store.state);
  useEffect(() => { set(store.state); return store.subscribe(set); }, [store]);
  return state;
}
