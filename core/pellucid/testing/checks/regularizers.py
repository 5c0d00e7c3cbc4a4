"""What holds for a regularizer: its gradient is that of its penalty, and is added."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.glassbox.equations import require_equations
from pellucid.glassbox.failure import require_close, require_same
from pellucid.standard.ops.base import Ops
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.gradients import slope
from pellucid.testing.subject import ROUNDING, Subject, tie


def _data() -> np.ndarray:
    return np.random.default_rng(11).normal(size=(4, 3))


def gradients(subject: Subject) -> None:
    """add_gradient adds the derivative of the penalty, and leaves the data as they are."""
    regularizer, ops, data = subject.create(), subject.backends.reference, _data()
    before, grad, step = data.copy(), np.ones_like(data), 1e-6
    regularizer.add_gradient(ops, data, grad)
    require_same("The data after add_gradient", data, before, "Write to grad only.")
    slopes = [slope(lambda: float(regularizer.penalty(ops, data)), data, i, step)[0] for i in range(data.size)]
    remedy = "Write grad += …, the derivative of penalty."
    require_close("The gradient, added to ones,", grad, 1 + np.reshape(slopes, data.shape), 1e-6, remedy)


def equations(subject: Subject) -> None:
    """The equations of 'penalty' and 'dtheta' give what the code gives; names: theta, the constructor's arguments."""
    _compare(subject, _data())


def equations_at_ties(subject: Subject) -> None:
    """The equations give what the code gives where parameters are equal or zero."""
    _compare(subject, tie(_data()))


def _compare(subject: Subject, data: np.ndarray) -> None:
    """Hold the equations of a regularizer against its code, on these parameters."""
    require_equations(subject.create(), {"theta": data}, _figures(subject, data, subject.backends.reference))


def _figures(subject: Subject, data: np.ndarray, ops: Ops) -> dict[str, Any]:
    """The penalty and its gradient, as the code computes them on a backend."""
    regularizer, own, grad = subject.create(), ops.asarray(data), ops.zeros(data.shape, data.dtype)
    regularizer.add_gradient(ops, own, grad)
    return {"penalty": float(regularizer.penalty(ops, own)), "dtheta": ops.to_host(grad)}


def parity(subject: Subject) -> None:
    """All backends give the same penalty and gradient."""
    data = np.concatenate([_data(), tie(_data())]).astype("float32")
    expected = _figures(subject, data, subject.backends.reference)
    for name, received in _figures(subject, data, subject.fast).items():
        where = f"on backend '{subject.fast.name}'"
        require_close(f"The value of '{name}' {where}", received, expected[name], ROUNDING, "Call ops only.")


CHECKS = (*checks(gradients), *checks(equations, equations_at_ties, applies=has_expressions), *checks(parity))
