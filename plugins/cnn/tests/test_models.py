"""The architectures: which layers they are made of, their gradients, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Batch, ConfigError, ShapeError, choose_objective

VARIANTS: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
    ("lenet", (4, 4, 1), {"outputs": 3, "filters": [2, 3], "hidden": [4], "activation": "tanh"}),
    ("lenet", (5, 4, 2), {"outputs": 1, "filters": [2], "hidden": [], "kernel_size": 2, "activation": "softplus"}),
    ("lenet", (4, 4, 1), {"outputs": 2, "filters": [2], "hidden": [3], "activation": "silu", "convolutions": 2,
                          "normalization": "batch_norm", "dropout": 0.3}),
    ("resnet_small", (4, 4, 1), {"outputs": 3, "filters": [2, 3], "activation": "silu"}),
    ("resnet_small", (3, 4, 2), {"outputs": 2, "filters": [2], "blocks": 2, "activation": "tanh",
                                 "preactivation": False, "normalization": "group_norm", "dropout": 0.2}),
    ("unet", (4, 4, 1), {"outputs": 1, "filters": [2, 4], "activation": "silu"}),
    ("unet", (4, 8, 2), {"outputs": 2, "filters": [2, 2, 3], "activation": "tanh", "normalization": "batch_norm",
                         "task": "segmentation",
                         "bottom": {"type": "cnn/pixelwise", "layer": {"type": "dense", "units": 3}}}),
]  # fmt: skip
IDS = [f"{name}-{i}" for i, (name, _, _) in enumerate(VARIANTS)]


def build(name: str, shape: tuple[int, ...], arguments: dict[str, Any], backend: str = "reference") -> pl.Layer:
    dtype = "float64" if backend == "reference" else "float32"
    return pl.build(name, input_shape=shape, seed=0, dtype=dtype, backend=backend, **arguments)


def layers(model: Any) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]


def target(model: pl.Layer, arguments: dict[str, Any], rng: np.random.Generator, n: int) -> Any:
    """Whatever the model's own loss takes, for n samples."""
    assert model.runtime is not None
    shape = (n, *model.output_shape(*model.runtime.input_shapes))
    loss = str(model.default_objective)
    if "mse" in loss:
        return rng.normal(size=shape)
    return rng.integers(0, 2, shape) if "binary" in loss else rng.integers(0, shape[-1], shape[:-1])


def test_lenet_is_the_network_of_the_benchmarks() -> None:
    model = build("lenet", (28, 28, 1), {"outputs": 10})
    assert layers(model) == ["Conv2D", "MaxPool2D", "Conv2D", "MaxPool2D", "Flatten", "Dense", "Dense"]
    shapes = [param.shape for param in model.parameters() if param.name == "weight"]
    assert shapes == [(3, 3, 1, 32), (3, 3, 32, 64), (7 * 7 * 64, 128), (128, 10)]


def test_normalization_stands_before_the_activation_and_replaces_the_bias() -> None:
    arguments = {"outputs": 3, "filters": [4], "hidden": [], "convolutions": 2, "normalization": "batch_norm"}
    model = build("lenet", (4, 4, 1), arguments)
    assert layers(model) == ["Conv2D", "BatchNorm", "ReLU"] * 2 + ["MaxPool2D", "Flatten", "Dense"]
    assert "layers.0.bias" not in {param.path for param in model.parameters()}
    assert layers(build("lenet", (4, 4, 1), {**arguments, "normalization": "group_norm"}))[1] == "GroupNorm"


def test_stages_have_convolutions_of_their_own_number_and_the_last_may_be_averaged() -> None:
    arguments = {"outputs": 3, "filters": [4, 6], "convolutions": [1, 2], "hidden": [], "pooling": "mean"}
    model = build("lenet", (4, 4, 1), arguments)
    assert layers(model) == ["Conv2D", "MaxPool2D", "Conv2D", "Conv2D", "GlobalAveragePool2D", "Dense"]
    assert model.parameters()[-2].shape == (6, 3)


