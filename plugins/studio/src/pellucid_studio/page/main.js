// Where the page begins: the catalogue, the line to the server, the state in the address, the page itself.

import { App } from "./app.js";
import { Catalogue } from "./catalogue.js";
import { Frames } from "./frames.js";
import { html, render } from "./preact.js";
import { Session } from "./session.js";
import { live, Socket } from "./socket.js";
import { Store } from "./store.js";
import "./theme.js";

const store = new Store({
  tab: "Playground", online: null, running: "paused", failure: null, draft: null, ids: [], builtIds: [], sections: null, network: null, data: null, run: null, errors: [],
  refused: null, speed: null, selected: null, opened: null,
});

async function begin() {
  const answer = await fetch("catalogue");
  if (!answer.ok) throw new Error(`The studio answered ${answer.status}. Is it still running? Its address changes with every start.`);
  const catalogue = new Catalogue(await answer.json()), frames = new Frames(), socket = new Socket(live());
  const session = new Session({ socket, store, frames, catalogue });
  const first = socket.on("built", () => { first(); document.body.classList.add("ready"); });
  globalThis.studio = { session, frames, store }; // for the console of the curious
  document.getElementById("app").replaceChildren();
  render(html`<${App} session=${session} />`, document.getElementById("app"));
  socket.connect();
  addEventListener("hashchange", () => session.fromAddress());
}

begin().catch((error) => { document.getElementById("app").textContent = error.message; });
