"""pellucid: neural networks that you can see through.

Everything public stands here and is imported when it is first used, so that ``import pellucid`` costs nothing::

    import pellucid as pl

    model = pl.build("ann", input_shape=(784,), hidden=[128, 64], outputs=10)
    pl.Trainer(model, loss="softmax_cross_entropy").fit("mnist", epochs=10)
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False  # type checkers take this name for True; importing typing would cost more than all else here
if TYPE_CHECKING:
    from typing import Any

    from pellucid import errors as errors
    from pellucid.autodiff.variable import Variable as Variable
    from pellucid.building import build as build
    from pellucid.callback import Callback as Callback
    from pellucid.component import Component as Component
    from pellucid.component import Equation as Equation
    from pellucid.component import Example as Example
    from pellucid.composite import Composite as Composite
    from pellucid.config import create as create
    from pellucid.config import names as names
    from pellucid.config import to_config as to_config
    from pellucid.context import Context as Context
    from pellucid.dataset import Dataset as Dataset
    from pellucid.dataset import Splits as Splits
    from pellucid.dataset import load_dataset as load_dataset
    from pellucid.datasets.samples import Split as Split
    from pellucid.errors import CheckpointError as CheckpointError
    from pellucid.errors import ConfigError as ConfigError
    from pellucid.errors import DataError as DataError
    from pellucid.errors import DifferentiationError as DifferentiationError
    from pellucid.errors import NumericalError as NumericalError
    from pellucid.errors import PellucidError as PellucidError
    from pellucid.errors import PellucidWarning as PellucidWarning
    from pellucid.errors import PluginError as PluginError
    from pellucid.errors import ShapeError as ShapeError
    from pellucid.include import get_include as get_include
    from pellucid.initializer import Initializer as Initializer
    from pellucid.layer import Layer as Layer
    from pellucid.layer import Param as Param
    from pellucid.metric import Metric as Metric
    from pellucid.objective import Batch as Batch
    from pellucid.objective import Loss as Loss
    from pellucid.objective import Objective as Objective
    from pellucid.ops import Ops as Ops
    from pellucid.optimizer import Optimizer as Optimizer
    from pellucid.optimizer import Segment as Segment
    from pellucid.registry.hookspecs import hookimpl as hookimpl
    from pellucid.regularizer import Regularizer as Regularizer
    from pellucid.saving import load as load
    from pellucid.saving import save as save
    from pellucid.schedule import Schedule as Schedule
    from pellucid.tape import grad as grad
    from pellucid.tape import value_and_grad as value_and_grad
    from pellucid.threads import set_num_threads as set_num_threads
    from pellucid.trainer import Trainer as Trainer
    from pellucid.training.run import History as History
    from pellucid.training.run import Run as Run
    from pellucid.transform import Augmentation as Augmentation
    from pellucid.transform import Transform as Transform

_MODULES = {
    "autodiff.variable": "Variable",
    "building": "build",
    "callback": "Callback",
    "component": "Component Equation Example",
    "composite": "Composite",
    "config": "create names to_config",
    "context": "Context",
    "dataset": "Dataset Splits load_dataset",
    "errors": (
        "CheckpointError ConfigError DataError DifferentiationError NumericalError PellucidError PellucidWarning "
        "PluginError ShapeError"
    ),
    "registry.hookspecs": "hookimpl",
    "include": "get_include",
    "initializer": "Initializer",
    "layer": "Layer Param",
    "metric": "Metric",
    "objective": "Batch Loss Objective",
    "ops": "Ops",
    "optimizer": "Optimizer Segment",
    "regularizer": "Regularizer",
    "training.run": "History Run",
    "datasets.samples": "Split",
    "saving": "load save",
    "schedule": "Schedule",
    "tape": "grad value_and_grad",
    "threads": "set_num_threads",
    "trainer": "Trainer",
    "transform": "Augmentation Transform",
}
"""Which module holds which public names; a test holds this against the imports above."""
_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = ["__version__", "errors", *_HOME]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOME:
        value = getattr(import_module(f"pellucid.{_HOME[name]}"), name)
    elif name == "errors":
        value = import_module("pellucid.errors")
    else:
        from pellucid.suggest import did_you_mean

        raise AttributeError(f"module 'pellucid' has no attribute {name!r}.{did_you_mean(name, __all__)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
