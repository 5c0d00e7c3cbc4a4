"""The core's own manifest: it registers through the same hook as a stranger's plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from pellucid.registry.manifest import Registrar


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    _layers(registry)
    _training(registry)
    _data(registry)
    _backends(registry)


def _layers(registry: Registrar) -> None:
    layers = "pellucid.layers"
    registry.layer("dense", f"{layers}.dense:Dense", summary="y = f(xW + b), every input to every unit")
    registry.layer("transposed", f"{layers}.transposed:Transposed", summary="dense, with another's weight transposed")
    registry.layer("flatten", f"{layers}.flatten:Flatten", summary="all features of a sample in one row")
    registry.layer("reshape", f"{layers}.reshape:Reshape", summary="the same features in another shape")
    registry.layer("dropout", f"{layers}.dropout:Dropout", summary="drops a fraction of the features in training")
    registry.layer("batch_norm", f"{layers}.batch_norm:BatchNorm", summary="normalises each feature over the batch")
    registry.layer("layer_norm", f"{layers}.layer_norm:LayerNorm", summary="normalises each sample over its features")

    registry.layer("relu", f"{layers}.relu:ReLU", summary="max(0, x)")
    registry.layer("leaky_relu", f"{layers}.leaky_relu:LeakyReLU", summary="x, and αx below zero")
    registry.layer("elu", f"{layers}.elu:ELU", summary="x, and α(eˣ − 1) below zero")
    registry.layer("sigmoid", f"{layers}.sigmoid:Sigmoid", summary="1 / (1 + e⁻ˣ)")
    registry.layer("tanh", f"{layers}.tanh:Tanh", summary="hyperbolic tangent")
    registry.layer("softplus", f"{layers}.softplus:Softplus", summary="log(1 + eˣ)")
    registry.layer("silu", f"{layers}.silu:SiLU", summary="x·sigmoid(x)")
    registry.layer("gelu", f"{layers}.gelu:GELU", summary="x·Φ(x), with the exact normal distribution")
    registry.layer("softmax", f"{layers}.softmax:Softmax", summary="probabilities that sum to one over the features")

    containers = "pellucid.sequential"
    registry.layer("sequential", f"{containers}:Sequential", summary="one layer after another")
    registry.layer("residual", f"{containers}:Residual", summary="y = x + f(x)")
    registry.layer("parallel", f"{containers}:Parallel", summary="several layers on one input, joined or added")


def _training(registry: Registrar) -> None:
    losses = "pellucid.losses"
    registry.loss(
        "softmax_cross_entropy", f"{losses}.softmax_cross_entropy:SoftmaxCrossEntropy",
        summary="classification with one class per sample, on logits",
    )  # fmt: skip
    registry.loss(
        "binary_cross_entropy", f"{losses}.binary_cross_entropy:BinaryCrossEntropy",
        summary="classification with yes or no per output, on logits",
    )  # fmt: skip
    registry.loss("mse", f"{losses}.mse:MSE", summary="mean squared error")
    registry.objective("supervised", "pellucid.objectives.supervised:Supervised", summary="a loss on the output")

    registry.optimizer("sgd", "pellucid.optimizers.sgd:SGD", summary="stochastic gradient descent with momentum")
    registry.optimizer("adam", "pellucid.optimizers.adam:Adam", summary="steps scaled by moments of the gradient")
    registry.optimizer("adamw", "pellucid.optimizers.adamw:AdamW", summary="Adam with decoupled weight decay")
    registry.schedule("constant", "pellucid.schedules.constant:Constant", summary="the same learning rate throughout")
    registry.schedule("cosine", "pellucid.schedules.cosine:Cosine", summary="warm-up, then half a cosine down")

    registry.initializer("zeros", "pellucid.initializers.zeros:Zeros", summary="all zero")
    registry.initializer("ones", "pellucid.initializers.ones:Ones", summary="all one")
    registry.initializer("normal", "pellucid.initializers.normal:Normal", summary="normal with a given deviation")
    registry.initializer("he", "pellucid.initializers.he:He", summary="normal with variance 2/fan_in, for ReLU")
    registry.initializer("glorot", "pellucid.initializers.glorot:Glorot", summary="variance 2/(fan_in + fan_out)")
    registry.regularizer("l2", "pellucid.regularizers.l2:L2", summary="(λ/2)‖θ‖²")
    registry.metric("accuracy", "pellucid.metrics.accuracy:Accuracy", summary="fraction of samples classified rightly")
    registry.callback("checkpoint", "pellucid.callbacks.checkpoint:Checkpoint", summary="saves the run now and then")
    registry.callback("best_epoch", "pellucid.callbacks.best_epoch:BestEpoch", summary="keeps the best epoch's weights")


def _data(registry: Registrar) -> None:
    registry.dataset("files", "pellucid.datasets.files:Files", summary="samples in files of one's own: .csv, .npz")
    registry.transform(
        "standardize", "pellucid.transforms.standardize:Standardize", summary="mean 0 and deviation 1 on training data"
    )
    registry.transform("flatten", "pellucid.transforms.flatten:Flatten", summary="all features of a sample in one row")
    registry.transform("scale", "pellucid.transforms.scale:Scale", summary="multiplies by a factor and adds an offset")


def _backends(registry: Registrar) -> None:
    registry.backend("reference", "pellucid.ops.base:ReferenceOps", summary="plain NumPy; the specification")
    registry.backend("cython", "pellucid.ops.cython:CythonOps", summary="compiled kernels for float32 on the CPU")
    registry.backend("cupy", "pellucid.ops.cupy:CupyOps", summary="CUDA GPUs through CuPy")
