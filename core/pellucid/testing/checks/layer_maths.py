"""What holds for the numbers of a layer: gradients, equations, accumulation, numbers of rows, types."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from pellucid.basics.arrays import as_tuple
from pellucid.glassbox.equations import require_equations, used_names
from pellucid.glassbox.failure import ConformanceError, require, require_all_close, require_close
from pellucid.glassbox.record.names import numbered, symbols
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param, State
from pellucid.model.composite import Composite
from pellucid.standard.ops.base import Ops
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.checks.layer_trial import LayerTrial
from pellucid.testing.gradients import check_gradients
from pellucid.testing.slopes import require_slope
from pellucid.testing.subject import Subject, at_arguments
from pellucid.testing.trial import Arrays
from pellucid.testing.varied import can_be_far, with_far_arguments


def gradients(subject: Subject) -> None:
    """In training, the gradients of inputs and parameters are the derivatives of the output."""
    trial = LayerTrial(subject)
    check_gradients(trial.model, *trial.inputs, ops=trial.ops)


def gradients_in_evaluation(subject: Subject) -> None:
    """In evaluation, the gradients of inputs and parameters are the derivatives of the output."""
    trial = LayerTrial(subject)
    try:
        require_slope(trial, "in evaluation", training=False)
    except ConformanceError:
        check_gradients(trial.model, *trial.inputs, training=False, ops=trial.ops)  # says which number is wrong
        raise


class _Twice(Composite):
    """y = f(x, …) + f(x/2, …): one layer at two places of a network."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.integer_inputs = layer.integer_inputs

    def call(self, ctx: Context, *inputs: Any) -> Any:
        halves = (x * 0.5 if x.dtype.kind == "f" else x for x in inputs)
        first, second = as_tuple(self.layer(*inputs)), as_tuple(self.layer(*halves))
        return tuple(a + b for a, b in zip(first, second, strict=True))


def used_twice(subject: Subject) -> None:
    """A layer at two places of a network gets the gradients of both."""
    require_slope(LayerTrial(subject, layer=_Twice(subject.create())), "of a layer that is used twice")


def accumulation(subject: Subject) -> None:
    """backward adds to the parameters' gradients: what is there stays, and two calls add up."""
    for ops, (dtype, tolerance) in product(subject.backends.all(), (("float64", 1e-12), ("float32", 1e-5))):
        trial = LayerTrial(subject, ops=ops, dtype=dtype)
        once = trial.call()
        ctx = trial.context()
        trial.forward(ctx, *trial.given)
        for param in trial.model.parameters():
            trial.ops.fill(param.grad, 1.0)
        for _ in range(2):
            trial.backward(ctx, *trial.given)
        for path, grad in trial.gradients().items():
            require_close(
                f"The gradient of '{path}' after two backwards, over a gradient of ones,", grad,
                1 + 2 * once.grads[path], tolerance,
                "Write self.weight.grad += …; a gradient op that adds must not be preceded by zeroing.",
            )  # fmt: skip


def rows_apart(subject: Subject) -> None:
    """In evaluation no row sees another: predict gives the same for every batch size."""
    trial = LayerTrial(subject)
    whole = trial.call(training=False)
    for row in range(len(trial.inputs[0])):
        ctx = trial.context(training=False, index=np.array([row], np.int64))
        single = trial.call(*(array[row : row + 1] for array in trial.given), ctx=ctx)
        for part, among in ((single.y, whole.y), (single.dx, whole.dx)):
            for a, b in zip(part, among, strict=True):
                if a is not None:
                    require_close(
                        f"Row {row} evaluated alone, against the same row in a batch of {len(b)},", a[0], b[row], 1e-10,
                        "Use batch statistics in training only, and sum over the right axis: the first is the batch.",
                    )  # fmt: skip


