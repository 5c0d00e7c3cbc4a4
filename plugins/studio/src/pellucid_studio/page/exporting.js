// The experiment to take away: as a file for `pellucid train`, as a Python program, as a link.

import { html, useLayoutEffect, useRef, useState } from "./preact.js";
import { Icon } from "./icons.js";
import { Errors } from "./form.js";

const KINDS = [["toml", "TOML", "experiment.toml", "pellucid train experiment.toml"], ["python", "Python", "experiment.py", "python experiment.py"]];

/** Put a text where one can paste it from; false where the browser refuses. */
export async function copied(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch { return false; }
}

async function written(sections) {
  const answer = await fetch("written", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ sections }) });
  const found = await answer.json();
  if (!answer.ok || found.errors?.length) throw new Error((found.errors ?? [{ text: answer.statusText }]).map(({ path, text }) => (path ? `${path}: ${text}` : text)).join("\n"));
  return found;
}

function save(name, text) {
  const link = document.createElement("a"), address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  Object.assign(link, { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

const ENDLESS = 100_000, FEW = 100; // epochs: a lesson's plan, which ends when somebody pauses; and what it is outside

/** Sections to take away: a plan without an end gets as many epochs as were trained here. */
function ending(sections, frames) {
  if (!(sections.train?.epochs >= ENDLESS)) return sections;
  return { ...sections, train: { ...sections.train, epochs: Math.max(FEW, frames.last?.epoch ?? 0) } };
}

export function Export({ session, open, close }) {
  const dialog = useRef(null), shown = useRef(null);
  const [found, set] = useState(null), [kind, choose] = useState(0), [wrong, setWrong] = useState([]), [told, tell] = useState("");
  useLayoutEffect(() => { // before a further key can be pressed
    if (!open) { if (dialog.current.open) dialog.current.close(); return; }
    dialog.current.showModal();
    set(null); setWrong([]); tell("");
    written(ending(session.state.sections, session.frames)).then(set, (error) => setWrong([error.message]));
  }, [open]);
  const [name, , file, command] = KINDS[kind], text = found?.[name] ?? "";
  const copy = async () => {
    if (await copied(text)) return tell("Copied.");
    getSelection().selectAllChildren(shown.current);
    return tell("Selected: press Ctrl and C to copy.");
  };
  const keys = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    const next = (kind + by + KINDS.length) % KINDS.length;
    choose(next); tell("");
    event.currentTarget.children[next].focus();
  };
  return html`<dialog class="export" ref=${dialog} aria-label="Export" onClose=${close} onClick=${(event) => event.target === dialog.current && close()}>
    <div class="inside"><div class="head"><h2>Take it away</h2><button type="button" class="quiet round" aria-label="Close" onClick=${close}><${Icon} name="close" /></button></div>
      <div role="tablist" class="tabs" aria-label="As" onKeyDown=${keys}>${KINDS.map(([id, label], k) => html`<button key=${id} type="button" role="tab" id=${`as-${id}`} aria-selected=${k === kind} tabindex=${k === kind ? 0 : -1} aria-controls="written" onClick=${() => { choose(k); tell(""); }}>${label}</button>`)}</div>
      <div role="tabpanel" id="written" aria-labelledby=${`as-${name}`}><pre ref=${shown} tabindex="0"><code>${text || (wrong.length ? "" : "…")}</code></pre></div>
      <${Errors} texts=${wrong} />
      <p class="note">Trains the same network outside of this page: <code>${command}</code></p>
      <div class="buttons"><button type="button" class="primary" disabled=${!text} onClick=${copy}>Copy</button><button type="button" disabled=${!text} onClick=${() => save(file, text)}>Download ${file}</button><span class="note" role="status">${told}</span></div>
    </div></dialog>`;
}
