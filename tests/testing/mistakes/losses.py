"""Mistakes in losses and in the objective."""

from tests.testing.mutation import Mistake, Patient

MSE = Patient(
    "pellucid.standard.losses.outputwise",
    ("loss core/mse",),
    (
        Mistake(
            "weights ignored",
            "ctx.ops.mse(prediction, target, weight, loss, gradient)",
            "ctx.ops.mse(prediction, target, None, loss, gradient)",
        ),
        Mistake(
            "1/N twice, in the gradient",
            "weight, loss, gradient)",
            "weight, loss, gradient); gradient /= max(len(gradient), 1)",
        ),
        Mistake(
            "1/N twice, in loss and gradient",
            "weight, loss, gradient)",
            "weight, loss, gradient); gradient /= max(len(gradient), 1); loss /= max(len(gradient), 1)",
        ),
        Mistake(
            "a sum instead of a mean",
            "weight, loss, gradient)",
            "weight, loss, gradient); gradient *= len(gradient); loss *= len(gradient)",
        ),
        Mistake("sign of the gradient", "weight, loss, gradient)", "weight, loss, gradient); gradient *= -1"),
        Mistake(
            "half the square, the derivative of the whole",
            "weight, loss, gradient)",
            "weight, loss, gradient); loss *= 0.5",
        ),
        Mistake(
            "prediction and target exchanged", "ctx.ops.mse(prediction, target,", "ctx.ops.mse(target, prediction,"
        ),
        Mistake(
            "1/N in weight and mean",
            "weight, loss, gradient)\n",
            "None if weight is None else weight / len(weight), loss, gradient)\n"
            "        ctx.count = ctx.count if weight is None else 1.0\n",
        ),
        Mistake(
            "equation: no mean over outputs",
            '"np.mean((prediction - t.reshape',
            '"np.sum((prediction - t.reshape',
        ),
        Mistake("equation: the 2 forgotten", ") * 2 * (prediction - t.reshape", ") * (prediction - t.reshape"),
        Mistake("target shifted in place", "ctx.ops.mse(prediction", "target -= 0.0; ctx.ops.mse(prediction"),
        Mistake("predicts what nobody knows", 'predicts = "values"', 'predicts = "value"'),
    ),
    within="MSE",
)

OUTPUTWISE = Patient(
    "pellucid.standard.losses.outputwise",
    ("loss core/mse",),
    (
        Mistake("gradient kept on self", "ctx.dprediction", "self.dprediction", every=True),
        Mistake("loss in the model's type", 'ctx.scratch("loss", (), "float64")', 'ctx.scratch("loss", ())'),
        Mistake(
            "loss and gradient of one context in the class",
            'ctx.dprediction = ctx.scratch("dprediction", shape)',
            "kept = type(self).__dict__.get('kept')\n"
            "        if kept is None or kept.shape != shape or kept.dtype != ctx.dtype:\n"
            "            kept = type(self).kept = ctx.scratch('dprediction', shape)\n"
            "        ctx.dprediction = kept",
        ),
        Mistake("NaN targets accepted", "~np.isfinite(target)", "np.zeros(target.shape, bool)"),
        Mistake("targets of another shape accepted", "require_rows(self, target, (output_shape, *column))", "pass"),
        Mistake(
            "gradient in float64", 'ctx.scratch("dprediction", shape)', 'ctx.scratch("dprediction", shape, "float64")'
        ),
    ),
    within="Outputwise",
)

ROWS = Patient(
    "pellucid.standard.rows",
    ("loss core/mse",),
    (
        Mistake("count is always one", "ctx.count = float(prod(shape))", "ctx.count = 1.0"),
        Mistake(
            "count of rows where weights are given",
            'ctx.count = float(weight.sum(dtype="float64"))',
            "ctx.count = float(len(weight))",
        ),
        Mistake("count never set for weights", 'ctx.count = float(weight.sum(dtype="float64"))', "pass"),
        Mistake("the error names the wrong row", "in row {int(place[0])}", "in row {int(place[0]) + 4}"),
        Mistake("weights clipped at one", "return weight.reshape(-1)", "return weight.reshape(-1).clip(0, 1)"),
    ),
    dependents=("pellucid.standard.losses.outputwise",),
)

