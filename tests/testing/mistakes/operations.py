"""Mistakes in the reference operations: the layers, losses and optimizers that call them must show them."""

from tests.testing.mutation import Mistake, Patient

DENSE = Patient(
    "pellucid.standard.ops.dense",
    ("layer core/dense",),
    (
        Mistake("bias subtracted", "before += bias", "before -= bias"),
        Mistake(
            "weight gradient assigned",
            "dweight += self.xp.matmul(x[rows].T, dy[rows])",
            "dweight[...] = self.xp.matmul(x[rows].T, dy[rows])",
        ),
        Mistake("bias gradient averaged over the batch", "dbias += dy.sum(axis=0", "dbias += dy.mean(axis=0"),
        Mistake("derivative not applied", "            dy = dz\n", "            pass\n"),
        Mistake(
            "input gradient added to old memory",
            "self.xp.matmul(dy, weight.T, out=dx)",
            "dx += self.xp.matmul(dy, weight.T)",
        ),
        Mistake("z never written", "before = z if activation in NEEDS_INPUT else y", "before = y"),
        Mistake(
            "activation before the bias",
            "            before += bias\n"
            '        if activation != "identity":\n'
            "            self.activation_forward(activation, before, y)",
            "            pass\n"
            '        if activation != "identity":\n'
            "            self.activation_forward(activation, before, y)\n"
            "        if bias is not None:\n"
            "            y += bias",
        ),
        Mistake(
            "divided by the rows here already",
            "dweight += self.xp.matmul(x[rows].T, dy[rows])",
            "dweight += self.xp.matmul(x[rows].T, dy[rows]) / max(len(x), 1)",
        ),
    ),
    ops="DenseOps",
)


def _activation(layer: str, *mistakes: Mistake) -> Patient:
    return Patient("pellucid.standard.ops.activations", (f"layer core/{layer}",), mistakes, ops="ActivationOps")


ACTIVATIONS = (
    _activation(
        "relu",
        Mistake("relu lets the negative gradient pass", "xp.where(y > 0, dy, 0)", "xp.where(y < 0, 0, dy)"),
    ),
    _activation(
        "leaky_relu",
        Mistake("leaky relu without slope in backward", "xp.where(y > 0, dy, a * dy)", "xp.where(y > 0, dy, 0)"),
    ),
    _activation(
        "elu",
        Mistake("elu's derivative without α", "dy * (y + a)", "dy * (y + 1)"),
    ),
    _activation(
        "sigmoid",
        Mistake("sigmoid's derivative y", "lambda: dy * y * (1 - y)", "lambda: dy * y"),
        Mistake(
            "logistic function of the wrong sign",
            "self.xp.where(x >= 0, 1 / (1 + e), e / (1 + e))",
            "self.xp.where(x < 0, 1 / (1 + e), e / (1 + e))",
        ),
    ),
    _activation(
        "tanh",
        Mistake("tanh's derivative 1 − y", "dy * (1 - y * y)", "dy * (1 - y)"),
        Mistake("gradient added to old memory", "dx[...] = gradients[name]()", "dx += gradients[name]()"),
    ),
    _activation(
        "softplus",
        Mistake("softplus' derivative e^−y", "dy * -xp.expm1(-y)", "dy * xp.exp(-y)"),
    ),
    _activation(
        "silu",
        Mistake(
            "silu's second term dropped", "dy * ((s := self._sigmoid(x)) * (1 + x * (1 - s)))", "dy * self._sigmoid(x)"
        ),
    ),
    _activation(
        "gelu",
        Mistake("gelu's density dropped", "+ x * xp.exp(-0.5 * x * x)", "+ 0 * xp.exp(-0.5 * x * x)"),
        Mistake("gelu's density without 1/√2π", " / math.sqrt(2 * math.pi)", ""),
        Mistake("normal distribution without 1/√2", "self._erf(x * (1 / math.sqrt(2)))", "self._erf(x)"),
        Mistake("an approximate erf", "_erf_coefficients(24 if x.dtype.itemsize > 4 else 12)", "_erf_coefficients(5)"),
    ),
    _activation(
        "softmax",
        Mistake(
            "softmax without the maximum", "e = self.xp.exp(x - x.max(axis=-1, keepdims=True))", "e = self.xp.exp(x)"
        ),
        Mistake("softmax over the batch", "e / e.sum(axis=-1, keepdims=True)", "e / e.sum(axis=0, keepdims=True)"),
        Mistake(
            "softmax's Jacobian as if diagonal", "y * (dy - (dy * y).sum(axis=-1, keepdims=True))", "y * (dy - dy * y)"
        ),
    ),
)

