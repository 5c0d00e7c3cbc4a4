"""One member of a pack: halted it returns, and goes on where it was; the rows of validation are its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.standard.packed import HALTED, Member

from tests.core.test_pack import HELD, X, Y, a_trainer, require_same


class When(pl.Callback):
    """Calls something at the end of an epoch."""

    def __init__(self, epoch: int, then: Callable[[], None]) -> None:
        self.epoch, self.then = epoch, then

    def on_epoch_end(self, run: pl.Run) -> None:
        if run.epoch == self.epoch:
            self.then()


def a_member(*callbacks: pl.Callback) -> Member:
    how: dict[str, Any] = {"validation": None, "epochs": 5, "batch_size": 32, "sample_weight": None}
    member = Member(a_trainer(0, callbacks=list(callbacks)), (X, Y), how, None)
    member.goal = 5
    return member


def test_a_member_that_is_halted_returns_and_goes_on_where_it_was() -> None:
    member = a_member(When(2, lambda: member.halt()))
    member.enter(kept=False)
    member.go()
    assert (member.trainer.epochs, member.reason, member.due) == (2, HALTED, False)
    member.resume()
    assert member.reason is None and member.due
    member.go()
    member.leave(None)
    alone = a_trainer(0)
    alone.fit((X, Y), epochs=5, batch_size=32, verbose=False)
    assert member.trainer.epochs == 5
    require_same([member.trainer], [alone])


def test_a_member_that_has_stopped_before_keeps_its_reason() -> None:
    member = a_member(When(2, lambda: member.run.stop("enough")))
    member.enter(kept=False)
    member.go()
    member.halt()
    assert member.reason == "enough"
    member.resume()
    assert (member.reason, member.trainer.epochs, member.active) == ("enough", 2, False)
    member.leave(None)


FEW = HELD[0][:7], HELD[1][:7]


@pytest.mark.parametrize("validations", [[HELD, None, HELD], [None, HELD, None], [HELD, FEW, HELD]])
def test_some_members_may_have_no_rows_of_validation_or_others(validations: list[Any]) -> None:
    alone, own = ([a_trainer(k) for k in range(3)] for _ in range(2))
    for trainer, validation in zip(alone, validations, strict=True):
        trainer.fit((X, Y), validation=validation, epochs=3, batch_size=32, verbose=False)
    pl.Pack(own, threads=2).fit((X, Y), validation=validations, epochs=3, batch_size=32, verbose=False)
    require_same(own, alone)
    measured = ["validation_loss" in trainer.history.records[-1] for trainer in own]
    assert measured == [validation is not None for validation in validations]


def test_equal_arrays_are_held_once_for_all_members() -> None:
    how: dict[str, Any] = {"validation": HELD, "epochs": 1, "batch_size": 32, "sample_weight": None}
    first = Member(a_trainer(0), (X, Y), how, None)
    copies = {"validation": tuple(part.copy() for part in HELD)}
    second = Member(a_trainer(1), (X.copy(), Y.copy()), how | copies, first)
    for one, other in zip(first.run.data.source.arrays[:2], second.run.data.source.arrays[:2], strict=True):
        assert np.shares_memory(one, other)
    assert isinstance(first.run.validation, tuple) and isinstance(second.run.validation, tuple)
    assert np.shares_memory(first.run.validation[0][0], second.run.validation[0][0])
    assert np.shares_memory(first.run.validation[1], second.run.validation[1])


@pytest.mark.parametrize(
    ("verbose", "looks", "shown"),
    [(None, True, True), (None, False, False), (True, False, True), (True, True, True), (False, True, False),
     (False, False, False)],
)  # fmt: skip
def test_how_far_it_is_is_said_where_somebody_looks_or_it_is_wanted(
    verbose: bool | None, looks: bool, shown: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: looks, raising=False)
    pl.Pack([a_trainer(0)]).fit((X, Y), epochs=2, batch_size=32, verbose=verbose)
    assert ("pack of 1: 2 of 2 epochs" in capsys.readouterr().err) is shown
