"""pellucid: neural networks that you can see through.

Everything public stands here and is imported when it is first used, so that ``import pellucid`` costs nothing::

    import pellucid as pl

    model = pl.build("ann", input_shape=(784,), hidden=[128, 64], outputs=10)
    pl.Trainer(model, loss="softmax_cross_entropy").fit("mnist", epochs=10)
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take this name for True; importing typing would cost more than all else here
if TYPE_CHECKING:
    # isort: off
    from typing import Any

    from pellucid.autodiff.primitive import Primitive
    from pellucid.autodiff.tape import grad, value_and_grad
    from pellucid.autodiff.variable import Variable
    from pellucid.basics import errors
    from pellucid.basics.arrays import UNBOUNDED, Array, HostArray, Interval, Shape, as_array
    from pellucid.basics.checks import check_float, check_int, check_type
    from pellucid.basics.component import Component, Equation, Example
    from pellucid.basics.errors import CheckpointError, ConfigError, DataError, DifferentiationError, NumericalError
    from pellucid.basics.errors import PellucidError, PellucidWarning, PluginError, ShapeError
    from pellucid.basics.limits import check_memory
    from pellucid.basics.suggest import did_you_mean, listed
    from pellucid.basics.version import __version__
    from pellucid.glassbox.difference import diff
    from pellucid.glassbox.flight.recording import Recording
    from pellucid.glassbox.page.parts import PageNote, PagePart, PagePicture, PageTable, PageWindow
    from pellucid.glassbox.views.controls import ViewButton, ViewChoice, ViewControl, ViewDrawing, ViewPlane, ViewSlider
    from pellucid.glassbox.views.controls import ViewSwitch, ViewText
    from pellucid.glassbox.views.parts import ViewBars, ViewCurves, ViewPart, ViewPictures, ViewPoints, ViewWords
    from pellucid.glassbox.views.view import View, Viewed
    from pellucid.glassbox.trace import Trace
    from pellucid.glassbox.trace_file import load_trace
    from pellucid.interfaces.context import Context
    from pellucid.interfaces.dataset import Dataset, Part, Splits, as_count, check_part, load_dataset
    from pellucid.interfaces.rows import Samples
    from pellucid.interfaces.initializer import Initializer
    from pellucid.interfaces.layer import Layer, require_runtime
    from pellucid.interfaces.metric import Metric
    from pellucid.interfaces.objective import Batch, Loss, Objective
    from pellucid.interfaces.optimizer import Optimizer, Segment, SegmentPart
    from pellucid.interfaces.parameters import Param, State
    from pellucid.interfaces.regularizer import Regularizer
    from pellucid.interfaces.runtime import Runtime
    from pellucid.interfaces.samples import Classes, Split
    from pellucid.interfaces.schedule import Schedule
    from pellucid.interfaces.transform import Augmentation, Transform
    from pellucid.model.build import build
    from pellucid.model.composite import Composite
    from pellucid.model.inputs import transformed
    from pellucid.standard.pack import Pack
    from pellucid.standard.ops.activations import ACTIVATIONS, DEFAULT_ALPHA, NEEDS_INPUT, require_activation
    from pellucid.ops.backends import get_ops
    from pellucid.standard.ops.base import Ops
    from pellucid.ops.include import get_include
    from pellucid.ops.random import Stream, mix
    from pellucid.ops.recording import Plan
    from pellucid.ops.threads import set_num_threads
    from pellucid.registry.config import create, names, read, read_several, to_config
    from pellucid.registry.derivatives import Derivatives
    from pellucid.registry.hookspecs import hookimpl
    from pellucid.registry.manifest import Registrar
    from pellucid.saving.files import replacing
    from pellucid.saving.model import load, save
    from pellucid.standard.arguments import check_bool, check_choice, check_sizes
    from pellucid.standard.batches import Batches
    from pellucid.standard.feed import Feed
    from pellucid.standard.callbacks.averages import Ema, Swa
    from pellucid.standard.callbacks.best_epoch import BestEpoch
    from pellucid.standard.callbacks.checkpoint import Checkpoint
    from pellucid.standard.callbacks.early_stopping import EarlyStopping
    from pellucid.standard.callbacks.plateau import ReduceOnPlateau
    from pellucid.standard.callbacks.tensorboard import TensorBoard
    from pellucid.standard.columns import check_columns, floating
    from pellucid.standard.files import Files
    from pellucid.standard.initializers.drawn import Normal, TruncatedNormal, Uniform
    from pellucid.standard.initializers.fixed import Ones, Zeros
    from pellucid.standard.initializers.orthogonal import Orthogonal
    from pellucid.standard.initializers.scaled import Glorot, He, Lecun
    from pellucid.standard.last_layer import check_last_layer, require_reach
    from pellucid.standard.layers.activations import ELU, GELU, Elementwise, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax
    from pellucid.standard.layers.activations import Softplus, Tanh, interval_of
    from pellucid.standard.layers.containers import Parallel, Residual, Sequential
    from pellucid.standard.layers.dense import RECTIFIERS, Dense, Transposed
    from pellucid.standard.layers.dropout import Dropout
    from pellucid.standard.layers.normalisation import BatchNorm, LayerNorm
    from pellucid.standard.layers.neuron import Neuron
    from pellucid.standard.layers.prelu import PReLU
    from pellucid.standard.layers.stack import Stack
    from pellucid.standard.layers.reshape import Flatten, Reshape
    from pellucid.standard.losses.absolute_error import AbsoluteError
    from pellucid.standard.losses.binary_cross_entropy import BinaryCrossEntropy
    from pellucid.standard.losses.binary_focal import BinaryFocal
    from pellucid.standard.losses.cosine_similarity import CosineSimilarity
    from pellucid.standard.losses.focal import Focal
    from pellucid.standard.losses.hinge import Hinge
    from pellucid.standard.losses.huber import Huber
    from pellucid.standard.losses.kl_divergence import KLDivergence
    from pellucid.standard.losses.outputwise import MSE, Outputwise
    from pellucid.standard.losses.signed import Signed
    from pellucid.standard.losses.softmax_cross_entropy import SoftmaxCrossEntropy
    from pellucid.standard.making import as_codes, in_batches, to_data
    from pellucid.standard.metrics.accuracy import Accuracy, TopK
    from pellucid.standard.metrics.choices import OfClasses
    from pellucid.standard.metrics.confusion import F1, ConfusionMatrix, Precision, Recall
    from pellucid.standard.metrics.ranking import PRAUC, ROCAUC
    from pellucid.standard.metrics.values import MAE, R2, RMSE, OfValues, WithinTolerance
    from pellucid.standard.optimizers.adagrad import Adagrad
    from pellucid.standard.optimizers.adam import Adam, AdamW
    from pellucid.standard.optimizers.clipped import Clipped
    from pellucid.standard.optimizers.combined import ByPath, Moving
    from pellucid.standard.optimizers.lion import Lion
    from pellucid.standard.optimizers.muon import Muon
    from pellucid.standard.optimizers.rmsprop import RMSprop
    from pellucid.standard.optimizers.sgd import SGD
    from pellucid.standard.progress import Progress
    from pellucid.standard.regularizers import L1, L2, ElasticNet
    from pellucid.standard.rows import as_rows, contiguous, features, reject, require_rows, weight_per_row
    from pellucid.standard.masked import Masked
    from pellucid.standard.compiled import Compiled
    from pellucid.standard.sequences import ByLength, Sequences, Streams
    from pellucid.standard.streams import tell
    from pellucid.standard.windows import Windows
    from pellucid.standard.samplers import Balanced, Curriculum, Groups, Sampler
    from pellucid.standard.schedules.constant import Constant, ScaledRate
    from pellucid.standard.schedules.cosine import Cosine
    from pellucid.standard.schedules.exponential import ExponentialRate
    from pellucid.standard.schedules.inverse_time import InverseTime
    from pellucid.standard.schedules.linear import LinearRate
    from pellucid.standard.schedules.one_cycle import OneCycle
    from pellucid.standard.schedules.step import StepRate
    from pellucid.standard.schedules.warmup import Warmup
    from pellucid.standard.composite_objective import CompositeObjective
    from pellucid.standard.functions import FunctionLayer, FunctionLoss, FunctionMetric
    from pellucid.standard.several_losses import SeveralLosses
    from pellucid.standard.slopes import slopes
    from pellucid.standard.supervised import Supervised
    from pellucid.standard.transforms import FlattenSamples, Scale, Standardize
    from pellucid.training.objective import choose_objective
    from pellucid.training.run import Callback, History, Run
    from pellucid.training.trainer import Trainer
    from pellucid.standard.trainers import trainer_for
    from pellucid.workbench import pictures
    from pellucid.workbench.experiments.codes import check_codes, save_codes, straight_path
    from pellucid.workbench.experiments.finished import FinishedRun, SplitName, open_run
    from pellucid.workbench.experiments.outputs import check_amount, check_output, save_array, save_samples
    from pellucid.workbench.experiments.predictions import class_number
    from pellucid.workbench.latent.codes import CodesView
    from pellucid.workbench.latent.explorer import CodesExplorer
    from pellucid.workbench.latent.reconstruction import CodesReconstruction
    from pellucid.workbench.latent.shown import samples_part
    from pellucid.workbench.latent.walk import CodesWalk
    from pellucid.workbench.imports.importing import Imported, Importing, MadeOf, import_model
    from pellucid.workbench.imports.source import WeightSource
    from pellucid.workbench.local import local_plugins
    from pellucid.workbench.report import Report
    # isort: on

_MODULES = {
    "basics.arrays": "Array HostArray Interval Shape UNBOUNDED as_array",
    "basics.component": "Component Equation Example",
    "basics.checks": "check_float check_int check_type",
    "basics.errors": (
        "CheckpointError ConfigError DataError DifferentiationError NumericalError PellucidError "
        "PellucidWarning PluginError ShapeError"
    ),
    "basics.limits": "check_memory",
    "basics.suggest": "did_you_mean listed",
    "basics.version": "__version__",
    "registry.config": "create names read read_several to_config",
    "registry.derivatives": "Derivatives",
    "registry.hookspecs": "hookimpl",
    "registry.manifest": "Registrar",
    "standard.ops.base": "Ops",
    "ops.backends": "get_ops",
    "ops.random": "Stream mix",
    "ops.recording": "Plan",
    "ops.include": "get_include",
    "ops.threads": "set_num_threads",
    "standard.ops.activations": "ACTIVATIONS DEFAULT_ALPHA NEEDS_INPUT require_activation",
    "autodiff.primitive": "Primitive",
    "autodiff.tape": "grad value_and_grad",
    "autodiff.variable": "Variable",
    "interfaces.layer": "Layer require_runtime",
    "interfaces.parameters": "Param State",
    "interfaces.context": "Context",
    "interfaces.objective": "Batch Loss Objective",
    "interfaces.optimizer": "Optimizer Segment SegmentPart",
    "interfaces.schedule": "Schedule",
    "interfaces.initializer": "Initializer",
    "interfaces.regularizer": "Regularizer",
    "interfaces.metric": "Metric",
    "interfaces.transform": "Augmentation Transform",
    "interfaces.dataset": "Dataset Splits as_count load_dataset Part check_part",
    "interfaces.rows": "Samples",
    "interfaces.samples": "Classes Split",
    "interfaces.runtime": "Runtime",
    "model.build": "build",
    "model.composite": "Composite",
    "model.inputs": "transformed",
    "glassbox.difference": "diff",
    "glassbox.page.parts": "PageNote PagePart PagePicture PageTable PageWindow",
    "glassbox.views.controls": "ViewButton ViewChoice ViewControl ViewDrawing ViewPlane ViewSlider ViewSwitch ViewText",
    "glassbox.views.parts": "ViewBars ViewCurves ViewPart ViewPictures ViewPoints ViewWords",
    "glassbox.views.view": "View Viewed",
    "glassbox.flight.recording": "Recording",
    "glassbox.trace": "Trace",
    "glassbox.trace_file": "load_trace",
    "training.run": "Callback History Run",
    "training.trainer": "Trainer",
    "training.objective": "choose_objective",
    "saving.files": "replacing",
    "saving.model": "load save",
    "standard.rows": "as_rows contiguous features reject require_rows weight_per_row",
    "standard.layers.containers": "Parallel Residual Sequential",
    "standard.layers.dense": "Dense RECTIFIERS Transposed",
    "standard.layers.reshape": "Flatten Reshape",
    "standard.layers.dropout": "Dropout",
    "standard.layers.normalisation": "BatchNorm LayerNorm",
    "standard.layers.neuron": "Neuron",
    "standard.layers.prelu": "PReLU",
    "standard.layers.stack": "Stack",
    "standard.layers.activations": "ELU GELU Elementwise LeakyReLU ReLU Sigmoid SiLU Softmax Softplus Tanh interval_of",
    "standard.losses.absolute_error": "AbsoluteError",
    "standard.losses.binary_cross_entropy": "BinaryCrossEntropy",
    "standard.losses.binary_focal": "BinaryFocal",
    "standard.losses.cosine_similarity": "CosineSimilarity",
    "standard.losses.focal": "Focal",
    "standard.losses.hinge": "Hinge",
    "standard.losses.huber": "Huber",
    "standard.losses.kl_divergence": "KLDivergence",
    "standard.losses.outputwise": "MSE Outputwise",
    "standard.losses.signed": "Signed",
    "standard.losses.softmax_cross_entropy": "SoftmaxCrossEntropy",
    "standard.composite_objective": "CompositeObjective",
    "standard.slopes": "slopes",
    "standard.functions": "FunctionLayer FunctionLoss FunctionMetric",
    "standard.several_losses": "SeveralLosses",
    "standard.supervised": "Supervised",
    "standard.making": "as_codes in_batches to_data",
    "standard.pack": "Pack",
    "standard.trainers": "trainer_for",
    "standard.optimizers.adagrad": "Adagrad",
    "standard.optimizers.adam": "Adam AdamW",
    "standard.optimizers.clipped": "Clipped",
    "standard.optimizers.combined": "ByPath Moving",
    "standard.optimizers.lion": "Lion",
    "standard.optimizers.muon": "Muon",
    "standard.optimizers.rmsprop": "RMSprop",
    "standard.optimizers.sgd": "SGD",
    "standard.schedules.constant": "Constant ScaledRate",
    "standard.schedules.cosine": "Cosine",
    "standard.schedules.exponential": "ExponentialRate",
    "standard.schedules.inverse_time": "InverseTime",
    "standard.schedules.linear": "LinearRate",
    "standard.schedules.one_cycle": "OneCycle",
    "standard.schedules.step": "StepRate",
    "standard.schedules.warmup": "Warmup",
    "standard.initializers.drawn": "Normal TruncatedNormal Uniform",
    "standard.initializers.fixed": "Ones Zeros",
    "standard.initializers.orthogonal": "Orthogonal",
    "standard.initializers.scaled": "Glorot He Lecun",
    "standard.progress": "Progress",
    "standard.regularizers": "L1 L2 ElasticNet",
    "standard.metrics.accuracy": "Accuracy TopK",
    "standard.metrics.choices": "OfClasses",
    "standard.metrics.confusion": "ConfusionMatrix F1 Precision Recall",
    "standard.metrics.ranking": "PRAUC ROCAUC",
    "standard.metrics.values": "MAE OfValues R2 RMSE WithinTolerance",
    "standard.last_layer": "check_last_layer require_reach",
    "standard.transforms": "FlattenSamples Scale Standardize",
    "standard.arguments": "check_bool check_choice check_sizes",
    "standard.batches": "Batches",
    "standard.compiled": "Compiled",
    "standard.feed": "Feed",
    "standard.masked": "Masked",
    "standard.sequences": "ByLength Sequences Streams",
    "standard.streams": "tell",
    "standard.windows": "Windows",
    "standard.samplers": "Balanced Curriculum Groups Sampler",
    "standard.columns": "check_columns floating",
    "standard.files": "Files",
    "standard.callbacks.averages": "Ema Swa",
    "standard.callbacks.best_epoch": "BestEpoch",
    "standard.callbacks.checkpoint": "Checkpoint",
    "standard.callbacks.early_stopping": "EarlyStopping",
    "standard.callbacks.plateau": "ReduceOnPlateau",
    "standard.callbacks.tensorboard": "TensorBoard",
    "workbench.experiments.finished": "FinishedRun SplitName open_run",
    "workbench.experiments.outputs": "check_amount check_output save_array save_samples",
    "workbench.experiments.codes": "check_codes save_codes straight_path",
    "workbench.experiments.predictions": "class_number",
    "workbench.latent.codes": "CodesView",
    "workbench.latent.explorer": "CodesExplorer",
    "workbench.latent.reconstruction": "CodesReconstruction",
    "workbench.latent.shown": "samples_part",
    "workbench.latent.walk": "CodesWalk",
    "workbench.imports.importing": "Imported Importing MadeOf import_model",
    "workbench.imports.source": "WeightSource",
    "workbench.local": "local_plugins",
    "workbench.report": "Report",
}
"""Which module holds which public names; a test holds this against the imports above."""
_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}

_SUBMODULES = {"errors": "basics.errors", "pictures": "workbench.pictures"}

__all__ = [
    "ACTIVATIONS",
    "DEFAULT_ALPHA",
    "ELU",
    "F1",
    "GELU",
    "L1",
    "L2",
    "MAE",
    "MSE",
    "NEEDS_INPUT",
    "PRAUC",
    "R2",
    "RECTIFIERS",
    "RMSE",
    "ROCAUC",
    "SGD",
    "UNBOUNDED",
    "AbsoluteError",
    "Accuracy",
    "Adagrad",
    "Adam",
    "AdamW",
    "Array",
    "Augmentation",
    "Balanced",
    "Batch",
    "BatchNorm",
    "Batches",
    "BestEpoch",
    "BinaryCrossEntropy",
    "BinaryFocal",
    "ByLength",
    "ByPath",
    "Callback",
    "Checkpoint",
    "CheckpointError",
    "Classes",
    "Clipped",
    "CodesExplorer",
    "CodesReconstruction",
    "CodesView",
    "CodesWalk",
    "Compiled",
    "Component",
    "Composite",
    "CompositeObjective",
    "ConfigError",
    "ConfusionMatrix",
    "Constant",
    "Context",
    "Cosine",
    "CosineSimilarity",
    "Curriculum",
    "DataError",
    "Dataset",
    "Dense",
    "Derivatives",
    "DifferentiationError",
    "Dropout",
    "EarlyStopping",
    "ElasticNet",
    "Elementwise",
    "Ema",
    "Equation",
    "Example",
    "ExponentialRate",
    "Feed",
    "Files",
    "FinishedRun",
    "Flatten",
    "FlattenSamples",
    "Focal",
    "FunctionLayer",
    "FunctionLoss",
    "FunctionMetric",
    "Glorot",
    "Groups",
    "He",
    "Hinge",
    "History",
    "HostArray",
    "Huber",
    "Imported",
    "Importing",
    "Initializer",
    "Interval",
    "InverseTime",
    "KLDivergence",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Lecun",
    "LinearRate",
    "Lion",
    "Loss",
    "MadeOf",
    "Masked",
    "Metric",
    "Moving",
    "Muon",
    "Neuron",
    "Normal",
    "NumericalError",
    "Objective",
    "OfClasses",
    "OfValues",
    "OneCycle",
    "Ones",
    "Ops",
    "Optimizer",
    "Orthogonal",
    "Outputwise",
    "PReLU",
    "Pack",
    "PageNote",
    "PagePart",
    "PagePicture",
    "PageTable",
    "PageWindow",
    "Parallel",
    "Param",
    "Part",
    "PellucidError",
    "PellucidWarning",
    "Plan",
    "PluginError",
    "Precision",
    "Primitive",
    "Progress",
    "RMSprop",
    "ReLU",
    "Recall",
    "Recording",
    "ReduceOnPlateau",
    "Registrar",
    "Regularizer",
    "Report",
    "Reshape",
    "Residual",
    "Run",
    "Runtime",
    "Sampler",
    "Samples",
    "Scale",
    "ScaledRate",
    "Schedule",
    "Segment",
    "SegmentPart",
    "Sequences",
    "Sequential",
    "SeveralLosses",
    "Shape",
    "ShapeError",
    "SiLU",
    "Sigmoid",
    "Signed",
    "Softmax",
    "SoftmaxCrossEntropy",
    "Softplus",
    "Split",
    "SplitName",
    "Splits",
    "Stack",
    "Standardize",
    "State",
    "StepRate",
    "Stream",
    "Streams",
    "Supervised",
    "Swa",
    "Tanh",
    "TensorBoard",
    "TopK",
    "Trace",
    "Trainer",
    "Transform",
    "Transposed",
    "TruncatedNormal",
    "Uniform",
    "Variable",
    "View",
    "ViewBars",
    "ViewButton",
    "ViewChoice",
    "ViewControl",
    "ViewCurves",
    "ViewDrawing",
    "ViewPart",
    "ViewPictures",
    "ViewPlane",
    "ViewPoints",
    "ViewSlider",
    "ViewSwitch",
    "ViewText",
    "ViewWords",
    "Viewed",
    "Warmup",
    "WeightSource",
    "Windows",
    "WithinTolerance",
    "Zeros",
    "__version__",
    "as_array",
    "as_codes",
    "as_count",
    "as_rows",
    "build",
    "check_amount",
    "check_bool",
    "check_choice",
    "check_codes",
    "check_columns",
    "check_float",
    "check_int",
    "check_last_layer",
    "check_memory",
    "check_output",
    "check_part",
    "check_sizes",
    "check_type",
    "choose_objective",
    "class_number",
    "contiguous",
    "create",
    "did_you_mean",
    "diff",
    "errors",
    "features",
    "floating",
    "get_include",
    "get_ops",
    "grad",
    "hookimpl",
    "import_model",
    "in_batches",
    "interval_of",
    "listed",
    "load",
    "load_dataset",
    "load_trace",
    "local_plugins",
    "mix",
    "names",
    "open_run",
    "pictures",
    "read",
    "read_several",
    "reject",
    "replacing",
    "require_activation",
    "require_reach",
    "require_rows",
    "require_runtime",
    "samples_part",
    "save",
    "save_array",
    "save_codes",
    "save_samples",
    "set_num_threads",
    "slopes",
    "straight_path",
    "tell",
    "to_config",
    "to_data",
    "trainer_for",
    "transformed",
    "value_and_grad",
    "weight_per_row",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOME:
        value = getattr(import_module(f"pellucid.{_HOME[name]}"), name)
    elif name in _SUBMODULES:
        value = import_module(f"pellucid.{_SUBMODULES[name]}")
    else:
        from pellucid.basics.suggest import did_you_mean

        near = sorted(__all__, key=lambda known: known[:1] != name[:1])  # there are more than are looked through
        raise AttributeError(f"module 'pellucid' has no attribute {name!r}.{did_you_mean(name, near)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
