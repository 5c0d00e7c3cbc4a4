"""elbo: the evidence lower bound, whose negative a variational autoencoder is trained to make small."""

from __future__ import annotations

from math import log, pi, prod
from numbers import Integral
from typing import Any, Literal

from pellucid import (
    Array,
    Batch,
    ConfigError,
    Context,
    DataError,
    Equation,
    Example,
    Layer,
    Objective,
    Shape,
    check_bool,
    check_choice,
    check_float,
    check_int,
    contiguous,
    reject,
    require_runtime,
    weight_per_row,
)

from pellucid_vae.ops import require_labels

Likelihood = Literal["bernoulli", "gaussian"]


class Elbo(Objective):
    """``L = L_rec + β L_KL``, both summed over dimensions and averaged over the batch; for β = 1, −ELBO in nats.

    ``L_rec = −log p(x | z)`` for one sample z of q(z | x), and ``L_KL = Σ_k ½e^{2s_k} + ½μ_k² − s_k − ½``, the
    divergence of q(z | x) = N(μ, diag e^{2s}) from p(z) = N(0, I). They are reported apart, as ``reconstruction`` and
    ``kl``. Trains any model that gives (y, μ, s), such as ``vae``; if it takes a label as second input, that is the
    target of the sample. In evaluation the warm-up is over, and noise and binarised pixels are keyed by the seed and
    the sample: the figures repeat.

    Args:
        beta: β ≥ 0 (Higgins et al., beta-VAE, 2017).
        likelihood: ``bernoulli``, y are logits and x lies in [0, 1]; or ``gaussian``, y are means.
        std: σ of the Gaussian likelihood, in the units of x; from 1e-15 to 1e15, as float32 divides by its square.
        binarize: whether x is taken for probabilities, and pixels that are 0 or 1 are drawn from them: in training
            anew each time (Burda, Grosse & Salakhutdinov, 2016), in evaluation once.
        warmup_steps: over so many steps β grows in equal stages to its value.
        warmup_epochs: the same in epochs; one of the two may be given. ``train_step`` has none, and refuses it.

    Source: Kingma & Welling, Auto-Encoding Variational Bayes, 2014, appendix B.
    """

    equations = (
        Equation("seen0", r"\tilde x = [u < x] \quad\text{or}\quad x",
                 "1.0 * (drawn['pixels'] < x) if binarize else x"),
        Equation("reconstruction", r"L_{\mathrm{rec}} = -\log p(x \mid z) ="
                 r" \sum_j \log(1 + e^{y_j}) - x_j y_j \quad\text{or}\quad"
                 r" \sum_j \frac{(x_j - y_j)^2}{2\sigma^2} + \log\sigma + \tfrac12 \log 2\pi",
                 "np.sum(w * np.sum((np.logaddexp(0, y0) - seen[0] * y0 if likelihood == 'bernoulli' else"
                 " (seen[0] - y0)**2 / (2 * std**2) + np.log(std) + np.log(2 * np.pi) / 2).reshape(len(w), -1),"
                 " axis=1)) / np.sum(w)"),
        Equation("kl", r"L_{\mathrm{KL}} = \sum_k \tfrac12 e^{2 s_k} + \tfrac12 \mu_k^2 - s_k - \tfrac12",
                 "np.sum(w * np.sum((np.exp(2 * y2) / 2 + y1**2 / 2 - y2 - 1 / 2).reshape(len(w), -1), axis=1))"
                 " / np.sum(w)"),
        Equation("beta_t", r"\beta_t = \beta \min(1, t / T)",
                 "beta * (min(1, (step + 1) / warmup_steps) if warmup_steps else"
                 " min(1, (epoch + 1) / warmup_epochs) if warmup_epochs else 1)"),
        Equation("objective", r"L = \tfrac1N \sum_n L_{\mathrm{rec}} + \beta_t L_{\mathrm{KL}}",
                 "reconstruction + beta_t * kl"),
        Equation("share", r"w_n / \textstyle\sum_m w_m", "w / np.sum(w)"),
        Equation("dy0", r"dy = \tfrac1N (\sigma(y) - x) \quad\text{or}\quad \tfrac1N (y - x) / \sigma^2",
                 "share.reshape(-1, *(1,) * (y0.ndim - 1)) * (1 / (1 + np.exp(-y0)) - seen[0]"
                 " if likelihood == 'bernoulli' else (y0 - seen[0]) / std**2)"),
        Equation("dy1", r"d\mu = \tfrac1N \beta_t \mu \quad(+\, dz \text{ in the head})",
                 "share.reshape(-1, *(1,) * (y1.ndim - 1)) * beta_t * y1"),
        Equation("dy2",
                 r"ds = \tfrac1N \beta_t (e^{2s} - 1) \quad(+\, dz \odot \varepsilon \odot e^s \text{ in the head})",
                 "share.reshape(-1, *(1,) * (y2.ndim - 1)) * beta_t * (np.exp(2 * y2) - 1)"),
    )  # fmt: skip
    examples = (
        Example({"beta": 0.5}, ((5,),), model={"type": "vae/vae", "latent": 2, "hidden": [4], "activation": "tanh"}),
        Example(
            {"likelihood": "gaussian", "std": 0.5, "warmup_steps": 4}, ((2, 2, 1),),
            model={"type": "vae/vae", "latent": 2, "hidden": [3], "activation": "softplus"},
        ),
        Example({"binarize": True}, ((5,),), model={"type": "vae/vae", "latent": 2, "hidden": []}),
    )  # fmt: skip

    def __init__(
        self, beta: float = 1.0, *, likelihood: Likelihood = "bernoulli", std: float = 1.0, binarize: bool = False,
        warmup_steps: int = 0, warmup_epochs: int = 0,
    ) -> None:  # fmt: skip
        check_float(self, "beta", beta, "[0, inf)")
        check_choice(self, "likelihood", likelihood, ("bernoulli", "gaussian"))
        check_float(self, "std", std, "[1e-15, 1e15]")
        check_bool(self, "binarize", binarize)
        check_int(self, "warmup_steps", warmup_steps, "[0, inf)")
        check_int(self, "warmup_epochs", warmup_epochs, "[0, inf)")
        if warmup_steps and warmup_epochs:
            raise ConfigError(
                "The 'warmup_steps' of Elbo must be 0 where 'warmup_epochs' is given, and the other way round. "
                f"Received: warmup_steps={warmup_steps}, warmup_epochs={warmup_epochs}."
            )
        if binarize and likelihood != "bernoulli":
            raise ConfigError(
                "The 'binarize' of Elbo must be False for the gaussian likelihood: pixels that are 0 or 1 are those of "
                "likelihood = 'bernoulli'. Received: True."
            )
        self.beta = beta
        self.likelihood: Likelihood = likelihood
        self.std = std
        self.binarize = binarize
        self.warmup_steps = warmup_steps
        self.warmup_epochs = warmup_epochs

    @property
    def capturable(self) -> bool:  # type: ignore[override]
        """β is written into the calls: while it grows, each step has calls of its own."""
        return not (self.warmup_steps or self.warmup_epochs)

    def input_shapes(self, model: Layer) -> tuple[Shape, ...]:
        shapes = require_runtime(model).input_shapes
        return shapes[:1] if self._takes_label(model) else shapes

    def beta_at(self, ctx: Context) -> float:
        """β of this step."""
        if not ctx.training:
            return self.beta
        if self.warmup_steps:
            return self.beta * min(1.0, (ctx.step + 1) / self.warmup_steps)
        if self.warmup_epochs:
            return self.beta * min(1.0, (ctx.epoch + 1) / self.warmup_epochs)
        return self.beta

    def observed(self, ctx: Context, x: Array) -> Array:
        """What the model sees and has to explain: x, or pixels drawn from it."""
        if not self.binarize:
            return contiguous(ctx, x, "x")
        pixels = ctx.scratch("pixels", x.shape)
        ctx.op("vae/bernoulli")(ctx.uniform(x.shape, "pixels"), x, pixels)
        return pixels

    def forward(self, ctx: Context, model: Layer, batch: Batch) -> Array:
        x = self.observed(ctx, batch.inputs[0])
        inputs = (x, batch.y) if self._takes_label(model) else (x,)
        y, mean, s = model.forward(ctx.child("model", (False,) * len(inputs)), *inputs)
        weight = weight_per_row(ctx, self, batch.weight, x.shape[:1])
        reconstruction = self._reconstruction(ctx, x, y, weight)
        kl, total = ctx.scratch("kl", (), "float64"), ctx.scratch("total", (), "float64")
        mean, s = contiguous(ctx, mean, "mean"), contiguous(ctx, s, "s")
        ctx.dmean, ctx.ds = ctx.scratch("dmean", mean.shape), ctx.scratch("ds", s.shape)
        beta = self.beta_at(ctx)
        of_row = (len(x), prod(mean.shape[1:]))
        ctx.op("vae/gaussian_kl")(
            mean.reshape(of_row), s.reshape(of_row), weight, beta, kl, ctx.dmean.reshape(of_row), ctx.ds.reshape(of_row)
        )
        ctx.parts = {"reconstruction": reconstruction, "kl": kl}
        ctx.ops.copy(reconstruction, total)
        ctx.ops.add_scaled(total, kl, beta)
        return total

    def backward(self, ctx: Context, model: Layer) -> None:
        model.backward(ctx.child("model"), ctx.dy, ctx.dmean, ctx.ds)

    def _reconstruction(self, ctx: Context, x: Array, y: Array, weight: Array | None) -> Array:
        """Σᵢ wᵢ (−log p(xᵢ | zᵢ)) / Σᵢ wᵢ, and its gradient in ``ctx.dy``.

        The core's losses are means over the J numbers of a sample: J times them are sums.
        """
        numbers = prod(x.shape[1:])
        of_row = (len(x), numbers)
        loss, ctx.dy = ctx.scratch("reconstruction", (), "float64"), ctx.scratch("dy", y.shape)
        compute = ctx.ops.binary_cross_entropy if self.likelihood == "bernoulli" else ctx.ops.mse
        compute(contiguous(ctx, y, "y").reshape(of_row), x.reshape(of_row), weight, loss, ctx.dy.reshape(of_row))
        factor = numbers if self.likelihood == "bernoulli" else numbers / (2 * self.std**2)
        ctx.ops.scale(loss, factor)
        ctx.ops.scale(ctx.dy, factor)
        if self.likelihood == "gaussian" and ctx.count:
            one = ctx.scratch("one", (), "float64")
            ctx.ops.fill(one, 1.0)
            ctx.ops.add_scaled(loss, one, numbers * (log(self.std) + 0.5 * log(2 * pi)))
        return loss

    @staticmethod
    def _takes_label(model: Layer) -> bool:
        return 1 in model.integer_inputs

    def check(self, model: Layer, x: Any, y: Any) -> None:
        """x must lie in [0, 1] for the Bernoulli likelihood; a conditional model needs its labels.

        Raises:
            ConfigError: the model gives something else than (y, μ, s). DataError: with the row and the value.
        """
        made = model.output_shape(*require_runtime(model).input_shapes)
        if len(made) != 3 or not all(isinstance(shape, tuple) for shape in made):
            raise ConfigError(
                "vae/elbo trains models that give (y, μ, s), such as vae and conditional_vae. Received: "
                f"{type(model).__name__}, which gives samples of shape {made}. Take another objective or model."
            )
        pixels = x[0] if isinstance(x, tuple) else x
        if self.likelihood == "bernoulli":
            remedy = (
                "Scale the data (transforms such as standardize leave this range: transforms = [] goes without), "
                "or take likelihood = 'gaussian'."
            )
            reject(self, pixels, ~((pixels >= 0) & (pixels <= 1)), "values in [0, 1]", remedy)
        if not self._takes_label(model):
            return
        if y is None or y.ndim != 1 or y.dtype.kind not in "iu":
            received = "y = None" if y is None else f"targets of shape {y.shape}, {y.dtype}"
            raise DataError(
                f"{type(model).__name__} is trained on labels: one class number a sample, as targets. "
                f"Received: {received}. Give data with labels, or train an unconditional model."
            )
        classes = getattr(model, "classes", None)
        if isinstance(classes, Integral):
            require_labels(type(model).__name__, y, int(classes))
