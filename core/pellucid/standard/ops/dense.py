"""The dense layer's operations: matrix products with the bias and the activation fused in."""

from __future__ import annotations

from pellucid.basics.arrays import Array
from pellucid.standard.ops.activations import NEEDS_INPUT, ActivationOps, require_activation


class DenseOps(ActivationOps):
    """y = f(x W + b) and its backward. N rows, I inputs, O outputs; one floating dtype throughout."""

    def dense_forward(
        self, x: Array, weight: Array, bias: Array | None, activation: str, y: Array, z: Array | None
    ) -> None:
        """z = x W + b, y = f(z).

        x: (N, I); weight: (I, O); bias: (O,) or None; activation: ``identity`` or an activation's name.
        y: (N, O), overwritten. z: (N, O), overwritten, required for the activations in ``NEEDS_INPUT`` and otherwise
        None: the derivative of all others follows from y, so z is not kept.
        """
        require_activation(activation, "identity")
        before = z if activation in NEEDS_INPUT else y
        self.xp.matmul(x, weight, out=before)
        if bias is not None:
            before += bias
        if activation != "identity":
            self.activation_forward(activation, before, y)

    def dense_backward(
        self, dy: Array, x: Array, weight: Array, y: Array, z: Array | None, activation: str, dz: Array | None,
        dweight: Array | None, dbias: Array | None, dx: Array | None,
    ) -> None:  # fmt: skip
        """dz = dy ⊙ f′(z), dW += xᵀ dz, db += Σ_rows dz, dx = dz Wᵀ.

        dy, y: (N, O); x: (N, I); weight: (I, O); z: as in ``dense_forward``. dz: (N, O), scratch of any content,
        overwritten; None for ``identity``, where dz is dy. dweight: (I, O) and dbias: (O,) are added to; dx: (N, I)
        is overwritten. Each of the three may be None: then it is not computed. No output overlaps an input.
        """
        require_activation(activation, "identity")
        if activation != "identity":
            self.activation_backward(activation, dy, z, y, dz)
            dy = dz
        if dweight is not None:
            for start in range(0, len(dy), 256):  # a small product may be one chain of additions, however long
                rows = slice(start, start + 256)
                dweight += self.xp.matmul(x[rows].T, dy[rows])
        if dbias is not None:
            dbias += dy.sum(axis=0, dtype="float64")
        if dx is not None:
            self.xp.matmul(dy, weight.T, out=dx)