def test_a_mirrored_network_says_the_same_of_an_image_and_its_mirror_image() -> None:
    arguments = {"outputs": 3, "filters": [2, 3], "activation": "tanh"}
    x = np.random.default_rng(0).normal(size=(5, 4, 6, 1))
    for name in ("lenet", "resnet_small"):
        plain, mirrored = (build(name, (4, 6, 1), {**arguments, "mirror": mirror}) for mirror in (False, True))
        for ours, theirs in zip(mirrored.parameters(), plain.parameters(), strict=True):
            ours.data = theirs.data
        np.testing.assert_allclose(mirrored.predict(x), mirrored.predict(x[:, :, ::-1]), atol=1e-12)
        np.testing.assert_allclose(
            mirrored.predict(x), (plain.predict(x) + plain.predict(x[:, :, ::-1])) / 2, atol=1e-12
        )
        assert mirrored.default_objective == plain.default_objective
        assert mirrored.runtime is not None
        ctx = pl.Context(mirrored.runtime.ops, training=True, dtype="float64")
        ours, theirs = (np.array(model.forward(ctx.child(i), x)) for i, model in enumerate((mirrored, plain)))
        np.testing.assert_array_equal(ours, theirs)  # in training there is one opinion


def test_an_activation_with_settings_stands_behind_each_convolution_as_a_layer_of_its_own() -> None:
    activation = {"type": "core/leaky_relu", "alpha": 0.3}
    arguments = {"outputs": 3, "filters": [2, 2], "hidden": [3], "activation": activation}
    model: Any = build("lenet", (4, 4, 1), arguments)
    assert layers(model) == [*["Conv2D", "LeakyReLU", "MaxPool2D"] * 2, "Flatten", "Dense", "LeakyReLU", "Dense"]
    own = [layer for layer in model.layers if type(layer).__name__ == "LeakyReLU"]
    assert len({id(layer) for layer in own}) == 3 and {layer.alpha for layer in own} == {0.3}
    assert pl.to_config(model)["activation"] == activation
    assert layers(build("lenet", (4, 4, 1), {**arguments, "activation": {"type": "relu"}}))[:2] == [
        "Conv2D",
        "MaxPool2D",
    ]
    unet: Any = build("unet", (4, 4, 1), {"outputs": 1, "filters": [2, 2], "activation": activation})
    assert sum(type(layer).__name__ == "LeakyReLU" for _, layer in unet.walk()) == 1 + 6  # the pattern, and its copies


def test_a_stage_of_the_residual_network_halves_the_size() -> None:
    model: Any = build("resnet_small", (28, 28, 1), {"outputs": 10, "filters": [2, 3, 4], "blocks": 2})
    assert layers(model) == ["Conv2D", *["ResidualBlock"] * 6, "BatchNorm", "ReLU", "GlobalAveragePool2D", "Dense"]
    shape: tuple[Any, ...] = (28, 28, 1)
    shapes = [shape := layer.output_shape(shape) for layer in model.layers[:7]]
    assert shapes[1:] == [(28, 28, 2)] * 2 + [(14, 14, 3)] * 2 + [(7, 7, 4)] * 2
    assert [layer.shortcut is None for layer in model.layers[1:7]] == [True, True, False, True, False, True]


def test_a_residual_block_whose_convolutions_are_zero_changes_nothing() -> None:
    block = pl.build("cnn/residual_block", filters=3, input_shape=(4, 5, 3), seed=0, dtype="float64")
    for param in block.parameters():
        if param.path.startswith("second") and param.name == "weight":
            param.data = np.zeros(param.shape)
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 3))
    np.testing.assert_array_equal(block.predict(x), x)


def test_an_embedding_is_added_to_all_pixels() -> None:
    shapes = [(4, 5, 2), (3,)]
    block = pl.build("cnn/residual_block", filters=2, input_shape=shapes, seed=0, dtype="float64", normalization=None)
    rng = np.random.default_rng(0)
    x, e = rng.normal(size=(2, 4, 5, 2)), rng.normal(size=(2, 3))
    plain = pl.build(
        "cnn/residual_block", filters=2, input_shape=(4, 5, 2), seed=0, dtype="float64", normalization=None
    )
    assert {p.path for p in block.parameters()} - {p.path for p in plain.parameters()} == {"embed.weight", "embed.bias"}
    np.testing.assert_allclose(block.predict((x, 0 * e)), plain.predict(x), atol=1e-12)
    assert abs(block.predict((x, e)) - plain.predict(x)).min() > 0


