"""What holds for a regularizer: its gradient is that of its penalty, and is added."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.basics.errors import PellucidError
from pellucid.glassbox.equations import require_equations
from pellucid.glassbox.failure import ConformanceError, require, require_close, require_same
from pellucid.glassbox.prove.differences import slope
from pellucid.standard.ops.base import Ops
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.fingerprint import unchanged
from pellucid.testing.subject import ROUNDING, Subject, tie
from pellucid.testing.varied import can_vary, other_arguments, with_other_arguments

REMEDY = "Write grad += …, the derivative of penalty."
SHAPES = (4, 3), (7,), (1,), (2, 3, 4), (3, 2, 2, 5), (19, 21), (67, 31)
"""Of a matrix, a vector, filters, …: parameters have any rank."""
MOST = 400
"""Numbers of a parameter whose slope is taken at each of them."""


def _shapes(subject: Subject) -> list[tuple[int, ...]]:
    """The shapes that it takes. A matrix has to be among them; any other may be refused by an error of pellucid's."""
    regularizer, ops = subject.create(), subject.backends.reference
    taken: list[tuple[int, ...]] = []
    for shape in SHAPES:
        try:
            regularizer.penalty(ops, ops.zeros(shape, "float64"))
        except PellucidError:
            if len(shape) == 2:
                raise
        except Exception as error:
            raise ConformanceError(
                f"The penalty of a parameter of shape {shape} raises {type(error).__name__}.", received=str(error),
                expected="a number, or a ShapeError", remedy="Take every rank, or refuse one by a ShapeError.",
            ) from error  # fmt: skip
        else:
            taken.append(shape)
    return taken


def _data(shape: tuple[int, ...] = (4, 3), scale: float = 1.0) -> np.ndarray:
    return scale * np.random.default_rng(11).normal(size=shape)


def gradients(subject: Subject) -> None:
    """add_gradient adds the derivative of the penalty, for every rank, and leaves the data as they are."""
    regularizer, ops, step = subject.create(), subject.backends.reference, 1e-6
    for shape in _shapes(subject):
        for scale in (1.0, 30.0):
            data = _data(shape, scale)
            before, grad = data.copy(), np.ones_like(data)
            with unchanged(regularizer, what="A call", remedy="Keep nothing on self."):
                regularizer.add_gradient(ops, data, grad)
                regularizer.penalty(ops, data)
            require_same("The data after add_gradient", data, before, "Write to grad only.")
            if data.size > MOST:
                continue  # the equations, the types and the backends are held against each other there
            slopes = [slope(lambda: float(regularizer.penalty(ops, data)), data, i, step) for i in range(data.size)]  # noqa: B023
            where = f"The gradient, added to ones, for shape {shape},"
            require_close(where, grad, 1 + np.reshape(slopes, data.shape), 1e-6 * scale**2, REMEDY)
            regularizer.add_gradient(ops, data, grad)
            twice = 1 + 2 * np.reshape(slopes, data.shape)
            require_close(f"{where} twice,", grad, twice, 2e-6 * scale**2, REMEDY)


def finite(subject: Subject) -> None:
    """Penalty and gradient are finite where parameters are zero, equal or large."""
    for shape in _shapes(subject):
        for data in (np.zeros(shape), np.ones(shape), tie(_data((2, *shape)))[1], _data(shape, 1e4)):
            for name, value in _figures(subject, data, subject.backends.reference).items():
                require(np.isfinite(value).all(), f"The value of '{name}' for shape {shape} is not finite.",
                        expected="finite ones", received=value, remedy="Guard roots and quotients at 0.")  # fmt: skip


def equations(subject: Subject) -> None:
    """The equations of 'penalty' and 'dtheta' give what the code gives; names: theta, the constructor's arguments."""
    for shape in _shapes(subject):
        for scale in (1e-3, 1.0, 30.0, 1e3):
            _compare(subject, _data(shape, scale))


def equations_at_ties(subject: Subject) -> None:
    """The equations give what the code gives where parameters are equal or zero."""
    for shape in _shapes(subject):
        _compare(subject, tie(_data(shape)) if len(_data(shape)) > 1 else np.zeros(shape))


def _compare(subject: Subject, data: np.ndarray) -> None:
    """Hold the equations of a regularizer against its code, on these parameters."""
    figures = _figures(subject, data, subject.backends.reference)
    require_equations(subject.create(), {"theta": data}, figures, where=f" for shape {data.shape}")


def _figures(subject: Subject, data: np.ndarray, ops: Ops) -> dict[str, Any]:
    """The penalty and its gradient, as the code computes them on a backend."""
    regularizer, own, grad = subject.create(), ops.asarray(data), ops.zeros(data.shape, data.dtype)
    regularizer.add_gradient(ops, own, grad)
    return {"penalty": float(regularizer.penalty(ops, own)), "dtheta": ops.to_host(grad)}


def single_precision(subject: Subject) -> None:
    """In float32 penalty and gradient are those of float64, up to rounding."""
    for shape in _shapes(subject):
        data, ops = _data(shape), subject.backends.reference
        expected = _figures(subject, data, ops)
        for name, received in _figures(subject, data.astype("float32"), ops).items():
            require_close(f"The value of '{name}' in float32", received, expected[name], ROUNDING,
                          "Compute alike in both types.")  # fmt: skip


def parity(subject: Subject) -> None:
    """All backends give the same penalty and gradient."""
    for shape in _shapes(subject):
        tied = tie(_data(shape)) if shape[0] > 1 else np.zeros(shape)
        data = np.concatenate([_data(shape), tied]).astype("float32")
        expected = _figures(subject, data, subject.backends.reference)
        for name, received in _figures(subject, data, subject.fast).items():
            where = f"on backend '{subject.fast.name}'"
            require_close(f"The value of '{name}' {where}", received, expected[name], ROUNDING, "Call ops only.")


OTHERS = other_arguments(equations)
CHECKS = (
    *checks(gradients, finite), *checks(equations, equations_at_ties, applies=has_expressions),
    *checks(with_other_arguments(gradients), applies=can_vary), *OTHERS, *checks(single_precision, parity),
)  # fmt: skip
