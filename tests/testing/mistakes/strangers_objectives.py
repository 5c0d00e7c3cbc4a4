"""What strangers get wrong in objectives. A mistake is (what, the text that is replaced, by what), one a line."""
# ruff: noqa: E501
# fmt: off

OBJECTIVES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "shares": (
        ("weights looked at, and ignored", "if batch.weight is None else batch.weight", "+ 0 * (batch.weight is None)"),
        ("count of rows", "ctx.count = float(w.sum())", "ctx.count = float(len(batch))"),
        ("count forgotten", "ctx.count = float(w.sum())\n    return (w / (ctx.count or 1.0))", "return (w / (w.sum() or 1.0))"),
        ("weights of 0: NaN", "(ctx.count or 1.0)", "ctx.count"),
        ("sum for mean", "(w / (ctx.count or 1.0))", "(w * 1.0)"),
    ),
    "Denoised": (
        ("2 forgotten", "2 * share * (ctx.y - ctx.x)", "share * (ctx.y - ctx.x)"),
        ("noise by NumPy", "ctx.normal(batch.x.shape)", "np.random.normal(size=batch.x.shape)"),
        ("noise in evaluation, without end", "if ctx.training else batch.x", "if ctx.training else batch.x + np.random.normal(size=batch.x.shape)"),
        ("noise by ctx.rng", "ctx.normal(batch.x.shape)", "ctx.rng.normal(size=batch.x.shape)"),
        ("gradient from step 1 on", "ctx.slope = (2 *", "ctx.slope = ((2 if ctx.step == 0 else 1) *"),
        ("gradient from epoch 1 on", "ctx.slope = (2 *", "ctx.slope = ((2 if ctx.epoch == 0 else 1) *"),
        ("gradient of one row", "ctx.slope = (2 *", "ctx.slope = ((2 if len(batch) > 1 else 0) *"),
        ("gradient from row 64 on", "ctx.slope = (2 *", "ctx.slope = (2 * (np.arange(len(batch)) < 64)[:, None] *"),
        ("gradient in evaluation", "ctx.slope = (2 *", "ctx.slope = ((2 if ctx.training else 1) *"),
        ("float32 wrong", "return (share *", "return (1 if ctx.dtype == 'float64' else 1.01) * (share *"),
        ("batch written", "ctx.y, ctx.x = ", "batch.x[...] *= 1.5; ctx.y, ctx.x = "),
        ("kept on self", "ctx.slope", "self.slope"),
        ("backward twice", "model.backward(ctx.child(\"model\"), ctx.slope)", "model.backward(ctx.child(\"model\"), ctx.slope), model.backward(ctx.child(\"model\"), ctx.slope)"),
        ("objective of noisy x", "ctx.y, ctx.x = model.forward(ctx.child(\"model\"), x), batch.x", "ctx.y, ctx.x = model.forward(ctx.child(\"model\"), x), x"),
        ("equation: mean over numbers", "((prediction - x) ** 2).sum(-1)", "((prediction - x) ** 2).mean(-1)"),
        ("no expression, no reason", '"np.sum(w * ((prediction - x) ** 2).sum(-1)) / np.sum(w)"', "None"),
        ("rows from 100 on left out", "share = shares(ctx, batch)", "share = shares(ctx, batch) * (np.arange(len(batch)) < 100)[:, None]"),
    ),
    "Penalised": (
        ("gradient: rate of the end", "self.factor(ctx) * ctx.y)", "self.rate * ctx.y)"),
        ("gradient: no penalty", " + self.factor(ctx) * ctx.y)", ")"),
        ("penalty not grown", "self.rate * min(1, (ctx.step + 1) / 10) if ctx.training else self.rate", "self.rate"),
        ("penalty grows without end", "min(1, (ctx.step + 1) / 10)", "(ctx.step + 1) / 10"),
        ("grows one step later", "(ctx.step + 1) / 10", "ctx.step / 10"),
        ("part left out", "return error + self.factor(ctx) * size", "return error"),
        ("a part that is not finite", '"size": size}', '"size": size / 0.0}'),
        ("a part that is an array", '"size": size}', '"size": ctx.y}'),
        ("equation: size without square", "(prediction**2).sum(-1)", "abs(prediction).sum(-1)"),
        ("equation: rate of the end", "rate * min(1, (step + 1) / 10) * size", "rate * size"),
        ("equation of no part", 'Equation("size", r"S', 'Equation("sise", r"S'),
        ("reported part doubled", '"error": error,', '"error": 2 * error,'),
    ),
    "TwoViews": (
        ("one view's gradient", "        model.backward(ctx.child(\"b\"), -ctx.slope)\n", ""),
        ("sign of the second", "-ctx.slope)", "ctx.slope)"),
        ("one context for both", 'model.forward(ctx.child("b")', 'model.forward(ctx.child("a")'),
        ("noise drawn again", "batch.x - n)", "batch.x - ctx.rng.normal(size=n.shape))"),
        ("the second view is clean in the gradient", "batch.x - n)", "batch.x - n * (len(batch) > 1))"),
        ("stops at the second", "model.backward(ctx.child(\"b\"), -ctx.slope)", "model.backward(ctx.child(\"b\"), 0 * ctx.slope)"),
    ),
}
