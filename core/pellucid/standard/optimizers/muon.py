"""Muon: steps along the orthogonal part of the momentum, for matrices; another optimizer for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt

from pellucid.basics.arrays import Array
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.optimizer import Group, Optimizer, Segment, SegmentPart
from pellucid.interfaces.parameters import Param
from pellucid.ops.base import Backend
from pellucid.registry.config import read
from pellucid.standard.arguments import check_bool
from pellucid.standard.optimizers.combined import Combined

A, B, C = 3.4445, -4.7750, 2.0315
"""Of the polynomial aσ + bσ³ + cσ⁵, which taken five times brings every σ in (0.01, 1] to about 1 (Jordan, 2024)."""
STEPS = 5
LEAST = 2.0**-40
"""A norm below which a matrix is not brought to norm 1; a power of two, so that nothing is rounded by it."""
MOST = 2.0**40
"""A norm to which larger ones are brought first: from there on the factor to LEAST is no denormal number."""

_MATRIX = "d.reshape(-1, d.shape[-1]) if theta.ndim > 1 else np.zeros((1, 1))"


class Muon(Combined):
    """``u ← μu + g``, ``θ ← θ − lr·(√max(1, n/m)·O + λθ)``, O the orthogonal part of u, for matrices (Jordan, 2024).

    Of u = PΣQᵀ the step is PQᵀ: all directions in which gradients agree count alike, the rare ones too. Five steps of
    Newton and Schulz come near to it by products of matrices alone. A parameter of more than two axes, such as the
    filters of a convolution, is the matrix (m, n) of its last axis, the outputs, against all others; of
    a transposed one the last axis is its inputs.

    Muon is for the matrices inside of a network. Its authors leave embeddings and the last layer to AdamW:
    ``{"layers.0.*": "adamw", "head.*": "adamw", "*": "muon"}``.

    Args:
        lr: learning rate of the matrices: about the size by which a step changes what they make of inputs of size 1.
        momentum: μ, the part of u that is kept, in [0, 1).
        nesterov: whether the step is along g + μu in place of u.
        weight_decay: λ, for the matrices; per step a weight shrinks by the factor 1 − lr·λ.
        rest: the optimizer of all other parameters, biases and scales; with its own learning rate, decay and groups.
        groups: hyper-parameters for the matrices whose path matches, ``{"match": "layers.1.*", "lr": 0.01}``.
    """

    equations = (
        Equation("u", r"u \leftarrow \mu u + g", "momentum * u + g if theta.ndim > 1 else u"),
        Equation("d", r"d = g + \mu u \text{ (nesterov) or } u", "g + momentum * u if nesterov else u"),
        Equation("x0", r"X_0 = d / \lVert d \rVert",
                 f"({_MATRIX}) / max(np.linalg.norm({_MATRIX}), {LEAST!r})"),
        *(
            Equation(
                f"x{k + 1}", rf"X_{k + 1} = a X_{k} + (b + c X_{k} X_{k}^\top) X_{k} X_{k}^\top X_{k}",
                f"{A} * x{k} + ({B} * x{k} @ x{k}.T + {C} * x{k} @ x{k}.T @ x{k} @ x{k}.T) @ x{k}",
            )
            for k in range(STEPS)
        ),
        Equation(
            "theta",
            rf"\theta \leftarrow \theta - \eta\,(\sqrt{{\max(1, n/m)}}\, X_{STEPS} + \lambda \theta)"
            r" \text{ for matrices; the step of rest for others, here that of sgd}",
            f"theta - lr * (max(1, x0.shape[1] / x0.shape[0]) ** 0.5 * x{STEPS}.reshape(theta.shape)"
            " + weight_decay * theta) if theta.ndim > 1 else theta - lr * (g + weight_decay * theta)",
        ),
    )  # fmt: skip
    examples = (
        Example({"rest": {"type": "core/sgd", "lr": 0.01}}),
        Example({"momentum": 0.8, "nesterov": False, "weight_decay": 0.1, "rest": {"type": "core/sgd", "lr": 0.1}}),
    )

    def __init__(
        self, lr: float = 0.02, *, momentum: float = 0.95, nesterov: bool = True, weight_decay: float = 0.0,
        rest: Optimizer | str = "adamw", groups: Sequence[Group] = (),
    ) -> None:  # fmt: skip
        check_float(self, "lr", lr, "[0, inf)")
        check_float(self, "momentum", momentum, "[0, 1)")
        check_bool(self, "nesterov", nesterov)
        check_float(self, "weight_decay", weight_decay, "[0, inf)")
        self.lr = lr
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.rest: Optimizer = read("optimizer", rest, path="rest")
        self.groups = groups

    def inner(self) -> Sequence[Optimizer]:
        return [self.rest]

    def of(self, param: Param) -> Optimizer | None:
        return self if is_matrix(param) else self.rest.of(param)

    def step(self, segments: Sequence[Segment]) -> None:
        others = []
        for segment in segments:
            if is_matrix(segment.params[0]):  # a segment has parameters of one optimizer
                for part in segment.parts():
                    self._step(part)
            else:
                others.append(segment)
        if others:
            self.rest.step(others)

    def _step(self, part: SegmentPart) -> None:
        ops, u = part.segment.ops, part.slot("u")
        ops.scale(u, self.momentum)
        ops.add_scaled(u, part.grad, 1.0)
        if self.nesterov:
            ops.add_scaled(part.grad, u, self.momentum)
        shape = prod(part.data.shape[:-1]), part.data.shape[-1]
        found = orthogonal(ops, (part.grad if self.nesterov else u).reshape(shape))
        ops.scale(found, sqrt(max(1.0, shape[1] / max(shape[0], 1))))
        ops.sgd(part.data.reshape(-1), found.reshape(-1), None, part.segment.hyper, 0.0, False)
        ops.fill(part.grad, 0.0)


def is_matrix(param: Param) -> bool:
    return len(param.shape) > 1


def orthogonal(ops: Backend, u: Array) -> Array:
    """A new matrix of the directions of u, (m, n), whose singular values are all near 1, between about 0.7 and 1.2."""
    m, n = u.shape
    x, other = ops.empty(u.shape, u.dtype), ops.empty(u.shape, u.dtype)
    square, both = (ops.empty((min(m, n),) * 2, u.dtype) for _ in range(2))
    norm = ops.zeros((), "float64")
    ops.copy(u, x)
    for most in (MOST, LEAST):
        ops.sum_squares(x, norm)
        ops.clip_norm(x, norm, most)
    ops.scale(x, 1 / LEAST)  # u / max(‖u‖, LEAST)
    for _ in range(STEPS):
        if m > n:  # the smaller square is the cheaper one: XᵀX
            ops.fill(square, 0.0)
            ops.dense_backward(x, x, both, x, None, "identity", None, square, None, None)
        else:  # XXᵀ
            ops.dense_backward(x, square, x, x, None, "identity", None, None, None, square)
        ops.dense_forward(square, square, None, "identity", both, None)
        ops.scale(both, C)
        ops.add_scaled(both, square, B)
        ops.dense_forward(*((x, both) if m > n else (both, x)), None, "identity", other, None)
        ops.add_scaled(other, x, A)
        x, other = other, x
    return x