NORMALISATION = Patient(
    "pellucid.standard.ops.normalisation",
    ("layer core/batch_norm", "layer core/layer_norm"),
    (
        Mistake(
            "unbiased variance",
            '(y * y).sum(axis=0, dtype="float64") / max(x.shape[0], 1)',
            '(y * y).sum(axis=0, dtype="float64") / max(x.shape[0] - 1, 1)',
        ),
        Mistake(
            "ε outside of the root", "y *= gamma / self.xp.sqrt(var + eps)", "y *= gamma / (self.xp.sqrt(var) + eps)"
        ),
        Mistake(
            "no rows divide by zero",
            'mean[...] = x.sum(axis=0, dtype="float64") / max(x.shape[0], 1)',
            'mean[...] = x.sum(axis=0, dtype="float64") / x.shape[0]',
        ),
        Mistake(
            "the mean held constant",
            "(dy - sum_dy / n - normalised * (sum_dy_x / n))",
            "(dy - normalised * (sum_dy_x / n))",
        ),
        Mistake("the variance held constant", "(dy - sum_dy / n - normalised * (sum_dy_x / n))", "(dy - sum_dy / n)"),
        Mistake("γ forgotten in dx", "gamma * inv_std * (dy - sum_dy / n", "inv_std * (dy - sum_dy / n"),
        Mistake("dβ and dγ assigned", "gradient += total", "gradient[...] = total"),
        Mistake("dγ without dy", "for each in (dy, dy * normalised)", "for each in (dy, normalised)"),
        Mistake(
            "dγ without normalising",
            "sum_dy_x = self._add_sums(dy, normalised, dgamma, dbeta)",
            "sum_dy_x = self._add_sums(dy, x, dgamma, dbeta)",
        ),
        Mistake(
            "evaluation forgets β", "(gamma / self.xp.sqrt(var + eps)) + beta", "(gamma / self.xp.sqrt(var + eps))"
        ),
        Mistake("evaluation's gradient without γ", "dy * (gamma * inv_std)", "dy * inv_std"),
        Mistake(
            "evaluation's dγ without the mean",
            "self._add_sums(dy, (x - mean) * inv_std, dgamma, dbeta)",
            "self._add_sums(dy, x * inv_std, dgamma, dbeta)",
        ),
        Mistake(
            "layer norm over the batch",
            'mean[...] = x.mean(axis=1, dtype="float64")',
            "mean[...] = x.sum() / max(x.size, 1)",
        ),
        Mistake(
            "layer norm unbiased",
            "(y * y).mean(axis=1) + eps",
            "(y * y).sum(axis=1) / max(x.shape[1] - 1, 1) + eps",
        ),
        Mistake("layer norm without ε", "(y * y).mean(axis=1) + eps", "(y * y).mean(axis=1) + 1e-5"),
        Mistake("layer norm's dx without the projection", "- normalised * along)", ")"),
        Mistake("layer norm's dx without the mean", "(g - g.mean(axis=1, keepdims=True)", "(g"),
        Mistake(
            "layer norm adds β before γ",
            "        y *= gamma\n        y += beta",
            "        y += beta\n        y *= gamma",
        ),
    ),
    ops="NormalisationOps",
)

