"""denoise: the objective of diffusion models: make data noisy, and ask the network what has been done."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from numbers import Integral
from typing import Any, ClassVar, Literal

import numpy as np
from pellucid import (
    Array,
    Batch,
    ConfigError,
    Context,
    DataError,
    Equation,
    Example,
    HostArray,
    Layer,
    Objective,
    PageNote,
    PagePart,
    PagePicture,
    PageTable,
    Shape,
    check_choice,
    check_float,
    check_int,
    check_type,
    contiguous,
    reject,
    require_runtime,
    weight_per_row,
)

from pellucid_diffusion.noise_schedules import NOISE_SCHEDULES
from pellucid_diffusion.parameterisations import PARAMETERISATIONS, Predict, min_snr_weight, mixture
from pellucid_diffusion.process import Process, process_of

_ROWS = 16  # of a table on a page
_TINY = {"hidden": 4, "blocks": 1, "embedding": 2}


class Denoise(Objective):
    """``L = E w_t ‖p̂(x_t, t, label) − p‖²/J`` with ``x_t = √ᾱ_t x₀ + √(1−ᾱ_t) ε``, t uniform in 1 … T, ε ~ N(0, 1).

    p is the noise ε, the data x₀ or the velocity ``v = √ᾱ_t ε − √(1−ᾱ_t) x₀``; J is the number of values in a sample.
    Trains any layer that takes (x_t, t), or (x_t, t, label): then the label is the sample's target, and in a share of
    the samples of a training step "none" instead, so that the same network also learns the data as a whole, which
    guidance needs.

    In evaluation t and ε are keyed by the seed and the sample, no label is dropped, and the loss has three parts that
    add up to it: those of the first third of times (``low_noise``), of the middle and of the last (``high_noise``).

    Args:
        schedule: of the noise: ``cosine`` or ``linear``.
        steps: T.
        predict: what the network is to say: ``v``, ``epsilon`` or ``x0``. From ε follows x₀ by division by √ᾱ_t, 5e-5
            at the end of the cosine schedule with T = 1000, which magnifies errors: give data_range then, or take v.
        label_dropout: the share of samples whose label is dropped, in [0, 1).
        weighting: w: ``uniform``, or ``min_snr``, which makes the loss one of x₀ with weights min(SNR, gamma).
        gamma: see weighting.
        data_range: [low, high] that the data, as the model receives them, are known to lie in: sampling keeps to it.

    Source: Ho, Jain & Abbeel, 2020, equation 14; Salimans & Ho, 2022; Ho & Salimans, 2021; Hang et al., 2023.
    """

    equations = (
        Equation("seen1", r"t = 1 + \lfloor u T \rfloor",
                 "1 + np.minimum(np.floor(drawn['t'] * steps), steps - 1).astype(int)"),
        Equation("seen2", r"\ell_n, \text{ or } \emptyset \text{ where } v_n < \text{label\_dropout}",
                 "np.zeros(0) if len(seen) < 3 else target if label_dropout == 0 else"
                 " np.where(drawn['drop'] < label_dropout, model.classes, target)"),
        Equation("signal", r"\sqrt{\bar\alpha_t}", "np.take(process.signal, seen1).reshape(-1, *(1,) * (x.ndim - 1))"),
        Equation("noise", r"\sqrt{1 - \bar\alpha_t}",
                 "np.take(process.noise, seen1).reshape(-1, *(1,) * (x.ndim - 1))"),
        Equation("seen0", r"x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \varepsilon",
                 "signal * x + noise * drawn['noise']"),
        Equation("p", r"p = \varepsilon, \quad x_0 \quad\text{or}\quad"
                 r" v = \sqrt{\bar\alpha_t}\, \varepsilon - \sqrt{1 - \bar\alpha_t}\, x_0",
                 "drawn['noise'] if predict == 'epsilon' else x if predict == 'x0' else"
                 " signal * drawn['noise'] - noise * x"),
        Equation("w_t", r"w_t = 1 \quad\text{or}\quad \min(\mathrm{SNR}, \gamma)\, (1 - \bar\alpha_t) / d^2",
                 "np.ones(signal.shape) if weighting == 'uniform' else np.minimum((signal / noise)**2, gamma)"
                 " * noise**2 / (signal if predict == 'epsilon' else noise if predict == 'x0' else"
                 " np.ones(signal.shape))**2"),
        Equation("objective", r"L = \tfrac1N \sum_n w_{t_n} \tfrac1J \lVert \hat p_n - p_n \rVert^2",
                 "np.sum(w * np.mean((w_t * (y - p)**2).reshape(len(w), -1), axis=1)) / np.sum(w)"),
        Equation("dy", r"d\hat p_n = \tfrac{2 w_{t_n}}{NJ} (\hat p_n - p_n)",
                 "w.reshape(-1, *(1,) * (y.ndim - 1)) * 2 * w_t * (y - p) / (y.size / len(w)) / np.sum(w)"),
    )  # fmt: skip
    symbols: ClassVar = {"process": "process"}
    examples = (
        Example({"steps": 50}, ((2,),), model={"type": "diffusion/mlp_denoiser", **_TINY}),
        Example(
            {"schedule": "linear", "steps": 50, "predict": "epsilon", "label_dropout": 0.3}, ((3, 1),),
            model={"type": "diffusion/mlp_denoiser", "classes": 2, **_TINY}, target=("int", 2),
        ),
        Example(
            {"steps": 30, "predict": "x0", "weighting": "min_snr"}, ((2,),),
            model={"type": "diffusion/mlp_denoiser", **_TINY},
        ),
    )  # fmt: skip
    capturable = True

    def __init__(
        self, schedule: Literal["cosine", "linear"] = "cosine", steps: int = 1000, predict: Predict = "v", *,
        label_dropout: float = 0.0, weighting: Literal["uniform", "min_snr"] = "uniform", gamma: float = 5.0,
        data_range: tuple[float, float] | None = None,
    ) -> None:  # fmt: skip
        check_choice(self, "schedule", schedule, NOISE_SCHEDULES)
        check_int(self, "steps", steps, "[1, 100000]")
        check_choice(self, "predict", predict, PARAMETERISATIONS)
        check_float(self, "label_dropout", label_dropout, "[0, 1)")
        check_choice(self, "weighting", weighting, ("uniform", "min_snr"))
        check_float(self, "gamma", gamma, "(0, inf)")
        if data_range is not None:
            check_type(self, "data_range", data_range, (list, tuple), "two numbers, the lowest and the highest")
            if len(data_range) != 2 or not data_range[0] < data_range[1]:
                raise ConfigError(
                    f"The 'data_range' of Denoise must be [low, high] with low < high. Received: {data_range!r}."
                )
        self.schedule = schedule
        self.steps = steps
        self.predict = predict
        self.label_dropout = label_dropout
        self.weighting = weighting
        self.gamma = gamma
        self.data_range = data_range
        process_of(schedule, steps)  # refuses one that leaves too much of the data

    @property
    def process(self) -> Process:
        """The forward process."""
        return process_of(self.schedule, self.steps)

    def input_shapes(self, model: Layer) -> tuple[Shape, ...]:
        return require_runtime(model).input_shapes[:1]  # t and the label are made here

    # -- the page of a step ----------------------------------------------------------------------------------------

    def page_parts(self, call: Any, trace: Any) -> list[PagePart]:
        """x_t, ε, what the network says of ε, and ᾱ_t; and how guidance would put two such answers together."""
        x_t, t, y = (call.made.get("seen0", ""), call.made.get("seen1", ""), call.given.get("y", ""))
        if any(name not in trace for name in (x_t, t, y)):
            return []
        noisy, times, said = (np.asarray(trace[name], np.float64) for name in (x_t, t, y))
        times = times.astype(int).ravel()
        shape = (-1, *(1,) * (noisy.ndim - 1))
        signal, noise = (np.asarray(level)[times].reshape(shape) for level in (self.process.signal, self.process.noise))
        if self.predict == "epsilon":
            guessed = said
        else:
            data = said if self.predict == "x0" else signal * noisy - noise * said
            guessed = (noisy - signal * data) / noise
        true = (noisy - signal * np.asarray(trace[call.given["x"]], np.float64)) / noise
        rows = [[n, int(k), float(a) ** 2, float(np.mean((g - e) ** 2))] for n, (k, a, g, e) in enumerate(
            zip(times, signal.ravel(), guessed, true, strict=True))][:_ROWS]  # fmt: skip
        return [
            PagePicture("The noisy data x_t that the network saw", x_t),
            PagePicture("The noise ε in it", true),
            PagePicture("What the network takes for noise, ε̂", guessed, f"It follows from its {self.predict}."),
            PageTable("How noisy, and how well guessed", ["row", "t", "ᾱ of t", "mean (ε̂ − ε)²"], rows),
            PageNote("When it makes samples with guidance w, what it says of the label and of none are put together:",
                 latex=r"\hat\varepsilon = (1 + w)\, \hat\varepsilon_c - w\, \hat\varepsilon_\emptyset"),
        ]  # fmt: skip

    # -- one step --------------------------------------------------------------------------------------------------

    def forward(self, ctx: Context, model: Layer, batch: Batch) -> Array:
        ops, x0, n = ctx.ops, batch.x, len(batch)
        tables = _tables(self.schedule, self.steps, self.predict, self.weighting, self.gamma, ctx.dtype.name)
        signal, noise_level, of_data, of_noise, weights = map(ops.asarray, tables)
        ctx.t = ctx.scratch("t", (n,), "int64")
        ctx.op("diffusion/draw_times")(ctx.uniform((n,), "t"), self.steps, ctx.t)
        noise = ctx.normal(x0.shape, "noise")
        x_t, target = ctx.scratch("x_t", x0.shape), ctx.scratch("target", x0.shape)
        ctx.op("diffusion/mix")(ctx.t, signal, x0, noise_level, noise, x_t)
        ctx.op("diffusion/mix")(ctx.t, of_data, x0, of_noise, noise, target)

        inputs = (x_t, ctx.t, *self._labels(ctx, model, batch))
        prediction = model.forward(ctx.child("model", (False,) * len(inputs)), *inputs)

        weight = weight_per_row(ctx, self, batch.weight, (n,))
        loss, ctx.gradient = ctx.scratch("loss", (), "float64"), ctx.scratch("gradient", x0.shape)
        shape = (n, prod(x0.shape[1:]))
        p, q, dp = contiguous(ctx, prediction, "p").reshape(shape), target.reshape(shape), ctx.gradient.reshape(shape)
        if self.weighting == "uniform":
            ops.mse(p, q, weight, loss, dp)
        else:
            ctx.op("diffusion/weighted_mse")(p, q, ctx.t, weights, weight, loss, dp)
        if not ctx.training:
            self._report(ctx, p, q, weights, weight)
        return loss

    def backward(self, ctx: Context, model: Layer) -> None:
        model.backward(ctx.child("model"), ctx.gradient)

    def _labels(self, ctx: Context, model: Layer, batch: Batch) -> tuple[Array, ...]:
        """The labels, some of them dropped in training; nothing for a model without labels."""
        if not _takes_labels(model):
            return ()
        if not ctx.training or self.label_dropout == 0:
            return (batch.y,)
        label = ctx.scratch("label", (len(batch),), "int64")
        u = ctx.uniform((len(batch),), "drop")
        ctx.op("diffusion/drop_labels")(batch.y, u, self.label_dropout, classes_of(model), label)
        return (label,)

    def _report(self, ctx: Context, p: Array, q: Array, weights: Array, weight: Array | None) -> None:
        """What each third of the times contributes to the loss."""
        gradient = ctx.scratch("unused", p.shape)
        for i, name in enumerate(("low_noise", "middle_noise", "high_noise")):
            third = weights * ((self._third == i) if ctx.xp is np else ctx.ops.asarray(self._third == i))
            part = ctx.scratch(name, (), "float64")
            ctx.op("diffusion/weighted_mse")(p, q, ctx.t, third, weight, part, gradient)
            ctx.parts[name] = part

    @property
    def _third(self) -> HostArray:
        return np.minimum(3 * (np.arange(self.steps + 1) - 1).clip(0) // self.steps, 2)

    # -- checks ----------------------------------------------------------------------------------------------------

    def check(self, model: Layer, x: Any, y: Any) -> None:
        """The model is one that is told a time, and labels are class numbers that it knows.

        Raises:
            ConfigError: the model is no denoiser. DataError: labels are missing or wrong.
        """
        shapes = require_runtime(model).input_shapes
        if len(shapes) not in (2, 3) or any(shape != () for shape in shapes[1:]):
            raise ConfigError(
                f"diffusion/denoise trains models that take (x, t) or (x, t, label). {type(model).__name__} takes "
                f"inputs of shapes {list(shapes)}. Build one such as diffusion/mlp_denoiser with "
                "input_shape=[(2,), (), ()]."
            )
        if model.output_shape(*shapes) != shapes[0]:
            raise ConfigError(
                f"A denoiser's output has the shape of its x, {shapes[0]}. {type(model).__name__} gives "
                f"{model.output_shape(*shapes)}."
            )
        if not _takes_labels(model):
            if self.label_dropout:
                raise ConfigError(
                    f"label_dropout = {self.label_dropout} needs a model that takes labels, and this "
                    f"{type(model).__name__} takes none. Build it with classes = …, or leave label_dropout out."
                )
            return
        classes = classes_of(model)
        if y is None or np.ndim(y) != 1 or np.asarray(y).dtype.kind not in "iu":
            raise DataError(
                f"This {type(model).__name__} takes labels, so every sample needs a class number as its target. "
                f"Received: {'y = None' if y is None else f'targets of shape {np.shape(y)}, {np.asarray(y).dtype}'}. "
                "For data without labels build it with classes = 0."
            )
        y = np.asarray(y)
        reject(self, y, (y < 0) | (y >= classes), f"labels from 0 to {classes - 1}",
               "Build the model with more classes, or check the labels.")  # fmt: skip


def classes_of(model: Layer) -> int:
    """How many classes a denoiser knows.

    Raises:
        ConfigError: it does not say.
    """
    classes = getattr(model, "classes", None)
    if not isinstance(classes, Integral) or int(classes) < 1:
        raise ConfigError(
            f"A denoiser that takes labels says by its attribute 'classes' how many there are; the label 'classes' is "
            f"then 'none'. {type(model).__name__} says {classes!r}."
        )
    return int(classes)


def _takes_labels(model: Layer) -> bool:
    return len(require_runtime(model).input_shapes) == 3


@lru_cache(maxsize=32)
def _tables(
    schedule: str, steps: int, predict: Predict, weighting: str, gamma: float, dtype: str
) -> tuple[HostArray, ...]:
    """(√ᾱ, √(1−ᾱ), a, b, w) by t, where the network is to say ``p = a x₀ + b ε``, in this type."""
    process = process_of(schedule, steps)
    a, b = mixture(predict, process)
    weight = np.ones(steps + 1) if weighting == "uniform" else min_snr_weight(predict, process, gamma)
    return tuple(np.asarray(table, dtype) for table in (process.signal, process.noise, a, b, weight))
