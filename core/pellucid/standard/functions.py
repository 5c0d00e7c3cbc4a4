"""function: a layer, a loss or a metric that is a plain function; the tape finds its gradient."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from inspect import signature
from math import nan
from typing import Any

import numpy as np

from pellucid.autodiff.primitive import Recorded
from pellucid.autodiff.tape import Tape
from pellucid.basics.arrays import Array, HostArray, Shape, as_array
from pellucid.basics.component import Component, Equation, Example
from pellucid.basics.errors import ConfigError, DataError, DifferentiationError, ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import require_inputs
from pellucid.interfaces.metric import Metric
from pellucid.interfaces.objective import Loss
from pellucid.model.composite import Composite
from pellucid.standard.ops.base import ReferenceOps
from pellucid.standard.rows import reject

Function = Callable[..., Any]


def _name(function: Function) -> str:
    """What messages and figures call it; a lambda has no name."""
    name = str(getattr(function, "__name__", "function"))
    return name if name.isidentifier() else "function"


def _check(owner: Component, function: Function) -> None:
    if not callable(function) or isinstance(function, type):
        raise ConfigError(
            f"The 'function' of {type(owner).__name__} must be a function, as in lambda x: np.sin(x). Received: "
            f"{function!r:.80}."
        )


def _sine(x: Any) -> Any:
    return np.sin(x)


def _squares(prediction: Any, target: Any) -> Any:
    return (prediction - target) ** 2


class FunctionLayer(Composite):
    """``y = f(x)``, or ``f(x₁, x₂, …)``, for a function of NumPy's on Variables.

    In a configuration that is a table in Python the function may stand where a layer does:
    ``{"type": "sequential", "layers": [{"type": "dense", "units": 8}, lambda x: np.sin(x)]}``. A file cannot hold it.

    Args:
        function: keeps the batch as the first axis; works on each sample by itself.

    Shapes: (N, …) -> (N, …), as the function makes them.
    """

    equations = (Equation("y", "y = f(x)", "function(x)"),)
    examples = (Example({"function": _sine}),)

    def __init__(self, function: Function) -> None:
        _check(self, function)
        self.function = function

    def build(self, *input_shapes: Shape) -> None:
        self._take(input_shapes)
        super().build(*input_shapes)

    def output_shape(self, *input_shapes: Shape) -> Any:
        self._take(input_shapes)
        return super().output_shape(*input_shapes)

    def _take(self, input_shapes: tuple[Shape, ...]) -> None:
        """Raise ShapeError if the function takes another number of inputs; some of NumPy's do not say how many."""
        with suppress(ValueError):
            require_inputs(type(self), signature(self.function), input_shapes, before=0)

    def call(self, ctx: Context, *inputs: Any) -> Any:
        return self.function(*inputs)


class FunctionLoss(Loss):
    """``L = Σᵢ wᵢ lᵢ / Σᵢ wᵢ`` with ``l = f(ŷ, t)``; ``Trainer(model, loss=f)`` makes it.

    Args:
        function: of prediction and target. It returns a number for each sample (N,), or several (N, …) of which the
            mean is taken; or one number, the mean over the batch, if samples cannot be told apart. Such a loss takes no
            sample weights.

    Shapes: prediction (N, …), a Variable; target as the data has it, an array; weight (N,).

    Raises:
        ShapeError: other than one row for each sample. ConfigError: weights, and one number for the whole batch.
        DifferentiationError: what it returns does not depend on the prediction through operations of NumPy's.
    """

    equations = (
        Equation("l", r"l_i = \frac1J \sum_j f(\hat y, t)_{ij}",
                 "np.mean(function(prediction, t).reshape(len(t), -1), axis=1)"),
        Equation("loss", r"L = \frac{\sum_i w_i l_i}{\sum_i w_i}", "np.sum(w * l) / np.sum(w)"),
    )  # fmt: skip
    examples = (Example({"function": _squares}, ((4,), (4,))),)

    def __init__(self, function: Function) -> None:
        _check(self, function)
        self.function = function

    def forward(self, ctx: Context, prediction: Array, target: Array, weight: Array | None = None) -> Array:
        tape, rows = Tape(), len(prediction)
        ctx.z = tape.variable(prediction)
        y = self.function(ctx.z, _beside(target, prediction))
        if not isinstance(y, Recorded) or y.tape is not tape:
            raise DifferentiationError(
                f"The loss '{_name(self.function)}' must be computed from its first argument, the prediction, by "
                f"operators and functions of NumPy's. Received: {type(y).__name__}, which has no gradient."
            )
        shape: tuple[int, ...] = y.shape  # type: ignore[attr-defined]
        if shape and shape[0] != rows:
            raise ShapeError(
                f"The loss '{_name(self.function)}' must return a number for each of {rows} samples, or one for all. "
                f"Received: shape {shape}."
            )
        if not shape and weight is not None:
            raise ConfigError(
                f"The loss '{_name(self.function)}' returns one number for the whole batch, so the samples cannot be "
                "weighed. Return one for each sample, without the last np.mean, or train without sample_weight."
            )
        ctx.tape_of_loss, ctx.result, ctx.factors = tape, y, None
        ctx.count = float(rows if weight is None else weight.sum())
        if not shape:
            return ctx.xp.asarray(y.value, np.float64)
        size = int(np.prod(shape[1:], dtype=np.int64))
        each = ctx.xp.ones(rows) if weight is None else weight.astype(np.float64)
        ctx.factors = (each / ((ctx.count or 1.0) * max(size, 1))).reshape(rows, *(1,) * (len(shape) - 1))
        return ctx.xp.asarray((y.value * ctx.factors).sum(dtype=np.float64))

    def backward(self, ctx: Context) -> Array:
        y = ctx.result
        dy = None if ctx.factors is None else ctx.xp.broadcast_to(ctx.factors, y.shape).astype(y.dtype)
        return ctx.tape_of_loss.gradients(y, [ctx.z], dy)[0]

    def check(self, target: HostArray, output_shape: Shape) -> None:
        """Targets must be finite, and the function must take them: it is tried on some rows, as many as no other axis
        is long, so that none is taken for another."""
        reject(self, target, ~np.isfinite(target), "finite targets", "Clean the data first.")
        if None not in output_shape and len(target):
            rows = next(n for n in (5, 7, 11, 13, 17, 19) if n not in (*output_shape, *target.shape[1:]))
            tried = target[np.arange(rows) % len(target)]
            try:
                self.forward(
                    Context(ReferenceOps(), dtype="float64"), np.zeros((rows, *(n or 0 for n in output_shape))), tried
                )
            except (ValueError, IndexError, TypeError) as error:
                raise DataError(
                    f"{type(self).__name__}: '{_name(self.function)}' does not take predictions of shape "
                    f"(N, {', '.join(map(str, output_shape))}) with targets of shape {target.shape}: {error}."
                ) from error


