"""Signed: another loss with weights that may be negative, as advantages are: policies, unlearning, contrast."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.basics.arrays import Array, HostArray, Interval, Shape
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import DataError
from pellucid.interfaces.context import Context
from pellucid.interfaces.metric import Kind
from pellucid.interfaces.objective import Loss


class Signed(Loss):
    """``L = Σᵢ wᵢ lᵢ / N`` with the ``lᵢ`` of another loss and weights of any sign, N of them.

    What has a positive weight is made more likely, what has a negative one less. With the cross-entropy of actions and
    weights that say how much better than expected each went, it is ``−(1/N) Σᵢ Aᵢ log π(aᵢ|sᵢ)``: a step of policy
    gradient (Williams, 1992, REINFORCE). Weights of 1, or none, give the other loss.

    The other loss is asked twice, with ``w⁺ = max(w, 0)`` and with ``w⁻ = max(−w, 0)``. Its own means ``L±`` over
    ``c± = Σ w±`` make ``L = (c⁺L⁺ − c⁻L⁻) / N``, and its gradients in the same way that of L.

    Shapes: those of the other loss; the weight of each sample (N,), or of each row (N, …). Where a sample has several
    rows and one weight, its ``lᵢ`` is the sum over its rows.

    Args:
        loss: the other loss, whose mean is weighted by ``Σ wᵢ`` as that of all others.
    """

    equations = (
        Equation("weight0", r"w^+ = \max(w, 0)", "np.maximum(w, 0)"),
        Equation("weight1", r"w^- = \max(-w, 0)", "np.maximum(-w, 0)"),
        Equation("above", r"c^+ = \sum_i w^+_i", "np.sum(weight0)"),
        Equation("below", r"c^- = \sum_i w^-_i", "np.sum(weight1)"),
        Equation(
            "loss",
            r"L = \frac1N \sum_i w_i\, l_i = (c^+ L^+ - c^- L^-) / N",
            "(above * parts[0] - (below * parts[1] if len(parts) > 1 else 0)) / w.size",
        ),
        Equation(
            "dprediction",
            r"d\hat y = (c^+ d\hat y^+ - c^- d\hat y^-) / N",
            "(above * dparts[0] - (below * dparts[1] if len(dparts) > 1 else 0)) / w.size",
        ),
    )
    examples = (
        Example({"loss": {"type": "core/softmax_cross_entropy"}}, ((4,), ("int", 4))),
        Example({"loss": {"type": "core/mse"}}, ((3,), (3,))),
    )
    signed_weights = True

    def __init__(self, loss: Loss) -> None:
        self.loss = loss

    @property
    def predicts(self) -> Kind | None:  # type: ignore[override]
        return self.loss.predicts

    def forward(self, ctx: Context, prediction: Array, target: Array, weight: Array | None = None) -> Array:
        if weight is None:
            weight = ctx.scratch("ones", prediction.shape[:1], prediction.dtype)
            weight[...] = 1
        xp, part = ctx.xp, ctx.scratch("part", weight.shape, weight.dtype)
        ctx.count = float(weight.size)
        n = ctx.count or 1.0
        total = ctx.scratch("loss", (), "float64")
        total[...] = 0
        ctx.shares = {}
        for key, sign in (("positive", 1.0), ("negative", -1.0)):
            xp.maximum(sign * weight, 0, out=part)
            if sign < 0 and not part.any():
                continue
            child = ctx.child(key)
            value = self.loss.forward(child, prediction, target, part)
            ctx.shares[key] = sign * child.count / n
            total += value * ctx.shares[key]
        return total

    def backward(self, ctx: Context) -> Array:
        gradient: Array | None = None
        for key, share in ctx.shares.items():
            part = self.loss.backward(ctx.child(key))
            if gradient is None:
                gradient = ctx.scratch("dprediction", part.shape, part.dtype)
                ctx.ops.fill(gradient, 0.0)
            ctx.ops.add_scaled(gradient, part, share)
        return gradient

    def scored(self, prediction: Array, target: Array) -> tuple[Array, Array]:
        return self.loss.scored(prediction, target)

    def check(self, target: HostArray, output_shape: Shape) -> None:
        try:
            self.loss.check(target, output_shape)
        except DataError as error:
            raise DataError(f"Signed: {error}") from error

    def check_interval(self, interval: Interval, output_shape: Shape) -> None:
        self.loss.check_interval(interval, output_shape)

    def probabilities(self, outputs: HostArray) -> HostArray | None:
        return self.loss.probabilities(outputs)

    def outputs_for(self, targets: HostArray) -> int | None:
        return self.loss.outputs_for(targets)

    def default_metrics(self, *, labels: bool) -> Sequence[str]:
        return self.loss.default_metrics(labels=labels)
