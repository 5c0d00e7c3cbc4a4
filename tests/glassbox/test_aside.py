"""What code keeps for itself, asks states to become, or gives to what is inside of it: by equations, or by its code."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.component import Equation
from pellucid.glassbox.why import aside, sensitivity
from pellucid.glassbox.why.asking import CONSTANT

from tests.glassbox.every import cases


def opened(name: str, example: int = 0) -> Any:
    case = [case for case in cases(name, "float32") if case.name == name][example]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case.trainer.train_step(*case.batch)
        return case.trainer.trace_step(*case.batch)


class Kept(pl.Layer):
    """Keeps things under names that its equations have, rightly and wrongly, and under others."""

    equations = (
        Equation("r", "r = x^2", "x * x"),
        Equation("s", "s = 2 x", "2 * x"),
        Equation("y", "y = r + s", "r + s"),
        Equation("dx", "dx = 2 (x + 1) dy", "2 * (x + 1) * dy"),
    )

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x = x.reshape(-1)
        ctx.r = (x * x).reshape(-1)  # the equation's, in another shape
        ctx.s = np.exp(x)  # another thing of the same name
        ctx.largest = x.argmax(axis=1)
        ctx.ranks = x.argsort(axis=1)
        ctx.edges = np.arange(3) + 0.5  # of nothing that was given
        return x * x + 2 * x

    def backward(self, ctx: Any, dy: Any) -> Any:
        return 2 * (ctx.x.reshape(dy.shape) + 1) * dy


@pytest.fixture
def kept() -> Any:
    model = pl.build(pl.Sequential([pl.Dense(3), Kept()]), input_shape=(2,), seed=0)
    trainer = pl.Trainer(model, loss="mse", seed=0)
    rng = np.random.default_rng(0)
    return trainer.trace_step(rng.normal(size=(4, 2)), rng.normal(size=(4, 3)))


def test_kept_under_the_name_of_an_equation_it_is_explained_by_it(kept: Any) -> None:
    why = kept.why("layers.1.kept.r", (5,))
    assert why.equation.python == "x * x" and why.scalar == "r[5] = x[1,2]·x[1,2]" and why.agrees
    assert why.parents == [("layers.0.y", (1, 2))]
    assert kept.why("layers.1.kept.x", (5,)).scalar == "x[5] = x[1,2]"


class Rooted(pl.Layer):
    """Keeps what is no number where x is below 0."""

    equations = (
        Equation("r", r"r = \sqrt{x}", "np.sqrt(x)"),
        Equation("y", "y = r", "r"),
        Equation("dx", "dx = dy / 2r", "dy / (2 * r)"),
    )

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.r = np.sqrt(x).reshape(-1)
        return ctx.r.reshape(x.shape)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy / (2 * ctx.r.reshape(dy.shape))


@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_is_no_number_is_explained_by_the_equation_too() -> None:
    model = pl.build(Rooted(), input_shape=(3,))
    trace = model.trace(np.array([[1.0, 4.0, 9.0], [16.0, 25.0, -1.0]]))
    for place, cell in ((4, (1, 1)), (5, (1, 2))):
        why = trace.why("model.kept.r", (place,))
        assert why.equation.python == "np.sqrt(x)" and why.parents == [("x", cell)]


def test_what_is_called_like_an_equation_and_is_none_is_measured_and_its_code_named(kept: Any) -> None:
    why = kept.why("layers.1.kept.s", (1, 2))
    assert why.measured and why.parents == [("layers.1.x", (1, 2))]
    assert why.terms[0].value == pytest.approx(float(kept["layers.1.kept.s"][1, 2]), rel=1e-5)  # the slope of exp
    assert "made by the code of Kept.forward, tests/glassbox/test_aside.py, line " in str(why)


def test_whole_numbers_name_their_code_and_all_that_it_was_given(kept: Any) -> None:
    why = kept.why("layers.1.kept.largest", (1,))
    assert not why.measured and why.total == why.value == kept["layers.1.kept.largest"][1]
    assert why.parents == [("layers.0.y", (n, k)) for n in range(4) for k in range(3)]
    assert why.note.startswith("made by the code of Kept.forward, tests/glassbox/test_aside.py, line ")
    assert "largest[1] = Kept.forward(layers.0.y[0,0], layers.0.y[0,1], …)" in str(why)


@pytest.mark.parametrize(
    ("most", "row", "cells"),
    [
        (12, 2, [(n, k) for n in range(4) for k in range(3)]), (11, 2, [(2, 0), (2, 1), (2, 2)]),
        (3, 0, [(0, 0), (0, 1), (0, 2)]), (2, 3, [(3, 0), (3, 1)]),
    ],
)  # fmt: skip
def test_of_a_large_array_the_cells_of_the_same_row_are_named(
    kept: Any, most: int, row: int, cells: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "MOST", most)
    for name, cell in (("largest", (row,)), ("ranks", (row, 2))):
        assert kept.why(f"layers.1.kept.{name}", cell).parents == [("layers.0.y", place) for place in cells]


def test_of_a_large_array_with_other_rows_the_first_cells_are_named(kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "MOST", 5)
    first = [("layers.0.y", (0, 0)), ("layers.0.y", (0, 1)), ("layers.0.y", (0, 2)), ("layers.0.y", (1, 0))]
    assert kept.why("layers.1.kept.edges", (2,)).parents == [*first, ("layers.0.y", (1, 1))]


def test_what_a_state_is_asked_to_become_is_what_the_layer_has_computed() -> None:
    trace = opened("core/batch_norm")
    assert trace.quantity("inner.running_mean.asked").same == "inner.kept.mu"
    assert trace.why("inner.running_mean.asked", (1,)).equation.of == "mu"
    assert {name for name, _ in trace.why("inner.running_var.asked", (1,)).parents} == {"inner.x"}
    carried = opened("recurrent/rnn", 4)
    why = carried.why("inner.carried_state.asked", (2, 1))
    assert why.equation.of == "S" and why.parents == [("inner.hs", (2, 2, 1))]


def test_a_trace_from_a_file_says_the_same(tmp_path: Any) -> None:
    layers = [{"type": "dense", "units": 3, "activation": "silu"}, {"type": "batch_norm"}]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(2,), seed=0)
    rng = np.random.default_rng(0)
    trace = pl.Trainer(model, loss="mse", seed=0).trace_step(rng.normal(size=(4, 2)), rng.normal(size=(4, 3)))
    trace.save(tmp_path / "step.safetensors")
    again = pl.load_trace(tmp_path / "step.safetensors")
    for name, cell in (("layers.0.kept.z", (1, 2)), ("layers.1.kept.mu", (1,)), ("layers.1.running_var.asked", (1,))):
        assert str(again.why(name, cell)) == str(trace.why(name, cell)) and again.why(name, cell).equation is not None


class Unsaid(pl.Layer):
    """Sums of two inputs, of which no equation speaks."""

    def output_shape(self, a: Any, b: Any) -> Any:
        return (1,)

    def forward(self, ctx: Any, a: Any, b: Any) -> Any:
        ctx.given = a, b
        return np.exp(a).sum(1, keepdims=True) + np.exp(b).sum(1, keepdims=True)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return tuple(np.exp(x) * dy for x in ctx.given)


def test_of_what_is_measured_the_cells_that_matter_most_are_told() -> None:
    trainer = pl.Trainer(pl.build(Unsaid(), input_shape=((20,), (20,))), loss="mse", seed=0)
    a, b = np.random.default_rng(0).normal(size=(2, 3, 20))
    why = trainer.trace_step((a, b), np.zeros((3, 1))).why("model.y", (1, 0))
    assert why.measured and len(why.terms) == len(why.parents) == sensitivity.MOST
    slopes = sorted(np.exp(np.concatenate([a[1], b[1]])))[::-1][: sensitivity.MOST]
    np.testing.assert_allclose([term.value for term in why.terms], slopes, rtol=1e-4)
    assert {name for name, (row, _) in why.parents if row == 1} == {"model.x0", "model.x1"}


class Drawing(pl.Layer):
    """Draws in predictions, too, larger numbers in later epochs; no equation speaks of it."""

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.drawn, ctx.given = ctx.uniform(x.shape) * (1 if ctx.training else 1 + ctx.epoch), x
        return np.sin(x) * ctx.drawn

    def backward(self, ctx: Any, dy: Any) -> Any:
        return np.cos(ctx.given) * ctx.drawn * dy


@pytest.mark.parametrize("training", [False, True])
def test_what_is_measured_has_the_numbers_that_were_drawn(training: bool) -> None:
    model = pl.build(Drawing(), input_shape=(3,), seed=4)
    x = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    trainer = pl.Trainer(model, loss="mse", seed=0)
    trainer.fit((x, x), epochs=3, batch_size=2, verbose=False)
    trace = trainer.trace_step(x, x) if training else model.trace(x)
    why = trace.why("model.y", (1, 2))
    drawn = trace["model.y"][1, 2] / np.sin(x[1, 2])
    assert why.measured and why.terms[0].value == pytest.approx(np.cos(x[1, 2]) * drawn, rel=1e-3)


def test_what_is_kept_and_depends_on_nothing_names_the_code(kept: Any) -> None:
    why = kept.why("layers.1.kept.edges", (1,))
    assert not why.measured and "made by the code of Kept.forward" in why.note and ("layers.0.y", (0, 0)) in why.parents


def test_several_losses_are_a_weighted_sum() -> None:
    trace = opened("core/several_losses")
    why = trace.why("loss")
    assert not why.measured and why.scalar == "objective = parts[size] + 0.5·parts[kind]" and why.agrees
    assert why.parents == [("losses.size", ()), ("losses.kind", ())]
    assert trace.why("losses.kind").equation is not None


@pytest.mark.parametrize("signs", [[1.0, 0.5, 2.0, 1.0, 0.25], [1.0, -1.0, 0.5, -0.25, 2.0]])
def test_a_signed_loss_is_made_of_the_loss_of_the_weights_above_and_below_zero(signs: list[float]) -> None:
    rng = np.random.default_rng(0)
    trainer = pl.Trainer(
        pl.build(pl.Dense(3), input_shape=(4,), seed=0), loss={"type": "signed", "loss": {"type": "mse"}}, seed=0
    )
    weight = np.array(signs, np.float32)
    trace = trainer.trace_step(rng.normal(size=(5, 4)), rng.normal(size=(5, 3)), weight=weight)
    below = bool((weight < 0).any())
    why = trace.why("loss")
    assert not why.measured and why.agrees and (("loss.loss#2", ()) in why.parents) is below
    assert trace.why("loss.loss.weight", (3,)).scalar == "weight0[3] = max(w[3], 0)"
    assert trace.why("loss.loss.weight", (3,)).parents == [("sample_weight", (3,))]
    gradient = trace.why("loss.dprediction", (1, 2))
    assert not gradient.measured and gradient.agrees
    assert trace.certify(cells=20).passed and trace.replay().same


def test_a_label_that_was_dropped_says_which_number_dropped_it() -> None:
    trace = opened("diffusion/denoise", 1)
    why = trace.why("model.x2", (1,))
    assert why.equation.of == "seen2" and ("objective.drawn.drop", (1,)) in why.parents and why.agrees
    assert trace.why("told.labels.x", (1, 0)).parents == [("model.x2", (1,))]
    assert trace.why("told.first.x", (1, 0)).parents == [("model.x1", (1,))]


def test_a_sample_of_a_gaussian_names_the_number_that_was_drawn() -> None:
    trace = opened("vae/gaussian_head")
    assert ("inner.drawn.normal", (1, 2)) in trace.why("inner.e", (1, 2)).parents


ENDS = [
    "cnn/max_pool2d", "cnn/group_norm", "core/batch_norm", "core/dense", "core/several_losses", "core/signed",
    "core/stack", "diffusion/denoise", "diffusion/embedding", "recurrent/lstm", "tabular/column_embedding", "vae/elbo",
]  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_asking_on_ends_at_what_was_there_before_or_was_drawn(name: str) -> None:
    for case in [case for case in cases(name, "float32") if case.name == name][:2]:
        require_ends(case)


@pytest.mark.slow
def test_of_every_component_asking_on_ends_at_what_was_there_before_or_was_drawn() -> None:
    for case in cases("", "float32"):
        require_ends(case)


def require_ends(case: Any) -> None:
    """Cells without parents are data, drawn or set, or constants of an equation or of code, which says so; all parents
    can be asked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case.trainer.train_step(*case.batch)
        trace = case.trainer.trace_step(*case.batch)
    rng = np.random.default_rng(0)
    for name in trace.names():
        first = trace.quantity(trace.quantity(name).same or name)
        if not trace[name].size:
            continue
        why = trace.why(name, tuple(int(rng.integers(n)) for n in trace[name].shape))
        constant = why.equation is not None or (CONSTANT in (why.note or "") and why.agrees)
        assert why.parents or constant or first.origin in ("given", "drawn", "set"), f"{case}: {why}"
        assert all(parent in trace for parent, _ in why.parents), str(why)
