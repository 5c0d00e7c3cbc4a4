"""Mistakes in components that are out of the ordinary; see tests/testing/odd."""

from tests.testing.mutation import Mistake, Patient


def _patient(subject: str, *mistakes: Mistake) -> Patient:
    return Patient("tests.testing.odd.components", (subject,), mistakes)


ODD = (
    _patient(
        "layer odd/embedding",
        Mistake(
            "a token that occurs twice counts once",
            "np.add.at(self.table.grad, ctx.x, dy)",
            "self.table.grad[ctx.x] += dy",
        ),
        Mistake(
            "indices kept on self",
            "ctx.x = x\n        return self.table",
            "self.x = ctx.x = x\n        return self.table",
        ),
    ),
    _patient(
        "layer odd/masked_mean",
        Mistake("shape rule of a variable axis", "return x[1:]", "return (x[0] if x[0] else 3,)"),
        Mistake("a mask that hides nothing", "kept = mask.astype(x.dtype)", "kept = np.ones(mask.shape, x.dtype)"),
        Mistake("nothing but masked steps", "np.maximum(kept.sum(1, keepdims=True), 1)", "kept.sum(1, keepdims=True)"),
    ),
    _patient(
        "layer odd/bilinear",
        Mistake(
            "gradients of two inputs exchanged",
            "return dy * ctx.z, dz @ self.weight.data.T",
            "return dz, dy * ctx.z @ self.weight.data.T",
        ),
        Mistake("second gradient without the weight", "dz @ self.weight.data.T", "0 * ctx.b"),
    ),
    _patient(
        "layer odd/polar",
        Mistake("an output's gradient left out", "2 * ctx.x * dy0 + dy1 / 2", "2 * ctx.x * dy0"),
        Mistake("one output declared of two", "return (1,), one_axis(self, input_shape)", "return (1,)"),
        Mistake(
            "outputs in the other order",
            "return (1,), one_axis(self, input_shape)",
            "return one_axis(self, input_shape), (1,)",
        ),
    ),
    _patient(
        "layer odd/noise",
        Mistake(
            "noise in evaluation",
            "self.sigma * ctx.normal(x.shape) if ctx.training else x",
            "self.sigma * ctx.normal(x.shape)",
        ),
        Mistake(
            "the same numbers twice",
            "x + self.sigma * ctx.normal(x.shape)",
            "x + self.sigma * ctx.normal(x.shape) * ctx.uniform(x.shape)",
        ),
        Mistake(
            "noise from elsewhere",
            "x + self.sigma * ctx.normal(x.shape)",
            "x + self.sigma * np.random.normal(size=x.shape).astype(x.dtype)",
        ),
    ),
    _patient(
        "objective odd/reconstruction",
        Mistake("the sum, not the mean, backwards", "2 * ctx.share[:, None] *", "2 *"),
        Mistake("weights ignored", "if batch.weight is None else batch.weight", "+ 0 * (batch.weight is None)"),
        Mistake(
            "other noise for each micro-batch",
            "0.1 * ctx.normal(batch.x.shape)",
            "0.1 * ctx.rng.normal(size=batch.x.shape)",
        ),
        Mistake("parts not reduced", 'ctx.parts = {"error": loss}', 'ctx.parts = {"error": ctx.output}'),
    ),
    _patient(
        "loss odd/token_error",
        Mistake(
            "count of samples where tokens are divided by",
            "ctx.count = float(w.sum()) * prediction.shape[1]",
            "ctx.count = float(w.sum()) + prediction.shape[1]",
        ),
        Mistake("no check of the rows", "if len(bad):", "if False:"),
    ),
)
