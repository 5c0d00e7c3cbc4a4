"""KeyValueCache: the keys and values of the positions that an attention has seen, so that a text can go on."""

from __future__ import annotations

from typing import Any

from pellucid import Array, DataError, Ops


class KeyValueCache:
    """Keys and values (rows, longest, K·d), of which the first ``length`` positions are filled."""

    def __init__(self, ops: Ops, rows: int, longest: int, width: int, dtype: Any) -> None:
        self.keys = ops.empty((rows, longest, width), dtype)
        self.values = ops.empty((rows, longest, width), dtype)
        self.length = 0

    def add(self, keys: Array, values: Array) -> tuple[Array, Array]:
        """Append those of further positions; returns all keys and all values so far.

        Raises:
            DataError: there is no room.
        """
        first, end = self.length, self.length + keys.shape[1]
        if end > self.keys.shape[1]:
            raise DataError(
                f"A cache of {self.keys.shape[1]} positions holds {first} and has no room for {keys.shape[1]} more. "
                "Make a longer one, or begin anew with the last positions."
            )
        self.keys[:, first:end], self.values[:, first:end] = keys, values
        self.length = end
        return self.keys[:, :end], self.values[:, :end]