OBJECTIVES = Patient(
    "pellucid.standard.ops.objectives",
    ("loss core/softmax_cross_entropy", "loss core/binary_cross_entropy", "loss core/mse"),
    (
        Mistake(
            "log softmax without the maximum",
            "out[...] = logits - logits.max(axis=1, keepdims=True)",
            "out[...] = logits",
        ),
        Mistake(
            "1/N twice in all gradients",
            "gradient *= share.astype(gradient.dtype).reshape(-1, 1)",
            "gradient *= share.astype(gradient.dtype).reshape(-1, 1) / max(len(gradient), 1)",
        ),
        Mistake(
            "weights squared in the gradient",
            "gradient *= share.astype(gradient.dtype).reshape(-1, 1)",
            "gradient *= (share * weight).astype(gradient.dtype).reshape(-1, 1)",
        ),
        Mistake(
            "divided by the rows, not by Σw",
            "share = weight / xp.where(total > 0, total, 1)",
            "share = weight / max(len(losses), 1)",
        ),
        Mistake("no weight at all divides by zero", "xp.where(total > 0, total, 1)", "total"),
        Mistake("target not subtracted", "dlogits[each, target] = self.xp.expm1(-losses)", "pass"),
        Mistake("softened target", "self.xp.expm1(-losses)", "self.xp.expm1(-losses) + 0.1"),
        Mistake("sign of the loss", "losses = -dlogits[each, target]", "losses = dlogits[each, target]"),
        Mistake(
            "binary gradient summed over outputs",
            "(e / (1 + e) - beyond) / outputs",
            "(e / (1 + e) - beyond)",
        ),
        Mistake(
            "binary loss summed over outputs",
            "(xp.abs(logits) * beyond + xp.log1p(e)).sum(axis=1) / outputs",
            "(xp.abs(logits) * beyond + xp.log1p(e)).sum(axis=1)",
        ),
        Mistake(
            "binary target of the wrong sign",
            "xp.where(logits < 0, target, 1 - target)",
            "xp.where(logits < 0, -target, 1 + target)",
        ),
        Mistake("the square's 2 forgotten", "dprediction *= 2 / outputs", "dprediction *= 1 / outputs"),
        Mistake(
            "absolute errors",
            "losses = (dprediction * dprediction).sum(axis=1) / outputs",
            "losses = abs(dprediction).sum(axis=1) / outputs",
        ),
        Mistake(
            "prediction overwritten",
            "dprediction[...] = prediction - target",
            "prediction -= target; dprediction[...] = prediction; prediction += target",
        ),
    ),
    ops="ObjectiveOps",
)

