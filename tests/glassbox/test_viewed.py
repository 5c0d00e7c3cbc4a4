"""What a view is given to look at: samples of the parts of the data, read once; what is kept while weights stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.views.view import Viewed
from pellucid.interfaces.dataset import Splits
from pellucid.interfaces.samples import Split


@pytest.fixture
def model() -> Any:
    return pl.build("dense", units=2, input_shape=(3,), seed=0)


def split(rows: int, value: float) -> Any:
    return Split(np.full((rows, 3), value), np.zeros(rows))


def looked_at(model: Any, parts: list[tuple[int, float]] | None) -> tuple[Viewed, list[str]]:
    """Data of train, validation and test, and which of them were read."""
    asked: list[str] = []
    data = None if parts is None else Splits(*(None if rows < 0 else split(rows, value) for rows, value in parts))  # type: ignore[arg-type]
    viewed = Viewed.of(model, data, "my run")
    read = viewed.read

    def reading(part: str) -> Any:
        asked.append(part)
        return read(part)

    return Viewed(model, "my run", reading), asked


def test_samples_of_a_part_are_read_once(model: Any) -> None:
    viewed, asked = looked_at(model, [(4, 1.0), (3, 2.0), (2, 3.0)])
    assert len(viewed.samples()) == 2 and len(viewed.samples("train")) == 4 and len(viewed.samples("test")) == 2
    assert asked == ["test", "train"] and viewed.name == "my run" and viewed.model is model
    assert np.asarray(viewed.samples("validation").x).tolist() == [[2.0] * 3] * 3
    assert Viewed.of(model).name == "this network"


@pytest.mark.parametrize(
    ("parts", "count", "found"),
    [
        ([(4, 1.0), (3, 2.0), (2, 3.0)], 9, [3.0, 3.0]), ([(4, 1.0), (3, 2.0), (2, 3.0)], 1, [3.0]),
        ([(4, 1.0), (3, 2.0), (-1, 3.0)], 2, [2.0, 2.0]), ([(4, 1.0), (-1, 2.0), (-1, 3.0)], 3, [1.0, 1.0, 1.0]),
        ([(4, 1.0), (0, 2.0), (0, 3.0)], 5, [1.0] * 4), ([(4, 1.0), (3, 2.0), (2, 3.0)], 0, []),
    ],
)  # fmt: skip
def test_the_first_samples_are_those_of_the_test_data_or_what_there_is(
    parts: Any, count: int, found: list[float], model: Any
) -> None:
    assert np.asarray(looked_at(model, parts)[0].first(count).x)[:, 0].tolist() == found


def test_where_there_are_no_samples_it_is_told(model: Any) -> None:
    with pytest.raises(pl.DataError, match=r"^There is no data of my run at hand\. Open a run that knows its data\.$"):
        looked_at(model, None)[0].first(3)
    with pytest.raises(pl.DataError, match=r"^There is no validation part in the data of my run at hand\."):
        looked_at(model, [(4, 1.0), (-1, 0.0), (2, 0.0)])[0].samples("validation")
    with pytest.raises(pl.DataError, match=r"^There is no train part in the data of my run at hand\."):
        looked_at(model, [(0, 1.0), (0, 0.0), (0, 0.0)])[0].first(1)


def test_samples_without_parts_are_all_of_them(model: Any) -> None:
    viewed = Viewed.of(model, split(4, 1.0))
    assert [len(viewed.samples(part)) for part in ("train", "validation", "test")] == [4, 4, 4]


def test_what_was_made_is_kept_as_long_as_weights_stay(model: Any) -> None:
    viewed, made = Viewed.of(model), list[int]()

    def once(name: str = "mine: codes") -> int:
        return viewed.once(name, lambda: made.append(1) or len(made))  # type: ignore[func-returns-value]

    assert [once(), once(), once("other")] == [1, 1, 2] and once() == 1
    model.parameters()[1].data[0] += 1.0
    assert [once(), once()] == [3, 3]
    model.parameters()[1].data[0] -= 1.0
    assert once() == 4


def test_classes_are_those_of_the_model(model: Any) -> None:
    assert Viewed.of(model).classes is None and Viewed.of(pl.Dense(2)).classes is None
    model.runtime.classes = ("cat", "dog")
    assert Viewed.of(model).classes == ("cat", "dog")
