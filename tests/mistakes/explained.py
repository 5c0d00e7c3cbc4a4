"""Mistakes that no test can notice, as they change nothing that could be seen: each with the reason."""

from __future__ import annotations

EITHER = "of two numbers that are equal either is taken"
EQUIVALENT: dict[tuple[str, int, str], str] = {
    ("plugins/transformer/ext/body/rows.h", 387, "<="): EITHER,
    (
        "core/pellucid/standard/transforms.py",
        121,
        "(1 + 1)",
    ): "zeros that a sum begins with: fewer axes of them are broadcast",
}
"""By the file, the line in the commit of the journal, and what was put there."""
