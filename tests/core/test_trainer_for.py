"""trainer_for: a model says who trains it."""

from __future__ import annotations

from typing import Any

import pellucid as pl
import pytest


class Patient(pl.Trainer):
    """A trainer of a kind of its own."""


class Own(pl.Dense):
    trained_by = f"{__name__}:Patient"


def built(layer: pl.Layer) -> Any:
    return pl.build(layer, input_shape=(3,), seed=0)


def test_the_class_that_the_model_names_is_made_with_the_same_arguments() -> None:
    trainer = pl.trainer_for(built(Own(2)), loss="mse", seed=5)
    assert type(trainer) is Patient and trainer.seed == 5
    assert type(pl.trainer_for(built(pl.Dense(2)), loss="mse")) is pl.Trainer


@pytest.mark.parametrize("named", ["nowhere.at_all:Patient", f"{__name__}:Absent", f"{__name__}:Own", "Patient", ""])
def test_what_names_no_trainer_is_refused(named: str) -> None:
    class Wrong(pl.Dense):
        trained_by = named

    with pytest.raises(pl.ConfigError, match=r"Wrong\.trained_by"):
        pl.trainer_for(built(Wrong(2)), loss="mse")


def test_a_model_that_is_not_built_has_no_trainer() -> None:
    with pytest.raises(pl.ShapeError, match="not been built"):
        pl.trainer_for(Own(2), loss="mse")
