"""Mistakes in metrics and transforms."""

from tests.testing.mutation import Mistake, Patient

ACCURACY = Patient(
    "pellucid.standard.metrics.accuracy",
    ("metric core/accuracy",),
    (
        Mistake(
            "a mean of means",
            "+= float(np.sum(each * right))\n        self._total += float(np.sum(each))",
            "+= float(np.sum(each * right) / max(np.sum(each), 1e-9))\n        self._total += 1.0",
        ),
        Mistake(
            "does not forget",
            "self._right = self._total = 0.0",
            "self._right, self._total = (vars(self).get(name, 0.0) for name in ('_right', '_total'))",
        ),
        Mistake(
            "the last batch only",
            "self._right += float(np.sum(each * right))\n        self._total += float",
            "self._right = float(np.sum(each * right))\n        self._total = float",
        ),
        Mistake(
            "forgets when asked",
            "return self._right / self._total if self._total > 0",
            "right, total = self._right, self._total\n        self.reset()\n        return right / total if total > 0",
        ),
    ),
    within="Accuracy",
)

CHOICES = Patient(
    "pellucid.standard.metrics.choices",
    ("metric core/accuracy",),
    (
        Mistake("weights ignored", "np.ones(rows.shape) if weight is None else weight", "np.ones(rows.shape)"),
        Mistake("the least likely class", "prediction.argmax(axis=-1)", "prediction.argmin(axis=-1)"),
        Mistake("answers against the logit ½", "return prediction > 0, target", "return prediction > 0.5, target"),
    ),
    dependents=("pellucid.standard.metrics.accuracy",),
)

TOP_K = Patient(
    "pellucid.standard.metrics.accuracy",
    ("metric core/top_k",),
    (
        Mistake("one more than k", "<= self.k  #", "<= self.k + 1  #"),
        Mistake(
            "of equal scores the first counts",
            "arange(prediction.shape[-1]) < true",
            "arange(prediction.shape[-1]) > true",
        ),
        Mistake("equal scores are before", "((prediction == score) & earlier)", "False"),
    ),
    within="TopK",
)

CONFUSION = Patient(
    "pellucid.standard.metrics.confusion",
    ("metric core/confusion_matrix",),
    (
        Mistake(
            "turned about",
            "(true.astype(np.int64) * (k + 1) + predicted)",
            "(predicted.astype(np.int64) * (k + 1) + true)",
        ),
        Mistake("absent classes count", "support[there]))", "support[there]) * there.mean())"),
    ),
    within="ConfusionMatrix",
)

COUNTS = Patient(
    "pellucid.standard.metrics.confusion",
    ("metric core/precision", "metric core/recall", "metric core/f1"),
    (
        Mistake("weights ignored for what is right", "said * (true == predicted)", "1.0 * (true == predicted)"),
        Mistake(
            "classes that occur nowhere count", "else predicted + support > 0\n", "else predicted + support > -1\n"
        ),
        Mistake(
            "weighted by what was predicted",
            "np.sum(support * of_class) / support.sum()",
            "np.sum(predicted * of_class) / predicted.sum()",
        ),
        Mistake("class 0 of two", "float(of_class[-1])", "float(of_class[0])"),
    ),
    within="OfCounts",
)

F1 = Patient(
    "pellucid.standard.metrics.confusion",
    ("metric core/f1",),
    (Mistake("precision and recall are not doubled", "return 2 * right", "return right"),),
    within="F1",
)

RANKING = Patient(
    "pellucid.standard.metrics.ranking",
    ("metric core/roc_auc", "metric core/pr_auc"),
    (
        Mistake("the logits' order", 'log_odds(z) if self.scores == "logits" else z', "z"),
        Mistake("equal scores count one by one", "np.diff(score[order]) != 0", "np.diff(score[order]) <= 0"),
        Mistake("the smallest first", "np.argsort(-score", "np.argsort(score"),
        Mistake("equal scores count in full", "np.cumsum(yes) - yes / 2", "np.cumsum(yes)"),
        Mistake(
            "weights of the rows ignored",
            "self._kept.append((rows[counted], truth[counted], w[counted]))",
            "self._kept.append((rows[counted], truth[counted], 0 * w[counted] + 1))",
        ),
        Mistake(
            "rows are kept as they are lent",
            "self._kept.append((rows[counted], truth[counted], w[counted]))",
            "self._kept.append((rows, truth, np.maximum(w, 1e-300)))",
        ),
    ),
)

