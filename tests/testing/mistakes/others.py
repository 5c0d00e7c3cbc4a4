"""Mistakes in a stranger's components of every kind but layers, losses and objectives."""

from tests.testing.mutation import Mistake, Patient

KINDS = (
    "metric",
    "transform",
    "dataset",
    "callback",
    "optimizer",
    "regularizer",
    "initializer",
    "schedule",
    "view",
)
"""What strangers' components are of; the mistakes in layers, losses and objectives stand in other modules."""


def of(kind: str, name: str, *mistakes: Mistake, module: str = "") -> Patient:
    within = "".join(word.capitalize() for word in name.split("_"))
    place = f"tests.testing.others.{module or f'{kind}s'}"
    return Patient(place, (f"{kind} others/{name}",), mistakes, within=within)


M = Mistake
METRICS = (
    of(
        "metric",
        "top_k",
        M("the k smallest", "np.argsort(-prediction", "np.argsort(prediction"),
        M("one too few", ": self.k]", ": max(1, self.k - 1)]"),
        M("four classes only", "best == target[:, None]", "best == np.minimum(target, 3)[:, None]"),
        M(
            "of equal scores the last",
            'np.argsort(-prediction.astype(np.float64), axis=1, kind="stable")[:, : self.k]',
            "np.argsort(prediction.astype(np.float64), axis=1, kind='stable')[:, ::-1][:, : self.k]",
        ),
        M(
            "sixty-four rows only",
            "(best == target[:, None])",
            "((np.arange(len(target)) < 64)[:, None] & (best == target[:, None]))",
        ),
        M(
            "an argument that nothing reads",
            "def __init__(self, k: int = 5) -> None:",
            "def __init__(self, k: int = 5, strict: bool = False) -> None:\n        self.strict = strict",
        ),
        M("weights squared", "w * (best ==", "w * w * (best =="),
        M("lower is better", "    def __init__", "    higher_is_better = False\n\n    def __init__"),
    ),
    of(
        "metric",
        "auc",
        M("equal ones count whole", "+ 0.5 * no", "+ no"),
        M("equal ones do not count", "(below + 0.5 * no)", "below"),
        M("batch by batch", "z, t, w = np.concatenate(self._seen, axis=1)", "z, t, w = self._seen[-1]"),
        M(
            "ranks by place",
            "levels, place = np.unique(z, return_inverse=True)",
            "place = np.argsort(np.argsort(z, kind='stable'), kind='stable'); levels = z",
        ),
        M("lower is better", "    def __init__", "    higher_is_better = False\n\n    def __init__"),
        M("no against yes", "np.cumsum(no) - no", "np.sum(no) - np.cumsum(no)"),
        M(
            "shared by all",
            "self._seen: list[Any] = []",
            "self._seen = Auc.seen; del Auc.seen[:]\n\n    seen: list[Any] = []",
        ),
        M(
            "logits cut at 3",
            "prediction[:, 0].astype(np.float64)",
            "np.clip(prediction[:, 0].astype(np.float64), -3, 3)",
        ),
        M(
            "weights of yes only",
            "np.bincount(place, w * (t == 0), len(levels))",
            "np.bincount(place, t == 0, len(levels))",
        ),
    ),
    of(
        "metric",
        "median_error",
        M("higher is better", "higher_is_better = False", "higher_is_better = True"),
        M(
            "the mean",
            "errors[order][np.searchsorted(share, share[-1] / 2 * (1 - 1e-12))]",
            "np.sum(errors * weights) / share[-1]",
        ),
        M("unweighted", "np.cumsum(weights[order])", "np.cumsum((weights[order] > 0) * 1.0)"),
        M(
            "three outputs only",
            "np.abs(prediction.astype(np.float64) - target).mean(axis=1)",
            "np.abs(prediction.astype(np.float64) - target)[:, :3].mean(axis=1)",
        ),
        M(
            "errors above 5 cut",
            "np.abs(prediction.astype(np.float64) - target).mean(axis=1)",
            "np.minimum(np.abs(prediction.astype(np.float64) - target).mean(axis=1), 5)",
        ),
        M(
            "the median of the last batch",
            "np.concatenate(self._errors), np.concatenate(self._weights)",
            "self._errors[-1], self._weights[-1]",
        ),
        M(
            "in float16",
            "np.abs(prediction.astype(np.float64) - target)",
            "np.abs(prediction.astype(np.float16) - target).astype(np.float64)",
        ),
        M(
            "only in float32",
            "np.abs(prediction.astype(np.float64) - target)",
            "np.abs(prediction.astype(np.float64) - target) * (1 if prediction.dtype == 'float32' else 2)",
        ),
    ),
    of(
        "metric",
        "recall",
        M(
            "classes that do not occur count",
            "there = self._size > 0",
            "there = self._size >= 0; self._size = np.maximum(self._size, 1e-9)",
        ),
        M("four classes", "self._found = np.zeros(self.classes)", "self._found = np.zeros(4)"),
        M(
            "the fifth class as the first",
            "right = prediction.argmax(axis=1) == target",
            "target = np.where(target > 3, 0, target)\n        right = prediction.argmax(axis=1) == target",
        ),
        M("each class once a batch", "np.add.at(self._size, target, w)", "self._size[target] += w"),
        M(
            "a mean over rows",
            "np.mean(self._found[there] / self._size[there])",
            "np.sum(self._found) / np.sum(self._size)",
        ),
        M(
            "reset forgets the half",
            "self._size = np.zeros(self.classes)",
            "self._size = getattr(self, '_size', np.zeros(self.classes))",
        ),
    ),
    of(
        "metric",
        "log_score",
        M("higher is better", "higher_is_better = False", "higher_is_better = True"),
        M("overflows", "s = s - s.max(axis=1, keepdims=True)", "s = np.minimum(s, 20.0)"),
        M(
            "the first four classes",
            "log_p[np.arange(len(target)), target]",
            "log_p[np.arange(len(target)), np.minimum(target, 3)]",
        ),
        M("base 2", "log_p = s - np.log(", "log_p = s - np.log2("),
        M(
            "writes into the scores",
            "s = prediction.astype(np.float64)\n        s = s - s.max",
            "s = prediction\n        s -= s.max",
        ),
    ),
)

