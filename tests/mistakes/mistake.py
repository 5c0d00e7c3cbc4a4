"""One mistake: some bytes of a file, and what stands there in their place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mistake:
    """A change of one file.

    Attributes:
        path: the file.
        what: its kind: comparison, arithmetic, logic, constant, branch, arguments, boundary, statement.
        first, last: where the replaced text begins and ends, in bytes.
        new: what stands in its place.
    """

    path: Path
    what: str
    first: int
    last: int
    new: str

    @property
    def line(self) -> int:
        return self.path.read_bytes()[: self.first].count(b"\n") + 1

    @property
    def old(self) -> str:
        return self.path.read_bytes()[self.first : self.last].decode()

    def made(self) -> str:
        """The text of the file with the mistake in it."""
        content = self.path.read_bytes()
        return (content[: self.first] + self.new.encode() + content[self.last :]).decode()
