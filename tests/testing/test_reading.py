"""Arguments that nothing reads are told from those that something reads, wherever that is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pellucid import Regularizer
from pellucid.basics.checks import check_float
from pellucid.testing.reading import unread


def outside(component: Any) -> float:
    """What reads an attribute of a component that it is given."""
    return float(component.far) if hasattr(component, "near") else 0.0


class Base(Regularizer):
    def __init__(self, inherited: float = 1.0) -> None:
        check_float(self, "inherited", inherited, "[0, inf)")
        self.inherited = inherited

    def penalty(self, ops: Any, data: Any) -> float:
        return self.inherited

    def add_gradient(self, ops: Any, data: Any, grad: Any) -> None:
        pass


class Reads(Base):
    """Reads all but ``idle``, ``checked`` and ``asserted``."""

    def __init__(
        self, inherited: float = 1.0, plain: float = 1.0, by_name: float = 1.0, near: int = 1, far: int = 2,
        prepared: int = 3, branch: bool = True, shown: int = 1, *, idle: int = 0, checked: float = 1.0,
        asserted: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(inherited=inherited)
        check_float(self, "checked", checked, "[0, inf)")
        if checked < 0:
            raise ValueError(f"checked must be positive. Received: {checked}.")
        assert asserted > 0
        self.plain = plain
        self.by_name = by_name
        self.near = near
        self.far = far
        self.prepared = prepared
        self.branch = branch
        self.shown = shown
        self.idle = idle
        self.checked = checked
        self.asserted = asserted
        self._table = [0] * prepared
        if branch:
            self._more = 1

    @property
    def twice(self) -> int:
        return 2 * self.shown

    def penalty(self, ops: Any, data: Any) -> float:
        return self.plain * float(getattr(self, "by_name")) * outside(self)  # noqa: B009


def used() -> None:
    made = Reads()
    made.penalty(None, None)
    made.arguments()
    repr(made)


READ = ["inherited", "plain", "by_name", "near", "far", "prepared", "branch", "shown"]
ARGUMENTS = [*READ, "idle", "checked", "asserted"]


def test_what_is_only_stored_or_checked_is_unread() -> None:
    assert unread("regularizer", Reads, ARGUMENTS, used, "nowhere") == ["idle", "checked", "asserted"]
    assert "__getattribute__" not in vars(Reads)


def test_what_the_engine_reads_is_read() -> None:
    assert unread("optimizer", Reads, ["lr", "weight_decay", "groups"], used, "nowhere") == []


def test_a_factory_reads_its_arguments_by_name() -> None:
    def factory(units: int, lost: int) -> int:
        return units + 1

    assert unread("model", factory, ["units", "lost"], used, "nowhere") == ["lost"]


def test_another_file_of_the_plugin_may_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package_of_reads"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "sampling.py").write_text("def sample(objective):\n    return objective.idle, self.checked\n")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("package_of_reads")
    assert unread("regularizer", Reads, ARGUMENTS, used, "package_of_reads") == ["checked", "asserted"]