def _beside(target: Array, prediction: Array) -> Array:
    """The targets as they stand beside predictions, whose last axis may be of length 1: without it, (N,) against (N, 1)
    would be (N, N). What is the user's is not written to."""
    if target.shape == prediction.shape[:-1] and prediction.shape[-1] == 1:
        target = target[..., None]
    if isinstance(target, np.ndarray):
        target = target.view()
        target.flags.writeable = False
    return target


class FunctionMetric(Metric):
    """``f(ŷ, t)`` of all predictions and targets; ``metrics=[f]`` makes it. It is reported by the function's
    name, a lambda as ``function``; of several of one name, as ``function_1``, ``function_2``.

    Args:
        function: of predictions and targets, arrays of NumPy's with all samples. It returns the figure, or a number for
            each sample, (N,) or (N, …), of which the mean is taken.

    Shapes: prediction and target (N, …), kept until the result is asked for; weight (N,).

    Raises:
        ConfigError: weights, and one figure for all samples. DataError: it returns no numbers. ShapeError: other than
            one for each sample.
    """

    higher_is_better = False
    equations = (Equation("figure", r"\frac1N \sum_i f(\hat y, t)_i", why="what is computed is the function's own"),)
    examples = (Example({"function": _squares}, ((4,), (4,))),)

    def __init__(self, function: Function) -> None:
        _check(self, function)
        self.function = function
        self.reset()

    @property
    def figure(self) -> str:  # type: ignore[override]
        return _name(self.function)

    def reset(self) -> None:
        self._batches: list[tuple[HostArray, HostArray, HostArray]] = []
        self._weighted = False

    def update(self, prediction: HostArray, target: HostArray, weight: HostArray | None = None) -> None:
        self._weighted = self._weighted or weight is not None
        each = np.ones(len(prediction)) if weight is None else np.array(weight, np.float64)
        self._batches.append((np.array(prediction), np.array(target), each))

    def result(self) -> float:
        """The figure; NaN if nothing has been counted."""
        if not sum(len(batch[0]) for batch in self._batches):
            return nan
        prediction, target, weight = (np.concatenate(parts) for parts in zip(*self._batches, strict=True))
        given = self.function(prediction, _beside(target, prediction))
        figure = np.asarray(as_array(given, f"What the metric '{_name(self.function)}' returns"), np.float64)
        if figure.ndim and len(figure) != len(weight):
            raise ShapeError(
                f"The metric '{_name(self.function)}' must return one figure, or a number for each of {len(weight)} "
                f"samples. Received: shape {figure.shape}."
            )
        if figure.ndim:
            return float(np.sum(weight * figure.reshape(len(weight), -1).mean(axis=1)) / np.sum(weight))
        if self._weighted:
            raise ConfigError(
                f"The metric '{_name(self.function)}' returns one figure for all samples, so they cannot be weighed. "
                "Return a number for each sample, without the last np.mean."
            )
        return float(figure)
