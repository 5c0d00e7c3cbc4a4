"""draw_texts: how texts begin, how long they are, and of which characters or tokens they are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

from pellucid.workbench.data_pictures.sheet import Sheet, Shown, colour
from pellucid.workbench.experiments.figures import BLUE, FAINT, INK, short, style

LINES, ACROSS = 26, 92
"""Of a sheet of text, lines and characters in a line; a running text stands in two columns of half as many."""
LISTED = 14
"""Texts that are listed, each on a line."""
FREQUENT = 24
"""Characters that are counted in the picture."""


def draw_texts(shown: Shown, texts: Sequence[str], lengths: Sequence[int], *, running: bool, path: Path) -> None:
    """The beginning of a running text, or the first of many texts with their classes; on the right the lengths in
    tokens, where they differ, and how often characters occur.

    Args:
        texts: the samples as texts, or the pieces of one in their order.
        lengths: tokens of each sample.
        running: whether the texts are pieces of one that follow each other.
    """
    sheet = Sheet(shown, 10.6, 4.6)
    axes = sheet.panel(0.2, 0.05, 6.9, 4.4)
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(LINES, 0)
    if running:
        for at, line in enumerate(_lines("".join(texts[:200]))[: 2 * LINES]):
            column, row = divmod(at, LINES)
            axes.text(0.5 * column, row + 0.8, line, fontsize=7.2, family="monospace", color=INK, parse_math=False)
    else:
        step = LINES / LISTED
        for row, text in enumerate(texts[:LISTED]):
            line = short(_visible(text), ACROSS)
            axes.text(0, (row + 0.4) * step, line, fontsize=7.2, family="monospace", color=INK, parse_math=False)
            if shown.labels is not None:
                label = int(shown.labels[row])
                name = shown.classes[label] if label < len(shown.classes) else str(label)
                axes.text(
                    0, (row + 0.85) * step, name, fontsize=6.8, color=colour(label), va="center", parse_math=False
                )
    differ = len(set(lengths)) > 1
    if differ:
        of_lengths = sheet.panel(7.6, 0.25, 2.7, 1.35)
        of_lengths.hist(lengths, bins=min(30, len(set(lengths))), color=BLUE, alpha=0.75)
        of_lengths.set_title("tokens of a text", fontsize=8.5, color=INK, loc="left")
        style(of_lengths)
    counted = Counter(character for text in texts for character in text).most_common(FREQUENT)
    top = 2.2 if differ else 0.25
    of_characters = sheet.panel(7.6, top, 2.7, 4.1 - top)
    of_characters.bar(range(len(counted)), [n for _, n in counted], color=BLUE, alpha=0.75)
    of_characters.set_xticks(range(len(counted)))
    of_characters.set_title("most frequent characters", fontsize=8.5, color=INK, loc="left")
    style(of_characters)
    of_characters.grid(visible=False, axis="x")
    of_characters.set_xticklabels([_visible(c) for c, _ in counted], fontsize=7, family="monospace", parse_math=False)
    of_characters.tick_params(axis="x", colors=INK)
    of_characters.tick_params(axis="y", labelsize=7, colors=FAINT)
    sheet.save(path)


def _lines(text: str) -> list[str]:
    """As it is read, long lines broken."""
    return [part for line in text.split("\n") for part in (wrap(line, ACROSS // 2 + 6) or [""])]


def _visible(text: str) -> str:
    """With signs for what cannot be seen."""
    shown = text.replace("\n", "⏎").replace("\t", "⇥")
    shown = "␣" if shown == " " else shown
    return "".join(c if c.isprintable() else "·" for c in shown)
