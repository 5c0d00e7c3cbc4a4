"""Where no equation speaks, slopes are measured: of layers and a loss whose derivatives are worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.why.asking import chain

from tests.glassbox.recorded import Look

X = np.array([[1.0, 2.0], [0.5, -1.0]])
NOTE = "  measured: no equation with an expression is of it; derivatives by central differences in float64"


class Power(pl.Layer):
    """``y = x² w``, of which no equation speaks."""

    def __init__(self, *weights: float) -> None:
        self.weights = weights

    def build(self, shape: Any) -> None:
        self.w = self.param("w", (2,), init="ones")

    def output_shape(self, shape: Any) -> Any:
        return shape

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.given = x
        return x * x * self.w.data

    def backward(self, ctx: Any, dy: Any) -> Any:
        self.w.grad += (dy * ctx.given**2).sum(axis=0)
        return 2 * ctx.given * self.w.data * dy


class Half(pl.Loss):
    """``l = Σ y² / 2``, of which no equation speaks."""

    def forward(self, ctx: Any, prediction: Any, target: Any, weight: Any = None) -> Any:
        ctx.count, ctx.given = len(prediction), prediction
        return np.float64((prediction.astype(np.float64) ** 2).sum() / 2 / len(prediction))

    def backward(self, ctx: Any) -> Any:
        return ctx.given / len(ctx.given)


def opened(*layers: Power) -> pl.Trace:
    model = pl.build(
        layers[0] if len(layers) == 1 else pl.Sequential(layers), input_shape=(2,), seed=0, dtype="float64"
    )
    for layer, param in zip(layers, model.parameters(), strict=True):
        param.data[:] = layer.weights
    return pl.Trainer(model, loss=Half(), seed=0).trace_step(X, X)


@pytest.fixture(scope="module")
def trace() -> pl.Trace:
    """y = [[2, 12], [0.5, 3]], so the loss is (2² + 12² + 0.5² + 3²) / 4, and its gradient y / 2."""
    return opened(Power(2.0, 3.0))


@pytest.mark.parametrize(
    ("name", "cell", "lines"),
    [
        ("model.y", (0, 1), [
            "model.y[0,1] = 12", "  how it would change, the steepest slopes:",
            "    ∂y/∂model.x[0,1] = 12", "    ∂y/∂w[1] = 4",
        ]),
        ("loss", (), [
            "loss = 39.3125", "  how it would change, the steepest slopes:", "    ∂loss/∂model.y[0,1] = 6",
            "    ∂loss/∂model.y[1,1] = 1.5", "    ∂loss/∂model.y[0,0] = 1", "    ∂loss/∂model.y[1,0] = 0.25",
        ]),
        ("loss.dprediction", (0, 1), [
            "loss.dprediction[0,1] = 6", "  dprediction[0,1] = ∂loss/∂model.y[0,1]", "                   = 6",
            "                   = 6", "  from model.y[0,1]",
        ]),
        ("w.grad", (1,), [
            "w.grad[1] = 25.5", "  grad[1] = dy[0,1]·∂y[0,1]/∂w[1] + dy[1,1]·∂y[1,1]/∂w[1]",
            "          = 6·4 + 1.5·1", "          = 25.5", "  from w[1], model.dy[0,1], model.dy[1,1]",
        ]),
    ],
)  # fmt: skip
def test_what_is_measured_is_told(trace: pl.Trace, name: str, cell: tuple[int, ...], lines: list[str]) -> None:
    why = trace.why(name, cell)
    told = str(why).splitlines()
    assert [tell[: len(line)] for tell, line in zip(told, lines, strict=False)] == lines
    assert told[len(lines) :] == [NOTE] and why.measured
    assert why.adds is ("how it would" not in str(why)) and why.agrees
    assert why.equation is None and why.value == pytest.approx(float(trace[name][cell]))


class Searched(Power):
    """As ``Power``, with an equation that says why it has no expression."""

    equations = (pl.Equation("y", r"y = f(x)", why="it is found by a search"),)


def test_why_an_equation_has_no_expression_is_told_with_what_was_measured() -> None:
    trace = opened(Searched(2.0, 3.0))
    why = trace.why("model.y", (0, 1))
    assert why.note == f"{NOTE.strip()} (it is found by a search)"
    assert why.equation is not None and why.equation.latex == "y = f(x)"
    assert trace.why("w.grad", (1,)).note == NOTE.strip()  # of which that equation does not speak


def test_what_was_recorded_before_is_told_to_be_that(trace: pl.Trace) -> None:
    why = trace.why("model.dy", (0, 1))
    assert why.note == f"model.dy is loss.dprediction; {NOTE.strip()}" and why.parents == [("model.y", (0, 1))]


def test_what_was_asked_before_changes_no_answer() -> None:
    trace = opened(Power(2.0, 3.0))
    for row, k in ((0, 1), (0, 0), (1, 0), (0, 1)):
        why = trace.why("model.y", (row, k))
        slopes = {("model.x", (row, k)): 2 * X[row, k] * (2.0, 3.0)[k], ("w", (k,)): X[row, k] ** 2}
        found = {parent: term.value for parent, term in zip(why.parents, why.terms, strict=True)}
        assert {name.replace("model.x", "x"): cell for name, cell in found} == {"x": (row, k), "w": (k,)}
        np.testing.assert_allclose(sorted(found.values()), sorted(slopes.values()), rtol=1e-6)
    asked = [("model.y", (0, 1)), ("w.grad", (1,)), ("loss", ()), ("loss.dprediction", (0, 1))]
    first, second = ([[term.value for term in trace.why(*each).terms] for each in asked] for _ in range(2))
    assert first == second  # what was moved was put back to the bit


def test_the_gradient_at_an_input_is_a_term_for_each_output() -> None:
    """y = [[2, 12], [0.5, 3]] goes into a second layer, which gives y² (1, 0.5)."""
    found = opened(Power(2.0, 3.0), Power(1.0, 0.5))
    why = found.why("layers.1.dx", (0, 1))
    assert why.scalar == "dx[0,1] = dy[0,1]·∂y[0,1]/∂x[0,1]" and why.numbers == "36·12"
    assert why.parents == [("layers.0.y", (0, 1)), ("loss.dprediction", (0, 1))] or why.parents == [
        ("layers.1.x", (0, 1)), ("layers.1.dy", (0, 1)),
    ]  # fmt: skip
    assert why.value == 432.0 and why.total == pytest.approx(432.0, rel=1e-6)
    inner = found.why("layers.0.w.grad", (1,))  # Σ dy x² of dy = (432, 13.5·…)
    assert inner.value == pytest.approx(432.0 * 4 + 2.25 * 3 * 1.0)


def test_in_a_file_the_same_is_told_by_the_code_alone(trace: pl.Trace, tmp_path: Any) -> None:
    trace.save(tmp_path / "step")
    told = str(pl.load_trace(tmp_path / "step").why("model.y", (0, 1)))
    assert "measured" not in told and "is not registered" in told


@pytest.mark.parametrize(
    ("layers", "name", "made_by", "given"),
    [
        (1, "w.grad", "", ("x", "loss.dprediction")), (2, "layers.0.w.grad", "layers.0", ("x", "layers.1.dx")),
        (2, "layers.1.w.grad", "layers.1", ("layers.0.y", "loss.dprediction")),
    ],
)  # fmt: skip
def test_in_a_file_a_gradient_is_of_the_innermost_layer_of_its_parameter(
    layers: int, name: str, made_by: str, given: tuple[str, ...], tmp_path: Any
) -> None:
    opened(*(Power(2.0, 3.0) for _ in range(layers))).save(tmp_path / "step")
    why = pl.load_trace(tmp_path / "step").why(name, (1,))
    assert why.note.startswith(f"made by the code of '{made_by}'; ") and why.total == why.value
    assert why.parents == [(each, (n, k)) for each in given for n in (0, 1) for k in (0, 1)]


def test_chains_lead_back_to_the_data(trace: pl.Trace) -> None:
    found = chain(trace, "loss", ())
    assert [(why.name, why.cell) for why in found] == [("loss", ()), ("model.y", (0, 1)), ("x", (0, 1))]
    assert [why.name for why in chain(trace, "loss", (), depth=2)] == ["loss", "model.y"]


class Cubes(pl.Objective):
    """``Σ y³ / 3``, of which no equation speaks."""

    def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
        ctx.y = model.forward(ctx.child("model", needs_dx=(False,)), batch.x)
        return np.float64((ctx.y**3).sum() / 3)

    def backward(self, ctx: Any, model: Any) -> None:
        model.backward(ctx.child("model"), ctx.y**2)

    def metric_pair(self, ctx: Any) -> Any:
        return ctx.y, ctx.y


@pytest.mark.parametrize(("cell", "y"), [((0, 0), 2.0), ((0, 1), 12.0), ((1, 1), 3.0)])
def test_what_an_objective_gives_to_its_model_is_measured(cell: tuple[int, int], y: float) -> None:
    model = pl.build(Power(), input_shape=(2,), seed=0, dtype="float64")
    model.parameters()[0].data[:] = 2.0, 3.0
    why = pl.Trainer(model, objective=Cubes(), seed=0).trace_step(X).why("model.dy", cell)
    assert why.measured and why.agrees and why.value == y * y and why.parents == [("model.y", cell)]
    assert why.total == pytest.approx(y * y, rel=1e-6)
    assert why.scalar == f"dy[{cell[0]},{cell[1]}] = ∂loss/∂model.y[{cell[0]},{cell[1]}]"


class Noisy(pl.Layer):
    """``y = x n + u``, of random numbers that its equations name, in predictions, too."""

    equations = (
        pl.Equation("y", "y = x n + u", "x * normal + uniform_of(x.shape)"),
        pl.Equation("dx", "dy n", "dy * normal"),
    )

    def output_shape(self, shape: Any) -> Any:
        return shape

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.n = ctx.normal(x.shape)
        return x * ctx.n + ctx.uniform(x.shape)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy * ctx.n


def test_numbers_that_were_drawn_are_drawn_again() -> None:
    model = pl.build(pl.Sequential([Noisy(), pl.Dense(2), Noisy()]), input_shape=(2,), seed=3, dtype="float64")
    trainer = pl.Trainer(model, loss="mse", seed=5)
    trainer.fit((X, X), epochs=2, batch_size=1, verbose=False)
    traces = trainer.trace_step(X, X), model.trace(X)
    for trace in traces:
        for layer in ("layers.0", "layers.2"):
            assert np.array_equal(trace[f"{layer}.normal"], trace[f"{layer}.drawn.normal"])
            why = trace.why(f"{layer}.y", (1, 0))
            assert why.scalar == "y[1,0] = x[1,0]·normal[1,0] + uniform[1,0]" and why.agrees
            assert {name for name, _ in why.parents} >= {f"{layer}.normal", f"{layer}.drawn.uniform"}
        assert trace.certify(20).passed and trace.replay().same
    assert not np.array_equal(traces[0]["layers.0.normal"], traces[1]["layers.0.normal"])


class Later(pl.Layer):
    """``y = (1 + epoch) x``: of an epoch that was another, a replay would tell."""

    def output_shape(self, shape: Any) -> Any:
        return shape

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.factor = 1.0 + ctx.epoch
        return ctx.factor * x

    def backward(self, ctx: Any, dy: Any) -> Any:
        return ctx.factor * dy


def test_a_step_is_made_again_in_its_epoch() -> None:
    model = pl.build(pl.Sequential([pl.Dense(2), Later()]), input_shape=(2,), seed=3, dtype="float64")
    trainer = pl.Trainer(model, loss="mse", seed=5, callbacks=[look := Look()])
    trainer.fit((X, X), epochs=2, batch_size=2, verbose=False)
    for trace, factor in zip(look.traces, (1.0, 2.0), strict=True):
        assert trace["layers.1.y"] == pytest.approx(factor * trace["layers.0.y"])
        assert trace.replay().same and trace.certify(20).passed
        assert trace.what_if("layers.0.bias", (0,), 0.5).before.loss == pytest.approx(float(trace["loss"]))


@pytest.mark.parametrize("layer", [Noisy, Later])
def test_a_prediction_that_is_opened_is_the_one_that_the_model_makes(layer: Any) -> None:
    model = pl.build(pl.Sequential([pl.Dense(2), layer()]), input_shape=(2,), seed=3, dtype="float64")
    trainer = pl.Trainer(model, loss="mse", seed=5)
    for _ in range(2):
        trace = model.trace(X)
        assert trace["layers.1.y"].tobytes() == model.predict(X).tobytes() and trace.replay().same
        were = {was for _, was, _, _ in trace.what_if("layers.0.bias", (0,), 0.5).outputs}
        assert len(were) == 4 and were <= set(trace["layers.1.y"].ravel().tolist())
        trainer.fit((X, X), epochs=2, batch_size=1, verbose=False)


class Fading(Later):
    """It fails in its third epoch."""

    def forward(self, ctx: Any, x: Any) -> Any:
        y = super().forward(ctx, x)
        if ctx.epoch == 2:
            y[0, 1] = np.inf
        return y


def test_a_refused_step_is_made_again_in_its_epoch() -> None:
    model = pl.build(pl.Sequential([pl.Dense(2), Fading()]), input_shape=(2,), seed=3)
    trainer = pl.Trainer(model, loss="mse", seed=5)
    told = r"Step 5 was not applied.*The first number that is not finite is layers\.1\.y\[0, 1\] = inf, made by Fading"
    with pytest.raises(pl.NumericalError, match=told):
        trainer.fit((X, X), epochs=4, batch_size=1, verbose=False)
    assert trainer.steps == 4
