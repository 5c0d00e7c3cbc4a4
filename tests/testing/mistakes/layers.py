"""Mistakes in layers."""

from tests.testing.mutation import Mistake, Patient

FORWARD = 'y = ctx.scratch("y", (*x'
"""How the first line of ``Dense.forward`` that uses x begins."""

DENSE = Patient(
    "pellucid.standard.layers.dense",
    ("layer core/dense",),
    (
        Mistake("forgets the bias", "bias = None if self.bias is None else self.bias.data", "bias = None"),
        Mistake("input kept on self", "ctx.x", "self.seen", every=True),
        Mistake("a counter of calls on self", FORWARD, "self.calls = getattr(self, 'calls', 0) + 1; " + FORWARD),
        Mistake("parameters changed in forward", FORWARD, "self.weight.data[...] *= 0.999; " + FORWARD),
        Mistake("shape rule one too many", "(*input_shape[:-1], self.units)", "(*input_shape[:-1], self.units + 1)"),
        Mistake("shape rule drops the axes between", "return (*input_shape[:-1], self.units)", "return (self.units,)"),
        Mistake(
            "shape rule counts calls",
            "features(self, input_shape)\n        return",
            "features(self, input_shape); self.asked = getattr(self, 'asked', 0) + 1\n        return",
        ),
        Mistake(
            "gradient not accumulated",
            "dweight = self.weight.grad if",
            "self.weight.grad[...] = 0; dweight = self.weight.grad if",
        ),
        Mistake(
            "no gradient of the bias",
            "dbias = self.bias.grad if self.bias is not None and self.bias.trainable else None",
            "dbias = None",
        ),
        Mistake(
            "no gradient of the weight",
            "dweight = self.weight.grad if self.weight.trainable else None",
            "dweight = None",
        ),
        Mistake(
            "derivative of the activation forgotten",
            'f = self.activation or "identity"\n        dz',
            'f = "identity"\n        dz',
        ),
        Mistake(
            "activation forgotten in both directions", 'f = self.activation or "identity"', 'f = "identity"', every=True
        ),
        Mistake(
            "float64 scratch in a float32 model",
            'ctx.scratch("y", (*x.shape[:-1], self.units))',
            'ctx.scratch("y", (*x.shape[:-1], self.units), "float64")',
        ),
        Mistake("two scratch arrays under one name", 'ctx.scratch("dz", ctx.y.shape)', 'ctx.scratch("y", ctx.y.shape)'),
        Mistake(
            "weight gradient only where dx is wanted",
            "if self.weight.trainable else None",
            "if self.weight.trainable and ctx.needs_dx[0] else None",
        ),
        Mistake(
            "weight frozen together with the bias",
            "if self.weight.trainable else None",
            "if self.bias is None or self.bias.trainable else None",
        ),
        Mistake(
            "input gradient never computed",
            'dx = ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None',
            "dx = None",
        ),
        Mistake("input gradient in the wrong shape", "dx.reshape(*dy.shape[:-1], ctx.x.shape[1])", "dx"),
        Mistake(
            "new parameters at every build",
            "n_in = features(self, input_shape)",
            "n_in = features(self, input_shape); self.__dict__.pop('weight', None)",
        ),
        Mistake("constructor changes an argument", "self.units = units", "self.units = units + 1"),
        Mistake(
            "constructor stores a default of its own",
            "self.activation = activation",
            'self.activation = activation or "identity"',
        ),
        Mistake("argument not stored", "self.use_bias = use_bias", "self.bias_wanted = use_bias"),
        Mistake(
            "wrong features crash instead of a ShapeError",
            "n_in = features(self, input_shape)",
            "n_in = input_shape[-1] * 1",
        ),
        Mistake("equation: sign of the bias", '"x @ W + b"', '"x @ W - b"'),
        Mistake("equation: derivative at the wrong point", '"dy * f.derivative(z)"', '"dy * f.derivative(y)"'),
        Mistake(
            "equation: mean where a sum belongs",
            "dz.reshape(-1, dz.shape[-1]).sum(0)",
            "dz.reshape(-1, dz.shape[-1]).mean(0)",
        ),
        Mistake(
            "equation: no expression at all",
            '"x.reshape(-1, x.shape[-1]).T @ dz.reshape(-1, dz.shape[-1])"',
            '"x.T @ dz +"',
        ),
        Mistake("equation: LaTeX with an open brace", 'r"z = x W + b"', 'r"z = x W_{ + b"'),
        Mistake(
            "draws random numbers outside of ctx",
            FORWARD,
            "x = x + 1e-3 * __import__('numpy').random.normal(size=x.shape); " + FORWARD,
        ),
        Mistake("writes into its input", FORWARD, "x *= 1.0; " + FORWARD),
        Mistake("adds into dy", "dbias = self.bias.grad", "dy.__iadd__(0.0); dbias = self.bias.grad"),
        Mistake(
            "output is a view of the weight's memory",
            "return y\n",
            "g = self.weight.grad.reshape(-1)\n"
            "        return g[: y.size].reshape(y.shape) if y.size <= g.size else y\n",
        ),
    ),
    within="Dense",
)