UPDATES = Patient(
    "pellucid.standard.ops.updates",
    ("optimizer core/sgd", "optimizer core/adam", "optimizer core/adamw"),
    (
        Mistake(
            "velocity of the wrong sign",
            "data -= lr * (grad + momentum * velocity if nesterov else velocity)",
            "data += lr * (grad + momentum * velocity if nesterov else velocity)",
        ),
        Mistake("damped velocity", "velocity += grad", "velocity += (1 - momentum) * grad"),
        Mistake(
            "looks ahead without the gradient",
            "(grad + momentum * velocity if nesterov else velocity)",
            "(momentum * velocity if nesterov else velocity)",
        ),
        Mistake(
            "decay without λ's sign",
            "        lr, decay = self._cells(hyper, data)\n        grad += decay * data\n        if velocity",
            "        lr, decay = self._cells(hyper, data)\n        grad -= decay * data\n        if velocity",
        ),
        Mistake("bias correction of the mean missing", "first = lr / (1 - beta1**t).astype(data.dtype)", "first = lr"),
        Mistake(
            "bias correction of the square missing", "second = (1 / (1 - beta2**t)).astype(data.dtype)", "second = 1.0"
        ),
        Mistake("ε inside the root", "(self.xp.sqrt(v * second) + eps)", "self.xp.sqrt(v * second + eps)"),
        Mistake("square of the mean", "v += (1 - beta2) * (grad * grad)", "v += (1 - beta2) * (m * m)"),
        Mistake("mean forgets 1 − β", "m += (1 - beta1) * grad", "m += grad"),
        Mistake("decoupled decay without the learning rate", "data -= lr * decay * data", "data -= decay * data"),
        Mistake("decay through the moments", "data -= lr * decay * data", "grad += decay * data"),
        Mistake("gradient left by adam", "second) + eps)\n        grad[...] = 0", "second) + eps)"),
        Mistake(
            "gradient left by sgd", "if nesterov else velocity)\n        grad[...] = 0", "if nesterov else velocity)"
        ),
        Mistake(
            "t counted from 0",
            'self.asarray(t_cell).astype("float64").reshape(1)',
            'self.asarray(t_cell).astype("float64").reshape(1) + 1',
        ),
        Mistake(
            "learning rate and decay exchanged",
            "return hyper[:1].astype(data.dtype), hyper[1:].astype(data.dtype)",
            "return hyper[1:].astype(data.dtype), hyper[:1].astype(data.dtype)",
        ),
    ),
    ops="UpdateOps",
)

FURTHER_UPDATES = Patient(
    "pellucid.standard.ops.updates",
    ("optimizer core/adagrad", "optimizer core/rmsprop", "optimizer core/lion"),
    (
        Mistake("forgets the squares so far", "        v += grad * grad\n", "        v[...] = grad * grad\n"),
        Mistake("ε inside the root of adagrad", "(self.xp.sqrt(v) + eps)", "self.xp.sqrt(v + eps)"),
        Mistake("never centered", "w = self.xp.maximum(v - a * a, 0)", "w = v"),
        Mistake("mean of squares for the mean", "a += (1 - rho) * grad", "a += (1 - rho) * grad * grad"),
        Mistake("steps that are damped", "            u += step\n", "            u += (1 - momentum) * step\n"),
        Mistake("β₁ and β₂ of lion exchanged", "beta1 * m + (1 - beta1) * grad)", "beta2 * m + (1 - beta2) * grad)"),
        Mistake("direction of what is new alone", "self.xp.sign(beta1 * m + (1 - beta1) * grad)", "self.xp.sign(grad)"),
        Mistake("decay without the learning rate", ") + decay * data)\n        m *= beta2", "))\n        m *= beta2"),
    ),
    ops="UpdateOps",
)

RANDOM = Patient(
    "pellucid.ops.random",
    ("layer core/dropout",),
    (
        Mistake("dropout not scaled", "x * (1 / (1 - rate))", "x"),
        Mistake("dropout scaled by the rate", "x * (1 / (1 - rate))", "x * (1 / rate)"),
        Mistake("drops what it should keep", ">> 40) >= threshold", ">> 40) < threshold"),
        Mistake("threshold of another rate", "math.ceil(rate * 2**24)", "math.ceil(rate * 2**23)"),
    ),
    ops="RandomOps",
)

ARRAYS = Patient(
    "pellucid.ops.arrays",
    ("layer core/residual", "layer core/batch_norm", "regularizer core/l2"),
    (
        Mistake("add_scaled ignores its factor", "out += factor * x", "out += x"),
        Mistake("lerp the wrong way round", "out += rate * (x - out)", "out += (1 - rate) * (x - out)"),
        Mistake("lerp assigns", "out += rate * (x - out)", "out[...] = x"),
        Mistake("sum of absolute values", "self.xp.sum(wide * wide)", "self.xp.sum(abs(wide))"),
        Mistake("copy adds", "        out[...] = x\n\n    def scale", "        out += x\n\n    def scale"),
    ),
    ops="ArrayOps",
)
