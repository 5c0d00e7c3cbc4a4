"""CosineSimilarity: vectors are to point where their targets do, however long they are."""

from __future__ import annotations

import numpy as np

from pellucid.basics.arrays import Array, HostArray, Shape
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import DataError
from pellucid.interfaces.context import Context
from pellucid.standard.losses.rowwise import Rowwise
from pellucid.standard.rows import reject, require_rows


class CosineSimilarity(Rowwise):
    """``L = Σᵢ wᵢ (1 − cᵢ) / Σᵢ wᵢ`` with ``cᵢ = ŷᵢ·tᵢ / (‖ŷᵢ‖ ‖tᵢ‖)``: 0 for one direction, 1 for a right angle, 2.

    Lengths do not matter, and the gradient is perpendicular to the prediction: a step makes it no shorter. A vector of
    zeros has no direction: there c is 0, and so is the gradient.

    Shapes: prediction (N, …, D), D ≥ 2; target: the same; weight (N,) or (N, …).
    """

    equations = (
        Equation("a", r"a_i = \lVert \hat y_i \rVert", "np.sqrt(np.sum(prediction**2, axis=-1, keepdims=True))"),
        Equation("b", r"b_i = \lVert t_i \rVert", "np.sqrt(np.sum(t**2, axis=-1, keepdims=True))"),
        Equation("known", r"a_i b_i > 0", "a * b > 0"),
        Equation(
            "u", r"u_i = \hat y_i / a_i \quad (0 \text{ where } a_i b_i = 0)",
            "known * prediction / np.where(known, a, 1)",
        ),
        Equation("s", r"s_i = t_i / b_i \quad (0 \text{ where } a_i b_i = 0)", "known * t / np.where(known, b, 1)"),
        Equation("c", r"c_i = u_i \cdot s_i", "np.sum(u * s, axis=-1, keepdims=True)"),
        Equation(
            "v", r"v_i = \frac{w_i}{\sum_j w_j}",
            "w.reshape(*w.shape, *(1,) * (c.ndim - w.ndim)) / (np.sum(w) * c.size / w.size)",
        ),
        Equation("loss", r"L = \sum_i v_i (1 - c_i)", "np.sum(v * (1 - c))"),
        Equation(
            "dprediction", r"d\hat y_i = -\frac{v_i}{a_i} (s_i - c_i u_i)", "-v * (s - c * u) / np.where(known, a, 1)"
        ),
    )  # fmt: skip
    examples = (Example({}, ((3,), (3,))),)

    def compute(self, ctx: Context, prediction: Array, target: Array, gradient: Array) -> Array:
        xp = ctx.xp
        y, t = prediction.astype("float64"), target.astype("float64")  # squares of float32 need its range
        a, b = (xp.sqrt((rows * rows).sum(axis=1, keepdims=True)) for rows in (y, t))
        known = (a > 0) & (b > 0)
        a, b = xp.where(known, a, 1), xp.where(known, b, 1)
        u, s = xp.where(known, y / a, 0), xp.where(known, t / b, 0)
        c = (u * s).sum(axis=1, keepdims=True)
        gradient[...] = (c * u - s) / a
        return 1 - c[:, 0]

    def check(self, target: HostArray, output_shape: Shape) -> None:
        """Targets must be finite vectors, as long as the model's outputs, of two numbers or more.

        Raises:
            DataError: with the row and the value.
        """
        require_rows(self, target, (output_shape,))
        if output_shape[-1:] == (1,):
            raise DataError(
                "CosineSimilarity compares directions, and a single number has none but its sign, which no small step "
                "changes. Received: a model with one output. For numbers to be predicted take mse, mae or huber."
            )
        reject(self, target, ~np.isfinite(target), "finite targets", "Clean the data first.")
