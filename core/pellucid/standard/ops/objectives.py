"""Losses fused with their gradients: cross-entropies on logits; squared, absolute and Huber's errors."""

from __future__ import annotations

from typing import Any

from pellucid.basics.arrays import Array
from pellucid.basics.errors import DataError
from pellucid.standard.ops.activations import ActivationOps


class ObjectiveOps(ActivationOps):
    """Every loss here is the weighted mean over rows L = Σᵢ wᵢ lᵢ / Σᵢ wᵢ, and the gradient is that of the mean.

    logits, prediction and their gradient: (N, K), one floating dtype. weight: (N,) of any floating dtype, ≥ 0, or None
    for ones. loss: float64 0-d, overwritten; row losses lᵢ are computed in the dtype of the logits and added up in
    float64. The gradient is overwritten. Where Σ w = 0 (no rows, or only padding) loss and gradient are 0.
    """

    def softmax_cross_entropy(
        self, logits: Array, target: Array, weight: Array | None, loss: Array, dlogits: Array
    ) -> None:
        """lᵢ = log Σₖ e^{zᵢₖ} − z_{i,tᵢ} and dzᵢ = (wᵢ/Σw)(softmax(zᵢ) − onehot(tᵢ)). target: (N,) int64, 0 ≤ t < K.

        Raises:
            DataError: a label is out of range. (A device backend may set loss and gradient to NaN instead.)
        """
        classes = logits.shape[1]
        wrong = (target < 0) | (target >= classes)
        if bool(wrong.any()):
            row = int(wrong.argmax())
            raise DataError(
                f"Label out of range in row {row} of the batch: expected 0 … {classes - 1} for {classes} logits. "
                f"Received: {int(target[row])}. Check the labels, or give the last layer more units."
            )
        self._cross_entropy_of_labels(logits, target, weight, loss, dlogits)

    def softmax_cross_entropy_soft(
        self, logits: Array, target: Array, weight: Array | None, loss: Array, dlogits: Array
    ) -> None:
        """lᵢ = −Σₖ tᵢₖ log softmax(zᵢ)ₖ and dzᵢ = (wᵢ/Σw)(softmax(zᵢ) Σₖ tᵢₖ − tᵢ).

        target: (N, K), dtype of the logits, the probabilities of the classes (one-hot or soft).
        """
        log_softmax(self.xp, logits, dlogits)
        losses = -(target * dlogits).sum(axis=1)
        xp, total = self.xp, target.sum(axis=1, keepdims=True)
        near = (total - target) + total * xp.expm1(dlogits)  # no difference to 1 where a class is nearly certain
        dlogits[...] = xp.where(dlogits > -0.5, near, total * xp.exp(dlogits) - target)
        weighted_mean(self.xp, losses, weight, loss, dlogits)

    def binary_cross_entropy(
        self, logits: Array, target: Array, weight: Array | None, loss: Array, dlogits: Array
    ) -> None:
        """lᵢ = (1/K) Σₖ [|z| u + log(1 + e^{−|z|})] and dz = (wᵢ/Σw)(σ(z) − t)/K; u = 1 − t for z ≥ 0, else t.

        target: (N, K), dtype of the logits, 0 ≤ t ≤ 1. This is −t log σ(z) − (1 − t) log(1 − σ(z)), neither overflowing
        nor losing what is left of it where z is nearly certain.
        """
        xp, outputs = self.xp, max(logits.shape[1], 1)
        e, beyond = xp.exp(-xp.abs(logits)), xp.where(logits < 0, target, 1 - target)
        losses = (xp.abs(logits) * beyond + xp.log1p(e)).sum(axis=1) / outputs
        dlogits[...] = xp.where(logits < 0, 1, -1) * (e / (1 + e) - beyond) / outputs
        weighted_mean(self.xp, losses, weight, loss, dlogits)

    def mse(self, prediction: Array, target: Array, weight: Array | None, loss: Array, dprediction: Array) -> None:
        """lᵢ = (1/K) Σₖ (ŷᵢₖ − tᵢₖ)² and dŷ = (wᵢ/Σw) 2(ŷ − t)/K. target: (N, K), dtype of the prediction."""
        outputs = max(prediction.shape[1], 1)
        dprediction[...] = prediction - target
        losses = (dprediction * dprediction).sum(axis=1) / outputs
        dprediction *= 2 / outputs
        weighted_mean(self.xp, losses, weight, loss, dprediction)

    def mae(self, prediction: Array, target: Array, weight: Array | None, loss: Array, dprediction: Array) -> None:
        """lᵢ = (1/K) Σₖ |ŷᵢₖ − tᵢₖ| and dŷ = (wᵢ/Σw) sign(ŷ − t)/K, with sign 0 = 0. target: (N, K), dtype of the
        prediction."""
        outputs = max(prediction.shape[1], 1)
        difference = prediction - target
        losses = self.xp.abs(difference).sum(axis=1) / outputs
        dprediction[...] = self.xp.sign(difference) / outputs
        weighted_mean(self.xp, losses, weight, loss, dprediction)

    def huber(
        self, prediction: Array, target: Array, weight: Array | None, delta: float, loss: Array, dprediction: Array
    ) -> None:
        """lᵢ = (1/K) Σₖ c (r − c/2) and dŷ = (wᵢ/Σw) c/K with r = ŷ − t and c = r cut off at ±δ: r²/2 up to δ and
        δ(|r| − δ/2) beyond. target: (N, K), dtype of the prediction."""
        outputs = max(prediction.shape[1], 1)
        difference = prediction - target
        cut = self.xp.minimum(self.xp.maximum(difference, -delta), delta)
        losses = (cut * (difference - 0.5 * cut)).sum(axis=1) / outputs
        dprediction[...] = cut / outputs
        weighted_mean(self.xp, losses, weight, loss, dprediction)

    def add_sign(self, out: Array, x: Array, factor: float) -> None:
        """out += factor · sign(x), with sign 0 = 0: the gradient of a penalty factor · Σ |x|. out, x: one shape, one
        floating dtype."""
        out += factor * self.xp.sign(x)

    # -- pieces -------------------------------------------------------------------------------------------------

    def _cross_entropy_of_labels(
        self, logits: Array, target: Array, weight: Array | None, loss: Array, dlogits: Array
    ) -> None:
        """``softmax_cross_entropy`` of labels that are in range."""
        log_softmax(self.xp, logits, dlogits)
        each = self.xp.arange(logits.shape[0])
        losses = -dlogits[each, target]
        self.xp.exp(dlogits, out=dlogits)
        dlogits[each, target] = self.xp.expm1(-losses)
        weighted_mean(self.xp, losses, weight, loss, dlogits)


def log_softmax(xp: Any, logits: Array, out: Array) -> None:
    """out = z − log Σ e^z of rows (N, K), shifted by each row's maximum so that logits of ±10⁴ stay finite; the
    maximum's own 1 is left to log1p, or it would round away what the others make."""
    out[...] = logits - logits.max(axis=1, keepdims=True)
    others = xp.where(out == 0, 0, xp.exp(out)).sum(axis=1, keepdims=True)
    out -= xp.log1p(others + ((out == 0).sum(axis=1, keepdims=True) - 1))


def weighted_mean(xp: Any, losses: Array, weight: Array | None, loss: Array, gradient: Array) -> None:
    """loss = Σ wᵢ lᵢ / Σ wᵢ; gradient rows (N, …) ← rows · wᵢ / Σ wᵢ. losses: (N,); weight: the same, or None for ones.
    Both are 0 where Σ w = 0."""
    weight = xp.ones(losses.shape, dtype="float64") if weight is None else weight.astype("float64")
    total = weight.sum()
    share = weight / xp.where(total > 0, total, 1)
    loss[...] = xp.sum(share * losses.astype("float64"))
    gradient *= share.astype(gradient.dtype).reshape(-1, 1)
