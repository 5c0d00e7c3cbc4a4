"""pellucid: neural networks that you can see through.

Everything public stands here and is imported when it is first used, so that ``import pellucid`` costs nothing::

    import pellucid as pl

    model = pl.build("ann", input_shape=(784,), hidden=[128, 64], outputs=10)
    pl.Trainer(model, loss="softmax_cross_entropy").fit("mnist", epochs=10)
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take this name for True; importing typing would cost more than all else here
if TYPE_CHECKING:
    from typing import Any

    from pellucid.autodiff.tape import grad as grad
    from pellucid.autodiff.tape import value_and_grad as value_and_grad
    from pellucid.autodiff.variable import Variable as Variable
    from pellucid.basics import errors as errors
    from pellucid.basics.arrays import Array as Array
    from pellucid.basics.arrays import HostArray as HostArray
    from pellucid.basics.arrays import Shape as Shape
    from pellucid.basics.checks import check_bool as check_bool
    from pellucid.basics.checks import check_choice as check_choice
    from pellucid.basics.checks import check_float as check_float
    from pellucid.basics.checks import check_int as check_int
    from pellucid.basics.checks import check_sizes as check_sizes
    from pellucid.basics.checks import check_type as check_type
    from pellucid.basics.component import Component as Component
    from pellucid.basics.component import Equation as Equation
    from pellucid.basics.component import Example as Example
    from pellucid.basics.errors import CheckpointError as CheckpointError
    from pellucid.basics.errors import ConfigError as ConfigError
    from pellucid.basics.errors import DataError as DataError
    from pellucid.basics.errors import DifferentiationError as DifferentiationError
    from pellucid.basics.errors import NumericalError as NumericalError
    from pellucid.basics.errors import PellucidError as PellucidError
    from pellucid.basics.errors import PellucidWarning as PellucidWarning
    from pellucid.basics.errors import PluginError as PluginError
    from pellucid.basics.errors import ShapeError as ShapeError
    from pellucid.basics.suggest import did_you_mean as did_you_mean
    from pellucid.basics.suggest import listed as listed
    from pellucid.basics.version import __version__ as __version__
    from pellucid.interfaces.context import Context as Context
    from pellucid.interfaces.dataset import Dataset as Dataset
    from pellucid.interfaces.dataset import Part as Part
    from pellucid.interfaces.dataset import Splits as Splits
    from pellucid.interfaces.dataset import check_part as check_part
    from pellucid.interfaces.dataset import load_dataset as load_dataset
    from pellucid.interfaces.initializer import Initializer as Initializer
    from pellucid.interfaces.layer import Layer as Layer
    from pellucid.interfaces.layer import require_runtime as require_runtime
    from pellucid.interfaces.metric import Metric as Metric
    from pellucid.interfaces.objective import Batch as Batch
    from pellucid.interfaces.objective import Loss as Loss
    from pellucid.interfaces.objective import Objective as Objective
    from pellucid.interfaces.optimizer import Optimizer as Optimizer
    from pellucid.interfaces.optimizer import Segment as Segment
    from pellucid.interfaces.parameters import Param as Param
    from pellucid.interfaces.parameters import State as State
    from pellucid.interfaces.regularizer import Regularizer as Regularizer
    from pellucid.interfaces.runtime import Runtime as Runtime
    from pellucid.interfaces.samples import Classes as Classes
    from pellucid.interfaces.samples import Split as Split
    from pellucid.interfaces.schedule import Schedule as Schedule
    from pellucid.interfaces.transform import Augmentation as Augmentation
    from pellucid.interfaces.transform import Transform as Transform
    from pellucid.interfaces.transform import check_columns as check_columns
    from pellucid.interfaces.transform import floating as floating
    from pellucid.model.build import build as build
    from pellucid.model.composite import Composite as Composite
    from pellucid.model.inputs import transformed as transformed
    from pellucid.model.predict import as_codes as as_codes
    from pellucid.model.predict import in_batches as in_batches
    from pellucid.model.predict import to_data as to_data
    from pellucid.ops.activations import ACTIVATIONS as ACTIVATIONS
    from pellucid.ops.activations import DEFAULT_ALPHA as DEFAULT_ALPHA
    from pellucid.ops.activations import NEEDS_INPUT as NEEDS_INPUT
    from pellucid.ops.activations import require_activation as require_activation
    from pellucid.ops.backends import get_ops as get_ops
    from pellucid.ops.base import Ops as Ops
    from pellucid.ops.include import get_include as get_include
    from pellucid.ops.random import Stream as Stream
    from pellucid.ops.random import mix as mix
    from pellucid.ops.recording import Plan as Plan
    from pellucid.ops.threads import set_num_threads as set_num_threads
    from pellucid.registry.config import create as create
    from pellucid.registry.config import names as names
    from pellucid.registry.config import read as read
    from pellucid.registry.config import to_config as to_config
    from pellucid.registry.hookspecs import hookimpl as hookimpl
    from pellucid.registry.manifest import Registrar as Registrar
    from pellucid.registry.report import Report as Report
    from pellucid.saving.model import load as load
    from pellucid.saving.model import save as save
    from pellucid.standard.callbacks import BestEpoch as BestEpoch
    from pellucid.standard.callbacks import Checkpoint as Checkpoint
    from pellucid.standard.files import Files as Files
    from pellucid.standard.initializers import Glorot as Glorot
    from pellucid.standard.initializers import He as He
    from pellucid.standard.initializers import Normal as Normal
    from pellucid.standard.initializers import Ones as Ones
    from pellucid.standard.initializers import Zeros as Zeros
    from pellucid.standard.layers.activations import ELU as ELU
    from pellucid.standard.layers.activations import GELU as GELU
    from pellucid.standard.layers.activations import Elementwise as Elementwise
    from pellucid.standard.layers.activations import LeakyReLU as LeakyReLU
    from pellucid.standard.layers.activations import ReLU as ReLU
    from pellucid.standard.layers.activations import Sigmoid as Sigmoid
    from pellucid.standard.layers.activations import SiLU as SiLU
    from pellucid.standard.layers.activations import Softplus as Softplus
    from pellucid.standard.layers.activations import Tanh as Tanh
    from pellucid.standard.layers.batch_norm import BatchNorm as BatchNorm
    from pellucid.standard.layers.containers import Parallel as Parallel
    from pellucid.standard.layers.containers import Residual as Residual
    from pellucid.standard.layers.containers import Sequential as Sequential
    from pellucid.standard.layers.dense import RECTIFIERS as RECTIFIERS
    from pellucid.standard.layers.dense import Dense as Dense
    from pellucid.standard.layers.dropout import Dropout as Dropout
    from pellucid.standard.layers.flatten import Flatten as Flatten
    from pellucid.standard.layers.layer_norm import LayerNorm as LayerNorm
    from pellucid.standard.layers.reshape import Reshape as Reshape
    from pellucid.standard.layers.rows import as_rows as as_rows
    from pellucid.standard.layers.rows import contiguous as contiguous
    from pellucid.standard.layers.rows import features as features
    from pellucid.standard.layers.softmax import Softmax as Softmax
    from pellucid.standard.layers.transposed import Transposed as Transposed
    from pellucid.standard.losses.binary_cross_entropy import BinaryCrossEntropy as BinaryCrossEntropy
    from pellucid.standard.losses.mse import MSE as MSE
    from pellucid.standard.losses.outputwise import Outputwise as Outputwise
    from pellucid.standard.losses.rows import reject as reject
    from pellucid.standard.losses.rows import require_rows as require_rows
    from pellucid.standard.losses.rows import weight_per_row as weight_per_row
    from pellucid.standard.losses.softmax_cross_entropy import SoftmaxCrossEntropy as SoftmaxCrossEntropy
    from pellucid.standard.metrics import Accuracy as Accuracy
    from pellucid.standard.optimizers import SGD as SGD
    from pellucid.standard.optimizers import Adam as Adam
    from pellucid.standard.optimizers import AdamW as AdamW
    from pellucid.standard.regularizers import L2 as L2
    from pellucid.standard.schedules import Constant as Constant
    from pellucid.standard.schedules import Cosine as Cosine
    from pellucid.standard.supervised import Supervised as Supervised
    from pellucid.standard.transforms import FlattenSamples as FlattenSamples
    from pellucid.standard.transforms import Scale as Scale
    from pellucid.standard.transforms import Standardize as Standardize
    from pellucid.training.objective import choose_objective as choose_objective
    from pellucid.training.run import Callback as Callback
    from pellucid.training.run import History as History
    from pellucid.training.run import Run as Run
    from pellucid.training.trainer import Trainer as Trainer
    from pellucid.workbench import pictures as pictures
    from pellucid.workbench.experiments.codes import check_codes as check_codes
    from pellucid.workbench.experiments.codes import save_codes as save_codes
    from pellucid.workbench.experiments.codes import straight_path as straight_path
    from pellucid.workbench.experiments.finished import FinishedRun as FinishedRun
    from pellucid.workbench.experiments.finished import PartName as PartName
    from pellucid.workbench.experiments.finished import open_run as open_run
    from pellucid.workbench.experiments.labels import class_number as class_number
    from pellucid.workbench.experiments.outputs import check_output as check_output
    from pellucid.workbench.experiments.outputs import save_array as save_array
    from pellucid.workbench.experiments.outputs import save_samples as save_samples

_MODULES = {
    "basics.arrays": "Array HostArray Shape",
    "basics.component": "Component Equation Example",
    "basics.checks": "check_bool check_choice check_float check_int check_sizes check_type",
    "basics.errors": (
        "CheckpointError ConfigError DataError DifferentiationError NumericalError PellucidError "
        "PellucidWarning PluginError ShapeError"
    ),
    "basics.suggest": "did_you_mean listed",
    "basics.version": "__version__",
    "registry.config": "create names read to_config",
    "registry.hookspecs": "hookimpl",
    "registry.manifest": "Registrar",
    "registry.report": "Report",
    "ops.base": "Ops",
    "ops.backends": "get_ops",
    "ops.random": "Stream mix",
    "ops.recording": "Plan",
    "ops.include": "get_include",
    "ops.threads": "set_num_threads",
    "autodiff.tape": "grad value_and_grad",
    "autodiff.variable": "Variable",
    "interfaces.layer": "Layer require_runtime",
    "interfaces.parameters": "Param State",
    "interfaces.context": "Context",
    "interfaces.objective": "Batch Loss Objective",
    "interfaces.optimizer": "Optimizer Segment",
    "interfaces.schedule": "Schedule",
    "interfaces.initializer": "Initializer",
    "interfaces.regularizer": "Regularizer",
    "interfaces.metric": "Metric",
    "interfaces.transform": "Augmentation Transform check_columns floating",
    "interfaces.dataset": "Dataset Splits load_dataset Part check_part",
    "interfaces.samples": "Classes Split",
    "interfaces.runtime": "Runtime",
    "model.build": "build",
    "model.composite": "Composite",
    "model.inputs": "transformed",
    "model.predict": "as_codes in_batches to_data",
    "training.run": "Callback History Run",
    "training.trainer": "Trainer",
    "training.objective": "choose_objective",
    "saving.model": "load save",
    "ops.activations": "ACTIVATIONS DEFAULT_ALPHA NEEDS_INPUT require_activation",
    "standard.layers.rows": "as_rows contiguous features",
    "standard.layers.containers": "Parallel Residual Sequential",
    "standard.layers.dense": "Dense RECTIFIERS",
    "standard.layers.transposed": "Transposed",
    "standard.layers.flatten": "Flatten",
    "standard.layers.reshape": "Reshape",
    "standard.layers.dropout": "Dropout",
    "standard.layers.batch_norm": "BatchNorm",
    "standard.layers.layer_norm": "LayerNorm",
    "standard.layers.softmax": "Softmax",
    "standard.layers.activations": "ELU GELU Elementwise LeakyReLU ReLU Sigmoid SiLU Softplus Tanh",
    "standard.losses.rows": "reject require_rows weight_per_row",
    "standard.losses.outputwise": "Outputwise",
    "standard.losses.binary_cross_entropy": "BinaryCrossEntropy",
    "standard.losses.mse": "MSE",
    "standard.losses.softmax_cross_entropy": "SoftmaxCrossEntropy",
    "standard.supervised": "Supervised",
    "standard.optimizers": "Adam AdamW SGD",
    "standard.schedules": "Constant Cosine",
    "standard.initializers": "Glorot He Normal Ones Zeros",
    "standard.regularizers": "L2",
    "standard.metrics": "Accuracy",
    "standard.transforms": "FlattenSamples Scale Standardize",
    "standard.files": "Files",
    "standard.callbacks": "BestEpoch Checkpoint",
    "workbench.experiments.finished": "FinishedRun PartName open_run",
    "workbench.experiments.outputs": "check_output save_array save_samples",
    "workbench.experiments.codes": "check_codes save_codes straight_path",
    "workbench.experiments.labels": "class_number",
}
"""Which module holds which public names; a test holds this against the imports above."""
_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}

_SUBMODULES = {"errors": "basics.errors", "pictures": "workbench.pictures"}

__all__ = [*_SUBMODULES, *_HOME]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOME:
        value = getattr(import_module(f"pellucid.{_HOME[name]}"), name)
    elif name in _SUBMODULES:
        value = import_module(f"pellucid.{_SUBMODULES[name]}")
    else:
        from pellucid.basics.suggest import did_you_mean

        raise AttributeError(f"module 'pellucid' has no attribute {name!r}.{did_you_mean(name, __all__)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