def row_numbers(subject: Subject) -> None:
    """0 rows, 1 row and many rows work; 0 rows leave the gradients at zero."""
    for training, rows in product((True, False), (0, 1, 7)):
        trial = LayerTrial(subject, rows=rows)
        ctx, states = trial.context(training=training), trial.values()
        with np.errstate(divide="raise", invalid="raise"):
            result = trial.call(ctx=ctx)
        ctx.commit()
        mode = "training" if training else "evaluation"
        for y in result.arrays:
            require(
                y.shape[0] == rows and np.isfinite(y).all(), f"{rows} row(s) give a wrong result in {mode}.",
                expected=f"{rows} finite row(s)", received=f"shape {y.shape}: {y}",
                remedy="Divide by max(rows, 1), and take no maximum over an empty axis.",
            )  # fmt: skip
        if rows == 0:
            for path, grad in result.grads.items():
                require(not grad.any(), f"0 rows give a gradient of '{path}' in {mode}.", expected=0.0,
                        received=grad, remedy="The sum over no rows is zero.")  # fmt: skip
            require_all_close("after a step of 0 rows", trial.values(), states, "Learn from rows only.")


def large_inputs(subject: Subject) -> None:
    """Inputs of ±10⁴ in float32 give no NaN, forwards and backwards."""
    for ops in subject.backends.all():
        trial = LayerTrial(subject, ops=ops, dtype="float32")
        for sign in (1, -1, None):
            with ops.quiet():
                result = trial.call(*(_large(ops, x, sign) for x in trial.inputs), *trial.dy)
            for array in (*result.arrays, *result.grads.values()):
                require(
                    not np.isnan(array).any(), f"Inputs of ±10⁴ give NaN on backend '{ops.name}'.",
                    expected="no NaN (infinity is allowed)",
                    received=f"{int(np.isnan(array).sum())} of {array.size} are NaN",
                    remedy="Shift by the maximum before exp, and write quotients so that ∞/∞ and 0·∞ do not arise.",
                )  # fmt: skip


def _large(ops: Ops, x: Any, sign: int | None) -> Any:
    """Floating inputs made ±10⁴: all of one sign, or each of its own (None)."""
    host = ops.to_host(x)
    if host.dtype.kind != "f":
        return x
    signs = np.where(host < 0, -1, 1) if sign is None else np.full(host.shape, sign)
    return ops.asarray((1e4 * signs).astype(host.dtype))


def dtype_kept(subject: Subject) -> None:
    """float32 stays float32, float64 stays float64."""
    for dtype in ("float32", "float64"):
        trial = LayerTrial(subject, dtype=dtype)
        for training in (True, False):
            result = trial.call(training=training)
            for i, array in enumerate(result.arrays):
                name = "output" if i < len(result.y) else "input gradient"
                require(
                    array.dtype.kind != "f" or array.dtype == dtype, f"An {name} has another type than the model.",
                    expected=dtype, received=array.dtype,
                    remedy="Make arrays by ctx.scratch(name, shape): it knows the type.",
                )  # fmt: skip


def equations(subject: Subject) -> None:
    """The equations give what the code gives: outputs, input gradients, parameter gradients, states.

    Their names: ``x`` (``x0``, ``x1``, … for several inputs), ``inputs`` (all), ``dy``, ``y``, the symbols, constructor
    arguments, ``row_offset``, ``training``, and ``uniform`` and ``normal``: the numbers of ``ctx.uniform(x.shape)`` and
    ``ctx.normal(x.shape)``; of another shape ``uniform_of(shape)`` and ``normal_of(shape)``.

    Compared are ``y``, ``dx``, ``d`` + the symbol of a parameter, the symbol of a state (its value after the commit,
    from the one before), all in training, and ``y_evaluation``; where ``training`` is named, ``y`` in evaluation, too.
    """
    trial = LayerTrial(subject)
    for x in trial.inputs:
        if x.dtype.kind == "f":
            x *= 2.0
    compare(trial)
    compare(trial, " in step 7", step=7)


def equations_at_ties(subject: Subject) -> None:
    """The equations give what the code gives where numbers are equal, zero or an argument: one convention for both."""
    compare(LayerTrial(subject, tied=True))
    trial, rng = LayerTrial(subject), np.random.default_rng(21)
    inputs = [at_arguments(trial.component, x.shape, rng) if x.dtype.kind == "f" else x for x in trial.inputs]
    if all(x is not None for x in inputs):
        compare(trial.use(*inputs), " where inputs are its arguments")


