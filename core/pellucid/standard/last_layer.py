"""Whether the outputs of a model are what a loss on logits can work with: no probabilities, which it makes itself."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.basics.arrays import UNBOUNDED, Interval
from pellucid.basics.component import Component
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.objective import Loss

SURE = 0.99
"""A probability that a classifier must be able to reach; behind a softmax or a sigmoid it cannot."""


def require_reach(loss: Component, interval: Interval, most: Sequence[float]) -> None:
    """Compare the greatest probability that outputs in this interval can give each class with ``SURE``.

    Raises:
        ConfigError: one is smaller: the model could not learn to be sure.
    """
    if min(most) >= SURE:
        return
    low, high = interval
    raise ConfigError(
        f"{type(loss).__name__} takes logits, numbers without bounds, and makes probabilities of them itself. "
        f"Received: outputs between {low:g} and {high:g}, which make it sure of a class to {min(most):.2f} at most. "
        "Leave the last activation out (sigmoid, softmax, tanh, …): the loss has it in it, and pellucid predict and "
        "loss.probabilities(outputs) show probabilities."
    )


def check_last_layer(model: Layer, loss: Loss) -> None:
    """Ask a loss whether it can train what this model gives, an array; see :meth:`pellucid.Loss.check_interval`.

    Raises:
        ConfigError: it cannot; the message names the layer, if it can be told.
    """
    shapes = require_runtime(model).input_shapes
    interval = model.output_interval(*[UNBOUNDED] * len(shapes))
    try:
        loss.check_interval(interval, model.output_shape(*shapes))
    except ConfigError as error:
        bounded = [
            f"{path} ({type(layer).__name__}): " if path else f"{type(layer).__name__}: "
            for path, layer in model.walk()
            if not list(layer.children()) and layer.output_interval(UNBOUNDED) == interval
        ]
        raise ConfigError(f"{bounded[-1] if bounded else ''}{error}") from error
