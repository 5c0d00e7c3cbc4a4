"""check_gradients: every gradient that a backward computes against central differences, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple, mapped
from pellucid.basics.errors import ConfigError
from pellucid.glassbox.failure import ConformanceError
from pellucid.glassbox.prove.differences import measured
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.objective import Batch, Loss, Objective
from pellucid.model.build import initialize
from pellucid.standard.ops.base import Ops, ReferenceOps

ATTEMPTS = 20
"""How often inputs that lie at a kink are moved before the checker gives up."""
REMEDY = "Derive the backward again, term by term; the equations of the component are a good place to compare with."


@dataclass(frozen=True)
class GradientReport:
    """What was compared.

    Attributes:
        worst: the largest ``|a − n| / max(1, |a|, |n|)`` of an analytic gradient a and a numerical one n.
        compared: how many elements of inputs and parameters were compared.
        moved: how often inputs were moved away from a kink.
    """

    worst: float
    compared: int
    moved: int = 0


def check_gradients(
    subject: Layer | Loss | Objective, *arguments: Any, training: bool = True, seed: int = 0, tolerance: float = 1e-6,
    ops: Ops | None = None, step: int = 0, epoch: int = 0,
) -> GradientReport:  # fmt: skip
    """Compare the gradients of inputs and parameters with central differences.

    ``check_gradients(layer, x, …)``: of ``L = Σ dy ⊙ layer(x, …)`` with random ``dy``, at every floating input and
    every parameter. ``check_gradients(loss, prediction, target, weight=None)``: of the loss at the prediction.
    ``check_gradients(objective, model, batch)``: of the objective at the model's parameters.

    An analytic gradient a and a numerical one n agree if ``|a − n| / max(1, |a|, |n|)`` is below the tolerance. At a
    kink, as of a rectifier at 0, there is no derivative to compare with. So where the two differ, the slopes on both
    sides are compared, with two widths: if they differ and go on differing as the width shrinks, then it is a kink, and
    all floating inputs are moved by small random amounts and everything is compared again.

    Args:
        subject: a layer, loss or objective. A layer or model must be unbuilt (it is then built in float64) or built
            with ``dtype="float64"``.
        training: the mode. Random layers draw the same numbers at every evaluation.
        seed: of ``dy``, and of the parameters of an unbuilt layer.
        tolerance: see above.
        ops: a backend whose arrays are NumPy's; None takes the reference, which all backends use in float64.
        step, epoch: the place in a training run. At the turn of a player, see ``Objective.turns``, the gradients of its
            parameters are compared, and no others.

    What is stopped, ``ctx.stop``, is held at the value that it has before anything is moved.

    Values, gradients and states of the model are afterwards what they were before.

    Raises:
        ConformanceError: a gradient is wrong; the message names it, the element, and both values.
        ConfigError: the subject is none of the three, or not in float64.
    """
    rng = np.random.default_rng([seed, 1])
    problem = _problem(subject, arguments, _Setting(training, seed, ops or ReferenceOps(), step, epoch), rng)
    for moved in range(ATTEMPTS):
        compared = zip(problem.variables.items(), problem.analytic(), strict=True)
        try:
            errors = [e for (name, x), dx in compared for e in _errors(problem.value, name, x, dx, tolerance)]
        except _Kink:
            problem.move(rng)
        else:
            return GradientReport(max(errors, default=0.0), len(errors), moved)
    raise ConformanceError(
        f"No point without a kink was found in {ATTEMPTS} attempts.",
        expected="a function that is differentiable almost everywhere", received="different slopes on both sides",
        remedy="Pass inputs away from kinks and ties, or shorter ones: a kink in one element spoils all.",
    )  # fmt: skip


class _Kink(Exception):
    """The function has no derivative here."""


def _errors(
    value: Callable[[], float], name: str, x: HostArray, analytic: HostArray | None, tolerance: float
) -> Iterator[float]:
    """The error of the gradient at each element of ``x``. Raises _Kink, or ConformanceError where it is wrong."""
    if analytic is None or analytic.shape != x.shape:
        raise ConformanceError(
            f"The gradient of {name} has the wrong shape.", expected=x.shape, remedy=REMEDY,
            received="None" if analytic is None else analytic.shape,
        )  # fmt: skip
    for i in range(x.size):
        a = float(analytic.flat[i])
        found = measured(value, x, i, a, tolerance)
        if found.kink:
            raise _Kink
        if not found.error < tolerance:
            raise ConformanceError(
                f"The gradient of {name} is wrong at {tuple(int(k) for k in np.unravel_index(i, x.shape))}.",
                expected=f"{found.slope:.9g} by central differences", received=f"{a:.9g} from backward", remedy=REMEDY,
            )  # fmt: skip
        yield found.error


# -- what is differentiated ------------------------------------------------------------------------------------------


@dataclass
class _Problem:
    """A scalar function ``value()`` of ``variables``, arrays that are changed in place, and its gradients at these."""

    value: Callable[[], float]
    analytic: Callable[[], list[HostArray | None]]
    variables: dict[str, HostArray]
    movable: list[HostArray]

    def move(self, rng: np.random.Generator) -> None:
        for x in self.movable:
            x += rng.normal(0.0, 0.1, x.shape)


@dataclass(frozen=True)
class _Setting:
    """Under what circumstances functions are evaluated."""

    training: bool
    seed: int
    ops: Ops
    step: int = 0
    epoch: int = 0
    stopped: dict[Any, Any] = field(default_factory=dict)

    def context(self, rows: int) -> Context:
        """A fresh root: the same random numbers at every evaluation."""
        ctx = Context(self.ops, training=self.training, seed=self.seed, dtype="float64")
        ctx.begin(self.step, self.epoch, index=None if self.training else np.arange(rows, dtype=np.int64))
        ctx.hold(self.stopped)
        return ctx

    def first(self, rows: int) -> Context:
        """The same for the call whose gradients are taken: what it stops is held from then on."""
        self.stopped.clear()
        return self.context(rows)


def _problem(subject: Any, arguments: tuple[Any, ...], setting: _Setting, rng: np.random.Generator) -> _Problem:
    kind = getattr(subject, "kind", None)
    if kind == "layer":
        return _layer_problem(subject, [_own(x) for x in arguments], setting, rng)
    if kind == "loss":
        return _loss_problem(subject, *arguments, setting=setting)
    if kind == "objective":
        return _objective_problem(subject, *arguments, setting=setting)
    raise ConfigError(
        "check_gradients takes a layer with its inputs, a loss with prediction and target, or an objective with a "
        f"model and a batch. Received: {subject!r}."
    )


def _own(x: Any) -> HostArray:
    """A copy that may be changed: floating numbers in float64, others as they are."""
    given = np.array(x)
    return given.astype(np.float64) if given.dtype.kind == "f" else given


def _in_float64(layer: Layer, inputs: list[HostArray], setting: _Setting) -> None:
    if layer.runtime is None:
        initialize(layer, *(x.shape[1:] for x in inputs), seed=setting.seed, dtype="float64", ops=setting.ops)
    elif layer.runtime.dtype != np.float64 or layer.runtime.ops.xp is not np:
        raise ConfigError(
            f"Gradients are checked in float64 on the CPU, and this {type(layer).__name__} was built with dtype "
            f"{layer.runtime.dtype} on the backend {layer.runtime.ops.name!r}. Build it with "
            "pellucid.build(…, dtype='float64', backend='reference')."
        )


@contextmanager
def _untouched(model: Layer) -> Iterator[None]:
    """Within: the parameters' gradients start at zero; at the end they are what they were before."""
    grads = [param.grad for param in model.parameters()]
    before = [grad.copy() for grad in grads]
    for grad in grads:
        grad[...] = 0
    try:
        yield
    finally:
        for grad, kept in zip(grads, before, strict=True):
            grad[...] = kept


