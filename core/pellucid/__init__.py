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

    from pellucid.autodiff.tape import grad as grad, value_and_grad as value_and_grad
    from pellucid.autodiff.variable import Variable as Variable
    from pellucid.basics import errors as errors
    from pellucid.basics.arrays import Array as Array, HostArray as HostArray, Shape as Shape
    from pellucid.basics.checks import (
        check_bool as check_bool,
        check_choice as check_choice,
        check_float as check_float,
        check_int as check_int,
        check_sizes as check_sizes,
        check_type as check_type,
    )
    from pellucid.basics.component import Component as Component, Equation as Equation, Example as Example
    from pellucid.basics.errors import (
        CheckpointError as CheckpointError,
        ConfigError as ConfigError,
        DataError as DataError,
        DifferentiationError as DifferentiationError,
        NumericalError as NumericalError,
        PellucidError as PellucidError,
        PellucidWarning as PellucidWarning,
        PluginError as PluginError,
        ShapeError as ShapeError,
    )
    from pellucid.basics.suggest import did_you_mean as did_you_mean, listed as listed
    from pellucid.basics.version import __version__ as __version__
    from pellucid.interfaces.context import Context as Context
    from pellucid.interfaces.dataset import (
        Dataset as Dataset,
        Part as Part,
        Splits as Splits,
        check_part as check_part,
        load_dataset as load_dataset,
    )
    from pellucid.interfaces.initializer import Initializer as Initializer
    from pellucid.interfaces.layer import Layer as Layer, require_runtime as require_runtime
    from pellucid.interfaces.metric import Metric as Metric
    from pellucid.interfaces.objective import Batch as Batch, Loss as Loss, Objective as Objective
    from pellucid.interfaces.optimizer import Optimizer as Optimizer, Segment as Segment
    from pellucid.interfaces.parameters import Param as Param, State as State
    from pellucid.interfaces.regularizer import Regularizer as Regularizer
    from pellucid.interfaces.runtime import Runtime as Runtime
    from pellucid.interfaces.samples import Classes as Classes, Split as Split
    from pellucid.interfaces.schedule import Schedule as Schedule
    from pellucid.interfaces.transform import (
        Augmentation as Augmentation,
        Transform as Transform,
        check_columns as check_columns,
        floating as floating,
    )
    from pellucid.model.build import build as build
    from pellucid.model.composite import Composite as Composite
    from pellucid.model.inputs import transformed as transformed
    from pellucid.model.predict import as_codes as as_codes, in_batches as in_batches, to_data as to_data
    from pellucid.ops.activations import (
        ACTIVATIONS as ACTIVATIONS,
        DEFAULT_ALPHA as DEFAULT_ALPHA,
        NEEDS_INPUT as NEEDS_INPUT,
        require_activation as require_activation,
    )
    from pellucid.ops.backends import get_ops as get_ops
    from pellucid.ops.base import Ops as Ops
    from pellucid.ops.include import get_include as get_include
    from pellucid.ops.random import Stream as Stream, mix as mix
    from pellucid.ops.recording import Plan as Plan
    from pellucid.ops.threads import set_num_threads as set_num_threads
    from pellucid.registry.config import create as create, names as names, read as read, to_config as to_config
    from pellucid.registry.hookspecs import hookimpl as hookimpl
    from pellucid.registry.manifest import Registrar as Registrar
    from pellucid.registry.report import Report as Report
    from pellucid.saving.model import load as load, save as save
    from pellucid.standard.callbacks import BestEpoch as BestEpoch, Checkpoint as Checkpoint
    from pellucid.standard.files import Files as Files
    from pellucid.standard.initializers import (
        Glorot as Glorot,
        He as He,
        Normal as Normal,
        Ones as Ones,
        Zeros as Zeros,
    )
    from pellucid.standard.layers.activations import (
        ELU as ELU,
        GELU as GELU,
        Elementwise as Elementwise,
        LeakyReLU as LeakyReLU,
        ReLU as ReLU,
        Sigmoid as Sigmoid,
        SiLU as SiLU,
        Softmax as Softmax,
        Softplus as Softplus,
        Tanh as Tanh,
    )
    from pellucid.standard.layers.containers import Parallel as Parallel, Residual as Residual, Sequential as Sequential
    from pellucid.standard.layers.dense import RECTIFIERS as RECTIFIERS, Dense as Dense, Transposed as Transposed
    from pellucid.standard.layers.dropout import Dropout as Dropout
    from pellucid.standard.layers.normalisation import BatchNorm as BatchNorm, LayerNorm as LayerNorm
    from pellucid.standard.layers.reshape import Flatten as Flatten, Reshape as Reshape
    from pellucid.standard.losses.outputwise import (
        MSE as MSE,
        BinaryCrossEntropy as BinaryCrossEntropy,
        Outputwise as Outputwise,
    )
    from pellucid.standard.losses.softmax_cross_entropy import SoftmaxCrossEntropy as SoftmaxCrossEntropy
    from pellucid.standard.metrics import Accuracy as Accuracy
    from pellucid.standard.optimizers import SGD as SGD, Adam as Adam, AdamW as AdamW
    from pellucid.standard.regularizers import L2 as L2
    from pellucid.standard.rows import (
        as_rows as as_rows,
        contiguous as contiguous,
        features as features,
        reject as reject,
        require_rows as require_rows,
        weight_per_row as weight_per_row,
    )
    from pellucid.standard.schedules import Constant as Constant, Cosine as Cosine
    from pellucid.standard.supervised import Supervised as Supervised
    from pellucid.standard.transforms import (
        FlattenSamples as FlattenSamples,
        Scale as Scale,
        Standardize as Standardize,
    )
    from pellucid.training.objective import choose_objective as choose_objective
    from pellucid.training.run import Callback as Callback, History as History, Run as Run
    from pellucid.training.trainer import Trainer as Trainer
    from pellucid.workbench import pictures as pictures
    from pellucid.workbench.experiments.codes import (
        check_codes as check_codes,
        save_codes as save_codes,
        straight_path as straight_path,
    )
    from pellucid.workbench.experiments.finished import (
        FinishedRun as FinishedRun,
        PartName as PartName,
        open_run as open_run,
    )
    from pellucid.workbench.experiments.outputs import (
        check_output as check_output,
        save_array as save_array,
        save_samples as save_samples,
    )
    from pellucid.workbench.experiments.predictions import class_number as class_number

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
    "standard.rows": "as_rows contiguous features reject require_rows weight_per_row",
    "standard.layers.containers": "Parallel Residual Sequential",
    "standard.layers.dense": "Dense RECTIFIERS Transposed",
    "standard.layers.reshape": "Flatten Reshape",
    "standard.layers.dropout": "Dropout",
    "standard.layers.normalisation": "BatchNorm LayerNorm",
    "standard.layers.activations": "ELU GELU Elementwise LeakyReLU ReLU Sigmoid SiLU Softmax Softplus Tanh",
    "standard.losses.outputwise": "BinaryCrossEntropy MSE Outputwise",
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
    "workbench.experiments.predictions": "class_number",
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
