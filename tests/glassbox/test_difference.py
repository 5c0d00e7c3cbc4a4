"""diff says where two traces part: which quantity first, in which cell, and by how much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.difference import Difference, Differing


def _trace(seed: int = 1, backend: str = "reference", units: int = 5, lr: float = 0.1, **how: Any) -> pl.Trace:
    rng = np.random.default_rng(0)
    model = pl.build("ann", input_shape=(4,), hidden=[units], outputs=3, seed=seed, backend=backend)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer={"type": "sgd", "lr": lr}, seed=3)
    x = rng.normal(size=(6, 4))
    if "x" in how:
        x[how.pop("x")] += 1.0
    return trainer.trace_step(x, rng.integers(0, 3, 6), **how)


def test_the_same_step_does_not_differ() -> None:
    found = pl.diff(_trace(), _trace())
    assert not found and found.first is None
    assert str(found) == f"Of {found.compared} quantities that both have, none differs."


def test_the_first_cell_that_differs_is_named() -> None:
    found = pl.diff(_trace(), _trace(x=(2, 1)))
    assert found
    first = found.first
    assert first is not None and (first.name, first.cell, first.cells) == ("x", (2, 1), 1)
    assert abs(first.b - first.a - 1.0) < 1e-6 and abs(first.difference - 1.0) < 1e-6
    assert "The first:\n  x[2, 1]: " in str(found) and "apart by 1 (" in str(found)
    assert [row.name for row in found.differing][1] == "layers.1.y"  # what is the array x again is not told again
    assert len(str(found).splitlines()) < 30


def test_the_order_is_that_of_the_computation_and_settings_are_told() -> None:
    found = pl.diff(_trace(), _trace(lr=0.2))
    assert found.first is not None and found.first.name == "lr"
    assert [row.name for row in found.differing] == [
        "lr",
        *(f"layers.{n}.{w}.new" for n in (1, 2) for w in ("weight", "bias")),
    ]
    assert ("optimizer.lr", 0.1, 0.2) in found.settings and "optimizer.lr 0.1 and 0.2" in str(found)
    assert ("seed", 3, 3) not in found.settings
    assert ("backend", "reference", "cython") in pl.diff(_trace(), _trace(backend="cython")).settings


def test_two_backends_are_alike_within_a_tolerance() -> None:
    assert not pl.diff(_trace(), _trace(backend="cython"), tolerance=1e-5)


def test_other_shapes_and_names_of_one_alone_are_told() -> None:
    found = pl.diff(_trace(), _trace(units=7))
    assert found.shapes["layers.1.weight"] == ((4, 5), (4, 7)) and "layers.1.weight, (4, 5) and (4, 7)" in str(found)
    found = pl.diff(_trace(), _trace(keep="loss*"))
    assert not found.differing and "x" in found.only_a and "Only in the first: rows, x, y" in str(found)


def test_what_is_not_a_number_is_told_and_equals_itself() -> None:
    one, other = _trace(), _trace()
    y = one["layers.1.y"].copy()
    y[0, 0] = np.nan
    for trace in (one, other):
        trace.quantity("layers.1.y").array = y.copy()
    assert not pl.diff(one, other)
    y[0, 1] = np.inf
    other.quantity("layers.1.y").array = y
    found = pl.diff(one, other, tolerance=0.5)
    assert found.first is not None and found.first.cell == (0, 1) and found.first.relative == np.inf


def apart(name: str, cell: tuple[int, ...] = (1, 2)) -> Differing:
    return Differing(name, cell, 1.0, 1.5, 0.5, 0.25, 3, 12)


def told(*differing: Differing, **other: Any) -> list[str]:
    held: dict[str, Any] = {"only_a": (), "only_b": (), "shapes": {}, "settings": (), "tolerance": 0.0}
    return str(Difference(differing, 40, **{**held, **other})).splitlines()


def test_one_difference_and_two_as_text() -> None:
    first = "  q[1, 2]: 1 and 1.5, apart by 0.5 (0.25 of the largest)"
    assert told(apart("q")) == ["Of 40 quantities that both have, 1 differ. The first:", first]
    assert told(apart("q"), apart("a_long_name", ()), tolerance=1e-5) == [
        "Of 40 quantities that both have, 2 differ by more than 1e-05 of its largest number. The first:",
        first,
        "quantity     relative   |a − b|  cells",
        "q                0.25       0.5  3 of 12",
        "a_long_name      0.25       0.5  3 of 12",
    ]
    assert str(apart("loss", ())) == "loss: 1 and 1.5, apart by 0.5 (0.25 of the largest)"
    assert told(tolerance=0.5) == [
        "Of 40 quantities that both have, none differs by more than 0.5 of its largest number."
    ]


@pytest.mark.parametrize("more", [0, 1, 5])
def test_of_many_differences_twenty_are_told(more: int) -> None:
    lines = told(*(apart(f"q{k}") for k in range(20)), *(apart("a name that is not shown") for _ in range(more)))
    assert lines[2] == "quantity  relative   |a − b|  cells"
    assert lines[3:23] == [f"{f'q{k}':8}      0.25       0.5  3 of 12" for k in range(20)]
    assert lines[23:] == ([f"… and {more} more: diff(a, b).differing has them all."] if more else [])


@pytest.mark.parametrize(("count", "end"), [(6, ""), (7, " …")])
def test_of_many_settings_six_are_told(count: int, end: str) -> None:
    lines = told(settings=tuple((f"s{k}", k, "x" * 50) for k in range(count)))
    assert lines[1:] == ["Settings differ: " + "; ".join(f"s{k} {k} and '{'x' * 39}" for k in range(6)) + end]


def test_of_shapes_twenty_are_told_and_of_names_eight() -> None:
    shapes = {f"q{k}": ((k, 2), (k, 3)) for k in range(21)}
    names = tuple("abcdefghi")
    assert told(shapes=shapes, only_a=names[:8], only_b=names)[1:] == [
        *(f"Of other shapes: q{k}, ({k}, 2) and ({k}, 3)" for k in range(20)),
        "Only in the first: a, b, c, d, e, f, g, h",
        "Only in the second: a, b, c, d, e, f, g, h, … (9 in all)",
    ]


def test_what_is_no_trace_is_refused() -> None:
    with pytest.raises(pl.DataError, match=r"compares two traces.*Received: dict"):
        pl.diff({}, _trace())  # type: ignore[arg-type]
    with pytest.raises(pl.ConfigError, match="tolerance"):
        pl.diff(_trace(), _trace(), tolerance=-1.0)