BATCH_NORM = Patient(
    "pellucid.standard.layers.normalisation",
    ("layer core/batch_norm",),
    (
        Mistake(
            "running statistics updated directly",
            "ctx.update(self.running_mean, ctx.mu, 1 - self.momentum)",
            "ctx.ops.lerp(self.running_mean.data, ctx.mu, 1 - self.momentum)",
        ),
        Mistake("batch statistics in evaluation", "if ctx.training:", "if True:"),
        Mistake("running statistics in training", "if ctx.training:", "if False:"),
        Mistake(
            "batch statistics held constant in backward",
            "if ctx.training else ctx.ops.batch_norm_inference_backward",
            "if False else ctx.ops.batch_norm_inference_backward",
        ),
        Mistake(
            "gradient of training in evaluation",
            "if ctx.training else ctx.ops.batch_norm_inference_backward",
            "if True else None",
        ),
        Mistake(
            "momentum the wrong way round",
            "ctx.update(self.running_var, ctx.var, 1 - self.momentum)",
            "ctx.update(self.running_var, ctx.var, self.momentum)",
        ),
        Mistake("variance never updated", "ctx.update(self.running_var, ctx.var, 1 - self.momentum)", "pass"),
        Mistake(
            "scale and shift exchanged",
            "gamma, beta = self.gamma.data, self.beta.data",
            "beta, gamma = self.gamma.data, self.beta.data",
        ),
        Mistake("an empty batch is learned from", "if len(ctx.x) > 1:", "if True:"),
        Mistake(
            "epsilon left out in training",
            "gamma, beta, self.eps, ctx.mu, ctx.var, rows_of_y",
            "gamma, beta, 1e-5, ctx.mu, ctx.var, rows_of_y",
        ),
        Mistake(
            "mean and variance in one scratch array",
            'ctx.scratch("var", gamma.shape)',
            'ctx.scratch("mean", gamma.shape)',
        ),
        Mistake(
            "equation: standard deviation for variance",
            '"x.var(tuple(range(x.ndim - 1)))"',
            '"x.std(tuple(range(x.ndim - 1)))"',
        ),
        Mistake("equation: a term dropped", "(dbeta + xhat * dgamma)", "(dbeta)"),
    ),
    within="BatchNorm",
)

SCALE_AND_SHIFT = (
    Patient(
        "pellucid.standard.layers.normalisation",
        ("layer core/batch_norm",),
        (
            Mistake(
                "no gradient of the scale",
                "dgamma = self.gamma.grad if self.gamma.trainable else None",
                "dgamma = None",
            ),
            Mistake(
                "shift's gradient added to the scale's",
                "dbeta = self.beta.grad if self.beta.trainable else None",
                "dbeta = self.gamma.grad",
            ),
            Mistake(
                "equation: epsilon outside of the root",
                '"(x - mu) / np.sqrt(var + eps)"',
                '"(x - mu) / (np.sqrt(var) + eps)"',
            ),
        ),
    ),
    Patient(
        "pellucid.standard.layers.normalisation",
        ("layer core/layer_norm",),
        (
            Mistake(
                "scale's gradient assigned",
                "dgamma = self.gamma.grad if",
                "self.gamma.grad[...] = 0; dgamma = self.gamma.grad if",
            ),
            Mistake(
                "scale without gradient",
                "dgamma = self.gamma.grad if self.gamma.trainable else None",
                "dgamma = None",
            ),
        ),
    ),
)

LAYER_NORM = Patient(
    "pellucid.standard.layers.normalisation",
    ("layer core/layer_norm",),
    (
        Mistake("statistics kept on self", "ctx.mu", "self.mu", every=True),
        Mistake("input gradient flat", "return None if dx is None else dx.reshape(dy.shape)", "return dx"),
        Mistake("equation: forgets the scale", '"dy * gamma"', '"dy"'),
        Mistake("equation: wrong axis", '"x.mean(-1, keepdims=True)"', '"x.mean(0, keepdims=True)"'),
        Mistake("equation: sign", "- xhat * (g * xhat)", "+ xhat * (g * xhat)"),
        Mistake(
            "scratch of the wrong size",
            'ctx.scratch("inv_std", ctx.x.shape[:1])',
            'ctx.scratch("mean", ctx.x.shape[:1])',
        ),
    ),
    within="LayerNorm",
)

