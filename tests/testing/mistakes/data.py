"""Mistakes in metrics and transforms."""

from tests.testing.mutation import Mistake, Patient

ACCURACY = Patient(
    "pellucid.standard.metrics.accuracy",
    ("metric core/accuracy",),
    (
        Mistake("weights ignored", "np.ones(right.shape) if weight is None else weight", "np.ones(right.shape)"),
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
        Mistake("the least likely class", "prediction.argmax(axis=-1)", "prediction.argmin(axis=-1)"),
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
        Mistake("answers against the logit ½", "(prediction > 0) ==", "(prediction > 0.5) =="),
    ),
    within="Accuracy",
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
