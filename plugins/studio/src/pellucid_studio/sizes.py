"""Limits of what a page may have built, held before any memory is taken: a playground, not a data centre."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

from pellucid import ConfigError, Layer, PellucidError, Splits, read
from pellucid.model.build import declare, read_shapes
from pellucid.workbench.experiments.experiment import Experiment
from pellucid.workbench.experiments.inference import input_shape_of, outputs_of, vocabulary_of

MOST_PARAMETERS = 5_000_000
MOST_NUMBERS = 64_000_000
"""Of all outputs of all layers for one batch."""


def check_sizes(experiment: Experiment, splits: Splits, seed: int) -> None:
    """Declare the model of an experiment, which takes no memory.

    Raises:
        ConfigError: it has more parameters than the studio takes, or its layers give more numbers for a batch.
        ShapeError: its layers do not fit together.
    """
    if experiment.open is not None:  # the data set proposes the model; it is looked at when it is known
        return
    config = dict(experiment.model)
    if "vocabulary" in experiment.inferred:
        config["vocabulary"] = vocabulary_of(splits)
    if "outputs" in experiment.inferred:
        config["outputs"] = outputs_of(splits, experiment.objective if experiment.loss is None else experiment.loss)
    shape = config.pop("input_shape", None)
    layer: Layer = read(("model", "layer"), config, seed=seed)
    if shape is None:
        shape = input_shape_of(splits, layer.made_inputs, layer.default_transforms)
    given = _Numbers(experiment.settings.batch_size)
    for path, part in layer.walk():
        vars(part)["build"] = partial(given.built, path, part, part.build)  # past __setattr__: it is thrown away
    try:
        declare(layer, *read_shapes(shape))
    except PellucidError as error:
        raise error if str(error).startswith("model.") else type(error)(f"model: {error}") from error
    count = sum(prod(param.shape) for param in layer.parameters())
    if count > MOST_PARAMETERS:
        raise ConfigError(
            f"model: it would have {count:,} parameters. The studio builds networks of at most {MOST_PARAMETERS:,}: "
            "make a layer smaller, or train it with pellucid train."
        )


class _Numbers:
    """Adds up what layers give, as they are built one after the other."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size, self._sum = batch_size, 0

    def built(self, path: str, layer: Layer, build: Any, *shapes: Any, **never: Any) -> None:
        """Build a layer, if what it gives is not too much."""
        for shape in _several(layer.output_shape(*shapes)) if not any(True for _ in layer.children()) else ():
            self._sum += prod(n or 1 for n in shape) * self._batch_size
        if self._sum > MOST_NUMBERS:
            raise ConfigError(
                f"model.{path}: up to this layer, a batch of {self._batch_size:,} samples makes {self._sum:,} numbers. "
                f"The studio computes with at most {MOST_NUMBERS:,}: make layers or batches smaller."
            )
        build(*shapes, **never)


def _several(shape: Any) -> Sequence[Any]:
    return shape if shape and isinstance(shape[0], tuple) else (shape,)
