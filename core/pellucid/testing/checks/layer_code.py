"""What holds for a layer that tells with ``as_calls`` what it does with the layers inside of it: it does that."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.basics.errors import PellucidError
from pellucid.glassbox.failure import ConformanceError, require, require_close
from pellucid.glassbox.record.quantity import Call
from pellucid.glassbox.record.record import Recorder
from pellucid.glassbox.trace import Setting, Trace
from pellucid.glassbox.why.inside import Inside, look_inside
from pellucid.interfaces.layer import Layer
from pellucid.model.composite import Composite
from pellucid.testing.check import checks
from pellucid.testing.checks.layer_trial import LayerTrial
from pellucid.testing.subject import Subject

REMEDY = (
    "Write in as_calls(ctx, *inputs) what forward does, as calls of the same layers on Variables: self.inner(x). "
    "pellucid.slopes differentiates it, and a trace explains the layer by it."
)
ROUNDING = 1e-9


def as_calls(subject: Subject) -> None:
    """as_calls gives what forward gives, hands layers inside the same arrays, and has the gradients of backward."""
    trial = LayerTrial(subject)
    for training in trial.modes:
        _require_told(trial, training)


def tells_calls(subject: Subject) -> bool:
    """Whether it is a layer with ``as_calls``; the code of a Composite is its forward in any case."""
    try:
        made = subject.create()
    except Exception:  # what is wrong with it is said by the case 'built_by_name'
        return False
    return hasattr(made, "as_calls") and not isinstance(made, Composite)


def _require_told(trial: LayerTrial, training: bool) -> None:
    layer, where = trial.model, "in training" if training else "in evaluation"
    ctx = trial.context(training=training)
    trial.zero_gradients()
    recorder = Recorder(trial.ops)
    for owned in trial.owned():
        recorder.add(owned.path, owned.data, origin="given")
    with recorder.watching(list(layer.walk())):
        trial.forward(ctx, *trial.given)
        trial.backward(ctx, *trial.given)
    trace = Trace(recorder.quantities, recorder.calls, Setting(layer, None))
    (call,) = recorder.calls
    try:
        recorded = trace.inside.recorded(call)
        told = look_inside(layer, recorded._replace(outputs=()), training=training)
    except (PellucidError, LookupError) as error:
        raise ConformanceError(
            f"as_calls cannot be run {where} on what its forward was given, and its layers have answered.",
            expected="calls of the layers that forward calls, as often, and NumPy's functions of Variables",
            received=f"{type(error).__name__}: {error}", remedy=REMEDY,
        ) from error  # fmt: skip
    require(
        len(told.outputs) == len(recorded.outputs), f"as_calls gives another number of outputs {where}.",
        expected=len(recorded.outputs), received=len(told.outputs), remedy=REMEDY,
    )  # fmt: skip
    for made, named in zip(told.outputs, recorded.outputs, strict=True):
        _close(f"What as_calls gives {where}, against forward,", made.value, named.array)
    _require_inner(trace, call, told, where)
    _require_gradients(trial, trace, call, told, where)


def _require_inner(trace: Trace, call: Call, told: Inside, where: str) -> None:
    """Every call of a layer inside is given what forward gives it, and backwards what backward gives it."""
    counts: dict[int, int] = {}
    for inner in call.inner:
        key = id(inner.component), counts.setdefault(id(inner.component), 0)
        counts[id(inner.component)] += 1
        require(
            key in told.given, f"as_calls does not call '{inner.path}' {where}, or not as often as forward does.",
            expected=f"{key[1] + 1} or more calls", received=key[1], remedy=REMEDY,
        )  # fmt: skip
        for of, made in zip(inner.values["inputs"], told.given[key], strict=False):
            _close(f"What as_calls gives '{inner.path}' {where}, against forward,", made.value, trace[inner.given[of]])
        names = [name for of, name in inner.given.items() if of.startswith("dy")]
        for name, gradient in zip(names, told.told.get(key, ()), strict=False):
            value: Any = 0.0 * trace[name] if gradient is None else gradient.value
            _close(f"The gradient that as_calls gives '{inner.path}' {where}, against backward,", value, trace[name])
    left = [key for key in told.given if key[1] >= counts.get(key[0], 0)]
    require(not left, f"as_calls calls a layer more often {where} than forward does.", expected=len(call.inner),
            received=len(told.given), remedy=REMEDY)  # fmt: skip


def _require_gradients(trial: LayerTrial, trace: Trace, call: Call, told: Inside, where: str) -> None:
    """The gradients at the inputs, and of parameters of its own."""
    for of, gradient in zip(call.values["inputs"], told.gradients, strict=False):
        name = call.pattern.format(f"d{of}")
        if gradient is not None and name in trace:
            _close(f"The gradient of '{of}' by as_calls {where}, against backward,", gradient.value, trace[name])
    found = trial.gradients()
    inside = {id(param) for _, part in _parts(trial.model) for param in part.parameters()}
    for param in trial.parameters():
        if id(param) not in inside and param.trainable:
            by_calls = told.owned.get(param.path)
            value = np.zeros(param.shape) if by_calls is None else by_calls.value
            _close(f"The gradient of '{param.path}' by as_calls {where}, against backward,", value, found[param.path])


def _parts(layer: Layer) -> list[tuple[str, Layer]]:
    return [(path, part) for path, part in layer.walk() if part is not layer]


def _close(name: str, received: Any, expected: Any) -> None:
    size = max(1.0, float(np.max(np.abs(expected), initial=0.0)))  # rounding is that of the largest
    require_close(name, np.asarray(received) / size, np.asarray(expected) / size, ROUNDING, REMEDY)


CHECKS = checks(as_calls, applies=tells_calls)