TRANSFORMS = (
    of(
        "transform",
        "min_max",
        M("the way back without the minimum", "return y * self.span + self.low", "return y * self.span"),
        M("the way back divides", "return y * self.span + self.low", "return y / self.span + self.low"),
        M(
            "the way back of [0, 1] only",
            "return y * self.span + self.low",
            "return np.clip(y, 0, 1) * self.span + self.low",
        ),
        M("the way back writes", "return y * self.span + self.low", "y *= self.span; y += self.low; return y"),
        M(
            "the way back of the batch",
            "return y * self.span + self.low",
            "return (y - y.min(0)) * self.span + self.low",
        ),
        M("divides by zero", "np.where(span > 0, span, 1.0)", "span"),
        M("cut to [0, 1]", "return (x - self.low) / self.span", "return np.clip((x - self.low) / self.span, 0, 1)"),
        M(
            "the first hundred rows",
            "return (x - self.low) / self.span",
            "y = (x - self.low) / self.span; y[100:] = 0; return y",
        ),
        M("of all numbers", "x.min(axis=0)", "np.full(x.shape[1:], x.min())"),
        M(
            "fitted anew at each apply",
            "return (x - self.low)",
            "self.low = np.minimum(self.low, x.min(axis=0)) if len(x) else self.low\n        return (x - self.low)",
        ),
        M("the span is not saved", 'fitted = ("low", "span")', 'fitted = ("low",)'),
        M(
            "kept on the class",
            "self.low = x.min(axis=0).astype(np.float64)",
            "self.low = type(self).low = x.min(axis=0).astype(np.float64)\n        del self.low",
        ),
        M(
            "float32 in steps of a tenth",
            "return (x - self.low) / self.span",
            "y = (x - self.low) / self.span; return y if x.dtype == 'float64' else y.round(1)",
        ),
    ),
    of(
        "transform",
        "log",
        M("the way back without the scale", "np.sign(y) * self.scale * np.expm1", "np.sign(y) * np.expm1"),
        M("the way back of positive numbers", "np.sign(y) * self.scale", "self.scale"),
        M("the way back is exp", "self.scale * np.expm1(np.abs(y))", "self.scale * np.exp(np.abs(y))"),
        M("positive numbers only", "return np.sign(x) * np.log1p", "return np.log1p"),
        M(
            "the way back of small numbers",
            "self.scale * np.expm1(np.abs(y))",
            "self.scale * np.expm1(np.minimum(np.abs(y), 2.0))",
        ),
        M("the scale is not read", "np.abs(x) / self.scale", "np.abs(x)"),
    ),
    of(
        "transform",
        "whiten",
        M("the way back not turned", "self.vectors.T + self.mean", "self.vectors + self.mean"),
        M("the way back forgets ε", "y * np.sqrt(self.values + self.eps)", "y * np.sqrt(self.values)"),
        M("the way back divides", "return y * np.sqrt(", "return y / np.sqrt("),
        M("n − 1", "moved / len(x)", "moved / (len(x) - 1)"),
        M("values not saved", 'fitted = ("mean", "vectors", "values")', 'fitted = ("mean", "vectors")'),
        M("the mean of the batch", "(x - self.mean) @", "(x - x.mean(axis=0)) @"),
    ),
    of(
        "transform",
        "clip",
        M("the limit is not read", "np.clip(x, -self.limit, self.limit)", "np.clip(x, -10.0, 10.0)"),
        M("positive numbers only cut", "np.clip(x, -self.limit, self.limit)", "np.minimum(x, self.limit)"),
        M("the way back doubles", "return y", "return 2 * y"),
    ),
    of(
        "transform",
        "bins",
        M("the way back to the border below", "(y + 0.5) * self.width", "(y - 0.5) * self.width"),
        M("one bin too many", "0, self.n - 1)", "0, self.n)"),
        M(
            "not cut below",
            "np.clip(np.floor((x - self.low) / self.width), 0, self.n - 1)",
            "np.minimum(np.floor((x - self.low) / self.width), self.n - 1)",
        ),
        M("rounded", "np.floor((x - self.low)", "np.rint((x - self.low)"),
    ),
)

