"""The promises of the contracts, by kind of component, in the order in which they are tried."""

from __future__ import annotations

# isort: off
from pellucid.testing.check import Check, checks
from pellucid.testing.checks import augmentations, callbacks, calls, capture, data, general, initializers, kernels
from pellucid.testing.checks import layer_building, layer_calls, layer_maths, losses, metrics, objectives, optimizers
from pellucid.testing.checks import regularizers, schedules
# isort: on

FIRST = checks(calls.nothing_kept, layer_calls.repeats, calls.inputs_untouched)
"""All other cases compare one call with another, and would blame something else where these are broken."""
LAYER = (
    *FIRST, *layer_building.CHECKS, *layer_maths.CHECKS, *calls.APART, *layer_calls.CHECKS, *calls.BACKENDS,
    *capture.CALLS, *kernels.CALLS,
)  # fmt: skip
LOSS = (
    *losses.CHECKS, *checks(calls.nothing_kept, calls.inputs_untouched), *calls.APART, *calls.BACKENDS, *capture.CALLS,
    *kernels.CALLS,
)  # fmt: skip

CHECKS: dict[str, tuple[Check, ...]] = {
    "layer": (*general.CHECKS, *general.EQUATIONS, *LAYER, *layer_maths.EQUATIONS),
    "model": (*general.CHECKS, *LAYER),
    "loss": (*general.CHECKS, *general.EQUATIONS, *LOSS),
    "objective": (*general.CHECKS, *general.EQUATIONS, *objectives.CHECKS, *capture.CALLS),
    "optimizer": (*general.CHECKS, *general.EQUATIONS, *optimizers.CHECKS, *kernels.OPTIMIZER),
    "schedule": (*general.CHECKS, *general.EQUATIONS, *schedules.CHECKS),
    "initializer": (*general.CHECKS, *general.EQUATIONS, *initializers.CHECKS),
    "regularizer": (*general.CHECKS, *general.EQUATIONS, *regularizers.CHECKS, *capture.GRADIENT, *kernels.REGULARIZER),
    "metric": (*general.CHECKS, *metrics.CHECKS),
    "transform": (*general.CHECKS, *data.TRANSFORM, *augmentations.CHECKS, *capture.AUGMENTATION),
    "dataset": (*general.CHECKS, *data.DATASET),
    "callback": (*general.CHECKS, *callbacks.CHECKS),
}
"""Backends and ops have no cases of their own: the layers, losses and optimizers that use them are compared across
backends."""
