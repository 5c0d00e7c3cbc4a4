"""even_shares: so many points in nearly equal parts."""

from __future__ import annotations


def even_shares(n: int, parts: int) -> list[int]:
    """n in that many parts, whose sizes differ by one at most, the larger ones first."""
    return [n // parts + (part < n % parts) for part in range(parts)]