def compare(
    trial: LayerTrial, where: str = "", step: int = 0, epoch: int = 0, *, tolerance: float = 1e-9, finite: bool = False
) -> None:
    """Hold the equations of a layer against one call in training and one in evaluation; ``finite``: only as far as
    they give finite numbers."""
    layer = trial.model
    before, ctx = trial.values(), trial.context(step=step, epoch=epoch)
    result = trial.call(ctx=ctx)
    evaluated = trial.call(training=False)
    ctx.commit()
    computed = {**numbered("y", result.y), **numbered("dx", result.dx), **numbered("y_evaluation", evaluated.y)}
    names: dict[str, Any] = {
        "training": True, **layer.arguments(), **numbered("x", trial.inputs), **numbered("dy", trial.dy),
        **numbered("y", result.y), "inputs": trial.inputs, "row_offset": int(ctx.row_offset[0]),
    }  # fmt: skip
    shape = trial.inputs[0].shape
    names |= {
        "uniform": trial.context(step=step).uniform(shape), "normal": trial.context(step=step).normal(shape),
        "uniform_of": lambda shape: trial.context(step=step).uniform(shape),
        "normal_of": lambda shape: trial.context(step=step).normal(shape),
    }  # fmt: skip
    if sum(dx is not None for dx in result.dx) == 1:  # of one floating input, and others of integers
        computed["dx"] = next(dx for dx in result.dx if dx is not None)
    for symbol, value in symbols(layer).items():
        names[symbol] = value
        if isinstance(value, Param):
            names[symbol], computed[f"d{symbol}"] = value.data, result.grads[value.path]
        if isinstance(value, State):
            names[symbol] = before[value.path]
            if trial.share == 1:  # what is left of an epoch counts for less, see Context.update
                computed[symbol] = value.data
    require_equations(layer, names, computed, tolerance, where=where, finite=finite)
    if names_mode(layer):
        outputs = numbered("y", evaluated.y)
        require_equations(
            layer, {**names, **outputs, "training": False}, outputs, tolerance, where=f"{where} in evaluation",
            finite=finite,
        )  # fmt: skip
    else:
        _require_one_for_both(layer, result.y, evaluated.y, where)
    for owned in trial.owned():
        trial.ops.copy(trial.ops.asarray(before[owned.path]), owned.data)


def names_mode(layer: Layer) -> bool:
    """Whether the equations say themselves what is otherwise in evaluation: they name ``training``."""
    return "training" in used_names(layer.equations) and "training" not in layer.arguments()


def _require_one_for_both(layer: Layer, trained: Arrays, evaluated: Arrays, where: str) -> None:
    """Without an equation of its own for evaluation, the one of y holds there too."""
    told = {equation.of for equation in layer.equations}
    for name, a, b in zip(numbered("y", trained), evaluated, trained, strict=True):
        if any(e.of == name and e.python for e in layer.equations) and name.replace("y", "y_evaluation") not in told:
            require_close(
                f"The output{where} in evaluation, against the only equation of '{name}',", a, b, 1e-9,
                "Where evaluation computes something else, write it down: Equation('y_evaluation', …), or an "
                "expression that names training.",
            )  # fmt: skip


def gradients_and_equations(subject: Subject) -> None:
    """Gradients and equations are right."""
    trial = LayerTrial(subject)
    require_finite_together(trial)
    for training in (True, False):
        require_slope(trial, "in training" if training else "in evaluation", training=training)


def require_finite_together(trial: LayerTrial, where: str = "") -> None:
    """Hold the equations, if there are any, against code that may be far out, where they are finite."""
    if any(equation.python is not None for equation in trial.model.equations):
        compare(trial, where, tolerance=1e-7, finite=True)


FAR = checks(
    with_far_arguments(gradients_and_equations),
    applies=lambda subject: subject.entry.kind == "layer" and can_be_far(subject),
)
CHECKS = checks(
    dtype_kept, row_numbers, accumulation, rows_apart, large_inputs, gradients, gradients_in_evaluation, used_twice
)
EQUATIONS = checks(equations, equations_at_ties, applies=has_expressions)