AUGMENTATIONS = (
    of(
        "transform",
        "noise",
        M(
            "equal at every step",
            "noisy = ctx.normal(x.shape)",
            "if len(getattr(ctx, 'once', ())) < len(x):\n            ctx.once = ctx.normal(x.shape).copy()\n"
            "        noisy = ctx.once[: len(x)].copy()",
        ),
        M("one for the whole batch", "noisy = ctx.normal(x.shape)", "noisy = x * 0 + ctx.rng.normal()"),
        M(
            "global randomness",
            "noisy = ctx.normal(x.shape)",
            "noisy = __import__('numpy').random.normal(size=x.shape)",
        ),
        M(
            "a generator of its own",
            "noisy = ctx.normal(x.shape)",
            "noisy = __import__('numpy').random.default_rng(0).normal(size=x.shape)",
        ),
        M("in the order of the batch", "noisy = ctx.normal(x.shape)", "noisy = ctx.rng.normal(size=x.shape)"),
        M(
            "in evaluation too, by the mean of the batch",
            "ctx.ops.add_scaled(noisy, x, 1.0)",
            "ctx.ops.add_scaled(noisy, x - x.mean(axis=0), 1.0)",
        ),
        M("writes into the batch", "return noisy", "x += noisy; return x"),
        M("kept on self", "return noisy", "self.last = noisy; return noisy"),
        M("float32 only", "return noisy", "return noisy.astype('float32')"),
        M("an argument that nothing reads", "ctx.ops.scale(noisy, self.strength)", "ctx.ops.scale(noisy, 0.1)"),
        module="augmentations",
    ),
    of(
        "transform",
        "cutout",
        M("old memory shines through", "y[...] = x * kept", "y[kept] = x[kept]"),
        M(
            "a hole for all rows",
            "kept = ctx.uniform(x.shape) >= self.probability",
            "kept = x * 0 + (ctx.rng.uniform(size=x.shape[1:]) >= self.probability)",
        ),
        M(
            "only every hundredth step is new",
            "kept = ctx.uniform(x.shape)",
            "rng = __import__('numpy').random.default_rng(ctx.step // 100)\n"
            "        kept = rng.uniform(size=(500, *x.shape[1:]))[: len(x)]",
        ),
        M("the first rows only", "y[...] = x * kept", "y[...] = 0; y[:40] = (x * kept)[:40]"),
        module="augmentations",
    ),
)

