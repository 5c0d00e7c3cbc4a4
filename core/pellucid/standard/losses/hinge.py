"""Hinge: the right class is to be ahead of all others by a margin of 1, as in a support vector machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.basics.arrays import Array, HostArray, Interval, Shape
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError, ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.samples import class_labels
from pellucid.standard.losses.classes import check_labels
from pellucid.standard.losses.rowwise import Rowwise, in_range
from pellucid.standard.rows import converted, reject, require_rows


class Hinge(Rowwise):
    """``L = Σᵢ wᵢ lᵢ / Σᵢ wᵢ`` with ``lᵢ = max(0, 1 − mᵢ)``, where mᵢ says how far the right answer is ahead.

    Of K scores ``mᵢ = z_t − max_{k≠t} z_k`` (Crammer & Singer, 2001). Of one score it is ``±z``, plus for a yes (Cortes
    & Vapnik, 1995): targets are 1 and 0, or 1 and −1. What is ahead by 1 has no gradient; at m = 1 the subgradient is
    0. Of several others that are ahead alike, the first counts. Scores are no probabilities.

    Shapes: prediction (N, …, K) scores; target (N, …) class indices 0 … K−1, with one score (N, …) or (N, …, 1), 0 or
    1, or −1 or 1; weight (N,) or (N, …).
    """

    equations = (
        Equation(
            "h", r"h_{ik} = [k = t_i] \quad (\pm 1 \text{ of one score})",
            "2.0 * (t.reshape(z.shape) > 0) - 1 if z.shape[-1] == 1 else np.eye(z.shape[-1])[t]",
        ),
        Equation(
            "o", r"o_{ik} = [k = \arg\max_{j \ne t_i} z_{ij}] \quad (0 \text{ of one score})",
            "np.zeros(z.shape) if z.shape[-1] == 1 else "
            "np.eye(z.shape[-1])[np.argmax(np.where(h > 0, -np.inf, z), axis=-1)]",
        ),
        Equation("m", r"m_i = \sum_k (h_{ik} - o_{ik}) z_{ik}", "np.sum((h - o) * z, axis=-1)"),
        Equation(
            "v", r"v_i = \frac{w_i}{\sum_j w_j}",
            "w.reshape(*w.shape, *(1,) * (m.ndim - w.ndim)) / (np.sum(w) * m.size / w.size)",
        ),
        Equation("loss", r"L = \sum_i v_i \max(0, 1 - m_i)", "np.sum(v * np.maximum(0, 1 - m))"),
        Equation(
            "dprediction", r"dz_{ik} = v_i [m_i < 1] (o_{ik} - h_{ik})", "(v * (m < 1))[..., None] * (o - h)"
        ),
    )  # fmt: skip
    examples = (Example({}, ((4,), ("int", 4))), Example({}, ((1,), ("int", 2, 1))))
    predicts = "classes"

    def rows_of(self, ctx: Context, prediction: Array, target: Array) -> Array:
        if target.shape != prediction.shape[:-1] and not (
            prediction.shape[-1] == 1 and target.shape == prediction.shape
        ):
            raise ShapeError(
                f"Hinge needs class indices of shape {prediction.shape[:-1]}. Received: a target of shape "
                f"{target.shape}. Reshape the target, or take the index of the class, t.argmax(axis=-1)."
            )
        return converted(ctx, target, "int64", "target").reshape(-1)

    def compute(self, ctx: Context, prediction: Array, target: Array, gradient: Array) -> Array:
        xp = ctx.xp
        if prediction.shape[1] == 1:
            sign = xp.where(target > 0, 1.0, -1.0).astype(prediction.dtype)
            margin = sign * prediction[:, 0]
            gradient[:, 0] = xp.where(margin < 1, -sign, 0)
            return xp.maximum(1 - margin, 0)
        each = xp.arange(prediction.shape[0])
        labels, factor = in_range(ctx, target, prediction.shape[1])
        own = prediction[each, labels]
        gradient[...] = prediction
        gradient[each, labels] = -float("inf")
        other = gradient.argmax(axis=1)
        margin = own - prediction[each, other]
        behind = xp.where(margin < 1, factor, 0 * factor)
        gradient[...] = 0
        gradient[each, other] = behind
        gradient[each, labels] = -behind
        return factor * xp.maximum(1 - margin, 0)

    def check_interval(self, interval: Interval, output_shape: Shape) -> None:
        """Scores that can be ahead by 1.

        Raises:
            ConfigError: outputs of a sigmoid or a relu for a yes or no, which never say no.
        """
        low, high = interval
        if output_shape[-1:] == (1,) and (low > -1 or high < 1):
            raise ConfigError(
                f"Hinge takes a score of either sign, at least 1 for a yes and at most −1 for a no. Received: outputs "
                f"between {low:g} and {high:g}. Leave the last activation out (sigmoid, relu, …)."
            )

    def outputs_for(self, targets: HostArray) -> int | None:
        """One score for labels −1 and 1."""
        labels = class_labels(targets)
        return 1 if labels is not None and bool((labels == -1).any()) else None

    def default_metrics(self, *, labels: bool) -> Sequence[str]:
        return ("core/accuracy",) if labels else ()

    def check(self, target: HostArray, output_shape: Shape) -> None:
        """Class indices must be integers in 0 … K−1; of one score they are 0 and 1, or −1 and 1.

        Raises:
            DataError: with the row and the value.
        """
        if output_shape[-1] != 1:
            require_rows(self, target, (output_shape[:-1],))
            check_labels(self, target, output_shape[-1] or int(target.max(initial=0)) + 1)
            return
        require_rows(self, target, (output_shape[:-1], output_shape))
        no = 0 if (target == 0).any() else -1
        remedy = "Number them so, or give the last layer a unit for each class."
        reject(self, target, ~np.isin(target, (no, 1)), "targets 0 and 1, or −1 and 1, with one output", remedy)
