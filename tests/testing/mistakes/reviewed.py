"""What a fresh review threw at the kit, and more of these kinds, in components of strangers of every kind."""

from tests.testing.mutation import Mistake, Patient

M = Mistake


def layer(name: str, *mistakes: Mistake, module: str = "layers") -> Patient:
    return Patient(f"tests.testing.strangers.{module}", (f"layer strangers/{name.lower()}",), mistakes, within=name)


def loss(name: str, *mistakes: Mistake) -> Patient:
    return Patient("tests.testing.strangers.losses", (f"loss strangers/{name.lower()}",), mistakes, within=name)


def numbers(*mistakes: Mistake) -> Patient:
    """What losses of numbers share."""
    return Patient("tests.testing.strangers.losses", ("loss strangers/huber",), mistakes, within="Numbers")


def objective(name: str, *mistakes: Mistake) -> Patient:
    place = "tests.testing.strangers.objectives"
    return Patient(place, (f"objective strangers/{name.lower()}",), mistakes, within=name)


def other(kind: str, name: str, *mistakes: Mistake, module: str = "") -> Patient:
    within = "".join(word.capitalize() for word in name.split("_"))
    place = f"tests.testing.others.{module or f'{kind}s'}"
    return Patient(place, (f"{kind} others/{name}",), mistakes, within=within)


