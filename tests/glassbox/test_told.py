"""Answers of the glass box as they are printed, whole: put together by hand, and at the ends of what they show."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.difference import Difference, Differing
from pellucid.glassbox.prove.agreement import Agreement
from pellucid.glassbox.prove.certificate import Certificate
from pellucid.glassbox.prove.held import Held
from pellucid.glassbox.prove.replay import Difference as Bits, Replay
from pellucid.glassbox.prove.what_if import Step, WhatIf
from pellucid.glassbox.record.as_taken import Change
from pellucid.glassbox.record.quantity import Quantity
from pellucid.glassbox.trace import Setting, Trace


def row(name: str, cell: tuple[int, ...] = (2, 1)) -> Differing:
    return Differing(name, cell, 1.0, 1.5, 0.5, 0.25, 3, 12)


def test_a_difference_is_printed() -> None:
    assert str(Difference((), 7, (), (), {}, (), 0.0)) == "Of 7 quantities that both have, none differs."
    assert str(Difference((), 7, (), (), {}, (), 1e-5)) == (
        "Of 7 quantities that both have, none differs by more than 1e-05 of its largest number."
    )
    found = Difference(
        (row("x"), row("loss", ())), 7, ("a", "b"), ("c",), {"W": ((2,), (3,))}, (("seed", 1, 2), ("lr", "a", "b")), 0.5
    )
    assert str(found) == (
        "Of 7 quantities that both have, 2 differ by more than 0.5 of its largest number. The first:\n"
        "  x[2, 1]: 1 and 1.5, apart by 0.5 (0.25 of the largest)\n"
        "Settings differ: seed 1 and 2; lr 'a' and 'b'\n"
        "quantity  relative   |a − b|  cells\n"
        "x             0.25       0.5  3 of 12\n"
        "loss          0.25       0.5  3 of 12\n"
        "Of other shapes: W, (2,) and (3,)\n"
        "Only in the first: a, b\n"
        "Only in the second: c"
    )
    assert str(found.differing[1]) == "loss: 1 and 1.5, apart by 0.5 (0.25 of the largest)"


def test_of_many_differences_the_first_are_printed() -> None:
    def lines(rows: int, settings: int, names: int) -> list[str]:
        shapes: dict[str, Any] = {f"s{i}": ((1,), (2,)) for i in range(rows)}
        told = tuple((f"t{i}", 0, 1) for i in range(settings))
        found = Difference(
            tuple(row(f"q{i}") for i in range(rows)), 99, tuple(f"n{i}" for i in range(names)), (), shapes, told, 0.0
        )
        return str(found).splitlines()

    few, many = lines(20, 6, 8), lines(21, 7, 9)
    assert [line.split()[0] for line in few[4:24]] == [f"q{i}" for i in range(20)] and few[24].startswith("Of other")
    assert many[24] == "… and 1 more: diff(a, b).differing has them all."
    assert sum(line.startswith("Of other shapes") for line in many) == 20
    assert few[2] == f"Settings differ: {'; '.join(f't{i} 0 and 1' for i in range(6))}" and many[2] == f"{few[2]} …"
    assert few[-1] == "Only in the first: n0, n1, n2, n3, n4, n5, n6, n7"
    assert many[-1] == "Only in the first: n0, n1, n2, n3, n4, n5, n6, n7, … (9 in all)"
    assert len(lines(1, 0, 0)) == 3  # one alone needs no table


@pytest.mark.parametrize("what", ["differing", "only_a", "only_b", "shapes", "settings"])
def test_a_difference_is_true_where_numbers_differ(what: str) -> None:
    held: dict[str, Any] = {"differing": (), "only_a": (), "only_b": (), "shapes": {}, "settings": ()}
    held[what] = {"w": ((1,), (2,))} if what == "shapes" else (row("x") if what == "differing" else "x",)
    assert bool(Difference(compared=1, tolerance=0.0, **held)) == (what != "settings")


def trace(**arrays: Any) -> Trace:
    quantities = {name: Quantity(name, np.asarray(array)) for name, array in arrays.items()}
    return Trace(quantities, [], Setting(None, None))


@pytest.mark.parametrize(
    ("a", "b", "tolerance", "told"),
    [
        ([1.0, -4.0], [1.0, -3.0], 0.0, ((1,), 1.0, 0.25, 1)),
        ([1.0, -4.0], [1.0, -3.0], 0.25, None),  # at the tolerance it does not differ
        ([1.0, -4.0], [1.0, -3.0], 0.24, ((1,), 1.0, 0.25, 1)),
        ([1.0, 2.0], [3.0, 2.5], 0.0, ((0,), 2.0, 2 / 3, 2)),
        ([0.0, 1.0], [-0.0, 1.0], 0.0, None),
        ([np.nan, 1.0], [np.nan, 1.0], 0.0, None),
        ([np.nan, 1.0], [2.0, 1.5], 0.0, ((0,), np.inf, np.inf, 2)),
        ([np.inf, 1.0], [np.inf, 3.0], 0.0, ((1,), 2.0, 2 / 3, 1)),
        ([np.inf, 1.0], [-np.inf, 1.0], 0.0, ((0,), np.inf, np.inf, 1)),
        ([[0, 1], [2, 3]], [[0, 1], [2, 7]], 0.0, ((1, 1), 4.0, 4 / 7, 1)),
        ([True, False], [True, True], 0.0, ((1,), 1.0, 1.0, 1)),
        (2.0, 2.5, 0.0, ((), 0.5, 0.2, 1)),
    ],
)  # fmt: skip
def test_how_far_two_arrays_are_apart(a: Any, b: Any, tolerance: float, told: Any) -> None:
    found = pl.diff(trace(x=a), trace(x=b), tolerance=tolerance)
    assert found.compared == 1
    if told is None:
        assert not found
        return
    (first,) = found.differing
    assert (first.cell, first.cells, first.of) == (told[0], told[3], np.size(a))
    assert (first.difference, first.relative) == pytest.approx(told[1:3])
    assert (first.a, first.b) == pytest.approx((np.asarray(a)[told[0]], np.asarray(b)[told[0]]), nan_ok=True)


def test_names_and_shapes_of_one_alone_are_found() -> None:
    found = pl.diff(trace(x=[1.0], y=[2.0], z=[0.0]), trace(z=[0.0, 1.0], x=[2.0], w=[1.0]))
    assert (found.only_a, found.only_b, found.shapes, found.compared) == (("y",), ("w",), {"z": ((1,), (2,))}, 2)
    with pytest.raises(pl.ConfigError, match=r"^The 'tolerance' of diff must be a float in \[0, inf\)\. Received: -1"):
        pl.diff(trace(), trace(), tolerance=-1.0)


# -- replay -----------------------------------------------------------------------------------------------------------


def test_a_replay_is_printed() -> None:
    differing = Bits("x", (2, 1), 1.0, 1.5, 3, 1200)
    assert str(differing) == "x[2, 1]: 1.0 then, 1.5 now (3 of 1,200 cells differ)"
    names = tuple(f"q{i}" for i in range(1234))
    told = "Replay of step 3: 1,234 recorded quantities computed once more"
    assert str(Replay(names, (), (), what="step 3")) == f"{told}, all with the same bits."
    assert str(Replay(names, (), (), (differing, differing), "step 3")) == (
        f"{told}, all with the same bits but for what nobody reads in x, x."
    )
    last = "What a step is made of must depend on weights, batch and random numbers (ctx.uniform, ctx.normal) alone."
    assert str(Replay(names, (Bits("loss", (), 1, 2, 1, 1),), ("y",), what="step 3")) == (
        f"{told}, 1 with other bits, in the order of computation:\n  loss: 1 then, 2 now (1 of 1 cells differ)\n"
        f"Not computed again: y.\n{last}"
    )
    assert (
        str(Replay(names, (), ("y",), what="step 3")) == f"{told} with the same bits.\nNot computed again: y.\n{last}"
    )
    eight, nine = (str(Replay((), (differing,) * n, ("y",) * n)).splitlines() for n in (8, 9))
    assert len(eight) == 11 and eight[-2] == f"Not computed again: {', '.join('y' * 8)}."
    assert nine[9] == "  and 1 more" and nine[-2] == f"Not computed again: {', '.join('y' * 8)} and 1 more."


def test_a_replay_names_what_differs_and_what_is_missing() -> None:
    found = Replay((), (Bits("x", (), 1, 2, 1, 1),), ("y",))
    assert found.differing == ["x", "y"] and not found.same
    assert not Replay((), (), ("y",)).same and Replay((), (), ()).same and not Replay((), found.differences, ()).same


# -- certificate ------------------------------------------------------------------------------------------------------


def held(name: str = "w.grad", **other: Any) -> Held:
    told = {"cells": 12, "kinks": 0, "error": 2e-7, "exact": 3e-10, "cell": (1, 0), "gradient": 0.125, "slope": 0.12501}
    return Held(name, **{**told, "recorded": True, "passed": True, **other})


def agreement(**other: Any) -> Agreement:
    told = {"name": "z", "of": "z", "component": "Dense", "size": 1200, "error": 1e-7, "cell": (0, 2), "recorded": 1.0}
    return Agreement(**{**told, "computed": 1.5, "passed": True, **other})


def certificate(gradients: Any = (), equations: Any = (), unchecked: Any = None) -> Certificate:
    allowed = {"gradients": 1e-3, "exact": 1e-6, "equations": 2e-5}
    return Certificate("step 3", gradients, equations, unchecked or {}, allowed, "float32", "cython", 5, 7)


HEAD = "5 rows, float32, backend cython; cells chosen with seed 7.\n"


def test_a_certificate_is_printed() -> None:
    assert str(certificate()) == f"Certificate of step 3: nothing could be checked.\n{HEAD}"
    found = certificate(
        (held(), held("b.grad", kinks=3, passed=False, error=0.5), held("x", recorded=False, cells=1000),
         held("k.dx", cells=0, kinks=4), held("n" * 20 + "m" * 15)),
        (agreement(), agreement(name="l", cell=(), error=1e-4, passed=False)),
        {"gradients": "there is no loss"},
    )  # fmt: skip
    assert str(found).splitlines() == [
        "Certificate of step 3: 2 of the quantities are wrong: b.grad, l.",
        "5 rows, float32, backend cython; cells chosen with seed 7.",
        "",
        "Gradients against central differences: 1,036 cells of 5; 7 more lie at kinks.",
        "  gradient                            cells    error  float64  worst cell: gradient, difference",
        "  w.grad                                 12  2.0e-07  3.0e-10  [1, 0] 0.125, 0.12501",
        "  b.grad                                 12  5.0e-01  3.0e-10  [1, 0] 0.125, 0.12501  WRONG",
        "  x                                   1,000        -  3.0e-10  [1, 0] 0.125, 0.12501",
        "  k.dx                                kinks",
        "  nnnnnnnnnnnnnnnn…nnmmmmmmmmmmmmmmm     12  2.0e-07  3.0e-10  [1, 0] 0.125, 0.12501",
        "  allowed                                      1e-03    1e-06",
        "",
        "Equations against the recorded numbers: 2, 2,400 numbers.",
        "  WRONG l: 1 recorded, 1.5 by the equation of 'z' of Dense",
        "  worst: l, 1.0e-04; allowed 2e-05",
        "",
        "Not checked (1):",
        "  gradients: there is no loss",
    ]
    assert str(certificate((held("n" * 34),))).splitlines()[5].startswith(f"  {'n' * 34}     12")
    assert "Certificate of step 3: all that could be checked is right." in str(certificate((), (agreement(),)))


def test_a_certificate_passes_where_something_was_checked_and_nothing_is_wrong() -> None:
    wrong = held("v", passed=False)
    assert not certificate().passed and certificate((held(),)).passed and certificate((), (agreement(),)).passed
    assert not certificate((held(), wrong), (agreement(),)).passed
    assert not certificate((held(),), (agreement(passed=False),)).passed
    assert certificate((wrong, wrong), (agreement(passed=False),)).wrong == ["v", "z"]
    worst = certificate((held("a", error=0.9), held("b", error=0.1, passed=False), held("c", error=0.2, passed=False)))
    assert worst.worst is not None and worst.worst.name == "c" and worst.worst_equation is None
    found = certificate((), (agreement(error=0.1), agreement(name="e", error=0.2))).worst_equation
    assert found is not None and found.name == "e" and certificate().worst is None


def test_a_certificate_is_data_too() -> None:
    found = certificate((held(slope=math.nan, kinks=2),), (agreement(error=math.inf),), {"a": "b"})
    told = json.loads(found.json())
    assert told["gradients"][0]["slope"] == "nan" and told["worst_equation"]["error"] == "inf"
    assert told["worst"]["name"] == "w.grad" and told["worst"]["cell"] == [1, 0]
    assert (told["passed"], told["wrong"], told["cells"], told["kinks"]) == (True, [], 12, 2)
    assert (told["what"], told["rows"], told["seed"], told["unchecked"]) == ("step 3", 5, 7, {"a": "b"})


def test_long_lines_of_a_certificate_go_on_further_in() -> None:
    words = ["x" * 9] * 11
    lines = str(certificate(unchecked={"a": " ".join(words)})).splitlines()
    assert lines[-2:] == ["  a: " + " ".join(words[:9]), "    " + " ".join(words[9:])]
    assert max(map(len, lines)) < 100
    exact = ["y" * 19, *["x" * 9] * 7, "z" * 4]  # with "  a: " of 99 letters, the most that a line has
    assert str(certificate(unchecked={"a": " ".join(exact)})).splitlines()[-1] == f"  a: {' '.join(exact)}"
    assert str(certificate(unchecked={"a": " ".join([*exact[:-1], "z" * 5])})).splitlines()[-1] == "    zzzzz"


# -- what if, and what has changed ------------------------------------------------------------------------------------


def test_what_would_have_been_is_printed() -> None:
    one, other = Step(1.0, 0.875, -0.15, 0.25), Step(1.25, 1.0, -0.5, 0.5)
    lines = [
        "What if the moon were cheese?",
        "  The loss of this batch: 1 -> 1.25.",
        "  Predicted change, to first order: +0.2. Actual: +0.25.",
        "  The step changes the loss by -0.15 predicted, -0.125 in fact; then by -0.5 predicted, -0.25 in fact.",
        "  It moves the weights by 0.25; then by 0.5. The two differ by 0.375.",
    ]
    found = WhatIf("the moon were cheese", one, other, 0.2, 0.25, difference=0.375)
    assert str(found).splitlines() == lines
    after = WhatIf("the moon were cheese", one, other, 0.2, 0.125, True, 0.375)
    assert str(after).splitlines()[1:3] == [
        "  The loss after the step: 0.875 -> 1.", "  Predicted change, to first order: +0.2. Actual: +0.125.",
    ]  # fmt: skip
    owned: list[Any] = [Step(1.0, 0.875, -0.15, 0.25, own) for own in (-0.1, 0.2)]
    assert str(WhatIf("a", *owned)).splitlines()[-1] == "  It changes this weight by -0.1; then by +0.2."
    assert len(str(WhatIf("a", owned[0], one)).splitlines()) == len(str(WhatIf("a", one, owned[0])).splitlines()) == 5
    assert str(WhatIf("a", outputs=(("y[0]", 1.5, 0.25, -0.125),))) == (
        "What if a?\n  output: as it was, change predicted to first order, actual change\n  y[0]: 1.5, +0.25, -0.125"
    )


def test_a_change_is_printed() -> None:
    assert str(Change("layers.1 (Dropout)", "rate", 0.5, 0.25)) == "'rate' of layers.1 (Dropout) was 0.5 and is 0.25"
    long = str(Change("a", "b", "x" * 90, "y" * 90))
    assert long == f"'b' of a was '{'x' * 79} and is '{'y' * 79}"


def test_a_trace_is_printed() -> None:
    assert repr(trace(x=[1.0], y=[2.0])) == "<Trace of prediction: 2 quantities>"
    assert repr(Trace({}, [], Setting(None, None, step=4, sizes=(3,)))) == "<Trace of step 5: 0 quantities>"
