"""several_losses: a loss for each output of a model, added up and reported apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isclose
from typing import Any, ClassVar

from pellucid.basics.arrays import Array, HostArray, Shape, as_tuple
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError, DataError
from pellucid.basics.suggest import listed
from pellucid.interfaces.context import Context
from pellucid.interfaces.dataset import Splits
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.metric import Metric
from pellucid.interfaces.objective import Batch, Loss, Objective
from pellucid.standard.of_output import OfOutput
from pellucid.standard.rows import mask_of, masked_weight
from pellucid.training.evaluation import OF_EPOCHS

TAKEN = ("loss", *OF_EPOCHS)
"""What other figures are called."""


class SeveralLosses(Objective):
    """``L(θ) = Σₖ λₖ Lₖ(f(x; θ)ₖ, yₖ)``: a loss for each of several outputs, reported apart by its name.

    The targets are a tuple in the order of the outputs, or a table by the names of the losses. Sample weights are
    those of every loss. Losses in a list are called ``output_0``, ``output_1``, ….

    Args:
        losses: one for each output, in a list or by name. Names are matched with the model's ``output_names``; a model
            without them gives its outputs in the order of the losses.
        weights: λ, each 0 or more, in a list or by the same names; 1 where none is given.
        masked: names of the losses with a target for each step, of which those are left out that the mask says are not
            there: (N, T), the last input of the model, as ``Sequences`` give it.

    What batches weigh is what the first loss counts: rows, or the sum of the weights of samples and classes. A loss
    that counts otherwise (other weights of classes, tokens that are masked or ignored) adds up exactly over
    micro-batches, and over the batches of an epoch or an evaluation, where its count keeps its ratio to that of the
    first. Micro-batches of a step in which it does not are refused; the figures of an epoch are the mean of its
    batches'.

    Raises:
        ConfigError: other losses than outputs; a name that is not known; some of the losses are ``signed``, and some
            are not; micro-batches that do not add up. DataError: other targets than losses.
    """

    equations = (
        Equation(
            "objective",
            r"L(\theta) = \sum_k \lambda_k\, L_k\left(f(x; \theta)_k,\, y_k\right)",
            "sum(factors[name] * parts[name] for name in parts)",
        ),
    )
    symbols: ClassVar = {"factors": "factors"}
    examples = (
        Example(
            {"losses": {"size": "core/mse", "kind": "core/softmax_cross_entropy"}, "weights": {"kind": 0.5}}, ((5,),),
            model={"type": "core/parallel", "layers": [{"type": "core/dense", "units": 2},
                                                      {"type": "core/dense", "units": 3}], "join": "apart"},
            target=((2,), ("int", 3)),
        ),
    )  # fmt: skip
    needs_target = True

    def __init__(
        self, losses: dict[str, Loss] | list[Loss], weights: dict[str, float] | list[float] | None = None, *,
        masked: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.losses = losses
        self.weights = weights
        self.masked = masked
        named = self._named(losses)
        if not named:
            raise ConfigError("The 'losses' of SeveralLosses must name at least one. Received: none.")
        if taken := [name for name in named if name in TAKEN]:
            raise ConfigError(
                f"The 'losses' of SeveralLosses must have names that no other figure has; {listed(TAKEN)} are taken. "
                f"Received: {listed(taken)}."
            )
        signed = [name for name, loss in named.items() if loss.signed_weights]
        if signed and len(signed) < len(named):
            others = [name for name in named if name not in signed]
            raise ConfigError(
                f"The weights of samples are those of every loss: {listed(signed)} take some below 0, {listed(others)} "
                'none. Make all of them signed, {"type": "signed", "loss": …}, or none.'
            )
        factors = self._named(weights or {})
        if unknown := sorted(factors.keys() - named.keys()):
            raise ConfigError(
                f"The 'weights' of SeveralLosses must be those of its losses, {listed(named)}. Received: "
                f"{listed(unknown)}."
            )
        if unknown := sorted(set(masked) - named.keys()):
            raise ConfigError(
                f"The 'masked' of SeveralLosses must be names of its losses, {listed(named)}. Received: "
                f"{listed(unknown)}."
            )
        for name, factor in factors.items():
            check_float(self, f"weights.{name}", factor, "[0, inf)")

    @staticmethod
    def _named(given: Any) -> dict[str, Any]:
        return dict(given) if isinstance(given, Mapping) else {f"output_{i}": each for i, each in enumerate(given)}

    @property
    def factors(self) -> dict[str, float]:
        """λ by the names of the losses."""
        given = self._named(self.weights or {})
        return {name: float(given.get(name, 1.0)) for name in self._named(self.losses)}

    @property
    def signed_weights(self) -> bool:  # type: ignore[override]
        return all(loss.signed_weights for loss in self._named(self.losses).values())

    @property
    def capturable(self) -> bool:  # type: ignore[override]
        return not self.masked and all(loss.capturable for loss in self._named(self.losses).values())

    def _by_output(self, model: Layer) -> dict[str, Loss]:
        """The losses in the order of the model's outputs."""
        named: dict[str, Loss] = self._named(self.losses)
        names = model.output_names
        return {name: named[name] for name in names} if names and isinstance(self.losses, Mapping) else named

    def _targets(self, names: Sequence[str], y: Any) -> list[Any]:
        """The targets in the order of these names."""
        if isinstance(y, Mapping) and y.keys() == set(names):
            return [y[name] for name in names]
        if isinstance(y, tuple) and len(y) == len(names):
            return list(y)
        received = "y = None" if y is None else "one array"
        if isinstance(y, tuple):
            received = f"a tuple of {len(y)}"
        elif isinstance(y, Mapping):
            received = f"a table of {listed(y)}"
        raise DataError(
            f"{len(names)} losses need a target each, as a table y = {{{', '.join(f'{n!r}: …' for n in names)}}} or as "
            f"a tuple in this order. Received: {received}."
        )

    def suited(self, model: Layer, metrics: Sequence[Metric]) -> list[Metric]:
        losses, names = self._named(self.losses), model.output_names
        shapes = output_shapes(model)
        if len(shapes) != len(losses):
            raise ConfigError(
                f"loss: {type(model).__name__} gives {len(shapes)} output(s), of shapes {list(shapes)}, and each needs "
                f"one loss. Received: {len(losses)}, {listed(losses)}. Give one for each."
            )
        if names and isinstance(self.losses, Mapping) and set(names) != losses.keys():
            raise ConfigError(
                f"loss: the outputs of {type(model).__name__} are called {listed(names)}. Received: losses for "
                f"{listed(losses)}. Give each output its own, by its name."
            )
        found = dict(zip(self._by_output(model), shapes, strict=True))
        return [self._beside(metric, found, model) for metric in metrics]

    def _beside(self, metric: Metric, shapes: Mapping[str, Shape], model: Layer) -> Metric:
        if not isinstance(metric, OfOutput) or metric.output not in shapes:
            example = "', '".join(shapes)
            raise ConfigError(
                f"metrics: of several outputs a metric reads one, by its name: metrics={{name: {metric!r}, …}}. The "
                f"names are '{example}'. Received: {metric!r}."
            )
        return metric.beside(self._by_output(model)[metric.output].predicts, shapes[metric.output])

    def begin(self, model: Layer, data: Any) -> None:
        if isinstance(data, Splits) and data.target_transforms:
            raise ConfigError(
                f"target_transforms: the data proposes {list(data.target_transforms)}, and of several targets none is "
                "scaled. Scale them in the data, and let it propose none: target_transforms = []."
            )
        super().begin(model, data)

    def check(self, model: Layer, x: Any, y: Any) -> None:
        losses = self._by_output(model)
        targets = self._targets(list(losses), y)
        for (name, loss), target, shape in zip(losses.items(), targets, output_shapes(model), strict=True):
            try:
                loss.check(target, shape)
            except DataError as error:
                raise DataError(f"y['{name}']: {error}") from error

    def forward(self, ctx: Context, model: Layer, batch: Batch) -> Array:
        losses, factors = self._by_output(model), self.factors
        outputs = as_tuple(model.forward(ctx.child("model", (False,) * len(batch.inputs)), *batch.inputs))
        targets = self._targets(list(losses), batch.y)
        total, ctx.parts = ctx.scratch("total", (), "float64"), {}
        ctx.ops.fill(total, 0.0)
        ctx.mask = mask_of(self, batch) if self.masked else None
        for (name, loss), prediction, target in zip(losses.items(), outputs, targets, strict=True):
            of_loss = ctx.child(f"loss.{name}")
            weight = masked_weight(ctx, batch) if name in self.masked else batch.weight
            ctx.parts[name] = loss.forward(of_loss, prediction, target, weight)
            ctx.ops.add_scaled(total, ctx.parts[name], factors[name])
        ctx.count = ctx.child(f"loss.{next(iter(losses))}").count
        if ctx.training and not self.capturable:
            self._check_counts(ctx, {name: ctx.child(f"loss.{name}").count for name in losses})
        ctx.predictions, ctx.targets = dict(zip(losses, outputs, strict=True)), dict(zip(losses, targets, strict=True))
        return total

    def _check_counts(self, ctx: Context, counts: dict[str, float]) -> None:
        """Raise ConfigError for a micro-batch in which a loss counts otherwise, beside the first one, than in the one
        before: their means do not add up to that of the step, for they are weighed by the count of the first."""
        before = getattr(ctx, "counts", counts) if ctx.row_offset[0] else counts
        ctx.counts, first = counts, next(iter(counts))
        for name, count in counts.items():
            if not isclose(count * before[first], before[name] * counts[first], rel_tol=1e-5):
                raise ConfigError(
                    f"accumulate: beside {before[first]:g} of {first!r} the loss {name!r} counts {before[name]:g} in "
                    f"one micro-batch, and {count:g} beside {counts[first]:g} in another (weights of classes, or "
                    "targets that are masked or ignored), so gradients of micro-batches do not add up to that of the "
                    "step. Train with accumulate = 1 and as many rows in batch_size, or let every loss count alike."
                )

    def backward(self, ctx: Context, model: Layer) -> None:
        gradients, factors = [], self.factors
        for name, loss in self._by_output(model).items():
            gradient, factor = loss.backward(ctx.child(f"loss.{name}")), factors[name]
            if factor != 1.0:  # the loss's own array stays what it is
                scaled = ctx.scratch(f"dy.{name}", gradient.shape, gradient.dtype)
                ctx.ops.copy(gradient, scaled)
                ctx.ops.scale(scaled, factor)
                gradient = scaled
            gradients.append(gradient)
        model.backward(ctx.child("model"), *gradients)

    def metric_pair(self, ctx: Context) -> tuple[dict[str, Array], dict[str, Array]]:
        pairs = {name: self._scored(ctx, name) for name in ctx.predictions}
        return {name: pair[0] for name, pair in pairs.items()}, {name: pair[1] for name, pair in pairs.items()}

    def _scored(self, ctx: Context, name: str) -> tuple[Array, Array]:
        """What metrics see of an output: what its loss counts."""
        there = ctx.mask if name in self.masked else ...
        loss: Loss = self._named(self.losses)[name]
        return loss.scored(ctx.predictions[name][there], ctx.targets[name][there])

    def outputs_for(self, targets: HostArray) -> int | None:
        return None


def output_shapes(model: Layer) -> tuple[Shape, ...]:
    """The shapes of a built model's outputs."""
    shape: Any = model.output_shape(*require_runtime(model).input_shapes)
    return tuple(shape) if shape and isinstance(shape[0], tuple) else (shape,)
