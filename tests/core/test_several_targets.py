"""Several targets: a tuple, or a table by their names, from the data to the objective, in every way to train."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.interfaces.samples import check_data

X = np.random.default_rng(0).normal(size=(20, 4))
Y = {"kind": np.arange(20) % 3, "size": X[:, :2] + 1.0}


def test_split_keeps_tuples_and_tables() -> None:
    split = pl.Split(X, {"kind": [0, 1] * 10, "size": Y["size"]})
    assert split.take(np.arange(3)).y["size"].shape == (3, 2)
    assert "int64(3,), float64(3, 2)" in repr(split.take(np.arange(3)))
    assert type(pl.Split(X, tuple(Y.values())).y) is tuple


@pytest.mark.parametrize(("y", "told"), [
    ({"kind": Y["kind"], "size": Y["size"][:5]}, r"20 rows in x, 5 in y\['size'\]"),
    ((Y["kind"], np.full(20, np.nan)), r"y\[1\] of .* must be finite"),
    ({"kind": ["a"] * 20}, r"y\['kind'\] must hold real numbers"),
])  # fmt: skip
def test_what_is_wrong_is_told_by_its_name(y: Any, told: str) -> None:
    with pytest.raises(pl.DataError, match=told):
        check_data(X, pl.Split(X, y).y)
