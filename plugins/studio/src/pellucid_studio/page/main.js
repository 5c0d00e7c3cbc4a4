// Where the page begins: the catalogue, the line to the server, the state in the address, the page itself.

import { App } from "./app.js";
import { Catalogue } from "./catalogue.js";
import { Frames } from "./frames.js";
import { html, render } from "./preact.js";
import { Session, TABS } from "./session.js";
import { live, Socket } from "./socket.js";
import { Store } from "./store.js";
import "./theme.js";

const store = new Store({
  tab: TABS[0], online: null, running: "paused", failure: null, draft: null, ids: [], builtIds: [], sections: null, network: null, data: null, run: null, errors: [],
  refused: null, hint: null, speed: null, selected: null, opened: null,
  listed: false, live: [], looked: 0,
});

const SOON = 1500; // ms after which the catalogue is asked for even where no frame has come
const once = (socket, is) => new Promise((tell) => { const off = socket.on(is, () => { off(); tell(); }); });

/** What there is to choose from is asked for after the first frame, which needs none of it. */
async function begin() {
  const frames = new Frames(), socket = new Socket(live()), session = new Session({ socket, store, frames, catalogue: new Catalogue({}) });
  const built = once(socket, "built"), soon = Promise.race([once(socket, "frame"), new Promise((tell) => { setTimeout(tell, SOON); })]);
  socket.connect();
  globalThis.studio = { session, frames, store }; // for the console of the curious
  document.getElementById("app").replaceChildren();
  render(html`<${App} session=${session} />`, document.getElementById("app"));
  addEventListener("hashchange", () => session.fromAddress());
  await soon;
  const answer = await fetch("catalogue");
  if (!answer.ok) throw new Error(`The studio answered ${answer.status}. Is it still running? Its address changes with every start.`);
  session.catalogue = new Catalogue(await answer.json());
  store.set({ listed: true });
  await built;
  document.body.classList.add("ready");
}

begin().catch((error) => { document.getElementById("app").textContent = error.message; });