R2 = Patient(
    "pellucid.standard.metrics.values",
    ("metric core/r2",),
    (
        Mistake("a mean of means", "moved**2 * self._weight * weight / total", "0.0"),
        Mistake("another mean", "self._mean + moved * weight / total", "self._mean + moved / 2"),
        Mistake("does not forget", "self._weight = 0.0", "self._weight = vars(self).get('_weight', 0.0)"),
        Mistake("constant outputs count", "varies = self._high > self._low", "varies = self._high >= self._low"),
        Mistake(
            "equation: the error of the mean", "1 - error[varies] / spread[varies]", "error[varies] / spread[varies]"
        ),
    ),
    within="R2",
)

RMSE = Patient(
    "pellucid.standard.metrics.values",
    ("metric core/rmse",),
    (
        Mistake("without the root", "sqrt(self._error / self._total)", "(self._error / self._total)"),
        Mistake("weights ignored", "float(np.sum(w))", "float(len(w))"),
    ),
    within="RMSE",
)

MAE = Patient(
    "pellucid.standard.metrics.values",
    ("metric core/mae",),
    (
        Mistake("errors cancel", "abs(y - t).mean(axis=1)", "(y - t).mean(axis=1)"),
        Mistake("the last batch only", "self._error += float", "self._error = float"),
    ),
    within="MAE",
)

WITHIN_TOLERANCE = Patient(
    "pellucid.standard.metrics.values",
    ("metric core/within_tolerance",),
    (
        Mistake("below, not up to", "abs(y - t) <= allowed", "abs(y - t) < allowed"),
        Mistake("a part of the prediction", "self.tolerance * abs(t)", "self.tolerance * abs(y)"),
    ),
    within="WithinTolerance",
)

STANDARDIZE = Patient(
    "pellucid.standard.transforms",
    ("transform core/standardize",),
    (
        Mistake("half of what was fitted is saved", 'fitted = ("mean", "std")', 'fitted = ("mean",)'),
        Mistake("works in place", "y = np.empty(x.shape, floating(x))", "y = x"),
        Mistake(
            "learns while applying",
            "check_columns(self, x, mean.shape)",
            "check_columns(self, x, mean.shape); self.mean = x.mean(axis=0)",
        ),
        Mistake("multiplies", "np.divide(y, std", "np.multiply(y, std"),
        Mistake(
            "keeps the first fit",
            "self.mean = np.where(lowest == highest, lowest, mean * unit)",
            "self.mean = mean * unit if self.mean is None else self.mean",
        ),
        Mistake("equation: adds the mean", '"(x - mean) / std"', '"(x + mean) / std"'),
    ),
    within="Standardize",
)

SCALE = Patient(
    "pellucid.standard.transforms",
    ("transform core/scale",),
    (
        Mistake("offset first", "y += self.offset", "y += self.offset * self.factor"),
        Mistake(
            "works in place",
            "y = np.multiply(x, self.factor, dtype=floating(x))",
            "y = np.multiply(x, self.factor, out=x)",
        ),
        Mistake("equation: the offset forgotten", '"factor * x + offset"', '"factor * x"'),
    ),
    within="Scale",
)

FLATTEN = Patient(
    "pellucid.standard.transforms",
    ("transform core/flatten",),
    (
        Mistake("shape rule adds", "(prod(sizes),) if", "(sum(sizes),) if"),
        Mistake("the batch too", "x.reshape(len(x), prod(x.shape[1:]))", "x.reshape(1, -1)"),
    ),
    within="FlattenSamples",
)
