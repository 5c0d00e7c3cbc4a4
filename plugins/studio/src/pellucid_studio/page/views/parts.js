// Parts by their names.

import { html } from "../preact.js";
import { Bars } from "./parts/bars.js";
import { Curves } from "./parts/curves.js";
import { Note } from "./parts/note.js";
import { HeatMap } from "./parts/picture.js";
import { Pictures } from "./parts/pictures.js";
import { Points } from "./parts/points.js";
import { Table } from "./parts/table.js";
import { Words } from "./parts/words.js";

const KINDS = { note: Note, picture: HeatMap, table: Table, bars: Bars, pictures: Pictures, points: Points, curves: Curves, words: Words };

export function Part({ part }) {
  const Kind = KINDS[part.part];
  return Kind ? html`<${Kind} part=${part} />` : html`<p class="error">This page knows no part “${part.part}”.</p>`;
}
