"""A network made of sections: what is filled in and left out, and how what is wrong is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio.allowed import Mistake
from pellucid_studio.experiment import Refused, made_of, refusing, seeded_of, told
from pellucid_studio.points import Points

X = [[0.0, 0.0], [0.0, 2.0], [1.0, 0.0], [1.0, 2.0], [0.5, 1.0], [0.5, 1.0]]
SECTIONS: dict[str, Any] = {
    "data": {"type": "studio/points", "x": X, "y": [0, 1, 1, 0, 1, 0], "validation": 2, "test": 0,
             "transforms": ["standardize"]},
    "model": {"type": "dense", "units": 2}, "loss": "softmax_cross_entropy", "train": {"epochs": 3, "batch_size": 2},
}  # fmt: skip


def test_a_network_is_ready_before_its_first_step() -> None:
    ready = made_of({**SECTIONS, "optimizer": None})
    assert ready.sections == SECTIONS and (ready.epochs, ready.batch_size) == (3, 2)
    assert ready.model is ready.trainer.model and ready.trainer.steps == 0 and ready.trainer.seed == 0
    assert [len(part) for part in (ready.splits.train, ready.splits.validation, ready.splits.test)] == [4, 2, 0]
    (transform,) = ready.trainer.runtime.transforms
    x = np.asarray(ready.splits.train.x)
    np.testing.assert_allclose(transform.apply(x), (x - x.mean(axis=0)) / x.std(axis=0), atol=1e-6)
    assert ready.resolved["data"]["type"] == "studio/points" and ready.resolved["train"]["epochs"] == 3
    assert ready.resolved["train"]["seed"] == 0


def test_nothing_chooses_an_epoch_or_ends_a_run() -> None:
    trusted = {**SECTIONS, "train": {**SECTIONS["train"], "patience": 1}}
    assert made_of(trusted, trusted=True).trainer.callbacks == [] == made_of(SECTIONS).trainer.callbacks
    with pytest.raises(Refused) as refused:
        made_of(trusted)
    assert [mistake.path for mistake in refused.value.mistakes] == ["train.patience"]


def test_samples_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    load = Points.load
    monkeypatch.setattr(Points, "load", lambda self, rng: reads.append(1) or load(self, rng))  # type: ignore[func-returns-value]
    made_of(SECTIONS)
    assert reads == [1]


def rows(**changed: Any) -> list[Any]:
    """Which samples are trained on."""
    found: list[Any] = np.asarray(made_of({**SECTIONS, **changed}).splits.train.x).tolist()
    return found


def test_the_seed_is_that_of_the_training_and_for_samples_that_of_the_data_before_it() -> None:
    x = [[float(i), 0.0] for i in range(40)]
    data = {**SECTIONS["data"], "x": x, "y": [i % 2 for i in range(40)], "validation": 20}
    plain, one = rows(data=data), rows(data=data, train={**SECTIONS["train"], "seed": 1})
    assert plain == rows(data=data, train={**SECTIONS["train"], "seed": 0}) != one
    assert one == rows(data={**data, "seed": 1}) == rows(data={**data, "seed": 1}, train={"epochs": 1, "seed": 5})
    assert plain == rows(data={**data, "seed": 0}, train={"epochs": 1, "seed": 1})


def weights(sections: dict[str, Any]) -> np.ndarray[Any, Any]:
    return np.array(made_of(sections).trainer.runtime.arena.data)


def test_first_weights_hang_on_the_seed_of_the_training() -> None:
    five = {**SECTIONS, "train": {**SECTIONS["train"], "seed": 5}}
    np.testing.assert_array_equal(weights(SECTIONS), weights(SECTIONS))
    assert (weights(SECTIONS) != weights(five)).any()


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        ({"epochs": 2}, {"epochs": 2, "seed": 0}), ({"epochs": 2, "seed": None}, {"epochs": 2, "seed": 0}),
        ({"seed": 5}, {"seed": 5}), ({"seed": 0}, {"seed": 0}), (7, 7),
    ],
)  # fmt: skip
def test_the_seed_is_nought_where_there_is_none(train: Any, expected: Any) -> None:
    sections = {"model": "ann", "train": train}
    assert seeded_of(sections) == {"model": "ann", "train": expected} and sections["train"] is train


def test_without_a_section_of_the_training_there_is_a_seed_all_the_same() -> None:
    assert seeded_of({"model": "ann"}) == {"model": "ann", "train": {"seed": 0}}


# -- mistakes ----------------------------------------------------------------------------------------------------------

TWO = "2 mistakes in the configuration:\n  loss.type: no such\n  and more"


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        (TWO, [("loss.type", "no such"), ("", "and more")]),
        ("a mistake in the configuration:", [("", "a mistake in the configuration:")]),
        ("model.units: too many\nin two lines", [("model.units", "too many\nin two lines")]),
        ("nowhere: x", [("", "nowhere: x")]),
    ],
)  # fmt: skip
def test_each_line_of_an_error_of_many_is_a_mistake(text: str, mistakes: Any) -> None:
    for kind in (pl.ConfigError, pl.DataError):
        assert [tuple(each) for each in told(kind(text))] == mistakes


def refused(error: BaseException, **how: Any) -> Refused:
    with pytest.raises(Refused) as caught, refusing(**how):
        raise error
    return caught.value


def test_whatever_is_raised_refuses_the_sections() -> None:
    own = Refused([Mistake("a", "b")])
    assert refused(own) is own
    memory = refused(MemoryError())
    assert memory.mistakes == [("", "There is not enough memory for this. Make layers or batches smaller.")]
    for error, text in ((SystemExit(3), "SystemExit: 3"), (KeyError("x"), "KeyError: 'x'")):
        found = refused(error)
        assert found.mistakes == [("", f"{text}. This is a mistake in pellucid or in a plugin.")]
        assert found.__cause__ is error
    with refusing():
        pass


def test_mistakes_are_put_at_their_places_and_told_in_lines() -> None:
    found = refused(pl.ConfigError(TWO), place=lambda mistake: Mistake(mistake.path or "model", mistake.text))
    assert found.mistakes == [("loss.type", "no such"), ("model", "and more")]
    assert (
        found.lines == ["loss.type: no such", "model: and more"] and str(found) == "loss.type: no such; model: and more"
    )
    assert refused(pl.ConfigError("only this")).lines == ["only this"]