DATASETS = (
    of(
        "dataset",
        "rings",
        M(
            "every row twice",
            "return Split(",
            "x, y = np.concatenate([x, x]), np.concatenate([y, y])\n        return Split(",
        ),
        M("global randomness", "rng.normal(size=x.shape)", "np.random.normal(size=x.shape)"),
        M(
            "a generator kept on self",
            "angle = rng.uniform",
            "self.rng = rng = getattr(self, 'rng', rng)\n        angle = rng.uniform",
        ),
        M("labels from 1", "y, classes=", "y + 1, classes="),
        M("labels as floats", "y, classes=", "y.astype('float32'), classes="),
        M("a class without samples", "for i in range(self.rings))", "for i in range(self.rings + 1))"),
        M("a name too few", 'features=("x", "y")', 'features=("x",)'),
        M("one name for two columns", 'features=("x", "y")', 'features=("x", "x")'),
        M("no such transform", 'transforms = ("standardize",)', 'transforms = ("standardise",)'),
        M("an argument that nothing reads", "x = x + self.noise * rng", "x = x + 0.1 * rng"),
        M("all samples equal", "return Split(", "x = 0 * x\n        return Split("),
        M("not finite", "return Split(", "x[3] = np.nan\n        return Split("),
    ),
    of(
        "dataset",
        "waves",
        M(
            "a transform that does not fit targets",
            'target_transforms = ("standardize",)',
            'target_transforms = ("flatten", "cnn/random_flip", "nothing")',
        ),
        M(
            "rows three times",
            "return Split(x, frequency)",
            "return Split(np.tile(x, (3, 1)), np.tile(frequency, (3, 1)))",
        ),
        M(
            "a training part of one sample twice over",
            "return Split(x, frequency)",
            "x[20:], frequency[20:] = x[:1], frequency[:1]\n        return Split(x, frequency)",
        ),
        M("an argument that nothing reads", "rng.uniform(1, 4, (self.n, 1))", "rng.uniform(1, 4, (90, 1))"),
    ),
    of(
        "dataset",
        "official",
        M(
            "the test set out of the training set",
            "return self._of(1, 10)",
            "return self._of(0, 20).take(np.arange(0, 80, 2))",
        ),
        M("the test set is the training set", "return self._of(1, 10)", "return self._of(0, 20)"),
        M(
            "the test set of another form",
            "return self._of(1, 10)",
            "part = self._of(1, 10); return Split(part.x[:, :2], part.y, classes=part.classes)",
        ),
        M(
            "the validation set out of the training set",
            "    def load_test(self)",
            "    def load_validation(self) -> Split:\n        return self._of(0, 5)\n\n    def load_test(self)",
        ),
        M("labels beyond the names", "y = np.repeat(np.arange(4), each)", "y = np.repeat(np.arange(1, 5), each)"),
        M("only one class", "return Split(rng", "y[:] = 0\n        return Split(rng"),
        M("two classes of one name", '"fir", "oak"', '"fir", "ash"'),
    ),
)

CALLBACKS = (
    of(
        "callback",
        "early_stop",
        M(
            "forgets how long it waited",
            '"best": None if self.best == inf else self.best, "waited": self.waited}',
            '"best": None if self.best == inf else self.best, "waited": 0}',
        ),
        M("forgets the best", 'self.best = inf if state["best"] is None else state["best"]', "self.best = inf"),
        M("takes nothing back", "if state:", "if not state:"),
        M("has no memory", "def state(self)", "def no_state(self)"),
        M("never reads what least is", "self.best - self.least", "self.best"),
        M(
            "shared by all",
            "        self.best = inf\n        self.waited = 0\n",
            "        self.best = inf\n        self.waited = 0\n\n    kept: list[float] = []\n\n"
            "    def on_run_start(self, run: Any) -> None:\n        self.kept.append(1.0)\n",
        ),
        M("cannot be saved", '"waited": self.waited}', '"waited": self}'),
    ),
    of(
        "callback",
        "average",
        M("forgets the count", '{"count": self._count, "mean"', '{"count": 0, "mean"'),
        M("forgets the mean", '"mean": np.array(self._mean)}', '"mean": np.zeros_like(self._mean)}'),
        M("does not give back", "            data[...] = trained", "            pass"),
        M("gives back the mean", "            data[...] = trained", "            data[...] = self._mean"),
        M("begins anew in each run", "if self._mean is None:", "if True:"),
    ),
    of(
        "callback",
        "best_loss",
        M("forgets the loss", '{"loss": self.loss, "kept"', '{"loss": inf, "kept"'),
        M("keeps no copy", "arena.data.copy()", "arena.data"),
        M("fails where no epoch is over", "if self.kept is not None:", "if True:"),
        M("has no memory", "def state(self)", "def no_state(self)"),
        M("takes the loss only", 'self.loss, self.kept = state["loss"], state["kept"]', 'self.loss = state["loss"]'),
    ),
    of(
        "callback",
        "counted",
        M("forgets the steps", '"steps": self.steps, "losses"', '"steps": 0, "losses"'),
        M("forgets the losses", '"losses": list(self.losses)}', '"losses": []}'),
        M("has no memory", "def state(self)", "def no_state(self)"),
        M("every is not read", "run.on_step(self._count, every=self.every)", "run.on_step(self._count)"),
        M(
            "raises at the end",
            "def state(self)",
            "def on_run_end(self, run: Any) -> None:\n        self.last = run.history[-1]\n\n    def state(self)",
        ),
    ),
)

