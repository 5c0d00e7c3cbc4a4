"""Further mistakes in strangers' components, written when the kit was done: it was not made for these.

Of 93 it caught 88 at once; two could not be decided (an augmentation that only brightens, principal axes of which the
component's equations say nothing), the others were no mistakes.
"""

from tests.testing.mistakes.others import of
from tests.testing.mutation import Mistake as M

METRICS = (
    of(
        "metric",
        "f1",
        M("the threshold is not read", "prediction[:, 0] > self.threshold", "prediction[:, 0] > 0.0"),
        M("equal is a yes", "prediction[:, 0] > self.threshold", "prediction[:, 0] >= self.threshold"),
        M(
            "precision",
            "self._wrong += float(np.sum(w[yes != there]))",
            "self._wrong += float(np.sum(w[yes & ~there]))",
        ),
        M(
            "rows in place of weights",
            "self._right += float(np.sum(w[yes & there]))",
            "self._right += float(np.sum(yes & there))",
        ),
        M("lower is better", "    def __init__", "    higher_is_better = False\n\n    def __init__"),
        M("half a count", "2 * self._right / whole", "self._right / whole"),
        M(
            "not reset",
            "self._right = self._wrong = 0.0",
            "self._right = 0.0; self._wrong = getattr(self, '_wrong', 0.0)",
        ),
        M(
            "logits of small size only",
            "yes, there = prediction[:, 0] > self.threshold",
            "yes, there = np.abs(prediction[:, 0] - 2) < 2 - self.threshold",
        ),
    ),
    of(
        "metric",
        "correlation",
        M("unweighted means", "y - w @ y / w.sum()", "y - y.mean(axis=0)"),
        M("of the first output", "float(np.mean(np.where(n > 1e-9,", "float(np.max(np.where(n > 1e-9,"),
        M("covariance", "(w @ (p * q)) / np.where(n > 1e-9, n, 1.0)", "(w @ (p * q)) / w.sum()"),
        M("the last two batches", "zip(*self._rows, strict=True)", "zip(*self._rows[-2:], strict=True)"),
        M(
            "float32 sums",
            "prediction.astype(np.float64), target.astype(np.float64), w",
            "prediction.astype(np.float32), target.astype(np.float32), w.astype(np.float32)",
        ),
        M(
            "absolute",
            "return float(np.mean(np.where(n > 1e-9, (w @ (p * q)) / np.where(n > 1e-9, n, 1.0), 0.0)))",
            "return float(np.mean(np.abs(np.where(n > 1e-9, (w @ (p * q)) / np.where(n > 1e-9, n, 1.0), 0.0))))",
        ),
        M(
            "sorted first",
            "y, t, w = (np.concatenate",
            "self._rows.sort(key=lambda r: r[2].sum())\n        self._rows "
            "= self._rows[:3]\n        y, t, w = (np.concatenate",
        ),
        M(
            "constant ones are NaN",
            "np.where(n > 1e-9, (w @ (p * q)) / np.where(n > 1e-9, n, 1.0), 0.0)",
            "(w @ (p * q)) / n",
        ),
    ),
)
TRANSFORMS = (
    of(
        "transform",
        "pca",
        M("the way back without the mean", "y @ self.axes.T + self.mean", "y @ self.axes.T"),
        M("the shape of the samples", "return (self.k,)", "return input_shape"),
        M("whitened one way", "return (x - self.mean) @ self.axes", "return (x - self.mean) @ self.axes / 2"),
        M("a mean that is not saved", 'fitted = ("mean", "axes")', 'fitted = ("axes",)'),
        M(
            "only the first fit counts",
            "self.mean = x.mean(axis=0)",
            "self.mean = getattr(self, 'mean', x.mean(axis=0))",
        ),
        M("two components", ": self.k]", ": 2]"),
        M(
            "centred on the batch",
            "return (x - self.mean) @ self.axes",
            "return (x - x.mean(axis=0, keepdims=True)) @ self.axes",
        ),
    ),
    of(
        "transform",
        "ranks",
        M("smaller only", 'side="right"', 'side="left"'),
        M("by the first column", "enumerate(self.sorted.T)", "enumerate([self.sorted[:, 0]] * self.sorted.shape[1])"),
        M("not sorted", "np.sort(x, axis=0).astype(np.float64)", "x.astype(np.float64)"),
        M("N + 1", "/ len(self.sorted)", "/ (len(self.sorted) + 1)"),
        M("of a hundred samples at most", "np.sort(x, axis=0)", "np.sort(x[:100], axis=0)"),
    ),
    of(
        "transform",
        "brighten",
        M("one factor for all", "(len(x), *(1", "(1, *(1"),
        M("spread is not read", "self.spread * (2", "0.2 * (2"),
        M(
            "one factor for each number",
            "u = ctx.uniform((len(x), *(1 for _ in x.shape[1:])))",
            "u = ctx.rng.uniform(size=x.shape)",
        ),
        M("the same number twice", "self.spread * (2", "ctx.uniform(u.shape) * self.spread * (2"),
        M("in place", 'y = ctx.scratch("y", x.shape)', "y = x"),
        M("float64", "return y", "return y.astype('float64')"),
        M("turned", "return y", "return y[::-1]"),
        module="augmentations",
    ),
)
DATASETS = (
    of(
        "dataset",
        "parity",
        M("labels swapped with names beyond", 'classes=("even", "odd")', 'classes=("even", "odd", "neither")'),
        M("the sum", "x.sum(axis=1) % 2", "x.sum(axis=1)"),
        M("its own generator", "rng.integers", "np.random.default_rng().integers"),
        M("n is not read", "(self.n, self.bits)", "(100, self.bits)"),
        M("targets too short", "x.sum(axis=1) % 2", "x[:-1].sum(axis=1) % 2"),
    ),
    of(
        "dataset",
        "line",
        M(
            "twice",
            "return Split(x, (2 * x + rng.normal(size=x.shape)).round(1))",
            "y = (2 * x + rng.normal(size=x.shape)).round(1)\n      "
            "  return Split(np.repeat(x, 2, axis=0), np.repeat(y, 2, axis=0))",
        ),
        M("without noise, constant", "(2 * x + rng.normal(size=x.shape)).round(1)", "(0 * x).round(1)"),
        M("infinite", "(2 * x + rng.normal(size=x.shape)).round(1)", "np.log(0 * x)"),
        M("another seed each time", "rng.uniform(0, 10", "np.random.default_rng().uniform(0, 10"),
    ),
)
CALLBACKS = (
    of(
        "callback",
        "plateau",
        M("forgets the scale", '"scale": self.scale}', '"scale": 1.0}'),
        M("forgets bad epochs", '"bad": self.bad,', '"bad": 0,'),
        M("forgets the best", '"best": str(self.best)', '"best": "inf"'),
        M("patience is not read", "self.bad >= self.patience", "self.bad >= 2"),
        M(
            "scale of the class",
            "self.scale *= self.factor",
            "Plateau.scale = self.scale * self.factor; del self.scale",
        ),
        M(
            "restores the half",
            'self.best, self.bad, self.scale = float(state["best"]), state["bad"], state["scale"]',
            'self.scale = state["scale"]',
        ),
    ),
    of(
        "callback",
        "jitter",
        M(
            "a generator kept on self",
            "rng = np.random.default_rng([self.seed, self.drawn])",
            "rng = self.rng = getattr(self, 'rng', None) or np.random.default_rng(self.seed)",
        ),
        M("forgets its place", '{"drawn": self.drawn}', "{}"),
        M("seed is not read", "[self.seed, self.drawn]", "[0, self.drawn]"),
        M(
            "begins anew with each run",
            "run.on_gradients(self._shaken)",
            "self.drawn = 0; run.on_gradients(self._shaken)",
        ),
        M("restores one less", 'state.get("drawn", 0)', 'state.get("drawn", 1) - 1'),
    ),
    of(
        "callback",
        "log",
        M("not opened", "self._file = open(", "self._other = open("),
        M(
            "closed after an epoch",
            "def on_run_end(self, run: Any) -> None:\n",
            "def on_epoch_end(self, run: Any) -> None:  # type: ignore\n        self._file.write('x')\n",
        ),
        M(
            "fails without an epoch",
            "        self._file.close()",
            "        self._file.write(str(run.history[-1]['loss'] + run.history[0]['loss'])); self._file.close()",
        ),
        M("path is not read", "open(self.path", "open('epochs.txt'"),
    ),
)
OPTIMIZERS = (
    of(
        "optimizer",
        "lars",
        M(
            "norms of the segment",
            "np.sqrt((param.data**2).sum()), np.sqrt((g**2).sum())",
            "np.sqrt((segment.data**2).sum()), np.sqrt((g**2).sum())",
        ),
        M("no room between parameters", "place += _padded(segment, param)", "place += size"),
        M("the first parameter", "for param in segment.params:", "for param in segment.params[:1]:"),
        M(
            "trust is at most 10",
            "self.trust_coefficient * norm / (steep + 1e-9) * g",
            "min(self.trust_coefficient * norm / (steep + 1e-9), 10.0) * g",
        ),
        M("ε of a thousandth", "steep + 1e-9", "steep + 1e-3"),
        M("the rate of the constructor", "segment.lr * mine", "self.lr * mine"),
        M("momentum of 0.9", "self.momentum * mine", "0.9 * mine"),
    ),
    of(
        "optimizer",
        "adamax",
        M("the sum", "np.maximum(self.beta2 * u, np.abs(g), out=u)", "np.add(self.beta2 * u, np.abs(g), out=u)"),
        M("no correction", "/ (1 - self.beta1**segment.t)", ""),
        M("correction ends", "self.beta1**segment.t", "self.beta1**min(segment.t, 8)"),
        M("β₂ of 0.999", "self.beta2 * u, np", "0.999 * u, np"),
        M("without absolute values", "np.abs(g), out=u)", "g, out=u)"),
        M("a slot by name of another", 'segment.slot("m"), segment.slot("u")', 'segment.slot("m"), segment.slot("m")'),
        M("ε for zero only", "m / (u + self.eps)", "m / np.where(u > 0, u, self.eps)"),
        M("gradients changed for others", "m[...] = self.beta1", "g *= 2; m[...] = self.beta1"),
        M("the last segment twice", "for segment in segments:", "for segment in [*segments, segments[-1]]:"),
    ),
)
REGULARIZERS = (
    of(
        "regularizer",
        "orthogonal",
        M(
            "rows",
            "data.T @ data - np.eye(data.shape[1], dtype=data.dtype)",
            "(data @ data.T - np.eye(data.shape[0], dtype=data.dtype))",
        ),
        M("half", "self.strength / 4 *", "self.strength / 2 *"),
        M("refuses nothing", "if data.ndim != 2:", "if data.ndim > 9:"),
        M("refuses by the wrong error", "raise ShapeError(", "raise ValueError("),
        M("square matrices only", "data @ self._gap(data)", "data @ self._gap(data)[: data.shape[0], : data.shape[0]]"),
        M("sign", "grad += (self", "grad -= (self"),
    ),
)
INITIALIZERS = (
    of(
        "initializer",
        "orthonormal",
        M("not scaled for wide ones", "else q.T", "else 2 * q.T"),
        M("uniform numbers", "q = q * np.sign(np.diag(r))", "q = rng.uniform(-1, 1, q.shape)"),
        M("one sign", "q = q * np.sign(np.diag(r))", "q = np.abs(q)"),
        M("the first column", "q = q * np.sign(np.diag(r))", "q = np.repeat(q[:, :1], q.shape[1], axis=1)"),
        M("seeded by the shape", "np.linalg.qr(rng.normal(", "np.linalg.qr(np.random.default_rng(m * n).normal("),
        M("float32", "np.ascontiguousarray(", "np.float32("),
        M(
            "filters flattened the other way",
            "int(np.prod(shape[:-1])), shape[-1]",
            "shape[0], int(np.prod(shape[1:]))",
        ),
    ),
)
SCHEDULES = (
    of(
        "schedule",
        "polynomial",
        M("the power is not read", "left**self.power", "left"),
        M("least is added", "self.least + (1 - self.least) * left", "self.least + left"),
        M("one step early", "left: Any = 1 - min(step / total, 1.0)", "left: Any = 1 - min((step + 1) / total, 1.0)"),
        M("turns at the end", "left: Any = 1 - min(step / total, 1.0)", "left: Any = 1 - min(step / total, 2.0)"),
        M(
            "plans of a thousand",
            "left: Any = 1 - min(step / total, 1.0)",
            "left: Any = 1 - min(step / min(total, 100_000), 1.0)",
        ),
        M("no plan is the end", "if total else 1.0\n", "if total else 0.0\n"),
        M(
            "an int at the end",
            "return float(",
            "return int(left == 0) * 0 if left == 0 and self.least == 0 else float(",
        ),
    ),
)
LENT = (
    of(
        "metric",
        "auc",
        M(
            "keeps the scores",
            "np.stack([prediction[:, 0].astype(np.float64), target.astype(np.float64), w])",
            "(prediction[:, 0], target, w)",
        ),
        module="metrics",
    ),
    of(
        "metric",
        "correlation",
        M("keeps the targets", "target.astype(np.float64)", "target"),
    ),
    of(
        "callback",
        "early_stop",
        M("changes its patience", "self.waited += 1", "self.waited += 1; self.patience += 1"),
    ),
    of(
        "dataset",
        "rings",
        M("changes n", "y = np.arange(self.n) % self.rings", "y = np.arange(self.n) % self.rings; self.n = len(y) + 1"),
    ),
    of(
        "optimizer",
        "rmsprop",
        M("does not say that it keeps squares", "squares = True", "squares = False"),
    ),
    of(
        "transform",
        "min_max",
        M(
            "whole numbers stay whole",
            "return (x - self.low) / self.span",
            "y = np.empty_like(x); y[...] = (x - self.low) / self.span; return y",
        ),
    ),
    of(
        "callback",
        "log",
        M("never closed", "        self._file.close()", "        pass"),
        M(
            "a hook too many",
            "    def on_run_end(",
            "    def on_step(self, run: Any) -> None: ...\n\n    def on_run_end(",
        ),
    ),
    of(
        "callback",
        "average",
        M(
            "gives back only if all went well",
            "        try:\n            yield\n        finally:\n            data[...] = trained",
            "        yield\n        data[...] = trained",
        ),
    ),
    of(
        "metric",
        "f1",
        M(
            "no metric beside values",
            "    def reset(self)",
            "    def beside(self, predicts: Any, output_shape: Any) -> Any:\n"
            "        return self if predicts != 'values' else None\n\n"
            "    def reset(self)",
        ),
    ),
    of(
        "transform",
        "pca",
        M(
            "undoes no samples wrongly",
            "return y @ self.axes.T + self.mean",
            "return y @ self.axes.T + self.mean if len(y) else y",
        ),
    ),
    of(
        "transform",
        "min_max",
        M("remembers a word", 'fitted = ("low", "span")', 'fitted = ("low", "span", "word")\n    word = "a"'),
    ),
)
