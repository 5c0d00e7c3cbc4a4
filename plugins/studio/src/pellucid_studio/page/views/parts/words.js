// Words in a row, shaded by their strengths; where words are linked, those that the word pointed at looks to are shaded.

import { html, useEffect, useRef, useState } from "../../preact.js";
import { fixed } from "../../numbers.js";
import { decoded } from "../packing.js";

/** Spaces and ends of lines as signs that can be seen. */
const seen = (word) => String(word).replaceAll("\n", "↵").replace(/^ +| +$/g, (spaces) => "␣".repeat(spaces.length)).replaceAll("\t", "⇥");

export function Words({ part }) {
  const [at, look] = useState(null), n = part.words.length;
  const strengths = decoded(part.strengths)?.data, links = decoded(part.links)?.data;
  const strength = (i) => (links && at !== null && at < n ? links[at * n + i] : strengths ? strengths[i] : 0);
  const told = at !== null && at < n && links ? `“${seen(part.words[at])}” looks to ${strongest(part.words, (i) => links[at * n + i])}` : links ? "Point at a word to see where it looks." : null;
  const one = (word, i) => {
    const share = Math.min(1, Math.max(0, strength(i) || 0));
    const title = strengths || links ? `${fixed(100 * share, 1)} %` : undefined;
    return links
      ? html`<${Shaded} key=${i} share=${share} title=${title} chosen=${i === at} point=${() => look(i)}>${seen(word)}<//>`
      : html`<${Shaded} key=${i} share=${share} title=${title}>${seen(word)}<//>`;
  };
  return html`<figure class="part partwords"><figcaption>${part.title}</figcaption>
    <div class="viewwords" role="group" aria-label=${part.title} onPointerLeave=${() => look(null)}>${part.words.map(one)}</div>
    ${told ? html`<p class="note" aria-live="polite">${told}</p>` : null}</figure>`;
}

/** A word, which is a button where it may be pointed at. Its shade is set by script, as the page's policy wants it. */
function Shaded({ share, title, chosen, point, children }) {
  const word = useRef(null);
  useEffect(() => { word.current.style.setProperty("--share", `${Math.round(100 * share)}%`); }, [share]);
  if (!point) return html`<span ref=${word} class="word" title=${title}>${children}</span>`;
  return html`<button ref=${word} type="button" class="word" title=${title} aria-pressed=${chosen} onPointerEnter=${point} onFocus=${point} onClick=${point}>${children}</button>`;
}

/** The three words that are looked to most, with their shares. */
function strongest(words, share) {
  const order = words.map((_, i) => i).sort((a, b) => share(b) - share(a)).slice(0, 3).filter((i) => share(i) > 0.005);
  return order.map((i) => `“${seen(words[i])}” ${fixed(100 * share(i), 0)} %`).join(", ") || "nothing";
}