SOFTMAX_CROSS_ENTROPY = Patient(
    "pellucid.standard.losses.softmax_cross_entropy",
    ("loss core/softmax_cross_entropy",),
    (
        Mistake(
            "labels off by one",
            "labels, row_weight, loss, gradient",
            "(labels + 1) % prediction.shape[-1], row_weight, loss, gradient",
        ),
        Mistake(
            "labels smoothed in loss and gradient", "return loss\n", "loss *= 0.9; ctx.dlogits *= 0.9; return loss\n"
        ),
        Mistake("1/N twice", "return ctx.dlogits", "return ctx.dlogits / max(len(ctx.dlogits), 1)"),
        Mistake("weights ignored", "labels, row_weight, loss, gradient", "labels, None, loss, gradient"),
        Mistake("gradient kept on self", "ctx.dlogits", "self.dlogits", every=True),
        Mistake(
            "logits halved",
            "ctx.ops.softmax_cross_entropy(logits, labels",
            "ctx.ops.softmax_cross_entropy(0.5 * logits, labels",
        ),
        Mistake(
            "equation: log of the mean",
            "-np.sum(m[..., None] * q * np.log(p)) / (np.sum(m) or 1)",
            "-np.log(np.sum(m[..., None] * q * p) / (np.sum(m) or 1))",
        ),
        Mistake("equation: gradient without the target", "m[..., None] * (p - q)", "m[..., None] * p"),
        Mistake(
            "equation: summed over the batch", "np.exp(z).sum(-1, keepdims=True)", "np.exp(z).sum(0, keepdims=True)"
        ),
        Mistake(
            "the labels are changed",
            'labels = converted(ctx, target, "int64", "target").reshape(-1)',
            "target += 0; labels = target.reshape(-1)",
        ),
    ),
)

CLASSES = Patient(
    "pellucid.standard.losses.classes",
    ("loss core/softmax_cross_entropy",),
    (
        Mistake("label K accepted", "(target < classes)", "(target <= classes)"),
        Mistake("label −1 accepted", "(target >= 0) & (target < classes)", "(target >= -1) & (target < classes)"),
        Mistake("probabilities not shifted", "np.exp(logits - logits.max(axis=1, keepdims=True))", "np.exp(logits)"),
        Mistake("probabilities not divided", "return p / p.sum(axis=1, keepdims=True)", "return p"),
        Mistake("probabilities add up over the batch", "p.sum(axis=1, keepdims=True)", "p.sum(axis=0, keepdims=True)"),
        Mistake(
            "probabilities in the model's type",
            "logits = outputs.astype(np.float64)",
            "logits = outputs",
        ),
        Mistake("the outputs are changed", "logits = outputs.astype(np.float64)", "logits = outputs; logits *= 2"),
    ),
    dependents=("pellucid.standard.losses.softmax_cross_entropy",),
)

ANSWERS = Patient(
    "pellucid.standard.losses.answers",
    ("loss core/binary_cross_entropy",),
    (
        Mistake("targets above 1 accepted", "(target >= 0) & (target <= 1)", "(target >= 0)"),
        Mistake("one column of probabilities", "np.concatenate([-z, z], axis=1)", "z"),
        Mistake("odds taken for probabilities", " / (1 + np.exp(-np.abs(z)))", ""),
        Mistake("no outputs for what are no labels", "return None if class_labels(targets) is None else 1", "return 1"),
    ),
    dependents=("pellucid.standard.losses.binary_cross_entropy",),
)

