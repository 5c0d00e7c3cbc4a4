"""polars and narwhals, which take long to import: only when something of them is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["nw", "pl"]


class Slow:
    """A module that is imported when the first of its names is looked up."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)


TYPE_CHECKING = False  # type checkers take this name for True
if TYPE_CHECKING:
    import narwhals.stable.v2 as nw
    import polars as pl
else:
    nw, pl = Slow("narwhals.stable.v2"), Slow("polars")
