"""BinaryCrossEntropy: how surprised the predicted probabilities are by yes-or-no answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.basics.arrays import Array
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.standard.losses.outputwise import Outputwise
from pellucid.standard.losses.rows import reject


class BinaryCrossEntropy(Outputwise):
    """``L = Σᵢ wᵢ lᵢ / Σᵢ wᵢ`` with ``lᵢ = (1/J) Σⱼ [max(z, 0) − z t + log(1 + e^{−|z|})]`` on logits z.

    This is −t log σ(z) − (1 − t) log(1 − σ(z)), written so that logits of ±10⁴ stay finite (Bishop, PRML, §4.3.2).

    Shapes: prediction (N, …) logits, J outputs a sample; target: the same, in [0, 1]; weight (N,).
    """

    equations = (
        Equation("p", r"p = \sigma(z) = \frac{1}{1 + e^{-z}}", "1 / (1 + np.exp(-z))"),
        Equation(
            "l",
            r"l_i = -\frac1J \sum_j \left[t_{ij} \log p_{ij} + (1 - t_{ij}) \log(1 - p_{ij})\right]",
            "-np.mean(t * np.log(p) + (1 - t) * np.log(1 - p), axis=1)",
        ),
        Equation("loss", r"L = \frac{\sum_i w_i l_i}{\sum_i w_i}", "np.sum(w * l) / np.sum(w)"),
        Equation(
            "dprediction",
            r"dz_{ij} = \frac{w_i}{\sum_k w_k} \frac{p_{ij} - t_{ij}}{J}",
            "w[:, None] * (p - t) / t.shape[1] / np.sum(w)",
        ),
    )
    examples = (Example({}, ((3,), ("int", 2, 3))),)

    def compute(
        self, ctx: Context, prediction: Array, target: Array, weight: Array | None, loss: Array, gradient: Array
    ) -> None:
        ctx.ops.binary_cross_entropy(prediction, target, weight, loss, gradient)

    def check(self, target: np.ndarray[Any, Any], output_shape: tuple[int | None, ...]) -> None:
        """Targets must lie in [0, 1].

        Raises:
            DataError: with the row and the value.
        """
        super().check(target, output_shape)
        with np.errstate(invalid="ignore"):
            wrong = ~((target >= 0) & (target <= 1))
        reject(self, target, wrong, "targets in [0, 1]", "For more than two classes take softmax_cross_entropy.")