BINARY_CROSS_ENTROPY = Patient(
    "pellucid.standard.losses.binary_cross_entropy",
    ("loss core/binary_cross_entropy",),
    (
        Mistake(
            "takes probabilities for logits",
            "ctx.ops.binary_cross_entropy(prediction,",
            "ctx.ops.binary_cross_entropy(1 / (1 + ctx.xp.exp(-prediction)),",
        ),
        Mistake("yes and no exchanged", "(prediction, target, weight", "(prediction, 1 - target, weight"),
        Mistake(
            "naive logarithms overflow",
            "ctx.ops.binary_cross_entropy(prediction, target, weight, loss, gradient)",
            "ctx.ops.binary_cross_entropy(prediction, target, weight, loss, gradient)\n"
            "        xp, p = ctx.xp, 1 / (1 + ctx.xp.exp(-prediction))\n"
            "        if weight is None and len(p):\n"
            "            loss[...] = -(target * xp.log(p) + (1 - target) * xp.log(1 - p)).mean()",
        ),
        Mistake("equation: half of it", "np.logaddexp(0, z) - q * z", "np.logaddexp(0, z)"),
        Mistake("equation: sign of the gradient", "m * (p - q)", "m * (q - p)"),
        Mistake("yes weighs as no", "(no + (yes - no) * target)", "(no + 0 * target)"),
    ),
    within="BinaryCrossEntropy",
)

CLASS_WEIGHT = Patient(
    "pellucid.standard.losses.class_weight",
    ("loss core/softmax_cross_entropy",),
    (
        Mistake("count of rows", 'ctx.count = float(each.sum(dtype="float64"))', "ctx.count = float(len(each))"),
        Mistake("the rows' own weights forgotten", "each = each * weight", "pass"),
        Mistake("every class weighs one", "np.array(weights, ctx.dtype)", "np.ones(len(weights), ctx.dtype)"),
    ),
    dependents=("pellucid.standard.losses.softmax_cross_entropy",),
)

ABSOLUTE_AND_HUBER = (
    Patient(
        "pellucid.standard.losses.absolute_error",
        ("loss core/mae",),
        (
            Mistake("weights ignored", "(prediction, target, weight", "(prediction, target, None"),
            Mistake("backward: sign exchanged", "loss, gradient)", "loss, gradient); gradient *= -1"),
            Mistake("equation: the square", "np.mean(np.abs(r)", "np.mean((r**2)"),
        ),
    ),
    Patient(
        "pellucid.standard.losses.huber",
        ("loss core/huber",),
        (
            Mistake("delta ignored", "weight, self.delta", "weight, 1.0"),
            Mistake("backward: not cut", "loss, gradient)\n",
                    "loss, gradient)\n        gradient[...] = (prediction - target) / gradient.size\n"),
            Mistake("equation: half forgotten", "c * (r - c / 2)", "c * (r - c)"),
        ),
    ),
)  # fmt: skip

FOCAL = (
    Patient(
        "pellucid.standard.losses.focal",
        ("loss core/focal",),
        (
            Mistake("backward: the factor is constant", "power * (self.gamma * xp.exp(log_q) * ratio - 1)", "-power"),
            Mistake("backward: of the true class alone", "gradient[...] = -slope[:, None] * xp.exp(gradient)",
                    "gradient[...] = 0"),
            Mistake("alpha ignored", "if self.alpha is not None:", "if False:"),
            Mistake("gamma one too high", "s**self.gamma\n", "s**(self.gamma + 1)\n"),
            Mistake("the limit forgotten", "xp.where(s > 0, log_q / xp.where(s > 0, s, 1), -1)", "log_q / s"),
        ),
    ),
    Patient(
        "pellucid.standard.losses.binary_focal",
        ("loss core/binary_focal",),
        (
            Mistake("backward: half of a product", "self.gamma * n * minus_log_n + p", "p"),
            Mistake("yes and no exchanged", "yes * target", "yes * (1 - target)"),
            Mistake("alpha for both", "(self.alpha, 1 - self.alpha)", "(self.alpha, self.alpha)"),
        ),
    ),
)  # fmt: skip