Y = "return np.sin(self.omega * x + self.phase)"
LAYERS = (
    layer(
        "Wave",
        M("the size of ω alone", Y, "return np.sin(abs(self.omega) * x + self.phase)"),
        M("the size of φ alone", "+ self.phase", "+ abs(self.phase)", every=True),
        M("ω of at most 20", "self.omega *", "min(self.omega, 20.0) *", every=True),
        M("no φ where ω is negative", "+ self.phase", "+ self.phase * (self.omega >= 0)", every=True),
        M(
            "another sine beyond row 300",
            Y,
            "y = np.sin(self.omega * x + self.phase)\n        y[300:] *= 0.9\n        return y",
        ),
        M(
            "another gradient beyond row 300",
            "* ctx.x + self.phase) * dy",
            "* ctx.x + self.phase) * dy * np.where(np.arange(len(dy)) < 300, 1, 0.9).reshape(-1, *[1] * (dy.ndim - 1))",
        ),
        M(
            "another sine in batches of more than 1,000 rows",
            Y,
            "return np.sin(self.omega * x + self.phase * (len(x) <= 1_000))",
        ),
        M("another sine after step 5,000", Y, "return np.sin(self.omega * x + self.phase + 0.1 * (ctx.step > 5_000))"),
        M("another sine after epoch 100", Y, "return np.sin(self.omega * x + self.phase + 0.1 * (ctx.epoch > 100))"),
        M("inputs cut at 60", "self.omega * x +", "self.omega * np.clip(x, -60, 60) +"),
        M("inputs cut at 60 in both", "ctx.x = x\n", "ctx.x = x = np.clip(x, -60, 60)\n"),
        M("inputs cut at −600", Y, "return np.sin(self.omega * np.maximum(x, -600) + self.phase)"),
        M(
            "a line for small numbers",
            Y,
            "return np.where(abs(x) < 1e-3, self.phase, np.sin(self.omega * x + self.phase))",
        ),
        M(
            "of the last row twice as much where rows are no multiple of 8",
            Y,
            "y = np.sin(self.omega * x + self.phase)\n        y[len(y) // 8 * 8 :] *= 1 + (len(y) > 8)\n"
            "        return y",
        ),
        M("of one column nothing", Y, "return np.sin(self.omega * x + self.phase) * (x.shape[-1] > 1)"),
        M("of one row nothing", Y, "return np.sin(self.omega * x + self.phase) * (len(x) > 1)"),
        module="anywhere",
    ),
    layer(
        "Bent",
        M("the larger of the two", "np.where(ctx.above, x, self.slope * x)", "np.maximum(x, self.slope * x)"),
        M(
            "a gradient where y is above 0",
            "ctx.above = x > 0",
            "ctx.above = x * self.slope > 0 if self.slope else x > 0",
        ),
        M("no negative slopes", "self.slope *", "max(self.slope, 0.0) *", every=True),
        module="anywhere",
    ),
    layer(
        "Squash",
        M("ε outside of the root", "np.sqrt(x * x + self.eps)", "(np.abs(x) + self.eps)"),
        M("ε twice", "self.eps)\n        return", "self.eps + 1e-8)\n        return"),
        M("ε of at most 1", "x * x + self.eps", "x * x + min(self.eps, 1.0)"),
        module="anywhere",
    ),
    layer(
        "RowNorm",
        M(
            "one sample less",
            "(centred**2).mean(axis=-1, keepdims=True)",
            "(centred**2).sum(axis=-1, keepdims=True) / max(x.shape[-1] - 1, 1)",
        ),
        M("statistics of the batch", "x.mean(axis=-1, keepdims=True)", "x.mean(axis=0, keepdims=True)"),
        M(
            "of one column the number itself",
            "centred = x - x.mean(axis=-1, keepdims=True)",
            "centred = x - x.mean(axis=-1, keepdims=True) * (x.shape[-1] > 1)",
        ),
    ),
    layer(
        "Affine",
        M("the mean over rows", "ctx.x.T @ dy\n", "ctx.x.T @ dy / max(len(dy), 1)\n"),
        M("x changed in place", "ctx.x = x", "x -= x.mean()\n        ctx.x = x"),
        M("dy changed in place", "self.bias.grad +=", "dy *= 1.5\n        self.bias.grad +="),
        M("a bias of whole batches of 8", "dy.sum(axis=0", "dy[: max(len(dy) // 8 * 8, min(len(dy), 8))].sum(axis=0"),
    ),
    layer(
        "Gain",
        M("float64 comes back", "return x * self.gain.data", "return x * self.gain.data.astype('float64')"),
        M("the gradient of the last call", "self.gain.grad += (", "self.gain.grad[...] = ("),
    ),
    layer(
        "Centred",
        M("running means count from the wrong side", "mean, 1 - self.momentum", "mean, self.momentum"),
        M(
            "rows beyond the last multiple of 8 left out",
            "x.sum(axis=0) / max(len(x), 1)",
            "x[: max(len(x) // 8 * 8, min(len(x), 7))].sum(axis=0) / max(len(x) // 8 * 8, min(len(x), 7), 1)",
        ),
    ),
    layer(
        "Jitter", M("the global generator", "ctx.normal(x.shape)", "np.random.standard_normal(x.shape).astype(x.dtype)")
    ),
    layer("Hills", M("the wrong axis", "return g.sum(axis=1)[:, None] * x", "return g.sum(axis=0).sum() * x / len(x)")),
)
LOSSES = (
    loss(
        "Huber",
        M(
            "δ of at most 2",
            "np.clip(r, -self.delta, self.delta)",
            "np.clip(r, -min(self.delta, 2.0), min(self.delta, 2.0))",
        ),
        M("errors cut at 60", "r = prediction - target\n", "r = np.clip(prediction - target, -60, 60)\n"),
        M(
            "rows beyond 300 count half",
            "s = np.clip(r, -self.delta, self.delta)",
            "s = np.clip(r, -self.delta, self.delta) * np.where(np.arange(len(r)) < 300, 1, 0.5)[:, None]",
        ),
        M("the half forgotten", "s / 2), s", "s), s"),
    ),
    loss(
        "Quantile",
        M("the other side", "(self.tau - 1) * r)", "(1 - self.tau) * r)"),
        M(
            "τ above a half only",
            "np.maximum(self.tau * r, (self.tau - 1) * r)",
            "np.maximum(max(self.tau, 0.2) * r, (self.tau - 1) * r)",
        ),
    ),
    loss(
        "LogCosh",
        M("as it is written", "size + np.log1p(np.exp(-2 * size)) - np.log(2)", "np.log(np.cosh(r))"),
        M(
            "a line beyond 60 that starts elsewhere",
            "size + np.log1p(np.exp(-2 * size)) - np.log(2)",
            "np.where(size < 60, size + np.log1p(np.exp(-2 * size)) - np.log(2), size)",
        ),
    ),
    loss(
        "Rate",
        M("cut at 20", "np.minimum(prediction, 30)", "np.minimum(prediction, 20)"),
        M("the slope beyond the cut", "(prediction < 30) * rate", "rate"),
    ),
)
OBJECTIVES = (
    objective(
        "Penalised",
        M(
            "no rate above 1",
            "(ctx.step + 1) / 10) if",
            "(ctx.step + 1) / 10, 1 / self.rate if self.rate > 1 else 1) if",
        ),
        M("fades after step 10,000", "return self.rate *", "return self.rate * (ctx.step < 10_000) *"),
        M("one step late", "(ctx.step + 1) / 10)", "ctx.step / 10)"),
        M("parts of the first 300 rows", "size = (share * ctx.y**2).sum", "size = (share * ctx.y**2)[:300].sum"),
    ),
    objective("Denoised", M("a share of each number", "2 * share * (ctx.y", "share * (ctx.y")),
)
OTHERS = (
    other(
        "optimizer",
        "rmsprop",
        M("ε inside of the root", "(np.sqrt(s) + self.eps)", "np.sqrt(s + self.eps)"),
        M(
            "no more steps after 5,000",
            "segment.data[...] -= segment.lr * g /",
            "segment.data[...] -= segment.lr * (segment.t <= 5_000) * g /",
        ),
        M("no decay", "segment.lr * segment.weight_decay * segment.data", "0 * segment.data"),
        M(
            "the first thousand numbers only",
            "s += (1 - self.rho) * g**2",
            "s[:1000] += (1 - self.rho) * g[:1000] ** 2",
        ),
        M(
            "weights cut at 60",
            "segment.data[...] -= segment.lr * g / (np.sqrt(s) + self.eps)",
            "segment.data[...] = np.clip(segment.data - segment.lr * g / (np.sqrt(s) + self.eps), -60, 60)",
        ),
    ),
    other(
        "optimizer",
        "adamax",
        M("bias correction from 0", "self.beta1**segment.t)", "self.beta1 ** max(segment.t - 1, 1))"),
        M(
            "bias correction ends after step 2,000",
            "(1 - self.beta1**segment.t)",
            "(1 - self.beta1**segment.t if segment.t < 2_000 else 1.01)",
        ),
        M("β₁ of at least a half", "1 - self.beta1**segment.t", "1 - max(self.beta1, 0.5) ** segment.t"),
    ),
    other(
        "optimizer",
        "lookahead",
        M("one step late", "segment.t % self.k == 0", "segment.t % self.k == 1 % self.k"),
        M("α of at most 0.9", "slow += self.alpha *", "slow += min(self.alpha, 0.9) *"),
    ),
    other(
        "schedule",
        "steps",
        M("one step early", "step // self.every", "(step + 1) // self.every"),
        M("at most 100 falls", "(step // self.every)", "min(step // self.every, 100)"),
    ),
    other(
        "schedule",
        "warm_inverse",
        M("starts at 0", "(step + 1) / self.warmup,", "step / self.warmup,"),
        M(
            "a warm-up of at most 2,000",
            "/ self.warmup, (self.warmup",
            "/ min(self.warmup, 2_000), (min(self.warmup, 2_000)",
        ),
    ),
    other(
        "schedule",
        "polynomial",
        M("powers of at most 3", "left**self.power", "left ** min(self.power, 3.0)"),
        M("powers of at least 1", "left**self.power", "left ** max(self.power, 1.0)"),
    ),
    other(
        "initializer",
        "identity",
        M("the size of the gain", "self.gain * np", "abs(self.gain) * np"),
        M("a gain of at most 10", "self.gain * np", "min(self.gain, 10.0) * np"),
        M(
            "the first columns only",
            "self.gain * np.eye(shape[-2], shape[-1])",
            "self.gain * np.eye(shape[-2], shape[-1]) * (np.arange(shape[-1]) < 100)",
        ),
    ),
    other(
        "initializer",
        "truncated",
        M("a deviation of at most 1", "sqrt(3.0) * self.std, shape", "sqrt(3.0) * min(self.std, 1.0), shape"),
        M("the global generator", "rng.uniform(", "np.random.uniform("),
    ),
    other(
        "regularizer",
        "l1",
        M("the first thousand numbers only", "np.abs(data).sum()", "np.abs(data.reshape(-1)[:1000]).sum()"),
        M("strengths of at most 1", "self.strength *", "min(self.strength, 1.0) *", every=True),
        M("numbers beyond 60 cost no more", "np.abs(data)", "np.minimum(np.abs(data), 60)"),
    ),
    other(
        "regularizer",
        "group",
        M(
            "a small number in the root",
            "np.sqrt((data.reshape(-1, data.shape[-1]) ** 2).sum(axis=0))\n",
            "np.sqrt((data.reshape(-1, data.shape[-1]) ** 2).sum(axis=0) + 1e-4)\n",
        ),
    ),
    other(
        "metric",
        "f1",
        M("thresholds of at least 0", "> self.threshold", "> max(self.threshold, 0.0)"),
        M("thresholds of at most 1", "> self.threshold", "> min(self.threshold, 1.0)"),
        M("rows beyond 300 left out", "w[yes & there]", "w[:300][(yes & there)[:300]]"),
    ),
    other(
        "metric",
        "log_score",
        M(
            "scores cut at 60",
            "s = prediction.astype(np.float64)",
            "s = np.clip(prediction.astype(np.float64), -60, 60)",
        ),
        M(
            "rows beyond 300 count double",
            "w = rows(weight, len(prediction))",
            "w = rows(weight, len(prediction)) * np.where(np.arange(len(prediction)) < 300, 1, 2)",
        ),
    ),
    other(
        "metric",
        "recall",
        M(
            "sizes kept from the run before",
            "self._found = np.zeros(self.classes)\n        self._size = np.zeros(self.classes)",
            "self._found = np.zeros(self.classes)\n        self._size = getattr(self, '_size', np.zeros(self.classes))",
        ),
    ),
    other(
        "metric",
        "correlation",
        M(
            "a list that all share",
            "def __init__(self) -> None:\n        self.reset()\n\n    def reset(self) -> None:\n"
            "        self._rows: list[Any] = []",
            "def __init__(self, seen: Any = []) -> None:\n        self.seen = seen\n        self.reset()\n\n"
            "    def reset(self) -> None:\n        self._rows = self.seen\n        self._rows.clear()",
        ),
    ),
    other(
        "transform",
        "log",
        M("scales of at least a tenth", "np.abs(x) / self.scale", "np.abs(x) / max(self.scale, 0.1)"),
        M("numbers cut at 60", "np.log1p(np.abs(x) / self.scale)", "np.log1p(np.minimum(np.abs(x), 60) / self.scale)"),
        M(
            "samples beyond 300 as they are",
            "return np.sign(x) * np.log1p(np.abs(x) / self.scale)",
            "y = np.sign(x) * np.log1p(np.abs(x) / self.scale)\n        y[300:] = x[300:]\n        return y",
        ),
    ),
    other(
        "transform",
        "whiten",
        M("ε outside of the root", "np.sqrt(self.values + self.eps)\n\n", "(np.sqrt(self.values) + self.eps)\n\n"),
    ),
    other(
        "transform",
        "noise",
        M("rows beyond 300 alone", "return noisy", "noisy[300:] = x[300:]\n        return noisy"),
        M("the seed alone", "ctx.normal(x.shape)", "np.random.default_rng(0).normal(size=x.shape).astype(x.dtype)"),
        module="augmentations",
    ),
    other(
        "dataset",
        "rings",
        M("the global generator", "rng.uniform(0, 2 * np.pi, self.n)", "np.random.uniform(0, 2 * np.pi, self.n)"),
        M("labels from 1", "y = np.arange(self.n) % self.rings", "y = np.arange(self.n) % self.rings + 1"),
        M("rings of one class", "% self.rings\n", "% 1\n"),
    ),
    other("dataset", "official", M("the test set to train on", "return self._of(0, 20)", "return self._of(1, 10)")),
    other(
        "callback",
        "snapshots",
        M("counts from 0", "run.epoch % self.every == 0", "(run.epoch - 1) % self.every == 0"),
        M("one epoch too late", "run.epoch % self.every == 0", "run.epoch % self.every == 1 % self.every"),
        M("n times only", "run.epoch % self.every == 0", "run.epoch <= self.every"),
        M("every n-th and the one after", "run.epoch % self.every == 0", "run.epoch % self.every < 2"),
        M("one more than it says", "run.epoch % self.every == 0", "run.epoch % (self.every + 1) == 0"),
        M("n doubled", "run.epoch % self.every == 0", "run.epoch % (2 * self.every) == 0"),
        M("steps, not epochs, after the first call", "run.epoch % self.every == 0", "run.step % self.every == 0"),
    ),
    other(
        "callback",
        "shrink",
        M("a step too late", "run.step % self.every == 0", "run.step % self.every == 1 % self.every"),
        M(
            "counts for itself",
            "if run.step % self.every == 0:",
            "self.seen = vars(self).get('seen', 0) + 1\n        if self.seen % self.every == 0:",
        ),
        M(
            "counts from where it is made",
            "if run.step % self.every == 0:",
            "self.first = vars(self).get('first', run.step - 1)\n        if (run.step - self.first) % self.every == 0:",
        ),
        M("at every step", "run.step % self.every == 0", "self.every and run.step"),
        M(
            "counts the steps of each run",
            "run.on_step(self._shrunk)",
            "count = iter(range(1, 1_000))\n"
            "        run.on_step(lambda run: next(count) % self.every or self._shrunk(run))",
        ),
        M("steps of an epoch", "run.step % self.every == 0", "run.rows // 2 % self.every == 0"),
    ),
    other(
        "callback",
        "thaw",
        M("an epoch more", "run.epoch < self.epochs", "run.epoch <= self.epochs"),
        M("steps for epochs", "run.epoch < self.epochs", "run.step < self.epochs"),
        M("an epoch less", "run.epoch < self.epochs", "run.epoch < self.epochs - 1"),
    ),
    other(
        "callback",
        "norms",
        M(
            "one step late",
            "run.on_step(self._measured, every=self.every)",
            "run.on_step(self._later)\n\n    def _later(self, run: Any) -> None:\n"
            "        if run.step % self.every == 1:\n            self._measured(run)",
        ),
        M("every step", ", every=self.every)", ", every=min(self.every, 1))"),
    ),
    other(
        "callback",
        "early_stop",
        M("patience doubled", "self.waited >= self.patience", "self.waited >= 2 * self.patience"),
        M("a patience of at most 2", "self.waited >= self.patience", "self.waited >= min(self.patience, 2)"),
    ),
    other(
        "callback",
        "plateau",
        M("a patience of at least 3", "self.bad >= self.patience", "self.bad >= max(self.patience, 3)"),
    ),
)
SIN = "self.omega * np.cos(self.omega * ctx.x + self.phase) * dy"
SIZES = (
    layer(
        "Wave",
        M(
            "another sine of 64, 128, … rows",
            Y,
            "return np.sin(self.omega * x + self.phase * (len(x) % 64 != 0 or not len(x)))",
        ),
        M(
            "columns beyond 256 as they are",
            Y,
            "y = np.sin(self.omega * x + self.phase)\n        y[..., 256:] = x[..., 256:]\n        return y",
        ),
        M("gradients cut at 10", SIN, "self.omega * np.cos(self.omega * ctx.x + self.phase) * np.clip(dy, -10, 10)"),
        M(
            "small gradients are none",
            SIN,
            "self.omega * np.cos(self.omega * ctx.x + self.phase) * dy * (abs(dy) > 1e-5)",
        ),
        module="anywhere",
    ),
    layer(
        "Affine",
        M("gradients of the weight cut at 100", "ctx.x.T @ dy\n", "np.clip(ctx.x.T @ dy, -100, 100)\n"),
        M(
            "features beyond 256 left out",
            "return x @ self.weight.data +",
            "return x[:, :256] @ self.weight.data[:256] +",
        ),
    ),
    layer(
        "RowNorm", M("rows of more than 256 cut", "centred**2).mean(axis=-1", "centred[..., :256] ** 2).mean(axis=-1")
    ),
    layer(
        "MaskedPool",
        M("steps beyond 64 left out", "ctx.share = kept / n", "ctx.share = kept / n * (np.arange(kept.shape[1]) < 64)"),
    ),
    loss(
        "Huber",
        M(
            "outputs beyond 256 free",
            "s = np.clip(r, -self.delta, self.delta)",
            "s = np.clip(r, -self.delta, self.delta) * (np.arange(r.shape[1]) < 256)",
        ),
        M("targets of at most 100", "r = prediction - target\n", "r = prediction - np.clip(target, -100, 100)\n"),
    ),
    loss(
        "LogCosh",
        M("targets of at least −50", "r = prediction - target\n", "r = prediction - np.maximum(target, -50)\n"),
    ),
    numbers(
        M(
            "weights of at most 10",
            "ctx.count = float(w.sum())",
            "w = np.minimum(w, 10.0)\n        ctx.count = float(w.sum())",
        ),
        M(
            "weights below 1/1000 are none",
            "ctx.count = float(w.sum())",
            "w = w * (w > 1e-3)\n        ctx.count = float(w.sum())",
        ),
    ),
    other(
        "metric",
        "f1",
        M(
            "weights of at most 5",
            "w = rows(weight, len(prediction))",
            "w = np.minimum(rows(weight, len(prediction)), 5)",
        ),
    ),
    other(
        "metric",
        "top_k",
        M("labels of at most 100", "best == target[:, None]", "best == np.minimum(target, 100)[:, None]"),
        M(
            "rows in blocks of 64",
            'prediction.astype(np.float64), axis=1, kind="stable")',
            "prediction.astype(np.float64) * (len(prediction) % 64 != 0 or not len(prediction)), "
            "axis=1, kind='stable')",
        ),
    ),
    other(
        "optimizer",
        "adagrad",
        M(
            "gradients below 1e-8 are none",
            "g = np.clip(segment.grad, -self.limit, self.limit)",
            "g = np.clip(segment.grad, -self.limit, self.limit)\n            g = g * (abs(g) > 1e-8)",
        ),
    ),
    other(
        "transform",
        "min_max",
        M(
            "samples in blocks of 64",
            "return (x - self.low) / self.span",
            "return (x - self.low) / self.span * (len(x) % 64 != 0 or not len(x))",
        ),
        M("fitted on 500 samples", "self.low = x.min(axis=0)", "self.low = x[:500].min(axis=0)"),
    ),
    other(
        "transform",
        "brighten",
        M("rows in blocks of 64", "1 + self.spread", "1 + (len(x) % 64 != 0 or not len(x)) * self.spread"),
        module="augmentations",
    ),
    objective(
        "Denoised",
        M("rows in blocks of 64", "2 * share * (ctx.y", "(1 + (len(ctx.y) % 64 != 0)) * share * (ctx.y"),
        M(
            "weights of at most 5",
            "share = shares(ctx, batch)",
            "share = shares(ctx, batch)\n        share = np.minimum(share * ctx.count, 5) / (ctx.count or 1.0)",
        ),
    ),
)
FURTHER = (
    layer(
        "Affine",
        M(
            "weights of the first call kept",
            "return dy @ self.weight.data.T",
            "ctx.turned = vars(ctx).get('turned', self.weight.data.T.copy())\n        return dy @ ctx.turned",
        ),
        M(
            "weights turned once on the context",
            "return dy @ self.weight.data.T",
            "try:\n            turned = ctx.turned\n        except AttributeError:\n"
            "            turned = ctx.turned = self.weight.data.T.copy()\n        return dy @ turned",
        ),
        M("no bias for one row", "+ self.bias.data", "+ self.bias.data * (len(x) > 1)"),
        M("sums in float16", 'dy.sum(axis=0, dtype="float64")', "dy.astype('float16').sum(axis=0)"),
        M("rank 1 update per row mean", "ctx.x.T @ dy\n", "np.outer(ctx.x.sum(0), dy.sum(0)) / max(len(dy), 1)\n"),
        M("sorted rows", "ctx.x = x\n", "ctx.x = np.sort(x, axis=0)\n"),
    ),
    layer(
        "Drop",
        M(
            "not in batches of one",
            "if not ctx.training:\n            return x + 0",
            "if not ctx.training or len(x) == 1:\n            ctx.kept = 1.0\n            return x + 0",
        ),
    ),
    layer(
        "RowNorm",
        M(
            "E x² − (E x)²",
            "(centred**2).mean(axis=-1, keepdims=True)",
            "(x**2).mean(axis=-1, keepdims=True) - x.mean(axis=-1, keepdims=True) ** 2",
        ),
    ),
    layer("Lookup", M("twice counts once", "np.add.at(self.table.grad, ctx.x, dy)", "self.table.grad[ctx.x] += dy")),
    layer(
        "Attend",
        M("no maximum", "a - a.max(axis=-1, keepdims=True, initial=-np.inf)", "a"),
        M("maximum of all", "a.max(axis=-1, keepdims=True, initial=-np.inf)", "a.max(initial=-np.inf)"),
        M("a mask of a triangle in evaluation", "a = x @ W", "a = x * (1 if ctx.training else 1.0001) @ W"),
        M("gradient of one side", "da.transpose(0, 2, 1) @ x @ W", "da @ x @ W"),
    ),
    layer(
        "Recur",
        M("truncated at 3", "for t in range(steps - 1, -1, -1):", "for t in range(steps - 1, max(steps - 4, -1), -1):"),
    ),
    layer(
        "Cool",
        M(
            "gradient one step late",
            "return dy / ctx.t",
            "return dy / (1 + 1 / (2 + ctx.step) if ctx.training else 1.0)",
        ),
        M("frozen after 10,000", "return dy / ctx.t", "return dy / ctx.t * (ctx.step < 10_000)"),
    ),
    layer("Powers", M("small x lost", "ctx.x = x", "ctx.x = np.where(abs(x) < 1e-2, 0, x)")),
    layer(
        "Clip",
        M(
            "limit in float32",
            "np.clip(x, -self.limit, self.limit)",
            "np.clip(x, -np.float16(self.limit), np.float16(self.limit)).astype(x.dtype)",
        ),
        M("interval too narrow", "return -self.limit, self.limit", "return 0.0, self.limit"),
    ),
    layer(
        "Jitter",
        M("spread of at most 1", "self.spread * ctx", "min(self.spread, 1.0) * ctx"),
        M(
            "half of the rows",
            "ctx.normal(x.shape)",
            "np.where(np.arange(len(x)).reshape(-1, *[1] * (x.ndim - 1)) % 2, ctx.normal(x.shape), 0)",
        ),
    ),
    other(
        "metric",
        "top_k",
        M("k of the classes less one", ": self.k]", ": min(self.k, prediction.shape[1] - 1)]"),
        M("float16", "prediction.astype(np.float64)", "prediction.astype(np.float16)"),
    ),
    other(
        "metric",
        "correlation",
        M(
            "of two outputs the first",
            "float(np.mean(np.where(n > 1e-9, (w @ (p * q)) / np.where(n > 1e-9, n, 1.0), 0.0)))",
            "float(np.where(n > 1e-9, (w @ (p * q)) / np.where(n > 1e-9, n, 1.0), 0.0)[0])",
        ),
    ),
    other(
        "metric",
        "median_error",
        M(
            "root",
            "np.abs(prediction.astype(np.float64) - target).mean(axis=1)",
            "np.sqrt(((prediction.astype(np.float64) - target) ** 2).mean(axis=1))",
        ),
    ),
    other(
        "transform",
        "min_max",
        M("a little more", "np.where(span > 0, span, 1.0)", "span + 1e-8"),
        M("float32 kept", "self.low = x.min(axis=0).astype(np.float64)", "self.low = x.min(axis=0).astype(np.float32)"),
        M("cut to 0 … 1", "return (x - self.low) / self.span", "return np.clip((x - self.low) / self.span, 0, 1)"),
        M("extremes of all features", "x.min(axis=0)", "x.min()"),
    ),
    other(
        "transform",
        "ranks",
        M("smaller only", 'side="right"', 'side="left"'),
        M("ranks of the batch", "np.searchsorted(s, x[:, i]", "np.searchsorted(np.sort(x[:, i]), x[:, i]"),
    ),
    other(
        "transform",
        "pca",
        M("smallest first", "[:, ::-1][:, : self.k]", "[:, : self.k]"),
        M("mean forgotten on the way back", "y @ self.axes.T + self.mean", "y @ self.axes.T"),
    ),
    other(
        "transform", "bins", M("one bin more", "0, self.n - 1)", "0, self.n)"), M("border for middle", "(y + 0.5)", "y")
    ),
    other(
        "initializer",
        "lecun",
        M("first axis", "sqrt(1 / max(fan_in, 1))", "sqrt(1 / max(shape[0] if shape else 1, 1))"),
        M("fan out", "max(fan_in, 1)", "max(fan_out, 1)"),
        M("float32", "shape)", "shape).astype('float32')"),
        M("variance for deviation", "sqrt(1 / max(fan_in, 1))", "1 / max(fan_in, 1)"),
    ),
    other(
        "regularizer",
        "l1",
        M("mean", "np.abs(data).sum()", "np.abs(data).mean()"),
        M("assigned", "grad += (self", "grad[...] = (self"),
        M("of matrices", "np.abs(data).sum()", "np.abs(data).sum() * (data.ndim > 1)"),
    ),
    other(
        "regularizer",
        "orthogonal",
        M("half", "self.strength / 4", "self.strength / 2"),
        M("other side", "data.T @ data - np.eye(data.shape[1]", "data @ data.T - np.eye(data.shape[0]"),
    ),
    other(
        "optimizer",
        "lion",
        M(
            "moment first",
            "u = np.sign(self.beta1 * m + (1 - self.beta1) * g)\n"
            "            m[...] = self.beta2 * m + (1 - self.beta2) * g",
            "m[...] = self.beta2 * m + (1 - self.beta2) * g\n"
            "            u = np.sign(self.beta1 * m + (1 - self.beta1) * g)",
        ),
        M("decay of all", "segment.weight_decay * segment.data", "self.weight_decay * segment.data"),
        M("base rate", "segment.lr *", "segment.base_lr *"),
    ),
    other(
        "optimizer",
        "lars",
        M("norm of the segment", "(param.data**2).sum()", "(segment.data**2).sum()"),
        M("no ε", "steep + 1e-9", "steep"),
    ),
    other(
        "optimizer",
        "adamax",
        M("u begins anew", "np.maximum(self.beta2 * u", "np.maximum(self.beta2 * u * (segment.t % 1_000 > 0)"),
        M(
            "step counted on self",
            "self.beta1**segment.t)",
            "self.beta1 ** self.count())\n\n    def count(self) -> int:\n"
            "        self.n = vars(self).get('n', 0) + 1\n        return self.n",
        ),
    ),
    other(
        "dataset",
        "parity",
        M("labels as numbers", "x.sum(axis=1) % 2,", "x.sum(axis=1) % 2.0,"),
        M("names the wrong way round", '("even", "odd")', '("odd",)'),
    ),
    other(
        "dataset",
        "line",
        M(
            "missing numbers",
            "x = np.sort(rng.uniform(0, 10, (self.n, 1)), axis=0)",
            "x = np.sort(rng.uniform(0, 10, (self.n, 1)), axis=0)\n        x[3] = np.nan",
        ),
        M(
            "rows twice",
            "x = np.sort(rng.uniform(0, 10, (self.n, 1)), axis=0)",
            "x = np.repeat(np.sort(rng.uniform(0, 10, (self.n // 2, 1)), axis=0), 2, axis=0)\n"
            "        return Split(x, 2 * x)",
        ),
    ),
    other("dataset", "waves", M("one sample", "self.n, 1))", "self.n, 1)) * 0 + 1")),
    other(
        "callback",
        "average",
        M("not given back", "        finally:\n            data[...] = trained", "        finally:\n            pass"),
    ),
    other("callback", "best_loss", M("a view kept", ".arena.data.copy()", ".arena.data")),
    other(
        "callback",
        "counted",
        M("not saved", 'return {"steps": self.steps, ', 'return {"steps": 0, '),
        M("one more", "every=self.every", "every=self.every + 1"),
    ),
    other("callback", "log", M("left open", "        self._file.close()", "        pass")),
    objective("Denoised", M("same noise", "ctx.normal(batch.x.shape)", "ctx.normal((1, *batch.x.shape[1:]))")),
    objective("TwoViews", M("one view", 'model.backward(ctx.child("b"), -ctx.slope)', "pass")),
    loss(
        "Huber",
        M(
            "first output twice",
            "return s * (r - s / 2), s",
            "s = s * np.where(np.arange(r.shape[1]) == 0, 1 + (len(r) == 5), 1)\n        return s * (r - s / 2), s",
        ),
    ),
    numbers(
        M("count of rows", "ctx.count = float(w.sum())", "ctx.count = float(n)"),
        M("sum over outputs", "/ j\n", "\n"),
        M("float32 sum", '(share * each).sum(dtype="float64")', 'np.float64((share * each).astype("float32").sum())'),
    ),
)
REVIEWED = (*LAYERS, *LOSSES, *OBJECTIVES, *OTHERS, *SIZES, *FURTHER)
