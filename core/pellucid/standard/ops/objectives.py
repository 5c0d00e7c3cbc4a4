"""Losses fused with their gradients: softmax with cross-entropy, binary cross-entropy on logits, squared error."""

from __future__ import annotations

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
        self._log_softmax(logits, dlogits)
        losses = -(target * dlogits).sum(axis=1)
        xp, total = self.xp, target.sum(axis=1, keepdims=True)
        near = (total - target) + total * xp.expm1(dlogits)  # no difference to 1 where a class is nearly certain
        dlogits[...] = xp.where(dlogits > -0.5, near, total * xp.exp(dlogits) - target)
        self._mean(losses, weight, loss, dlogits)

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
        self._mean(losses, weight, loss, dlogits)

    def mse(self, prediction: Array, target: Array, weight: Array | None, loss: Array, dprediction: Array) -> None:
        """lᵢ = (1/K) Σₖ (ŷᵢₖ − tᵢₖ)² and dŷ = (wᵢ/Σw) 2(ŷ − t)/K. target: (N, K), dtype of the prediction."""
        outputs = max(prediction.shape[1], 1)
        dprediction[...] = prediction - target
        losses = (dprediction * dprediction).sum(axis=1) / outputs
        dprediction *= 2 / outputs
        self._mean(losses, weight, loss, dprediction)

    # -- pieces -------------------------------------------------------------------------------------------------

    def _cross_entropy_of_labels(
        self, logits: Array, target: Array, weight: Array | None, loss: Array, dlogits: Array
    ) -> None:
        """``softmax_cross_entropy`` of labels that are in range."""
        self._log_softmax(logits, dlogits)
        each = self.xp.arange(logits.shape[0])
        losses = -dlogits[each, target]
        self.xp.exp(dlogits, out=dlogits)
        dlogits[each, target] = self.xp.expm1(-losses)
        self._mean(losses, weight, loss, dlogits)

    def _log_softmax(self, logits: Array, out: Array) -> None:
        """out = z − log Σ e^z, shifted by each row's maximum so that logits of ±10⁴ stay finite; the maximum's own 1 is
        left to log1p, or it would round away what the others make."""
        xp = self.xp
        out[...] = logits - logits.max(axis=1, keepdims=True)
        others = xp.where(out == 0, 0, xp.exp(out)).sum(axis=1, keepdims=True)
        out -= xp.log1p(others + ((out == 0).sum(axis=1, keepdims=True) - 1))

    def _mean(self, losses: Array, weight: Array | None, loss: Array, gradient: Array) -> None:
        """loss = Σ wᵢ lᵢ / Σ wᵢ; gradient rows ← rows · wᵢ / Σ wᵢ."""
        xp = self.xp
        weight = xp.ones(losses.shape, dtype="float64") if weight is None else weight.astype("float64")
        total = weight.sum()
        share = weight / xp.where(total > 0, total, 1)
        loss[...] = xp.sum(share * losses.astype("float64"))
        gradient *= share.astype(gradient.dtype).reshape(-1, 1)
