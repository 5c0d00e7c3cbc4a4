"""Draw: a range or a choice that values are drawn from, and how a number in [0, 1) becomes one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from math import exp, floor, isfinite, log
from typing import Any

from pellucid.basics.checks import is_int, is_number
from pellucid.basics.suggest import did_you_mean, said
from pellucid.registry.reader import Reader

KINDS = ("uniform", "log_uniform", "int", "log_int", "choice")
_DIGITS = 4
"""Significant ones of a number with a point: nobody sets a learning rate more finely, and folders are named by it."""


@dataclass(frozen=True)
class Draw:
    """Where values come from.

    Attributes:
        kind: ``uniform`` and ``log_uniform``: numbers in [low, high], evenly or evenly in their logarithm; ``int`` and
            ``log_int``: whole ones; ``choice``: one of a list.
        values: (low, high), or the list.
    """

    kind: str
    values: tuple[Any, ...]

    def at(self, u: float) -> Any:
        """The value of a number u in [0, 1): F⁻¹(u), where F is the distribution function; numbers that are not whole
        are rounded to four significant digits."""
        if self.kind == "choice":
            return self.values[floor(u * len(self.values))]
        low, high = self.values
        whole = self.kind in ("int", "log_int")
        above = high + 1 if whole else high
        if self.kind in ("log_uniform", "log_int"):
            value = exp(log(low) + u * (log(above) - log(low)))
        else:
            value = low + u * (above - low)
        return self.rounded(floor(value) if whole else value)

    def rounded(self, value: float) -> float:
        """A number of the range as it is used."""
        low, high = self.values
        short = value if self.kind in ("int", "log_int") else float(f"{value:.{_DIGITS}g}")
        return min(max(short, low), high)  # what rounding has moved beyond an end


def unit(seed: int, path: str, number: int) -> float:
    """A number in [0, 1) that depends on what it is for alone: more draws, or more settings, change no other."""
    digest = blake2b(f"{seed}/{path}/{number}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)


def is_draw(value: Mapping[str, Any]) -> bool:
    """Whether a table says where to draw from, and does not hold settings with longer names."""
    return len(value) == 1 and next(iter(value)) in KINDS


def read_draw(reader: Reader, path: str, value: Any) -> Draw | None:
    """The draw that a file writes so: ``{ log_uniform = [1e-4, 1e-1] }``; None where it is wrong, which is noted."""
    if not isinstance(value, Mapping) or not is_draw(value):
        last = path.rpartition(".")[2]
        reader.note(
            path, f"expected what to draw from, such as {{ log_uniform = [1e-4, 1e-1] }}; it may be {', '.join(KINDS)}."
            f"{did_you_mean(last, KINDS)} Received: {said(value):.80}.",
        )  # fmt: skip
        return None
    ((kind, values),) = value.items()
    if not isinstance(values, list) or not values:
        reader.note(path, f"{kind} takes a list: {_form(kind)}. Received: {said(values):.80}.")
        return None
    wrong = None if kind == "choice" else _wrong_range(kind, values)
    if wrong:
        reader.note(path, f"{kind} = {said(values):.80}: {wrong}")
        return None
    return Draw(kind, tuple(values))


def _form(kind: str) -> str:
    return "choice = [32, 64, 128]" if kind == "choice" else f"{kind} = [LOW, HIGH]"


def _wrong_range(kind: str, values: list[Any]) -> str | None:
    whole, positive = kind in ("int", "log_int"), kind.startswith("log_")
    if len(values) != 2 or not all(is_int(v) if whole else is_number(v) and isfinite(v) for v in values):
        return f"expected two {'whole numbers' if whole else 'numbers'}, [LOW, HIGH]."
    low, high = values
    if not low < high:
        return "the first must be less than the second."
    if positive and low <= 0:
        return f"a range of logarithms begins above 0. Without them: {kind.removeprefix('log_')} = {values!r}."
    return None