def test_the_bridges_of_the_unet_carry_what_the_bottom_has_lost() -> None:
    model: Any = build("unet", (8, 8, 1), {"outputs": 1, "filters": [2, 4]})
    x = np.random.default_rng(0).normal(size=(1, 8, 8, 1))
    whole = model.predict(x)
    assert whole.shape == x.shape
    for param in model.up[0].parameters():
        param.data = np.zeros(param.shape)
    without_bottom = model.predict(x)
    assert not np.allclose(without_bottom, whole)
    assert without_bottom.std() > 1e-3


@pytest.mark.parametrize(
    ("name", "arguments", "loss"),
    [
        ("lenet", {"outputs": 3}, "core/softmax_cross_entropy"),
        ("lenet", {"outputs": 1}, "core/binary_cross_entropy"),
        ("resnet_small", {"outputs": 3}, "core/softmax_cross_entropy"),
        ("resnet_small", {"outputs": 1}, "core/binary_cross_entropy"),
        ("unet", {"outputs": 3}, "core/mse"),
        ("unet", {"outputs": 3, "task": "segmentation"}, "core/softmax_cross_entropy"),
        ("unet", {"outputs": 1, "task": "segmentation"}, "core/binary_cross_entropy"),
    ],
)
def test_the_task_decides_the_loss(name: str, arguments: dict[str, Any], loss: str) -> None:
    objective = choose_objective(build(name, (8, 8, 1), {"filters": [2, 3], **arguments}), None, None)
    assert pl.to_config(objective) == {"type": "core/supervised", "loss": pl.to_config(pl.create("loss", loss))}


@pytest.mark.parametrize(("name", "shape", "arguments"), VARIANTS, ids=IDS)
def test_the_configuration_builds_the_same_model_again(name: str, shape: Any, arguments: dict[str, Any]) -> None:
    model = build(name, shape, arguments)
    config = pl.to_config(model)
    assert config["type"] == f"cnn/{name}"
    again = pl.build(config, input_shape=shape, seed=0, dtype="float64", backend="reference")
    assert pl.to_config(again) == config
    assert again.default_objective == model.default_objective
    x = np.random.default_rng(1).normal(size=(3, *shape))
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


@pytest.mark.parametrize(("name", "shape", "arguments"), VARIANTS, ids=IDS)
def test_a_recorded_step_has_the_bits_of_one_that_is_not(name: str, shape: Any, arguments: dict[str, Any]) -> None:
    def weights(observed: bool) -> Any:
        model = build(name, shape, arguments, backend="cython")
        assert all(layer.capturable for _, layer in model.walk())
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(12, *shape)).astype("float32"), target(model, arguments, rng, 12)
        trainer = pl.Trainer(model, optimizer="sgd", callbacks=[Observer()] if observed else [], seed=0)
        trainer.fit((x, y), epochs=3, batch_size=4, verbose=False)
        assert model.runtime is not None
        return model.runtime.arena.data

    np.testing.assert_array_equal(weights(observed=True), weights(observed=False))


class Observer(pl.Callback):
    """Makes the trainer take each step by itself, without a recorded plan of several."""

    def on_run_start(self, run: Any) -> None:
        run.on_gradients(lambda segments: None)


