// The last step, opened beside the network: the glass box's own page, at the cell that was clicked.

import { html, useLayoutEffect, useRef } from "./preact.js";
import { Icon } from "./icons.js";
import { words } from "./numbers.js";
import { useStore } from "./store.js";

export function Step({ session }) {
  const { opened } = useStore(session.store);
  const frame = useRef(null), panel = useRef(null), back = useRef(null), shown = useRef(null);
  const close = () => { session.store.set({ opened: null }); back.current?.focus?.(); };
  useLayoutEffect(() => { // the focus is there before a further key can be pressed
    if (!opened) { shown.current = null; return; }
    if (shown.current === null) { back.current = document.activeElement; panel.current.focus(); }
    // The same step keeps its page: only the fragment changes, which that page listens to.
    frame.current.src = `step?${opened.step}#${encodeURIComponent(opened.cell)}`;
    shown.current = opened.step;
  }, [opened]);
  if (!opened) return null;
  return html`<aside class="step" ref=${panel} tabindex="-1" aria-label="The last step" onKeyDown=${(event) => event.key === "Escape" && close()}>
    <div class="head"><h2>Step ${words(opened.step)} <code>${opened.cell}</code></h2>
      <a class="button quiet" href=${`step?${opened.step}#${encodeURIComponent(opened.cell)}`} target="_blank" rel="noopener">In a tab of its own</a>
      <button type="button" class="round quiet" aria-label="Close the step" onClick=${close}><${Icon} name="close" /></button></div>
    <iframe ref=${frame} title="The last step, number by number"></iframe></aside>`;
}
