// The page: what it was told, the network that is made of it, and the demonstration that suits.
import { makers } from "makers";
import { $, el } from "./base.js";
import { draw } from "./draw.js";
import { explorer } from "./explorer.js";
import { form } from "./form.js";
import { Network } from "./network.js";
import { unpacked } from "./unpack.js";

const DEMOS = { picture: draw, table: form, decoder: explorer };

async function start() {
  const told = JSON.parse($("data").textContent), main = $("main");
  $("title").textContent = told.title;
  $("facts").append(...told.facts.map(([label, text]) => el("div", {}, el("dt", { text: label }), el("dd", { text }))));
  theme();
  try {
    const at = await unpacked($("numbers").textContent), network = new Network(told, makers, at);
    main.replaceChildren();
    $("lead").textContent = DEMOS[told.kind](network, at, main);
    // For the console, and for whoever wants to hold the page against Python: pellucid.predict([…]).
    globalThis.pellucid = network;
    document.body.classList.add("ready");
  } catch (error) {
    main.replaceChildren(el("p", { class: "note", text: `The network cannot be shown: ${error.message} A current Chrome, Edge, Firefox or Safari is needed.` }));
    throw error;
  }
}

/** Light or dark: as the system has it until one chooses. */
function theme() {
  const system = matchMedia("(prefers-color-scheme: dark)"), button = $("theme");
  let chosen = null;
  const show = () => {
    const dark = chosen ?? system.matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    button.textContent = dark ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to ${dark ? "light" : "dark"} colours`);
    window.dispatchEvent(new Event("resize"));
  };
  button.addEventListener("click", () => { chosen = !(chosen ?? system.matches); show(); });
  system.addEventListener("change", show);
  show();
}

start();