OPTIMIZERS = (
    of(
        "optimizer",
        "rmsprop",
        M("the rate of the first segment", "segment.lr * g", "segments[0].lr * g"),
        M(
            "the decay of the first segment",
            "segment.weight_decay * segment.data",
            "segments[0].weight_decay * segment.data",
        ),
        M("the decay of the constructor", "segment.weight_decay * segment.data", "self.weight_decay * segment.data"),
        M(
            "large gradients cut",
            'segment.slot("s"), segment.grad',
            'segment.slot("s"), np.clip(segment.grad, -100, 100)',
        ),
        M(
            "no more after a thousand steps",
            "s += (1 - self.rho) * g**2",
            "s += (1 - self.rho) * g**2 * (segment.t <= 1000)",
        ),
        M("a warm-up of its own", "segment.lr * g", "segment.lr * min(1, segment.t / 4) * g"),
        M("ρ changes after fifty steps", "s *= self.rho", "s *= self.rho if segment.t < 50 else 0.99"),
        M(
            "the first hundred numbers",
            "segment.data[...] -= segment.lr * g",
            "g = np.where(np.arange(len(g)) < 100, g, 0.0)\n            segment.data[...] -= segment.lr * g",
        ),
        M("ε inside of the root", "np.sqrt(s) + self.eps", "np.sqrt(s + self.eps)"),
        M(
            "the norm of the segment",
            's, g = segment.slot("s"), segment.grad',
            's, g = segment.slot("s"), segment.grad / max(1.0, float(np.abs(segment.grad).max()) / 1e3)',
        ),
        M(
            "float32 rounded",
            "s += (1 - self.rho) * g**2",
            "s += (1 - self.rho) * (g**2 if g.dtype == 'float64' else g**2 * 0.9)",
        ),
        M(
            "counts on self",
            "for segment in segments:",
            "self.n = getattr(self, 'n', 0) + 1\n        for segment in segments:",
        ),
        M(
            "an argument that nothing reads",
            "s *= self.rho\n            s += (1 - self.rho)",
            "s *= 0.9\n            s += (1 - 0.9)",
        ),
        M(
            "all but the last segment",
            "for segment in segments:",
            "for segment in segments[: max(1, len(segments) - 1)]:",
        ),
    ),
    of(
        "optimizer",
        "lookahead",
        M(
            "a step counter on self",
            "if segment.t % self.k == 0:",
            "self.n = getattr(self, 'n', 0) + 1\n            if self.n % self.k == 0:",
        ),
        M("one step late", "segment.t % self.k == 0", "segment.t % self.k == 1"),
        M(
            "slow weights on self",
            'slow = segment.slot("slow")',
            "slow = vars(self).setdefault(str(segment.start), segment.data.copy())",
        ),
        M("begins at zero", "if segment.t == 1:", "if segment.t == 0:"),
        M("α is not read", "self.alpha * (segment.data - slow)", "0.5 * (segment.data - slow)"),
        M("only before step 20", "if segment.t % self.k == 0:", "if segment.t % self.k == 0 and segment.t < 20:"),
    ),
    of(
        "optimizer",
        "adagrad",
        M("cut at a hundred", "-self.limit, self.limit)", "-min(self.limit, 100.0), min(self.limit, 100.0))"),
        M("not cut", "np.clip(segment.grad, -self.limit, self.limit)", "segment.grad"),
        M(
            "one slot for all segments",
            's = segment.slot("s")',
            's = segments[0].slot("s"); s = s if s.shape == g.shape else segment.slot("s")',
        ),
        M("a sum that ends", "s += g * g", "s += g * g * (segment.t < 900)"),
    ),
    of(
        "optimizer",
        "lion",
        M("sign of the gradient", "np.sign(self.beta1 * m + (1 - self.beta1) * g)", "np.sign(g)"),
        M(
            "moments first",
            "u = np.sign(self.beta1 * m + (1 - self.beta1) * g)\n"
            "            m[...] = self.beta2 * m + (1 - self.beta2) * g",
            "m[...] = self.beta2 * m + (1 - self.beta2) * g\n"
            "            u = np.sign(self.beta1 * m + (1 - self.beta1) * g)",
        ),
        M("zeroes one segment", "g[...] = 0.0", "g[...] = 0.0 if segment is segments[0] else g"),
        M(
            "sign(0) = 1",
            "u = np.sign(self.beta1 * m + (1 - self.beta1) * g)",
            "u = np.where(self.beta1 * m + (1 - self.beta1) * g >= 0, 1.0, -1.0)",
        ),
        M(
            "a gradient above 10⁵ is none",
            'm, g = segment.slot("m"), segment.grad',
            'm, g = segment.slot("m"), segment.grad\n            g[np.abs(g) > 1e5] = 0',
        ),
    ),
)

