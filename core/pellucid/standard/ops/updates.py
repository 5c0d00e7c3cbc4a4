"""The optimizers' updates: one pass over a flat segment of the arena reads, updates and clears."""

from __future__ import annotations

from pellucid.basics.arrays import Array
from pellucid.ops.arrays import ArrayOps


class UpdateOps(ArrayOps):
    """data, grad and the moments: flat (n,), one floating dtype; all are updated in place and grad is left zero.

    hyper: float64 (2,), the learning rate η and the weight decay λ of this step. The cells hyper and t_cell are arrays
    of the backend or of the host, so that a recorded step reads their new values when it is replayed.
    """

    def sgd(
        self, data: Array, grad: Array, velocity: Array | None, hyper: Array, momentum: float, nesterov: bool
    ) -> None:
        """g ← grad + λθ; v ← μv + g; θ ← θ − η d, with d = g (velocity None), v, or g + μv (nesterov). grad ← 0."""
        lr, decay = self._cells(hyper, data)
        grad += decay * data
        if velocity is None:
            data -= lr * grad
        else:
            velocity *= momentum
            velocity += grad
            data -= lr * (grad + momentum * velocity if nesterov else velocity)
        grad[...] = 0

    def adam(
        self, data: Array, grad: Array, m: Array, v: Array, hyper: Array, t_cell: Array,
        beta1: float, beta2: float, eps: float, decoupled: bool,
    ) -> None:  # fmt: skip
        """m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; θ ← θ − η m̂/(√v̂ + ε), m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ). grad ← 0.

        decoupled (AdamW): g = grad and θ ← θ − ηλθ first. Otherwise (L2): g = grad + λθ. t_cell: int64 0-d, t ≥ 1,
        the number of this step.
        """
        lr, decay = self._cells(hyper, data)
        if decoupled:
            data -= lr * decay * data
        else:
            grad += decay * data
        m *= beta1
        m += (1 - beta1) * grad
        v *= beta2
        v += (1 - beta2) * (grad * grad)
        t = self.asarray(t_cell).astype("float64").reshape(1)
        first = lr / (1 - beta1**t).astype(data.dtype)
        second = (1 / (1 - beta2**t)).astype(data.dtype)
        data -= first * m / (self.xp.sqrt(v * second) + eps)
        grad[...] = 0

    def adagrad(self, data: Array, grad: Array, v: Array, hyper: Array, eps: float) -> None:
        """g ← grad + λθ; v ← v + g²; θ ← θ − η g/(√v + ε). grad ← 0."""
        lr, decay = self._cells(hyper, data)
        grad += decay * data
        v += grad * grad
        data -= lr * grad / (self.xp.sqrt(v) + eps)
        grad[...] = 0

    def rmsprop(
        self, data: Array, grad: Array, v: Array, a: Array | None, u: Array | None, hyper: Array,
        rho: float, momentum: float, eps: float,
    ) -> None:  # fmt: skip
        """g ← grad + λθ; v ← ρv + (1−ρ)g²; a ← ρa + (1−ρ)g; d = g/(√w + ε); u ← μu + d; θ ← θ − ηu. grad ← 0.

        w = max(v − a², 0), and without a v; without u the step is d.
        """
        lr, decay = self._cells(hyper, data)
        grad += decay * data
        v *= rho
        v += (1 - rho) * (grad * grad)
        w = v
        if a is not None:
            a *= rho
            a += (1 - rho) * grad
            w = self.xp.maximum(v - a * a, 0)
        step = grad / (self.xp.sqrt(w) + eps)
        if u is not None:
            u *= momentum
            u += step
            step = u
        data -= lr * step
        grad[...] = 0

    def lion(self, data: Array, grad: Array, m: Array, hyper: Array, beta1: float, beta2: float) -> None:
        """θ ← θ − η(sign(β₁m + (1−β₁)grad) + λθ); m ← β₂m + (1−β₂)grad. grad ← 0."""
        lr, decay = self._cells(hyper, data)
        data -= lr * (self.xp.sign(beta1 * m + (1 - beta1) * grad) + decay * data)
        m *= beta2
        m += (1 - beta2) * grad
        grad[...] = 0

    def clip_value(self, out: Array, limit: float) -> None:
        """out ← max(−limit, min(limit, out)), each number by itself. limit > 0."""
        out[...] = self.xp.clip(out, -limit, limit)

    def _cells(self, hyper: Array, data: Array) -> tuple[Array, Array]:
        """Learning rate and weight decay in the dtype of the data, as arrays of one element."""
        hyper = self.asarray(hyper)
        return hyper[:1].astype(data.dtype), hyper[1:].astype(data.dtype)
