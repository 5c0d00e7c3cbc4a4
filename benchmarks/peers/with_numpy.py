"""NumPy by hand, as an expert would write it: everything preallocated, Adam in place over one flat array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cases import BETA1, BETA2, EPSILON, LEARNING_RATE, Array, Case
from benchmarks.peer import Peer


class NumPy(Peer):
    distributions = ("numpy",)

    def __init__(self, case: Case, threads: int) -> None:
        super().__init__(case, threads)
        first = case.weights()
        total = sum(w.size + b.size for w, b in first)
        self.theta, self.grad, self.m, self.v, self.tmp = (np.zeros(total, np.float32) for _ in range(5))
        self.layers: list[tuple[Array, Array]] = []
        self.gradients: list[tuple[Array, Array]] = []
        offset = 0
        for w, b in first:
            for views, flat in ((self.layers, self.theta), (self.gradients, self.grad)):
                end = offset + w.size
                views.append((flat[offset:end].reshape(w.shape), flat[end : end + b.size]))
            self.layers[-1][0][...] = w
            self.layers[-1][1][...] = b
            offset += w.size + b.size
        n = case.batch
        self.rows = np.arange(n)
        self.batch_x = np.empty((n, case.sizes[0]), np.float32)
        self.batch_y = np.empty((n, *self.y.shape[1:]), self.y.dtype)
        self.outputs = [np.empty((n, width), np.float32) for width in case.sizes[1:]]
        self.deltas = [np.empty((n, width), np.float32) for width in case.sizes[1:]]
        self.masks = [np.empty((n, width), bool) for width in case.sizes[1:-1]]
        self.column = np.empty((n, 1), np.float32)
        self.t = 0

    def train(self, epoch_done: Callable[[float], None]) -> None:
        case = self.case
        for epoch in range(1 << 62):
            order = case.order(epoch)
            total = 0.0
            for start in range(0, case.rows, case.batch):
                total += self.step(order[start : start + case.batch])
            epoch_done(total / case.steps)

    def step(self, index: Array) -> float:
        # mode="clip" lets take write straight into the buffer
        np.take(self.x, index, 0, self.batch_x, "clip")
        np.take(self.y, index, 0, self.batch_y, "clip")
        a = self.batch_x
        last = len(self.layers) - 1
        for k, (w, b) in enumerate(self.layers):
            y = self.outputs[k]
            np.matmul(a, w, y)
            y += b
            if k < last:
                np.maximum(y, 0.0, out=y)
            a = y
        loss = self.cross_entropy() if self.case.classify else self.squared_error()
        for k in range(last, -1, -1):
            dz = self.deltas[k]
            dw, db = self.gradients[k]
            a = self.outputs[k - 1] if k else self.batch_x
            np.matmul(a.T, dz, dw)
            np.add.reduce(dz, 0, None, db)
            if k:
                da = self.deltas[k - 1]
                np.matmul(dz, self.layers[k][0].T, da)
                np.greater(a, 0.0, self.masks[k - 1])
                da *= self.masks[k - 1]
        self.adam()
        return loss

    def cross_entropy(self) -> float:
        """The loss; leaves its gradient in the last delta."""
        z, p, column = self.outputs[-1], self.deltas[-1], self.column
        np.maximum.reduce(z, 1, None, column, True)
        z -= column
        np.exp(z, p)
        np.add.reduce(p, 1, None, column, True)
        p /= column
        np.log(column, column)
        loss = (column.sum() - z[self.rows, self.batch_y].sum()) / len(z)
        p[self.rows, self.batch_y] -= 1.0
        p *= 1.0 / len(z)
        return float(loss)

    def squared_error(self) -> float:
        delta = self.deltas[-1]
        np.subtract(self.outputs[-1], self.batch_y, delta)
        flat = delta.reshape(-1)
        loss = float(flat @ flat) / flat.size
        delta *= 2.0 / flat.size
        return loss

    def adam(self) -> None:
        g, m, v, tmp = self.grad, self.m, self.v, self.tmp
        self.t += 1
        correction = (1.0 - BETA2**self.t) ** 0.5
        np.multiply(g, 1.0 - BETA1, tmp)
        m *= BETA1
        m += tmp
        np.multiply(g, g, tmp)
        tmp *= 1.0 - BETA2
        v *= BETA2
        v += tmp
        np.sqrt(v, tmp)
        tmp += EPSILON * correction
        np.divide(m, tmp, tmp)
        tmp *= LEARNING_RATE * correction / (1.0 - BETA1**self.t)
        self.theta -= tmp

    def predictor(self) -> Callable[[Any], Any]:
        layers, last = self.layers, len(self.layers) - 1

        def predict(x: Array) -> Array:
            for k, (w, b) in enumerate(layers):
                x = x @ w
                x += b
                if k < last:
                    np.maximum(x, 0.0, out=x)
            return x

        return predict
