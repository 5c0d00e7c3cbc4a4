// The playground: data, network, what comes out of it, and how it learns.

import { html, useEffect, useRef } from "./preact.js";
import { Controls } from "./controls.js";
import { Curves } from "./curves.js";
import { Data } from "./data/data.js";
import { Line } from "./line.js";
import { LayerForm } from "./network/form.js";
import { Network } from "./network/network.js";
import { Sample } from "./sample.js";
import { Settings } from "./settings.js";
import { Sizes } from "./sizes.js";
import { Step } from "./step.js";
import { useStore } from "./store.js";
import { Surface } from "./surface.js";

const TAKES_SPACE = "button, input, select, textarea, summary, a, canvas, [role=application], iframe, dialog *";

/** Space trains and pauses, where it is nobody else's key. */
function useSpace(session) {
  useEffect(() => {
    const press = (event) => {
      if (event.key !== " " || event.target.closest?.(TAKES_SPACE)) return;
      event.preventDefault();
      session.send(session.state.running === "training" ? "pause" : "train");
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [session]);
}

export function Playground({ session }) {
  const { data, draft, running, failure, opened, refused, hint } = useStore(session.store);
  const pointed = useRef(null);
  useSpace(session);
  if (!draft || !data) return html`<p class="note waiting" role="status">Waiting for the first network …</p>`;
  const axes = data.pictures ? 0 : data.bounds?.length; // a plane has two, a line has one
  return html`<div class="playground">
    <${Controls} session=${session} />
    ${running === "failed" ? html`<p class="banner bad" role="alert">Training has ended with an error. ${failure ?? ""}</p>` : null}
    ${refused ? html`<p class="banner bad" role="alert">${refused}</p>` : null}
    ${hint ? html`<p class="banner" role="status">${hint}</p>` : null}
    <div class="three">
      <${Data} session=${session} />
      <div class="middle"><${Network} session=${session} pointed=${pointed} /><${LayerForm} session=${session} /><${Settings} session=${session} /><${Sizes} session=${session} /></div>
      <section class="card output" aria-label="Output"><h2>Output</h2>
        ${axes === 1 ? html`<${Line} session=${session} />` : null}${axes === 2 ? html`<${Surface} session=${session} pointed=${pointed} />` : html`<${Sample} session=${session} pointed=${pointed} />`}
        <${Curves} session=${session} /></section>
    </div>
    ${opened ? html`<${Step} session=${session} />` : null}
  </div>`;
}
