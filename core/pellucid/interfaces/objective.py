"""Loss and Objective: what one training step minimises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pellucid.basics.arrays import Array, HostArray, Interval, Shape, as_tuple
from pellucid.basics.component import Component
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.metric import Kind, Metric


@dataclass(slots=True)
class Batch:
    """The samples of one micro-batch.

    Attributes:
        x: input, or a tuple of them for a model of several inputs.
        y: target; a tuple or a table of several, as the data has them; or None.
        weight: a weight per sample, or None.
        index: int64 array: which samples of the data set these are.
    """

    x: Any
    y: Any = None
    weight: Array | None = None
    index: Array | None = None

    @property
    def inputs(self) -> tuple[Array, ...]:
        """``x`` as a tuple, to be passed on: ``model.forward(ctx.child(0), *batch.inputs)``."""
        return as_tuple(self.x)

    def __len__(self) -> int:
        return len(self.inputs[0])


class Reading(Component):
    """What the outputs of a model mean, said by what the model is trained with to whoever builds it or shows them."""

    def probabilities(self, outputs: HostArray) -> HostArray | None:
        """What the outputs of a model that was trained with it say of each class: ``p(k | xᵢ)``; softmax for example.

        ``pellucid predict`` names the class of the largest one. None, the default: nothing is said of classes, or these
        outputs are no single choice between them; then the outputs are shown as they are.

        Shapes: outputs (N, …), on the host -> (N, K), float64, K ≥ 2; each row ≥ 0 with the sum 1. A yes or no has two
        classes, and no comes first.
        """
        return None

    def outputs_for(self, targets: HostArray) -> int | None:
        """How many numbers a sample a model must give for these targets, (N, …), on the host.

        An experiment builds its model with them if it is not told. None, the default: one for each class if the targets
        are class labels, else one for each number of a target.
        """
        return None

    def default_metrics(self, *, labels: bool) -> Sequence[str]:
        """Names of the metrics that an experiment reports if it names none: those that read outputs as it does.

        Args:
            labels: whether the targets are class labels, if it learns from any.
        """
        return ()


class Loss(Reading, ABC):
    """Compares a prediction with its target: ``L = Σ wᵢ lᵢ / Σ wᵢ``. The mean over the batch is taken here, once."""

    kind: ClassVar[str] = "loss"
    predicts: ClassVar[Kind | None] = None
    """What a prediction is to this loss: ``"classes"``, ``"answers"`` or ``"values"``. Metrics that would read it
    otherwise are refused, and targets of values may be scaled. None: it does not say."""
    signed_weights: ClassVar[bool] = False
    """Whether weights may be negative; then it is ``L = Σ wᵢ lᵢ / N``, for ``Σ wᵢ`` may be 0."""

    @abstractmethod
    def forward(self, ctx: Context, prediction: Array, target: Array, weight: Array | None = None) -> Array:
        """The weighted mean, a 0-d float64 array; sets ``ctx.count`` to what was divided by (rows, tokens or Σw)."""

    @abstractmethod
    def backward(self, ctx: Context) -> Array:
        """``∂L/∂prediction``."""

    def check(self, target: HostArray, output_shape: Shape) -> None:
        """Raise DataError, naming the row, if a target does not suit; called once, before training."""

    def check_interval(self, interval: Interval, output_shape: Shape) -> None:
        """Raise ConfigError if a model whose outputs all lie in this interval cannot be trained: a loss on logits takes
        no probabilities. Called when a Trainer is made, with what :meth:`pellucid.Layer.output_interval` says."""


class Objective(Reading, ABC):
    """What one training step minimises, for models whose loss is more than prediction against target."""

    kind: ClassVar[str] = "objective"
    needs_target: ClassVar[bool] = False
    """Whether every sample must have a target: who reads samples from a file can then say that there are none, and
    labels of classes are compared by the names of these."""
    signed_weights: ClassVar[bool] = False
    """Whether weights of samples may be negative."""
    turns: Sequence[str] = ()
    """Whose turn it is at which step, again and again: ``("critic", "critic", "generator")``. A player is a part of the
    model, by its path; at its turn its parameters alone are moved, whatever gradients there are. Which calls are made
    may differ from player to player. Empty, the default: all parameters move at every step. In evaluation there are no
    turns: the parts of all players are reported, and the objective is their mean."""

    @abstractmethod
    def forward(self, ctx: Context, model: Layer, batch: Batch) -> Array:
        """The objective, a 0-d array; calls ``model.forward``; sets ``ctx.count``, and ``ctx.parts`` to the terms that
        are reported apart, such as ``{"reconstruction": …, "kl": …}``."""

    @abstractmethod
    def backward(self, ctx: Context, model: Layer) -> None:
        """Calls ``model.backward``, which adds to the parameters' gradients."""

    def player(self, step: int) -> str | None:
        """Whose turn it is at a step, ``objective.player(ctx.step)``; None if there are no turns."""
        return self.turns[step % len(self.turns)] if self.turns else None

    def input_shapes(self, model: Layer) -> tuple[Shape, ...]:
        """The shapes of a batch's ``x`` without the batch axis: those of the model's inputs.

        An objective that makes some of them itself (a noise level, a label from ``y``) says here what is left.
        """
        return require_runtime(model).input_shapes

    def suited(self, model: Layer, metrics: Sequence[Metric]) -> list[Metric]:
        """The metrics, each as it reads these predictions, see :meth:`pellucid.Metric.beside`; called when a Trainer is
        made.

        Raises:
            ConfigError: this model cannot be trained so; or metrics, and no :meth:`metric_pair` to compute them from.
        """
        if metrics and type(self).metric_pair is Objective.metric_pair:
            raise self.no_pair(metrics)
        return list(metrics)

    def no_pair(self, metrics: Sequence[Metric]) -> ConfigError:
        """The error for metrics beside an objective that has nothing to compute them from."""
        return ConfigError(
            f"metrics: {type(self).__name__} has no pair of prediction and target that {list(metrics)} could be "
            "computed from. Leave them out, metrics = []: the loss and its parts are reported without them."
        )

    def begin(self, model: Layer, data: Any) -> None:
        """Look at the data, a ``Split`` or ``Splits``, that a model is about to be trained on: here targets are scaled,
        if at all. By default they are not, and the model is no longer one whose outputs are to be scaled back."""
        require_runtime(model).target_transforms = []

    def scaled(self, model: Layer, y: HostArray) -> HostArray:
        """Targets of the data as the model is trained on them."""
        return y

    def unscaled(self, model: Layer, y: HostArray) -> HostArray:
        """What :meth:`metric_pair` gives, on the host, in the unit of the data."""
        return y

    def check(self, model: Layer, x: Any, y: Any) -> None:
        """Raise DataError if the data does not suit; called once, before training."""

    def metric_pair(self, ctx: Context) -> tuple[Array, Array] | None:
        """(prediction, target) of the last forward for the metrics. None, the default: there is no such pair, and a
        Trainer with metrics is refused."""
        return None
