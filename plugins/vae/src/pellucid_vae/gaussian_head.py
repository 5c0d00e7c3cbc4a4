"""GaussianHead: mean and spread of a code from features, and a sample of it that gradients flow through."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pellucid import (
    Array,
    Context,
    Dense,
    Equation,
    Example,
    Layer,
    PageNote,
    PagePart,
    PagePicture,
    Shape,
    check_int,
    contiguous,
    features,
)


class GaussianHead(Layer):
    """``μ = h W_μ + b_μ``, ``s = h W_s + b_s``, ``z = μ + ε ⊙ eˢ`` with ``ε ~ N(0, I)``.

    z is a sample of N(μ, diag e^{2s}); s is the logarithm of the standard deviation, so that it may be any number, as a
    linear layer gives it. Written this way, z is a differentiable function of μ and s for fixed ε: the
    reparameterisation of Kingma & Welling, Auto-Encoding Variational Bayes, 2014, §2.4.

    ε is drawn in evaluation too, keyed by the seed and the sample, so that the evidence lower bound has the same
    meaning on test data and comes out the same each time. Whoever wants the mean takes the second output. In z, and
    nowhere else, s above 20 counts as 20.

    s starts at 0, the spread of the prior, whatever the features: eˢ makes large numbers of a random W_s, and a first
    loss to match. μ starts as any linear layer does.

    Args:
        latent: number of latent units K.

    Shapes: h (N, …, H) -> z, μ, s, each (N, …, K); W_μ, W_s (H, K); b_μ, b_s (K,).
    """

    equations = (
        Equation("mu", r"\mu = h W_\mu + b_\mu", "x @ Wm + bm"),
        Equation("s", r"s = h W_s + b_s", "x @ Ws + bs"),
        Equation("e", r"e = \varepsilon \odot e^{\min(s, 20)}, \quad \varepsilon \sim \mathcal N(0, I)",
                 "normal_of(s.shape) * np.exp(np.minimum(s, 20))"),
        Equation("z", r"z = \mu + e", "mu + e"),
        Equation("y0", r"y_0 = z", "z"),
        Equation("y_evaluation0", r"y_0 = z", why="the same, of numbers that belong to each sample of the data"),
        Equation("y1", r"y_1 = \mu", "mu"),
        Equation("y2", r"y_2 = s", "s"),
        Equation("dmu", r"d\mu \leftarrow d\mu + dz", "dy1 + dy0"),
        Equation("ds", r"ds \leftarrow ds + [s < 20]\, dz \odot e", "dy2 + (s < 20) * dy0 * e"),
        Equation("dx", r"dh = d\mu\, W_\mu^\top + ds\, W_s^\top", "dmu @ Wm.T + ds @ Ws.T"),
        Equation("dWm", r"dW_\mu = h^\top d\mu", "x.reshape(-1, x.shape[-1]).T @ dmu.reshape(-1, latent)"),
        Equation("dWs", r"dW_s = h^\top ds", "x.reshape(-1, x.shape[-1]).T @ ds.reshape(-1, latent)"),
        Equation("dbm", r"db_\mu = \sum_n d\mu_n", "dmu.reshape(-1, latent).sum(0)"),
        Equation("dbs", r"db_s = \sum_n ds_n", "ds.reshape(-1, latent).sum(0)"),
    )  # fmt: skip
    symbols: ClassVar = {"Wm": "mean.weight", "bm": "mean.bias", "Ws": "log_std.weight", "bs": "log_std.bias"}
    examples = (Example({"latent": 3}), Example({"latent": 2}, ((3, 2),)))
    capturable = True

    def __init__(self, latent: int) -> None:
        check_int(self, "latent", latent, "[1, inf)")
        self.latent = latent
        self.mean = Dense(latent)
        self.log_std = Dense(latent, init="zeros")

    def build(self, input_shape: Shape) -> None:
        features(self, input_shape)
        self.mean.build(input_shape)
        self.log_std.build(input_shape)

    def output_shape(self, input_shape: Shape) -> tuple[Shape, Shape, Shape]:
        features(self, input_shape)
        shape = (*input_shape[:-1], self.latent)
        return shape, shape, shape

    def page_parts(self, call: Any, trace: Any) -> list[PagePart]:
        """For the page of a step: ε, and what each latent unit costs in bits of its own, KL per unit."""
        parts: list[PagePart] = []
        drawn = call.pattern.format("drawn.normal")
        if drawn in trace:
            parts.append(PagePicture("The noise ε that was drawn", drawn))
        mean, s = call.made.get("y1", ""), call.made.get("y2", "")
        if mean in trace and s in trace:
            mu, log_std = np.asarray(trace[mean], np.float64), np.asarray(trace[s], np.float64)
            kl = 0.5 * np.exp(2 * log_std) + 0.5 * mu**2 - log_std - 0.5
            parts.append(PageNote(
                "How far each unit is from N(0, 1), in nats; one that says nothing of its sample is at 0.",
                latex=r"\mathrm{KL}_k = \tfrac12 e^{2 s_k} + \tfrac12 \mu_k^2 - s_k - \tfrac12",
            ))  # fmt: skip
            parts.append(PagePicture("KL of each sample and unit", kl))
            parts.append(PagePicture("KL per unit, the mean over samples", kl.reshape(-1, kl.shape[-1]).mean(0)))
        return parts

    def forward(self, ctx: Context, h: Array) -> tuple[Array, Array, Array]:
        mean = self.mean.forward(ctx.child("mean", ctx.needs_dx), h)
        ctx.s = self.log_std.forward(ctx.child("log_std", ctx.needs_dx), h)
        ctx.e, z = ctx.scratch("deviation", mean.shape), ctx.scratch("z", mean.shape)
        ctx.op("vae/reparameterize")(mean, ctx.s, ctx.normal(mean.shape), ctx.e, z)
        return z, mean, ctx.s

    def backward(self, ctx: Context, dz: Array, dmean: Array, ds: Array) -> Array | None:
        parts = {"dz": dz, "dmean": dmean, "ds": ds}
        dz, dmean, ds = (contiguous(ctx, part, name) for name, part in parts.items())
        dmean_total, ds_total = ctx.scratch("dmean", ctx.s.shape), ctx.scratch("ds", ctx.s.shape)
        ctx.op("vae/reparameterize_backward")(dz, dmean, ds, ctx.s, ctx.e, dmean_total, ds_total)
        dh = self.mean.backward(ctx.child("mean"), dmean_total)
        by_s = self.log_std.backward(ctx.child("log_std"), ds_total)
        if not ctx.needs_dx[0]:
            return None
        ctx.ops.add_scaled(dh, by_s, 1.0)
        return dh
