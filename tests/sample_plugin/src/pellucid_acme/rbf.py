"""RBF: radial basis functions, hills of equal width."""

from pellucid import Equation, Example, Layer, ShapeError, check_float, check_int


class RBF(Layer):
    """``y_k = exp(−‖x − c_k‖² / 2σ²)``; see Broomhead & Lowe, 1988.

    Args:
        units: number of hills K.
        width: σ, in the units of x.

    Shapes: x (N, I) -> y (N, K); C (K, I).
    """

    equations = (
        Equation("d", r"d_{nk} = \lVert x_n - c_k \rVert^2", "((x[:, None] - C) ** 2).sum(axis=2)"),
        Equation("y", r"y = e^{-d / 2\sigma^2}", "np.exp(-d / (2 * width**2))"),
        Equation("g", r"g = -\tfrac{1}{\sigma^2}\, y \odot dy", "-y * dy / width**2"),
        Equation("dx", r"dx_n = \sum_k g_{nk} (x_n - c_k)", "g.sum(axis=1)[:, None] * x - g @ C"),
        Equation("dC", r"dC_k = \sum_n g_{nk} (c_k - x_n)", "g.sum(axis=0)[:, None] * C - g.T @ x"),
    )
    symbols = {"C": "centers"}
    examples = (Example({"units": 3}), Example({"units": 4, "width": 0.5}, input_shapes=((2,),)))

    def __init__(self, units: int, width: float = 1.0) -> None:
        check_int(self, "units", units, "[1, inf)")
        check_float(self, "width", width, "(0, inf)")
        self.units = units
        self.width = width

    def build(self, input_shape):
        self.centers = self.param("centers", (self.units, features(input_shape)), init="normal")

    def output_shape(self, input_shape):
        features(input_shape)
        return (self.units,)

    def forward(self, ctx, x):
        C = self.centers.data                                                   # (K, I)
        d = (x**2).sum(axis=1)[:, None] - 2 * x @ C.T + (C**2).sum(axis=1)      # (N, K)
        ctx.x, ctx.y = x, ctx.xp.exp(-d / (2 * self.width**2))
        return ctx.y

    def backward(self, ctx, dy):
        x, C = ctx.x, self.centers.data
        g = -ctx.y * dy / self.width**2                                         # (N, K)
        self.centers.grad += g.sum(axis=0, dtype="float64")[:, None] * C - g.T @ x
        return g.sum(axis=1)[:, None] * x - g @ C


def features(shape):
    if len(shape) != 1 or shape[0] is None:
        raise ShapeError(f"RBF takes rows of features, shape (N, I). Received: samples of shape {shape}.")
    return shape[0]
