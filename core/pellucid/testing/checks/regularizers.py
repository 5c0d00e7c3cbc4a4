"""What holds for a regularizer: its gradient is that of its penalty, and is added."""

from __future__ import annotations

import numpy as np

from pellucid.glassbox.equations import arguments_of, evaluate
from pellucid.glassbox.failure import require_close, require_same
from pellucid.testing.check import Check
from pellucid.testing.checks.layer_backends import ROUNDING, fast_backend
from pellucid.testing.checks.layer_maths import has_expressions
from pellucid.testing.subject import Subject, tie


def _data() -> np.ndarray:
    return np.random.default_rng(11).normal(size=(4, 3))


def gradients(subject: Subject) -> None:
    """add_gradient adds the derivative of the penalty, and leaves the data as they are."""
    regularizer, ops, data = subject.create(), subject.backends.reference, _data()
    before, grad, step = data.copy(), np.ones_like(data), 1e-6
    regularizer.add_gradient(ops, data, grad)
    require_same("The data after add_gradient", data, before, "Write to grad only.")
    numerical = np.empty_like(data)
    for i in range(data.size):
        ends = []
        for sign in (1, -1):
            data.flat[i] = before.flat[i] + sign * step
            ends.append(float(regularizer.penalty(ops, data)))
        data.flat[i] = before.flat[i]
        numerical.flat[i] = (ends[0] - ends[1]) / (2 * step)
    remedy = "Write grad += …, the derivative of penalty."
    require_close("The gradient, added to ones,", grad, 1 + numerical, 1e-6, remedy)


def equations(subject: Subject) -> None:
    """The equations of 'penalty' and 'dtheta' give what the code gives; names: theta, the constructor's arguments."""
    _compare(subject, _data())


def equations_at_ties(subject: Subject) -> None:
    """The equations give what the code gives where parameters are equal or zero."""
    _compare(subject, tie(_data()))


def _compare(subject: Subject, data: np.ndarray) -> None:
    """Hold the equations of a regularizer against its code, on these parameters."""
    regularizer, ops = subject.create(), subject.backends.reference
    grad = np.zeros_like(data)
    regularizer.add_gradient(ops, data, grad)
    computed = {"penalty": float(regularizer.penalty(ops, data)), "dtheta": grad}
    for of, value in evaluate(regularizer.equations, {**arguments_of(regularizer), "theta": data}).items():
        if of in computed:
            require_close(f"The equation of '{of}' and the code differ: the code's value", computed[of], value, 1e-9,
                          "One of the two is wrong: derive it again.")  # fmt: skip


def parity(subject: Subject) -> None:
    """All backends give the same penalty and gradient."""
    fast = fast_backend(subject)
    regularizer, data = subject.create(), np.concatenate([_data(), tie(_data())]).astype("float32")
    figures = []
    for ops in (subject.backends.reference, fast):
        own, grad = ops.asarray(data), ops.zeros(data.shape, "float32")
        regularizer.add_gradient(ops, own, grad)
        figures.append((float(regularizer.penalty(ops, own)), ops.to_host(grad)))
    for name, expected, received in zip(("penalty", "gradient"), *figures, strict=True):
        require_close(f"The {name} on backend '{fast.name}'", received, expected, ROUNDING, "Call ops only.")


CHECKS = (
    Check(gradients), Check(equations, applies=has_expressions), Check(equations_at_ties, applies=has_expressions),
    Check(parity),
)  # fmt: skip
