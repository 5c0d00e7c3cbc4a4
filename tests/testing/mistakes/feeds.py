"""Mistakes in feeds and samplers, and in the loss of signed weights."""

from tests.testing.mutation import Mistake, Patient

BATCHES = Patient(
    "pellucid.standard.batches",
    ("feed core/batches",),
    (
        Mistake("begins anew", "while skipped < start:", "while False:"),
        Mistake("skips whole batches", "stream.take(start - skipped)", "stream.next()"),
        Mistake("batches as they come", "stream.take(most) if size else stream.next(most)", "stream.next(most)"),
        Mistake("more rows than announced", "min(size or self.rows, self.rows - row)", "size or self.rows"),
        Mistake("no batches without a size", "while self.rows is None or row", "while size and row"),
        Mistake("targets of other rows", "slice(most, None))", "slice(most + 1, None))"),
        Mistake(
            "another mixture each time",
            "mixing = np.random.default_rng(rng.integers(1 << 62))",
            "mixing = np.random.default_rng()",
        ),
        Mistake(
            "goes on from where it was",
            "stream = self._streamed(iter(_called(self.source, rng, epoch)), mixing)\n",
            "stream = self._stream or self._streamed(iter(_called(self.source, rng, epoch)), mixing)\n"
            "        self._stream = stream\n",
        ),
    ),
)

BALANCED = Patient(
    "pellucid.standard.samplers",
    ("sampler core/balanced",),
    (
        Mistake("more in later epochs", ".ravel()[: len(data)]", ".ravel()[: len(data) - (epoch > 50)]"),
        Mistake("draws of its own", "return rng.permuted(", "return np.random.default_rng().permuted("),
        Mistake("numbers from 1", "axis=1).ravel()", "axis=1).ravel() + 1"),
        Mistake("a table", ".ravel()[: len(data)]", ""),
        Mistake("as floats", ".ravel()[: len(data)]", ".ravel()[: len(data)].astype(float)"),
        Mistake(
            "remembers where it was",
            "rows = _of_classes(self, data)\n",
            "rows = _of_classes(self, data)\n        self.seen = vars(self).get('seen', 0) + 1\n"
            "        rng = np.random.default_rng(self.seen)\n",
        ),
        Mistake(
            "sorts the samples",
            "rows = _of_classes(self, data)\n",
            "data.x.sort(axis=0)\n        rows = _of_classes(self, data)\n",
        ),
    ),
    within="Balanced",
)

CURRICULUM = Patient(
    "pellucid.standard.samplers",
    ("sampler core/curriculum",),
    (
        Mistake(
            "short epochs first", "[: max(1, round(share * n))], n)", "[: max(1, round(share * n))], round(share * n))"
        ),
        Mistake("no rows at first", "rng, ranked[: max(1, round(share * n))], n)", "rng, ranked[:n], n)[: epoch * n]"),
    ),
    within="Curriculum",
)

SIGNED = Patient(
    "pellucid.standard.losses.signed",
    ("loss core/signed",),
    (
        Mistake("the sum of the weights", "n = ctx.count or 1.0", "n = float(weight.sum()) or 1.0"),
        Mistake("without signs", '("negative", -1.0)', '("negative", 1.0)'),
        Mistake("the negative half forgotten", "if sign < 0 and not part.any():", "if sign < 0:"),
        Mistake("means added, not sums", "sign * child.count / n", "sign"),
        Mistake(
            "one half of the gradient",
            "for key, share in ctx.shares.items():",
            "for key, share in [*ctx.shares.items()][:1]:",
        ),
        Mistake("a count of weights", "ctx.count = float(weight.size)", "ctx.count = float(abs(weight).sum())"),
        Mistake("targets unchecked", "self.loss.check(target, output_shape)", "pass"),
    ),
)
