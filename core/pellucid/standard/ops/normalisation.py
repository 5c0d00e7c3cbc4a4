"""Batch and layer normalisation: x̂ = (x − mean)/√(var + ε), y = γ ⊙ x̂ + β, and their backwards."""

from __future__ import annotations

from typing import Any

from pellucid.basics.arrays import Array


class NormalisationOps:
    """x, y, dy, dx: (N, F), one floating dtype; gamma, beta, dgamma, dbeta: (F,).

    Variances are biased (divided by the count) and centred first. dgamma and dbeta are added to, or None: then they are
    not computed. y and dx are overwritten; dx may be None. No output overlaps an input.
    """

    xp: Any

    def batch_norm_forward(
        self, x: Array, gamma: Array, beta: Array, eps: float, mean: Array, var: Array, y: Array
    ) -> None:
        """Each feature by the mean and variance of the batch; mean, var: (F,), overwritten (0 and 0 without rows)."""
        mean[...] = x.sum(axis=0, dtype="float64") / max(x.shape[0], 1)
        y[...] = x - mean
        var[...] = (y * y).sum(axis=0, dtype="float64") / max(x.shape[0], 1)
        y *= gamma / self.xp.sqrt(var + eps)
        y += beta

    def batch_norm_backward(
        self, dy: Array, x: Array, gamma: Array, mean: Array, var: Array, eps: float,
        dgamma: Array | None, dbeta: Array | None, dx: Array | None,
    ) -> None:  # fmt: skip
        """dx = γ/(N√(var + ε)) ⊙ (N dy − Σ dy − x̂ ⊙ Σ(dy ⊙ x̂)), dγ += Σ dy ⊙ x̂, dβ += Σ dy; sums over rows.

        mean, var: as ``batch_norm_forward`` left them; the gradient flows through them too.
        """
        inv_std = 1 / self.xp.sqrt(var + eps)
        normalised = (x - mean) * inv_std
        sum_dy, sum_dy_x = self._add_sums(dy, normalised, dgamma, dbeta)
        if dx is not None:
            n = max(x.shape[0], 1)
            dx[...] = gamma * inv_std * (dy - sum_dy / n - normalised * (sum_dy_x / n))

    def batch_norm_inference(
        self, x: Array, gamma: Array, beta: Array, mean: Array, var: Array, eps: float, y: Array
    ) -> None:
        """As in training, with given (running) mean, var: (F,), which are read only."""
        y[...] = (x - mean) * (gamma / self.xp.sqrt(var + eps)) + beta

    def batch_norm_inference_backward(
        self, dy: Array, x: Array, gamma: Array, mean: Array, var: Array, eps: float,
        dgamma: Array | None, dbeta: Array | None, dx: Array | None,
    ) -> None:  # fmt: skip
        """The backward of ``batch_norm_inference``: mean and var are constants, so dx = γ/√(var + ε) ⊙ dy."""
        inv_std = 1 / self.xp.sqrt(var + eps)
        self._add_sums(dy, (x - mean) * inv_std, dgamma, dbeta)
        if dx is not None:
            dx[...] = dy * (gamma * inv_std)

    def layer_norm_forward(
        self, x: Array, gamma: Array, beta: Array, eps: float, mean: Array, inv_std: Array, y: Array
    ) -> None:
        """Each row by the mean and variance of its F ≥ 1 features; mean, inv_std = 1/√(var + ε): (N,), overwritten.

        A constant row gives β exactly: y is centred by the mean and then by what rounding has left of it.
        """
        mean[...] = x.mean(axis=1, dtype="float64")
        y[...] = x - mean.reshape(-1, 1)
        y -= y.mean(axis=1, keepdims=True)
        inv_std[...] = 1 / self.xp.sqrt((y * y).mean(axis=1) + eps)
        y *= inv_std.reshape(-1, 1)
        y *= gamma
        y += beta

    def layer_norm_backward(
        self, dy: Array, x: Array, gamma: Array, mean: Array, inv_std: Array,
        dgamma: Array | None, dbeta: Array | None, dx: Array | None,
    ) -> None:  # fmt: skip
        """With g = dy ⊙ γ: dx = inv_std (g − mean_F(g) − x̂ ⊙ mean_F(g ⊙ x̂)), dγ += Σ dy ⊙ x̂, dβ += Σ dy over rows.

        mean, inv_std: as ``layer_norm_forward`` left them.
        """
        normalised = (x - mean.reshape(-1, 1)) * inv_std.reshape(-1, 1)
        self._add_sums(dy, normalised, dgamma, dbeta)
        if dx is not None:
            g = dy * gamma
            along = (g * normalised).mean(axis=1, keepdims=True)
            dx[...] = inv_std.reshape(-1, 1) * (g - g.mean(axis=1, keepdims=True) - normalised * along)

    # -- pieces -------------------------------------------------------------------------------------------------

    @staticmethod
    def _add_sums(dy: Array, normalised: Array, dgamma: Array | None, dbeta: Array | None) -> tuple[Array, Array]:
        """Σ dy and Σ dy ⊙ x̂ over the rows, added to dβ and dγ where these are wanted."""
        sum_dy, sum_dy_x = (each.sum(axis=0, dtype="float64") for each in (dy, dy * normalised))
        for gradient, total in ((dbeta, sum_dy), (dgamma, sum_dy_x)):
            if gradient is not None:
                gradient += total
        return sum_dy.astype(dy.dtype), sum_dy_x.astype(dy.dtype)
