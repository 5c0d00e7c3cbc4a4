"""Sums over everything, and the losses that are fused with their gradients, on a CUDA device."""

from __future__ import annotations

import math

from pellucid import Array

from pellucid_cupy.kernels import SUMS
from pellucid_cupy.launching import Launching
from pellucid_cupy.layer_kernels import LOSSES

BLOCKS_OF_A_SUM = 512


class FusedLosses(Launching):
    """Each loss is two kernels: rows or blocks, then their sum in float64. With weights the reference's code runs."""

    def sum_squares(self, x: Array, out: Array) -> None:
        blocks = self._blocks(x.size)
        partial = self.xp.empty(blocks, dtype="float64")
        x = self.contiguous(x)
        words = self.together(x.size, x)
        self.launch(SUMS, "sum_squares", (blocks, 1), self.block, x, partial, x.size // words, dtype=x.dtype,
                    harmless=True, VEC=str(words))  # fmt: skip
        self._add_up(partial, out, 1.0)

    def _add_up(self, partial: Array, out: Array, factor: float) -> None:
        self.launch(SUMS, "add_up", (1, 1), self.block, partial, out, partial.size, factor, harmless=True)

    @staticmethod
    def _blocks(count: int) -> int:
        return max(1, min(BLOCKS_OF_A_SUM, -(-count // 1024)))

    def softmax_cross_entropy(
        self, logits: Array, target: Array, weight: Array | None, loss: Array, dlogits: Array
    ) -> None:
        n, classes = logits.shape
        if weight is not None or n == 0:
            wrong = ((target < 0) | (target >= classes)).any()
            self._cross_entropy_of_labels(logits, self.xp.where(wrong, 0, target), weight, loss, dlogits)
            loss[...] = self.xp.where(wrong, math.nan, loss)
            return
        losses = self.xp.empty(n, dtype="float64")
        logits, target = self.contiguous(logits), self.contiguous(target)
        self.launch(LOSSES, "cross_entropy", (n, 1), (32, 1), logits, target, losses, dlogits, n, classes,
                    dtype=logits.dtype)  # fmt: skip
        self._add_up(losses, loss, 1 / n)

    def binary_cross_entropy(
        self, logits: Array, target: Array, weight: Array | None, loss: Array, dlogits: Array
    ) -> None:
        if weight is not None or logits.size == 0:
            super().binary_cross_entropy(logits, target, weight, loss, dlogits)
        else:
            self._each_loss("binary_cross_entropy", logits, target, loss, dlogits)

    def mse(self, prediction: Array, target: Array, weight: Array | None, loss: Array, dprediction: Array) -> None:
        if weight is not None or prediction.size == 0:
            super().mse(prediction, target, weight, loss, dprediction)
        else:
            self._each_loss("mse", prediction, target, loss, dprediction)

    def _each_loss(self, name: str, prediction: Array, target: Array, loss: Array, gradient: Array) -> None:
        n = prediction.size
        blocks = self._blocks(n)
        partial = self.xp.empty(blocks, dtype="float64")
        prediction, target = self.contiguous(prediction), self.contiguous(target)
        self.launch(LOSSES, name, (blocks, 1), self.block, prediction, target, partial, gradient, n, 1 / n,
                    dtype=prediction.dtype)  # fmt: skip
        self._add_up(partial, loss, 1 / n)
