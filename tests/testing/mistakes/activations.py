"""Mistakes in activations and containers."""

from tests.testing.mutation import Mistake, Patient

ELEMENTWISE = Patient(
    "pellucid.standard.layers.activations",
    ("layer core/leaky_relu", "layer core/gelu"),
    (
        Mistake("α only in forward", "dx, self.alpha)", "dx, None)"),
        Mistake("α only in backward", "ctx.y, self.alpha)", "ctx.y, None)"),
        Mistake("gradient computed in place", 'dx = ctx.scratch("dx", ctx.y.shape)', "dx = dy"),
        Mistake("output in place of the input", 'ctx.y = ctx.scratch("y", x.shape)', "ctx.y = x"),
        Mistake("output kept on self", "ctx.y", "self.y", every=True),
        Mistake("dy passed on", "return dx", "return dy"),
        Mistake("says that it is bounded", "return interval_of(self.op, self.alpha)", "return 0.0, 1.0"),
        Mistake(
            "one scratch array for both directions", 'ctx.scratch("dx", ctx.y.shape)', 'ctx.scratch("y", ctx.y.shape)'
        ),
        Mistake(
            "computed with NumPy, and still capturable",
            "ctx.ops.activation_forward(self.op, x, ctx.y, self.alpha)",
            "ctx.ops.activation_forward(self.op, x, ctx.y, self.alpha); ctx.y *= 1 + 0.5 * (ctx.y > 0)",
        ),
        Mistake(
            "a promise of capture that is not kept",
            "ctx.ops.activation_backward(self.op, dy, ctx.x, ctx.y, dx, self.alpha)",
            "ctx.ops.activation_backward(self.op, dy.copy(), ctx.x, ctx.y, dx, self.alpha)",
        ),
    ),
    within="Elementwise",
)


def _simple(name: str, within: str, *mistakes: Mistake) -> Patient:
    return Patient("pellucid.standard.layers.activations", (f"layer core/{name}",), mistakes, within)


SIMPLE = (
    _simple(
        "relu",
        "ReLU",
        Mistake("equation: derivative 1 at 0", '"dy * (x > 0)"', '"dy * (x >= 0)"'),
        Mistake("another function", 'op = "relu"', 'op = "softplus"'),
    ),
    _simple(
        "leaky_relu",
        "Elementwise",
        Mistake("α ignored", "self.alpha", "None", every=True),
        Mistake("α of the wrong sign", "self.alpha", "-self.alpha", every=True),
    ),
    _simple("elu", "Elementwise", Mistake("α doubled", "self.alpha)", "2 * self.alpha)", every=True)),
    _simple(
        "leaky_relu",
        "LeakyReLU",
        Mistake("equation: no slope on the left", '"dy * np.where(x > 0, 1, alpha)"', '"dy * (x > 0)"'),
    ),
    _simple(
        "elu",
        "ELU",
        Mistake("equation: exp for expm1", "np.expm1(np.minimum(x, 0))", "np.exp(np.minimum(x, 0))"),
    ),
    _simple("sigmoid", "Sigmoid", Mistake("another function", 'op = "sigmoid"', 'op = "tanh"')),
    _simple("tanh", "Tanh", Mistake("equation: 1 − y", '"dy * (1 - y**2)"', '"dy * (1 - y)"')),
    _simple("softplus", "Softplus", Mistake("equation: sign in the exponent", "np.exp(-x)", "np.exp(x)")),
    _simple("silu", "SiLU", Mistake("equation: product rule forgotten", "s * (1 + x * (1 - s))", "s * (1 - s)")),
    _simple(
        "gelu",
        "GELU",
        Mistake(
            "equation: the tanh approximation",
            "0.5 * (1 + erf(x / np.sqrt(2)))",
            "0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))",
        ),
        Mistake(
            "equation: density without its constant", "np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)", "np.exp(-(x**2) / 2)"
        ),
    ),
)

CONTAINERS = Patient(
    "pellucid.standard.layers.containers",
    ("layer core/sequential", "layer core/residual", "layer core/parallel"),
    (
        Mistake(
            "the last layer left out",
            "for i, layer in enumerate(self.layers):\n            y = layer.forward",
            "for i, layer in enumerate(self.layers[:-1]):\n            y = layer.forward",
        ),
        Mistake("backward in the order of forward", "range(len(self.layers) - 1, -1, -1)", "range(len(self.layers))"),
        Mistake(
            "one context for all layers",
            "dx = self.layers[i].backward(own, *dy)",
            "dx = self.layers[i].backward(ctx.child(0), *dy)",
        ),
        Mistake(
            "no gradient below where dx is not wanted",
            "wanted = any(ctx.needs_dx) or any(p.trainable for layer in self.layers[:i] for p in layer.parameters())",
            "wanted = any(ctx.needs_dx)",
        ),
        Mistake(
            "residual without its short cut in backward",
            'return _total(ctx, "dx", [dy, dx]) if ctx.needs_dx[0] else None',
            "return dx",
        ),
        Mistake("residual's sums share scratch", '_total(ctx, "dx", [dy', '_total(ctx, "y", [dy'),
        Mistake(
            "parallel halves get each other's gradient",
            "self.layers, parts, strict=True",
            "self.layers, parts[::-1], strict=True",
        ),
        Mistake(
            "one branch's None decides for all",
            "dx = [_sum_at(ctx, i, answers) if ctx.needs_dx[i] else None for i in range(ctx.inputs)]",
            'dx = [_total(ctx, ("dx", i), [a[i] for a in answers]) if answers[0][i] is not None else None '
            "for i in range(ctx.inputs)]",
        ),
        Mistake("parallel keeps the first gradient only", "for array in arrays[1:]:", "for array in arrays[2:]:"),
        Mistake(
            "parallel adds into an output",
            "total = ctx.scratch(name, arrays[0].shape, arrays[0].dtype)\n    ctx.ops.copy(arrays[0], total)",
            "total = arrays[0]",
        ),
        Mistake("widths kept on self", "ctx.widths", "self.widths", every=True),
        Mistake(
            "parallel's shape rule for sums",
            "sum(shape[-1] for shape in shapes)",
            "max(shape[-1] for shape in shapes) + 1",
        ),
    ),
)

SUMS = Patient(
    "pellucid.standard.layers.containers",
    ("layer core/residual",),
    (
        Mistake(
            "residual subtracts",
            "ctx.ops.add_scaled(total, array, 1.0)",
            "ctx.ops.add_scaled(total, array, -1.0)",
        ),
    ),
)