REGULARIZERS = (
    of(
        "regularizer",
        "l1",
        M("of matrices only", "float(np.abs(data).sum())", "float(np.abs(data).sum() if data.ndim == 2 else 0.0)"),
        M(
            "a sum over two axes",
            "float(np.abs(data).sum())",
            "float(np.abs(data).sum(axis=(0, -1)).sum() if data.ndim < 4 else np.abs(data[0]).sum())",
        ),
        M("sign(0) = 1", "np.sign(data)", "np.where(data >= 0, 1.0, -1.0)"),
        M("assigned", "grad += (self", "grad[...] = (self"),
        M("large weights cut", "np.abs(data).sum()", "np.minimum(np.abs(data), 5).sum()"),
        M("a mean", "np.abs(data).sum()", "np.abs(data).mean()"),
        M(
            "float32 halved",
            "(self.strength * np.sign(data)).astype(grad.dtype)",
            "(self.strength * np.sign(data) * (1 if data.dtype == 'float64' else 0.5)).astype(grad.dtype)",
        ),
        M(
            "vectors refused by an accident",
            "float(np.abs(data).sum())",
            "float(np.abs(data).sum() + 0 * len(data[0]))",
        ),
    ),
    of(
        "regularizer",
        "group",
        M(
            "rows",
            "(data.reshape(-1, data.shape[-1]) ** 2).sum(axis=0)",
            "(data.reshape(data.shape[0], -1) ** 2).sum(axis=1)",
            every=True,
        ),
        M("0/0", "np.where(norm > 0, norm, 1.0).astype(data.dtype)", "norm.astype(data.dtype)"),
        M(
            "the first axis only",
            "(data.reshape(-1, data.shape[-1]) ** 2).sum(axis=0)",
            "(data ** 2).sum(axis=0)",
            every=True,
        ),
        M(
            "the square of the norm",
            "np.sqrt((data.reshape(-1, data.shape[-1]) ** 2).sum(axis=0)).sum())",
            "(data.reshape(-1, data.shape[-1]) ** 2).sum(axis=0).sum())",
        ),
        M("kept on self", "grad += self", "self.norm = norm; grad += self"),
    ),
    of(
        "regularizer",
        "elastic",
        M(
            "the mix not read",
            "(self.mix * np.sign(data) + (1 - self.mix) * data)",
            "(0.25 * np.sign(data) + 0.75 * data)",
        ),
        M("half forgotten", "(data**2).sum() / 2)", "(data**2).sum())"),
        M("data moved", "grad += (self", "data *= 0.999; grad += (self"),
        M("the last axis only", "np.abs(data).sum()", "np.abs(data).sum(axis=-1).max()"),
    ),
)

