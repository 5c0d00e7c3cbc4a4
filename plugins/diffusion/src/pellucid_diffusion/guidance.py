"""What a trained model says about x_t, with classifier-free guidance, as the samplers want it: x₀ and ε."""

from __future__ import annotations

from typing import Any

from pellucid import Array, ConfigError, Context, Layer, read, require_runtime

from pellucid_diffusion.denoise import Denoise, classes_of
from pellucid_diffusion.parameterisations import noise_in, split


class Guided:
    """``ε̂ = (1 + w) ε_c − w ε_∅``: away from what the network says of any sample, towards what it says of the class.

    x₀ follows from ε̂, and is kept in the objective's ``data_range``. With w = 0 that is the conditional model, for one
    evaluation of the network a step instead of two.

    Args:
        model: trained by ``objective``.
        labels: (N,) int64 on the model's device, or None for "none" and for models without labels.
        guidance: w ≥ 0.
        ctx: the root context of the whole reverse process.

    Raises:
        ConfigError: guidance, or no labels, for a model that has not learned the label "none".

    Source: Ho & Salimans, Classifier-Free Diffusion Guidance, 2021, equation 6.
    """

    def __init__(
        self, model: Layer, objective: Denoise, labels: Array | None, guidance: float, ctx: Context
    ) -> None:
        self.model, self.objective, self.guidance, self.ctx = model, objective, guidance, ctx
        self.has_labels = len(require_runtime(model).input_shapes) == 3
        self.labels = labels
        self._check()

    def _check(self) -> None:
        name = type(self.model).__name__
        if not self.has_labels and (self.guidance or self.labels is not None):
            raise ConfigError(
                f"This {name} takes no labels, so there is nothing to guide it by. Leave out label and guidance, or "
                "train a model with classes = … on data with labels."
            )
        if self.has_labels and not self.objective.label_dropout:
            if self.guidance:
                raise ConfigError(
                    f"guidance = {self.guidance} compares what this {name} says of the label with what it says of no "
                    "label, and it was trained with label_dropout = 0: it has never seen 'no label'. Take guidance = "
                    "0, or train with [objective] label_dropout = 0.1."
                )
            if self.labels is None:
                raise ConfigError(
                    f"This {name} was trained with label_dropout = 0, so it makes samples of a class only. Give labels."
                )
        if self.guidance and self.labels is None:
            raise ConfigError(f"guidance = {self.guidance} needs a label to guide towards. Give labels.")

    def __call__(self, x: Array, t: int) -> tuple[Array, Array]:
        """(x₀, ε) about ``x = x_t``."""
        x0, epsilon = self._said(x, t, self.labels, "label")
        process = self.objective.process
        if self.guidance:
            _, of_any = self._said(x, t, None, "none")
            epsilon = (1 + self.guidance) * epsilon - self.guidance * of_any
            x0 = (x - float(process.noise[t]) * epsilon) / float(process.signal[t])
        if self.objective.data_range is not None:
            low, high = self.objective.data_range
            x0 = self.ctx.xp.minimum(self.ctx.xp.maximum(x0, low), high)
            epsilon = noise_in(process, x, x0, t)
        return x0, epsilon

    def _said(self, x: Array, t: int, labels: Array | None, site: str) -> tuple[Array, Array]:
        ctx, n = self.ctx, x.shape[0]
        time = ctx.xp.full((n,), t, dtype="int64")
        inputs: tuple[Any, ...] = (x, time)
        if self.has_labels:
            inputs += (ctx.xp.full((n,), classes_of(self.model), dtype="int64") if labels is None else labels,)
        prediction = self.model.forward(ctx.child(site, (False,) * len(inputs)), *inputs)
        return split(self.objective.predict, self.objective.process, prediction, x, t)


def objective_of(model: Layer) -> Denoise:
    """What a model was last trained with: the process that sampling has to reverse.

    Raises:
        ConfigError: it was trained with something else, or not at all.
    """
    config = require_runtime(model).metadata.get("objective")
    if not isinstance(config, dict) or config.get("type") != "diffusion/denoise":
        said = "has not been trained" if config is None else f"was trained with {config.get('type')}"
        raise ConfigError(
            f"Sampling reverses the process that diffusion/denoise trained a model for. This {type(model).__name__} "
            f"{said}. Train it: pellucid.Trainer(model, objective=\"diffusion/denoise\")."
        )
    objective: Denoise = read("objective", config, path="objective", saved=True)
    return objective