@pytest.mark.parametrize(("name", "shape", "arguments"), VARIANTS, ids=IDS)
def test_gradients_agree_with_central_differences(name: str, shape: Any, arguments: dict[str, Any]) -> None:
    model = build(name, shape, arguments)
    objective = choose_objective(model, None, None)
    rng = np.random.default_rng(2)
    for param in model.parameters():
        param.data += 0.1 * rng.normal(size=param.shape)
    x = rng.normal(size=(3, *shape))
    y = target(model, arguments, rng, 3)
    assert model.runtime is not None
    ctx = pl.Context(model.runtime.ops, training=True, seed=3, dtype="float64")

    def loss() -> float:
        ctx.begin(0, 0)  # the same step each time: the same dropout
        value = float(objective.forward(ctx, model, Batch(x, y)))
        ctx.discard()
        return value

    loss()
    model.runtime.arena.grad[...] = 0
    objective.backward(ctx, model)
    step = 1e-6
    for param in model.parameters():
        indices = list(np.ndindex(param.shape))
        for index in indices[:: max(1, len(indices) // 4)]:
            value = param.data[index]
            param.data[index] = value + step
            above = loss()
            param.data[index] = value - step
            numeric = (above - loss()) / (2 * step)
            param.data[index] = value
            assert abs(param.grad[index] - numeric) < 1e-6 * max(1.0, abs(numeric)), (param.path, index)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("lenet", {"outputs": 0}, "outputs: The 'outputs' of lenet must be an int in \\[1, inf\\). Received: 0"),
        ("lenet", {"filters": []}, "filters: The 'filters' of lenet must be a list of at least 1 ints"),
        ("lenet", {"filters": [4, 0]}, r"filters: The 'filters' of lenet .* Received: \[4, 0\]"),
        ("lenet", {"kernel_size": 0}, "'kernel_size' of lenet"),
        ("lenet", {"convolutions": 0}, "'convolutions' of lenet"),
        ("lenet", {"convolutions": [1, 2, 2]}, "'convolutions' of lenet must be .* one for each of its 2 stages. Rec"),
        ("lenet", {"pooling": "average"}, "pooling: expected one of 'max', 'mean'"),
        ("lenet", {"activation": "rleu"}, "activation.*'relu'"),
        ("lenet", {"normalization": "layer_norm"}, "normalization: expected"),
        ("lenet", {"dropout": 1.0}, "rate"),
        ("resnet_small", {"outputs": 0}, "'outputs' of resnet_small must be an int"),
        ("resnet_small", {"blocks": 0}, "'blocks' of resnet_small"),
        ("resnet_small", {"blocks": 1001}, "'blocks' of resnet_small"),
        ("unet", {"outputs": 0}, "'outputs' of UNet must be an int"),
        ("resnet_small", {"filters": 16}, "filters: expected a list"),
        ("unet", {"filters": [8]}, "'filters' of UNet must be a list of at least 2 ints"),
        ("unet", {"task": "classification"}, "task: expected one of 'regression', 'segmentation'"),
        ("unet", {"filtres": [4, 8]}, "filtres: .*[Dd]id you mean 'filters'"),
    ],
    ids=str,
)
def test_wrong_arguments_are_named(name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(name, (8, 8, 1), {"outputs": 3, **arguments})


@pytest.mark.parametrize(
    ("name", "shape", "arguments", "message"),
    [
        ("unet", (28, 30, 1), {"filters": [2, 3, 4]}, "halves its images 2 time.* 28 x 30. Pad them, here to 28 x 32"),
        ("unet", (12, 24, 1), {"filters": [1] * 4}, "halves its images 3 time.* divide by 8.* 12 x 24.* to 16 x 24"),
        ("unet", (784,), {}, r"UNet takes images, samples of shape \(height, width, chan.*\(784,\).*flat = false"),
        ("unet", (None, 8, 1), {}, r"UNet takes images of one size. Received: \(None, 8, 1\). Crop or pad"),
        ("unet", (8, 8, 1), {"filters": [2, 3], "bottom": {"type": "cnn/pixelwise", "layer": {"type": "dense",
         "units": 4}}}, r"'bottom' of UNet, Pixelwise, must .*\(4, 4, 3\). It gives \(4, 4, 4\). Let it give 3 chan"),
        ("unet", (8, 8, 1), {"filters": [2, 3], "bottom": "flatten"}, r"It gives \(48,\). Take one that keeps height"),
        ("lenet", (784,), {}, "Conv2D.*784.*flat = false of a data set that has it, such as mnist"),
        ("lenet", (2, 2, 1), {"filters": [2, 3]}, r"layers.3 \(MaxPool2D\).*The shapes so far"),
        ("resnet_small", (28, 28), {}, "Conv2D.*28"),
    ],
    ids=str,
)  # fmt: skip
def test_images_that_do_not_fit_are_refused(name: str, shape: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        build(name, shape, {"outputs": 3, **arguments})
