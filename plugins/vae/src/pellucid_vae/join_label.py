"""JoinLabel: a class label as further features."""

from __future__ import annotations

from pellucid import Array, Context, Equation, Example, Layer, Shape, ShapeError, check_int, contiguous, features


class JoinLabel(Layer):
    """``y = [x, onehot(label)]`` along the last axis: for an image, a plane of ones for its class.

    A dense layer after it computes ``x W + b + U[label]``: each class has a row of U of its own, which is what is
    called a learned embedding of the label.

    Args:
        classes: number of classes K.

    Shapes: x (N, …, F), label (N,) of integers in [0, K) -> y (N, …, F + K).

    Raises:
        DataError: a label out of range, with its row.
    """

    equations = (
        Equation("e", r"e = \mathrm{onehot}(\mathrm{label})",
                 "np.eye(classes)[x1].reshape(len(x1), *(1,) * (x0.ndim - 2), classes)"),
        Equation("y", r"y = [x, e]",
                 "np.concatenate([x0, np.broadcast_to(e, (*x0.shape[:-1], classes))], axis=-1)"),
        Equation("dx0", r"dx = dy_{1 \dots F}", "dy[..., :x0.shape[-1]]"),
    )  # fmt: skip
    examples = (Example({"classes": 3}, ((4,), ("int", 3))), Example({"classes": 2}, ((2, 3), ("int", 2))))
    integer_inputs = (1,)
    capturable = True

    def __init__(self, classes: int) -> None:
        check_int(self, "classes", classes, "[1, inf)")
        self.classes = classes

    def output_shape(self, x: Shape, label: Shape) -> Shape:
        if label != ():
            raise ShapeError(
                f"JoinLabel takes one label a sample, of shape (). Received: labels of shape {tuple(label)}. "
                "Give input_shape=[…, ()], and the labels as an array (N,) of class numbers."
            )
        return (*x[:-1], features(self, x) + self.classes)

    def forward(self, ctx: Context, x: Array, label: Array) -> Array:
        ctx.features = x.shape[-1]
        y = ctx.scratch("y", (*x.shape[:-1], ctx.features + self.classes))
        ctx.op("vae/join_label")(x, label, self.classes, y)
        return y

    def backward(self, ctx: Context, dy: Array) -> tuple[Array | None, None]:
        if not ctx.needs_dx[0]:
            return None, None
        return contiguous(ctx, dy[..., : ctx.features], "dx"), None
