// The shell: name, tabs, and what concerns the whole page.

import { html, useState } from "./preact.js";
import { copied, Export } from "./exporting.js";
import { Icon } from "./icons.js";
import { Playground } from "./playground.js";
import { TABS } from "./session.js";
import { useStore } from "./store.js";
import { choose, isDark } from "./theme.js";
import { Views } from "./views/index.js";

function Tools({ session, open }) {
  const [told, tell] = useState(""), [dark, setDark] = useState(isDark());
  const link = async () => {
    await session.remember();
    tell((await copied(location.href)) ? "Link copied" : "Copy it from the address bar");
    setTimeout(() => tell(""), 2500);
  };
  const turn = () => { choose(dark ? "light" : "dark"); setDark(!dark); };
  return html`<div class="tools"><span class="note told" role="status">${told}</span>
    <button type="button" class="quiet" aria-label="Copy link" title="Copy a link to this network and these data" onClick=${link}><${Icon} name="link" /> <span class="wideonly">Copy link</span></button>
    <button type="button" class="quiet" aria-label="Export" title="As TOML and as Python" onClick=${open}><${Icon} name="code" /> <span class="wideonly">Export</span></button>
    <button type="button" class="quiet round" aria-label=${dark ? "Light colours" : "Dark colours"} title=${dark ? "Light colours" : "Dark colours"} onClick=${turn}><${Icon} name=${dark ? "sun" : "moon"} /></button></div>`;
}

export function App({ session }) {
  const { online, tab, looked } = useStore(session.store);
  const [exporting, setExporting] = useState(false);
  const keys = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    const next = (TABS.indexOf(tab) + by + TABS.length) % TABS.length;
    session.show(TABS[next]);
    event.currentTarget.children[next].focus();
  };
  return html`<a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.getElementById("main").focus(); }}>To the content</a>
    <header class="top"><h1><span class="brand">pellucid</span> studio</h1>
      <div role="tablist" class="tabs" aria-label="Parts of the studio" onKeyDown=${keys}>${TABS.map((name) => html`<button key=${name} type="button" role="tab" id=${`tab-${name}`} aria-selected=${tab === name} aria-controls="main" tabindex=${tab === name ? 0 : -1} onClick=${() => session.show(name)}>${name}</button>`)}</div>
      <${Tools} session=${session} open=${() => setExporting(true)} /></header>
    ${online === false ? html`<p class="banner bad" role="alert">The line to the studio is broken; the run goes on without this page. Trying again …</p>` : null}
    <main id="main" role="tabpanel" tabindex="-1" aria-labelledby=${`tab-${tab}`}>
      ${tab === "Playground" ? html`<${Playground} session=${session} />` : html`<${Views} key=${looked} session=${session} />`}</main>
    <${Export} session=${session} open=${exporting} close=${() => setExporting(false)} />`;
}