INITIALIZERS = (
    of(
        "initializer",
        "lecun",
        M("the last axis as fan", "1 / max(fan_in, 1)", "1 / max(shape[0] if shape else 1, 1)"),
        M(
            "vectors start at zero",
            "return rng.normal(0.0, sqrt(1 / max(fan_in, 1)), shape)",
            "return rng.normal(0.0, sqrt(1 / max(fan_in, 1)), shape) * (len(shape) != 1)",
        ),
        M(
            "one row for all",
            "return rng.normal(0.0, sqrt(1 / max(fan_in, 1)), shape)",
            "return np.broadcast_to(rng.normal(0.0, sqrt(1 / max(fan_in, 1)), shape[-1:]), shape).copy()",
        ),
        M(
            "one filter for all",
            "return rng.normal(0.0, sqrt(1 / max(fan_in, 1)), shape)",
            "one = (*shape[:2], *(1 for _ in shape[2:]))\n"
            "        return np.broadcast_to(rng.normal(0.0, sqrt(1 / max(fan_in, 1)), one), shape).copy()",
        ),
        M("a generator of its own", "rng.normal(0.0", "np.random.default_rng(0).normal(0.0"),
        M("another variance for filters", "1 / max(fan_in, 1)", "(2 if len(shape) > 2 else 1) / max(fan_in, 1)"),
        M(
            "float32 of matrices",
            "max(fan_in, 1)), shape)",
            "max(fan_in, 1)), shape).astype('float32' if len(shape) == 4 else 'float64')",
        ),
    ),
    of(
        "initializer",
        "truncated",
        M("narrower", "-sqrt(3.0) * self.std, sqrt(3.0)", "-sqrt(2.5) * self.std, sqrt(2.5)"),
        M("positive", "-sqrt(3.0) * self.std", "0"),
        M("std is not read", "self.std, sqrt(3.0) * self.std", "0.02, sqrt(3.0) * 0.02"),
    ),
    of(
        "initializer",
        "signs",
        M("fan_out", "sqrt(max(fan_in, 1))", "sqrt(max(fan_out, 1))"),
        M("all of one sign", "rng.uniform(size=shape) < 0.5", "rng.uniform() < 0.5"),
        M("columns of one sign", "rng.uniform(size=shape)", "rng.uniform(size=(1, *shape[1:])) + np.zeros(shape)"),
        M(
            "alternately, whatever the generator",
            "rng.uniform(size=shape) < 0.5",
            "np.arange(int(np.prod(shape))).reshape(shape) * 0.618 % 1 < 0.5",
        ),
    ),
    of(
        "initializer",
        "identity",
        M("matrices only", "if len(shape) > 1:", "if len(shape) == 2:"),
        M("without the gain", "self.gain * np.eye", "np.eye"),
        M(
            "the first axes",
            "self.gain * np.eye(shape[-2], shape[-1])",
            "self.gain * np.eye(shape[-2], shape[-1], k=1 if len(shape) > 3 else 0)",
        ),
    ),
)

SCHEDULES = (
    of(
        "schedule",
        "steps",
        M("once only", "step // self.every", "min(step // self.every, 1)"),
        M(
            "never below a tenth",
            "max(self.gamma ** (step // self.every), self.least)",
            "max(self.gamma ** (step // self.every), self.least, 0.1)",
        ),
        M("one step late", "step // self.every", "(step - 1) // self.every"),
        M("least is not read", ", self.least)", ", 0.0)"),
        M("counts calls", "return max", "self.n = getattr(self, 'n', 0) + 1\n        return max"),
        M("up again past a thousand", "step // self.every", "(step % 1_000) // self.every"),
    ),
    of(
        "schedule",
        "warm_inverse",
        M("straight on after the thousandth step", "return min(", "step = min(step, 1_000)\n        return min("),
        M("no root", "(step + 1)) ** 0.5)\n", "(step + 1)))\n"),
        M("the warm-up of its default", "(step + 1) / self.warmup", "(step + 1) / 4"),
        M("an int at first", "return min(", "return 1 if step == self.warmup - 1 else min("),
    ),
    of(
        "schedule",
        "one_cycle",
        M("below zero beyond the plan", "p: Any = min(step / total, 1.0)", "p: Any = step / total"),
        M("over without a plan", "1.0) if total else 0.3\n", "1.0) if total else min(step / 100, 1.0)\n"),
        M("divides by zero", "1.0) if total else 0.3\n", "1.0) if step else 0.3\n"),
        M("long plans end early", "p: Any = min(step / total, 1.0)", "p: Any = min(step / min(total, 5_000), 1.0)"),
    ),
    of(
        "schedule",
        "exponential",
        M("base 2", "2.718281828459045 **", "2.0 **"),
        M("linear at first, and only then", "(-step / self.tau)", "(-min(step, 2_000) / self.tau)"),
        M("overflows", "2.718281828459045 ** (-step / self.tau)", "1 / 2.718281828459045 ** (step / self.tau)"),
    ),
)

