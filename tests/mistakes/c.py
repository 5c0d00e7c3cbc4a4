"""Small mistakes in C: one operator, bound or number of a line is another one. Only the text is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.mistakes.mistake import Mistake

CHANGES: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (what, re.compile(pattern), new)
    for what, pattern, new in (
        ("comparison", r"(?<=[\w)\]] )<(?= [\w(])", "<="), ("comparison", r"(?<= )<=(?= )", "<"),
        ("comparison", r"(?<=[\w)\]] )>(?= [\w(])", ">="), ("comparison", r"(?<= )>=(?= )", ">"),
        ("comparison", r"(?<= )==(?= )", "!="), ("comparison", r"(?<= )!=(?= )", "=="),
        ("arithmetic", r"(?<=[\w)\]] )\+(?= [\w(*])", "-"), ("arithmetic", r"(?<=[\w)\]] )-(?= [\w(*])", "+"),
        ("arithmetic", r"(?<=[\w)\]] )\*(?= [\w(])", "+"), ("arithmetic", r"(?<=[\w)\]] )/(?= [\w(])", "*"),
        ("arithmetic", r"(?<= )\+=(?= )", "="), ("arithmetic", r"(?<= )\*=(?= )", "="),
        ("logic", r"(?<= )&&(?= )", "||"), ("logic", r"(?<= )\|\|(?= )", "&&"),
        ("boundary", r"(?<=[=] )0(?=; \w+ <)", "1"),
        ("boundary", r"(?<= < )([\w.>-]+)(?=; \w+(\+\+|--| \+=))", r"\1 - 1"),
        ("constant", r"(?<=[ (])(\d+)(?=[;,) ])", r"(\1 + 1)"),
        ("constant", r"(?<=[ (])(\d*\.\d+|\d+\.)(f?)(?=[;,) ])", r"(1.25\2 * \1\2)"),
    )
)  # fmt: skip
COMMENT = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|^[ \t]*#[^\n]*(?:\\\n[^\n]*)*|\bUNROLL\(\d+\)",
    re.DOTALL | re.MULTILINE,
)
"""Comments, texts, what the preprocessor reads and how far loops are unrolled are left alone."""


def drawn_from(path: Path) -> Iterator[Mistake]:
    """Every mistake that can be made in a file."""
    source = path.read_text(encoding="utf-8")
    code = COMMENT.sub(lambda found: re.sub(r"[^\n]", "\0", found[0]), source)
    for what, pattern, new in CHANGES:
        for found in pattern.finditer(code):
            first, last = (len(source[:at].encode()) for at in found.span())
            yield Mistake(path, what, first, last, found.expand(new))
