"""Batch and layer normalisation on a CUDA device: sums down the columns or along the rows, then one pass."""

from __future__ import annotations

from pellucid import Array

from pellucid_cupy.launching import Launching
from pellucid_cupy.layer_kernels import NORMALISE

_ALONG = "dy[i] * ((x[i] - a[c]) / sqrt(b[c] + (T)alpha))"
"""dy x̂, with mean a, variance b and ε alpha."""


class FusedNormalisation(Launching):
    """As the reference; sums are taken in float64, in trees."""

    def batch_norm_forward(
        self, x: Array, gamma: Array, beta: Array, eps: float, mean: Array, var: Array, y: Array
    ) -> None:
        rows = x.shape[0]
        if x.size == 0:
            super().batch_norm_forward(x, gamma, beta, eps, mean, var, y)
            return
        x = self.contiguous(x)
        self.column_sums("dy[i]", x, out=mean, factor=1 / rows, add=False)
        self.column_sums("(dy[i] - a[c]) * (dy[i] - a[c])", x, a=mean, out=var, factor=1 / rows, add=False)
        self.batch_norm_inference(x, gamma, beta, mean, var, eps, y)

    def batch_norm_inference(
        self, x: Array, gamma: Array, beta: Array, mean: Array, var: Array, eps: float, y: Array
    ) -> None:
        if x.size:
            self.each(NORMALISE, "normalise", x.size, self.contiguous(x), gamma, beta, mean, var, y, x.size, x.shape[1],
                      float(eps), dtype=x.dtype)  # fmt: skip

    def batch_norm_backward(
        self, dy: Array, x: Array, gamma: Array, mean: Array, var: Array, eps: float,
        dgamma: Array | None, dbeta: Array | None, dx: Array | None,
    ) -> None:  # fmt: skip
        if x.size == 0:
            return
        dy, x = self.contiguous(dy), self.contiguous(x)
        sums = self.xp.empty((2, x.shape[1]), dtype=x.dtype)
        sum_dy, sum_dyx = sums[0], sums[1]
        self.column_sums("dy[i]", dy, out=sum_dy, add=False)
        self.column_sums(_ALONG, dy, x, a=mean, b=var, out=sum_dyx, alpha=eps, add=False)
        for gradient, total in ((dgamma, sum_dyx), (dbeta, sum_dy)):
            if gradient is not None:
                self.run("add_scaled", total, 1.0, gradient)
        if dx is not None:
            self._dx(dy, x, gamma, mean, var, sum_dy, sum_dyx, dx, eps)

    def batch_norm_inference_backward(
        self, dy: Array, x: Array, gamma: Array, mean: Array, var: Array, eps: float,
        dgamma: Array | None, dbeta: Array | None, dx: Array | None,
    ) -> None:  # fmt: skip
        if x.size == 0:
            return
        dy, x = self.contiguous(dy), self.contiguous(x)
        if dgamma is not None:
            self.column_sums(_ALONG, dy, x, a=mean, b=var, out=dgamma, alpha=eps)
        if dbeta is not None:
            self.column_sums("dy[i]", dy, out=dbeta)
        if dx is not None:
            self._dx(dy, x, gamma, mean, var, None, None, dx, eps)

    def _dx(
        self, dy: Array, x: Array, gamma: Array, mean: Array, var: Array, sum_dy: Array | None, sum_dyx: Array | None,
        dx: Array, eps: float,
    ) -> None:  # fmt: skip
        self.each(NORMALISE, "normalise_back", x.size, dy, x, gamma, mean, var, sum_dy, sum_dyx, dx, x.size, x.shape[1],
                  float(eps), 1 / x.shape[0], dtype=x.dtype)  # fmt: skip

    def _of_row(self, x: Array) -> tuple[int, int]:
        """Threads for a row: few for a short one, which then wait less for each other."""
        return self.block[0], 1 if x.shape[1] <= 16 * self.block[0] else self.block[1]

    def layer_norm_forward(
        self, x: Array, gamma: Array, beta: Array, eps: float, mean: Array, inv_std: Array, y: Array
    ) -> None:
        if x.size:
            self.launch(NORMALISE, "layer_norm", (x.shape[0], 1), self._of_row(x), self.contiguous(x), gamma, beta,
                        mean, inv_std, y, x.shape[1], float(eps), dtype=x.dtype)  # fmt: skip

    def layer_norm_backward(
        self, dy: Array, x: Array, gamma: Array, mean: Array, inv_std: Array,
        dgamma: Array | None, dbeta: Array | None, dx: Array | None,
    ) -> None:  # fmt: skip
        if x.size == 0:
            return
        dy, x = self.contiguous(dy), self.contiguous(x)
        along = None if dgamma is None else self.xp.empty(x.shape, dtype=x.dtype)
        if dx is not None or along is not None:
            self.launch(NORMALISE, "layer_norm_back", (x.shape[0], 1), self._of_row(x), dy, x, gamma, mean, inv_std,
                        dx, along, x.shape[1], dtype=x.dtype)  # fmt: skip
        if dgamma is not None:
            self.column_sums("dy[i]", along, out=dgamma)
        if dbeta is not None:
            self.column_sums("dy[i]", dy, out=dbeta)
