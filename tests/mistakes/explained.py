"""Mistakes that no test can notice, as they change nothing that could be seen: each with the reason."""

from __future__ import annotations

EQUIVALENT: dict[tuple[str, str, str], str] = {}
"""By the file, what stands there, and what was put in its place."""