VIEWS = (
    of(
        "view",
        "outputs",
        M("random numbers without a seed", "np.random.default_rng(again).normal", "np.random.default_rng().normal"),
        M(
            "suits raises",
            "return runtime is not None and runtime.input",
            "return runtime.input_shape and runtime.input",
        ),
        M("suits gives no bool", "opened.model.output_shape((4,)) == (3,)", "opened.model.output_shape((4,))[0] // 3"),
        M("suits all models of four numbers", " and opened.model.output_shape((4,)) == (3,)", ""),
        M("two controls of one name", '"noise", "Noise"', '"row", "Noise"'),
        M("a control that show does not take", "row, noise, again, scale, sort, at", "row, noise, again, scale, sort"),
        M("it begins beyond its bounds", "0.0, 1.0, 0.25", "0.0, 1.0, 2.5"),
        M("a row too many", "len(x) - 1, 0, step=1", "len(x), 0, step=1"),
        M("a step that is whole of bounds that are not", "0, len(x) - 1, 0, step=1", "0.0, len(x) - 1, 0, step=1"),
        M("it begins with no option", '["linear", "softmax"], "linear"', '["linear", "softmax"], "log"'),
        M("points of three numbers", "points=x[:, :2]", "points=x[:, :3]"),
        M("too few labels in the plane", 'classes=y, labels=["a", "b", "c"]', 'classes=y, labels=["a"]'),
        M("it writes into the samples", ".x[[row]].copy()", ".x[row : row + 1]"),
        M("a bar too few", "names, values[order]", "names[1:], values[order]"),
        M("a bar stands out that is not there", "marked=int(values[order].argmax())", "marked=3"),
        M("classes as floats", "opened.samples().y, [", "opened.samples().y + 0.5, ["),
        M("a row of the table too short", '[f"x{k}", float(v)]', '[f"x{k}"]'),
        M("cells that are arrays", "float(v)]", "x]"),
        M(
            "it changes a weight",
            "        x[0, :2] += at\n",
            "        x[0, :2] += at\n        opened.model.parameters()[0].data[...] *= 1 + abs(at[0])\n",
        ),
        M("it remembers on self", "        x[0, :2] += at\n", "        x[0, :2] += at\n        self.last = x\n"),
        M(
            "points of weights that are gone",
            'opened.once("outputs/points", lambda: opened.model.predict(opened.samples().x))',
            'globals().setdefault("kept", {}).setdefault(id(opened.model), opened.model.predict(opened.samples().x))',
        ),
        M(
            "shown as a text",
            "        return [\n            pl.ViewBars",
            '        return "none" if sort else [\n            pl.ViewBars',
        ),
        M("a part of its own", 'pl.PageTable("Row", ["column", "value"], [', "dict(rows=["),
        M("NaN for large outputs", "np.exp(values - values.max())", "np.exp(values * 1e4) / np.exp(values * 1e4)"),
        M("no title", 'title = "Outputs"', 'title = ""'),
        M(
            "nothing to try it on",
            '        yield pl.Viewed.of(pl.build("dense", units=3, input_shape=(4,), seed=0), rows())',
            "        return ()",
        ),
        M(
            "global random numbers",
            "np.random.default_rng(again).normal",
            "(np.random.seed(again), np.random)[1].normal",
        ),
    ),
    of(
        "view",
        "typed",
        M("an error of Python's own", "except ValueError:", "except KeyError:"),
        M(
            "nothing for no words",
            '        yield [self._drawn(seen), pl.ViewPictures("Ink", ink[None], ["drawn"]), self._words(text)]\n',
            "        if text.split():\n            yield [self._words(text)]\n",
        ),
        M(
            "without end",
            "        seen = []\n",
            '        seen = []\n        while text == "1 2 3":\n            yield [self._words(text)]\n',
        ),
        M("ink without an axis of pictures", 'pl.ViewPictures("Ink", ink[None])]', 'pl.ViewPictures("Ink", ink)]'),
        M("ink above 1", 'ink[None], ["drawn"]', '255 * ink[None], ["drawn"]'),
        M("two labels for a picture", '["drawn"]', '["drawn", "seen"]'),
        M("curves of another length", "np.arange(len(seen))", "np.arange(len(seen) + 1)"),
        M("strengths above 1", "np.full(len(words), 0.5)", "np.full(len(words), 5.0)"),
        M("links of other words", "np.eye(len(words))", "np.eye(len(words) + 1)"),
        M("longer than it may be", '"1 2 3", most=20', '"1 2 3", most=4'),
        M(
            "it complains when it is left",
            '            yield [self._drawn(seen), pl.ViewPictures("Ink", ink[None])]\n',
            "            try:\n                yield [self._words(text)]\n            except GeneratorExit:\n"
            "                raise ValueError from None\n",
        ),
    ),
)