OF_ROWS = (
    Patient(
        "pellucid.standard.losses.kl_divergence",
        ("loss core/kl_divergence",),
        (
            Mistake("the entropy left out", "target * (own - gradient)", "target * -gradient"),
            Mistake("backward: target forgotten", "near, total * xp.exp(gradient) - target",
                    "near, total * xp.exp(gradient)"),
            Mistake("log of 0", "xp.log(xp.where(target > 0, target, 1))", "xp.log(target)"),
            Mistake("targets of any sum", "check_shares(self, target)", "pass"),
        ),
    ),
    Patient(
        "pellucid.standard.losses.cosine_similarity",
        ("loss core/cosine_similarity",),
        (
            Mistake("backward: not perpendicular", "(c * u - s) / a", "-s / a"),
            Mistake("backward: lengths forgotten", "(c * u - s) / a", "c * u - s"),
            Mistake("no direction, divided by 0", "a, b = xp.where(known, a, 1), xp.where(known, b, 1)", "pass"),
        ),
    ),
    Patient(
        "pellucid.standard.losses.hinge",
        ("loss core/hinge",),
        (
            Mistake("backward: the right class alone", "gradient[each, other] = behind", "pass"),
            Mistake("backward: ahead by 1 as well", "xp.where(margin < 1, factor, 0 * factor)", "factor"),
            Mistake("backward of one score: sign", "xp.where(margin < 1, -sign, 0)", "xp.where(margin < 1, sign, 0)"),
            Mistake("a class is its own rival", 'gradient[each, labels] = -float("inf")', "pass"),
            Mistake("−1 beside 0 and 1", "no = 0 if (target == 0).any() else -1", "no = -1"),
        ),
    ),
)  # fmt: skip

SUPERVISED = Patient(
    "pellucid.standard.supervised",
    ("objective core/supervised",),
    (
        Mistake("count not passed on", "ctx.count = of_loss.count", "ctx.count = 1.0"),
        Mistake("prediction kept on self", "ctx.prediction", "self.prediction", every=True),
        Mistake(
            "backward forgets the loss's gradient", 'self.loss.backward(ctx.child("loss"))', "ctx.prediction * 0 + 1"
        ),
        Mistake(
            "backward twice",
            'model.backward(ctx.child("model"), self.loss.backward(ctx.child("loss")))',
            '[model.backward(ctx.child("model"), self.loss.backward(ctx.child("loss"))) for _ in range(2)]',
        ),
        Mistake("no backward", 'model.backward(ctx.child("model"), self.loss.backward(ctx.child("loss")))', "pass"),
    ),
)

SEVERAL = Patient(
    "pellucid.standard.several_losses",
    ("objective core/several_losses",),
    (
        Mistake("factors forgotten backwards", "if factor != 1.0:", "if False:"),
        Mistake(
            "factors forgotten forwards", "ctx.parts[name], factors[name])", "ctx.parts[name], 1.0)"
        ),
        Mistake(
            "weights read, and not passed on",
            "self.masked else batch.weight",
            "self.masked else (batch.weight, None)[1]",
        ),
        Mistake("count not passed on", "ctx.count = ctx.child(", "ctx.count = 1.0; ctx.child("),
        Mistake("the total never begins anew", "ctx.ops.fill(total, 0.0)", "pass"),
        Mistake("gradients in the wrong order", "*gradients)", "*gradients[::-1])"),
        Mistake("a part called loss", "ctx.parts[name] = loss", 'ctx.parts["loss"] = ctx.parts[name] = loss'),
        Mistake("targets kept on self", "ctx.predictions, ctx.targets =", "self.seen, ctx.targets ="),
    ),
)
