"""The benchmark of packs measures what it says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import pack


@pytest.mark.parametrize("name", ["packed", "alone"])
def test_ours_trains_every_member_for_so_many_epochs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import pellucid as pl

    made: list[Any] = []
    monkeypatch.setattr(pl, "Trainer", type("Noted", (pl.Trainer,), {"__init__": lambda self, *m, **how: (
        made.append(self), super(type(self), self).__init__(*m, **how))[0]}))  # fmt: skip
    run = pack.ours(name, 3, (4,), 40, 16)
    run(2)
    run(1)
    assert [trainer.epochs for trainer in made] == [3, 3, 3] and [trainer.steps for trainer in made] == [9, 9, 9]


def test_everyone_has_a_turn_in_every_round() -> None:
    turns: list[str] = []

    def contestant(name: str, seconds: float) -> Any:
        return SimpleNamespace(ask=lambda **message: turns.append(name) or [seconds, seconds / 2])

    both: Any = {"packed": contestant("packed", 1.0), "tabm": contestant("tabm", 2.0)}
    clock, processor = pack.contest(both, 9, "medium", 2)
    assert turns == ["packed", "tabm"] * 3
    assert clock == {"packed": [250.0, 250.0], "tabm": [500.0, 500.0]} and processor["tabm"] == [250.0, 250.0]
