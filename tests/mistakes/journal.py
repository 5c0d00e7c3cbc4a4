"""What came of each mistake, a line each, behind one that says what the journal was begun with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.mistakes.explained import EQUIVALENT

CAUGHT, HANGS, SURVIVED = "caught", "caught: it hangs", "survived"
REFUSED, OUTSIDE = "refused by the compiler", "outside of functions"
"""What is none of the mistakes that count."""


def note(journal: Path, entry: dict[str, Any]) -> None:
    with journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def read(journal: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What it was begun with, and what came of each mistake so far."""
    if not journal.exists():
        return {}, []
    begun, *entries = (json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines())
    return begun, entries


def shown(entries: Sequence[dict[str, Any]]) -> str:
    """Figures, and every survivor with what is known of it."""
    outcomes = Counter(each["outcome"] for each in entries)
    lines = [", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))]
    survivors = [each for each in entries if each["outcome"] == SURVIVED]
    for each in survivors:
        why = EQUIVALENT.get((each["file"], each["line"], each["new"]), "not explained")
        lines.append(f"{each['number']}: {each['file']}:{each['line']}: {each['old']} -> {each['new']} ({why})")
    equivalent = sum((each["file"], each["line"], each["new"]) in EQUIVALENT for each in survivors)
    mistakes = len(entries) - equivalent - outcomes[REFUSED] - outcomes[OUTSIDE]
    caught = outcomes[CAUGHT] + outcomes[HANGS]
    if mistakes:
        share = f"{caught / mistakes:.1%}"
        lines.append(f"{caught} of {mistakes} caught, {share}, without {equivalent} that change nothing")
    return "\n".join(lines)