DROPOUT = Patient(
    "pellucid.standard.layers.dropout",
    ("layer core/dropout",),
    (
        Mistake("drops in evaluation", "if ctx.training and self.rate > 0", "if self.rate > 0"),
        Mistake("never drops", "if ctx.training and self.rate > 0", "if False"),
        Mistake("another mask in backward", "self.rate, ctx.stream_used, dx", 'self.rate, ctx.stream("again"), dx'),
        Mistake(
            "gradient passed as if nothing was dropped",
            "ctx.ops.dropout(dy, self.rate, ctx.stream_used, dx)",
            "ctx.ops.copy(dy, dx)",
        ),
        Mistake(
            "keeps what it should drop", "self.rate, ctx.stream_used", "1 - self.rate, ctx.stream_used", every=True
        ),
        Mistake(
            "not scaled up",
            "ctx.ops.dropout(x, self.rate, ctx.stream_used, y)",
            "ctx.ops.dropout(x, self.rate, ctx.stream_used, y); ctx.ops.scale(y, 1 - self.rate)",
        ),
        Mistake("works in place", 'y = ctx.scratch("y", x.shape)', "y = x"),
        Mistake("equation: not scaled", '"x * m / (1 - rate)"', '"x * m"'),
        Mistake("equation: drops the rest", '"uniform >= rate"', '"uniform < rate"'),
        Mistake("stream kept on self", "ctx.stream_used", "self.stream_used", every=True),
    ),
)

FLATTEN = Patient(
    "pellucid.standard.layers.reshape",
    ("layer core/flatten",),
    (
        Mistake(
            "the first axis runs fastest",
            "reshape(ctx.shape[0], prod(ctx.shape[1:]))",
            'reshape(ctx.shape[0], prod(ctx.shape[1:]), order="F")',
        ),
        Mistake("sizes added instead of multiplied", "return (prod(known),)", "return (sum(known),)"),
        Mistake("shape kept on self", "ctx.shape", "self.shape", every=True),
        Mistake("the batch is flattened too", "reshape(ctx.shape[0], prod(ctx.shape[1:]))", "reshape(1, -1)"),
        Mistake(
            "no rows are a special case forgotten",
            "reshape(ctx.shape[0], prod(ctx.shape[1:]))",
            "reshape(ctx.shape[0], -1)",
        ),
        Mistake("gradient left flat", '"dy").reshape(ctx.shape)', '"dy")'),
    ),
    within="Flatten",
)

RESHAPE = Patient(
    "pellucid.standard.layers.reshape",
    ("layer core/reshape",),
    (
        Mistake(
            "the first axis runs fastest",
            "reshape(ctx.shape[0], *self.shape)",
            'reshape(ctx.shape[0], *self.shape, order="F")',
        ),
        Mistake("shape of the input promised", "return tuple(self.shape)", "return input_shape"),
        Mistake("input's shape kept on self", "ctx.shape", "self.received", every=True),
        Mistake("gradient left in the new shape", '"dy").reshape(ctx.shape)', '"dy")'),
    ),
    within="Reshape",
)

SOFTMAX = Patient(
    "pellucid.standard.layers.activations",
    ("layer core/softmax",),
    (
        Mistake("output kept on self", "ctx.y", "self.y", every=True),
        Mistake("gradient written over the output", 'ctx.scratch("dx", dy.shape)', 'ctx.scratch("y", dy.shape)'),
        Mistake(
            "derivative of a sigmoid",
            'ctx.ops.softmax_backward(as_rows(ctx, dy, "dy"), ctx.y, dx.reshape(ctx.y.shape))',
            "ctx.ops.activation_backward('sigmoid', as_rows(ctx, dy, 'dy'), None, ctx.y, dx.reshape(ctx.y.shape))",
        ),
        Mistake("equation: over the batch", "np.exp(x).sum(-1, keepdims=True)", "np.exp(x).sum(0, keepdims=True)"),
        Mistake("equation: no sum", "(dy * y).sum(-1, keepdims=True)", "dy * y"),
        Mistake("shape rule forgets an axis", "return input_shape\n", "return input_shape[-1:]\n"),
        Mistake(
            "a second input accepted", "(self, input_shape: Shape)", "(self, input_shape: Shape, second: Shape = ())"
        ),
        Mistake("one input accepted as none", "(self, input_shape: Shape)", "(self, input_shape: Shape = (3,))"),
    ),
    within="Softmax",
)

LEARNED_SLOPE = Patient(
    "pellucid.standard.layers.prelu",
    ("layer core/prelu",),
    (
        Mistake("backward: slope of 1", "xp.where(x > 0, dy, self.alpha.data * dy)", "xp.where(x > 0, dy, dy)"),
        Mistake("backward: all numbers teach the slope", "ctx.xp.minimum(x, 0)", "x"),
        Mistake("gradient assigned", "self.alpha.grad += each", "self.alpha.grad[...] = each"),
    ),
)

NEURON = Patient(
    "pellucid.standard.layers.neuron",
    ("layer core/neuron",),
    (
        Mistake("backward: no slope", "dz = dy_row[o] * slope(answer[o])", "dz = dy_row[o]"),
        Mistake("backward: input for weight", "dx_row[i] += weight[i][o] * dz", "dx_row[i] += row[i] * dz"),
        Mistake("backward: of the last row", "dweight[i][o] += row[i] * dz", "dweight[i][o] = row[i] * dz"),
        Mistake("backward: no bias", "dbias[o] += dz", "pass"),
        Mistake("the bias forgotten", "z = bias[o]", "z = 0.0"),
        Mistake("the slope of tanh", "1 - y * y", "1 - y"),
    ),
)