def _layer_problem(layer: Layer, inputs: list[HostArray], setting: _Setting, rng: np.random.Generator) -> _Problem:
    _in_float64(layer, inputs, setting)
    rows = len(inputs[0])
    floating = [i for i, x in enumerate(inputs) if x.dtype.kind == "f"]
    dy = tuple(rng.normal(size=y.shape) for y in as_tuple(layer.forward(setting.context(rows), *inputs)))

    def value() -> float:
        outputs = as_tuple(layer.forward(setting.context(rows), *inputs))
        return float(sum(np.sum(a * b) for a, b in zip(dy, outputs, strict=True)))

    def analytic() -> list[HostArray | None]:
        ctx = setting.first(rows)
        layer.forward(ctx, *inputs)
        dx = as_tuple(layer.backward(ctx, *dy))
        return [None if dx[i] is None else np.array(dx[i]) for i in floating]

    variables = {f"input {i}" if len(inputs) > 1 else "x": inputs[i] for i in floating}
    return _with_parameters(layer, value, analytic, variables, list(variables.values()))


def _loss_problem(loss: Loss, prediction: Any, target: Any, weight: Any = None, *, setting: _Setting) -> _Problem:
    z, t = np.array(prediction, np.float64), _own(target)
    w = None if weight is None else np.array(weight, np.float64)

    def value() -> float:
        return float(loss.forward(setting.context(len(z)), z, t, w))

    def analytic() -> list[HostArray | None]:
        ctx = setting.first(len(z))
        loss.forward(ctx, z, t, w)
        return [np.array(loss.backward(ctx))]

    return _Problem(value, analytic, {"the prediction": z}, [z])


def _objective_problem(objective: Objective, model: Layer, batch: Batch, *, setting: _Setting) -> _Problem:
    inputs = [_own(x) for x in batch.inputs]
    y = mapped(_own, batch.y)
    own = replace(batch, x=tuple(inputs) if isinstance(batch.x, tuple) else inputs[0], y=y)
    _in_float64(model, inputs, setting)

    def value() -> float:
        return float(objective.forward(setting.context(len(own)), model, own))

    def analytic() -> list[HostArray | None]:
        ctx = setting.first(len(own))
        objective.forward(ctx, model, own)
        objective.backward(ctx, model)
        return []

    movable, player = [x for x in inputs if x.dtype.kind == "f"], objective.player(setting.step)
    return _with_parameters(model, value, analytic, {}, movable, player)


def _with_parameters(
    model: Layer, value: Callable[[], float], analytic: Callable[[], list[HostArray | None]],
    variables: dict[str, HostArray], movable: list[HostArray], player: str | None = None,
) -> _Problem:  # fmt: skip
    """The problem in which the parameters of the model, or of a player's part of it, are variables, too."""
    params = [p for p in model.parameters() if player is None or f"{p.path}.".startswith(f"{player}.")]

    def with_those_of_parameters() -> list[HostArray | None]:
        with _untouched(model):
            return [*analytic(), *(param.grad.copy() for param in params)]

    return _Problem(value, with_those_of_parameters, variables | {f"'{p.path}'": p.data for p in params}, movable)
