"""The promises of the contracts, by kind of component, in the order in which they are tried."""

from __future__ import annotations

# isort: off
from pellucid.testing.check import Check, checks
from pellucid.testing.checks import augmentations, cadences, callbacks, calls, capture, datasets, feeds, general
from pellucid.testing.checks import initializers
from pellucid.testing.checks import kernels, layer_building, layer_calls, layer_code, layer_maths
from pellucid.testing.checks import losses, metrics, objectives, optimizers, regularizers, schedules, transforms
from pellucid.testing.checks import layer_sizes, layer_values, loss_values, views
from pellucid.testing.checks.compared import with_compared
# isort: on

FIRST = checks(calls.nothing_kept, layer_calls.repeats, calls.inputs_untouched)
"""All other cases compare one call with another, and would blame something else where these are broken."""
LAYER = (
    *FIRST, *layer_building.CHECKS, *layer_maths.CHECKS, *calls.APART, *layer_calls.CHECKS,
    *layer_code.CHECKS, *calls.BACKENDS, *layer_sizes.CHECKS, *layer_values.CHECKS, *layer_maths.FAR, *capture.CALLS,
    *kernels.CALLS,
)  # fmt: skip
LOSS = (
    *losses.CHECKS, *checks(calls.nothing_kept, calls.inputs_untouched), *calls.APART, *calls.BACKENDS,
    *loss_values.CHECKS, *capture.CALLS, *kernels.CALLS,
)  # fmt: skip

CHECKS: dict[str, tuple[Check, ...]] = {
    "layer": (*general.CHECKS, *general.EQUATIONS, *LAYER, *layer_maths.EQUATIONS),
    "model": (*general.CHECKS, *LAYER),
    "loss": (*general.CHECKS, *general.EQUATIONS, *LOSS),
    "objective": (*general.CHECKS, *general.EQUATIONS, *objectives.CHECKS, *capture.CALLS),
    "optimizer": (*general.CHECKS, *general.EQUATIONS, *general.VALUES, *optimizers.CHECKS, *kernels.OPTIMIZER),
    "schedule": (*general.CHECKS, *general.EQUATIONS, *general.VALUES, *schedules.CHECKS),
    "initializer": (*general.CHECKS, *general.EQUATIONS, *general.VALUES, *initializers.CHECKS),
    "regularizer": (
        *general.CHECKS, *general.EQUATIONS, *general.VALUES, *regularizers.CHECKS, *capture.GRADIENT,
        *kernels.REGULARIZER,
    ),
    "metric": (*general.CHECKS, *general.VALUES, *metrics.CHECKS),
    "transform": (
        *general.CHECKS, *general.VALUES, *transforms.CHECKS, *augmentations.CHECKS, *capture.AUGMENTATION,
    ),
    "dataset": (*general.CHECKS, *datasets.CHECKS),
    "feed": (*general.CHECKS, *feeds.FEED),
    "sampler": (*general.CHECKS, *feeds.SAMPLER),
    "callback": (*general.CHECKS, *callbacks.CHECKS, *cadences.CHECKS),
    "view": (*general.CHECKS, *views.CHECKS),
}
CHECKS = {kind: with_compared(kind, found) for kind, found in CHECKS.items()}
"""Backends and ops have no cases of their own: the layers, losses and optimizers that use them are compared across
backends. Nor have commands, which do what only their author knows."""
