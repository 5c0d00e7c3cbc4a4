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
});

async function begin() {
  const asked = fetch("catalogue"), catalogue = new Catalogue({}), frames = new Frames(), socket = new Socket(live());
  const session = new Session({ socket, store, frames, catalogue });
  const built = new Promise((tell) => { const off = socket.on("built", () => { off(); tell(); }); });
  socket.connect();
  const answer = await asked;
  if (!answer.ok) throw new Error(`The studio answered ${answer.status}. Is it still running? Its address changes with every start.`);
  Object.assign(catalogue, await answer.json());
  globalThis.studio = { session, frames, store }; // for the console of the curious
  document.getElementById("app").replaceChildren();
  render(html`<${App} session=${session} />`, document.getElementById("app"));
  addEventListener("hashchange", () => session.fromAddress());
  await built;
  document.body.classList.add("ready");
}

begin().catch((error) => { document.getElementById("app").textContent = error.message; });
