"""Labels beside samples and codes: shapes, values and refusals of conditional models, held against plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError, ShapeError
from pellucid_vae import decode, encode, inference, reconstruct, sample
from pellucid_vae.join_label import JoinLabel
from pellucid_vae.verbs import _asked_labels, _labels

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("shape", "classes"), [((4,), 3), ((2, 5), 2), ((3, 2, 1), 4), ((1,), 1)])
def test_a_label_adds_as_many_features_as_there_are_classes(shape: tuple[int, ...], classes: int) -> None:
    layer = pl.build({"type": "vae/join_label", "classes": classes}, input_shape=[shape, ()], seed=0)
    assert layer.output_shape(shape, ()) == (*shape[:-1], shape[-1] + classes)
    x, label = RNG.random((6, *shape), np.float32), np.arange(6) % classes
    y = layer.predict((x, label))
    assert y.shape[1:] == layer.output_shape(shape, ())
    np.testing.assert_array_equal(y[..., : shape[-1]], x)
    planes = y[..., shape[-1] :].reshape(6, -1, classes)
    np.testing.assert_array_equal(planes, np.broadcast_to(np.eye(classes)[label][:, None], planes.shape))


@pytest.mark.parametrize("label", [(1,), (3,), (None,)])
def test_a_label_is_one_number(label: Any) -> None:
    with pytest.raises(ShapeError, match=r"takes one label a sample, of shape \(\)\. Received: labels of shape"):
        JoinLabel(3).output_shape((4,), label)


@pytest.mark.parametrize("shapes", [(4,), [(4,), (3,)], [(4,), (), ()], [(4,), (), (2,)], [(4,), (1,)]])
def test_a_conditional_model_takes_samples_and_one_number_each(shapes: Any) -> None:
    with pytest.raises(ShapeError, match=r"ConditionalVAE takes x and a label of shape \(\)\. .*\[\(784,\), \(\)\]\."):
        pl.build("conditional_vae", input_shape=shapes, classes=3)


def conditional(**more: Any) -> Any:
    arguments = {"classes": 3, "latent": 2, "hidden": [5], "activation": "tanh", **more}
    return pl.build("conditional_vae", input_shape=[(4,), ()], seed=0, **arguments)


def test_a_decoder_is_given_the_code_and_the_label() -> None:
    with pytest.raises(
        ShapeError, match=r"must turn 5 numbers into a sample of the shape of x, \(4,\). Received: \(5,\)"
    ):
        conditional(decoder={"type": "flatten"})
    model = pl.build(
        "conditional_vae", input_shape=[(5,), ()], seed=0, classes=3, latent=2, decoder={"type": "flatten"}
    )
    objective = {"type": "vae/elbo", "likelihood": "gaussian"}
    pl.Trainer(model, objective=objective, seed=0).fit((np.zeros((3, 5)), np.arange(3)), epochs=1, verbose=False)
    z = RNG.normal(size=(3, 2)).astype(np.float32)
    np.testing.assert_array_equal(decode(model, z, [2, 0, 1]), np.concatenate([z, np.eye(3)[[2, 0, 1]]], axis=1))


def by_numpy(model: Any, x: np.ndarray[Any, Any], label: Any) -> tuple[Any, Any, Any]:
    """Means, s, and the decoder's function of codes."""
    p = {param.path: np.asarray(param.data, float) for param in model.parameters()}
    one_hot = np.eye(3)[label]
    joined = np.concatenate([x, one_hot], axis=1)
    h = np.tanh(joined @ p["recognition.layers.1.weight"] + p["recognition.layers.1.bias"])
    mean = h @ p["head.mean.weight"] + p["head.mean.bias"]
    s = h @ p["head.log_std.weight"] + p["head.log_std.bias"]

    def decoded(z: Any) -> Any:
        first = np.concatenate([z, one_hot], axis=1) @ p["generation.layers.0.weight"] + p["generation.layers.0.bias"]
        return np.tanh(first) @ p["generation.layers.1.weight"] + p["generation.layers.1.bias"]

    return mean, s, decoded


def test_codes_and_what_comes_back_of_them_are_those_of_plain_numpy() -> None:
    model, x, label = conditional(), RNG.random((6, 4), np.float32), np.arange(6) % 3
    for param in model.parameters():
        param.data[...] += RNG.normal(size=param.shape, scale=0.3)
    mean, s, decoded = by_numpy(model, x, label)
    np.testing.assert_allclose(encode(model, x, label), mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.predict((x, label))[2], s, rtol=1e-4, atol=1e-5)
    z = RNG.normal(size=(6, 2))
    np.testing.assert_allclose(decode(model, z, label), 1 / (1 + np.exp(-decoded(z))), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(reconstruct(model, x, label), 1 / (1 + np.exp(-decoded(mean))), rtol=1e-4, atol=1e-5)
    drawn = np.random.default_rng(7).standard_normal((6, 2))
    found = sample(model, 6, labels=label, seed=7)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-decoded(drawn))), rtol=1e-4, atol=1e-5)


def test_a_gaussian_decoder_gives_its_means_as_they_are() -> None:
    model, x, label = conditional(), RNG.random((6, 4), np.float32), np.arange(6) % 3
    assert inference.likelihood_of(model) == "bernoulli"
    objective = {"type": "vae/elbo", "likelihood": "gaussian"}
    pl.Trainer(model, objective=objective, seed=0).fit((x, label), epochs=1, verbose=False)
    assert inference.likelihood_of(model) == "gaussian"
    mean, _, decoded = by_numpy(model, x, label)
    np.testing.assert_allclose(reconstruct(model, x, label), decoded(mean), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (None, ConfigError, r"needs a label for each sample, 0 to 2\. Received: none"),
        ([0, 1], DataError, r"Labels must be 4 integers, one for each row\. Received: shape \(2,\)"),
        ([[0], [1], [2], [0]], DataError, r"Received: shape \(4, 1\)"),
        ([0.0, 1.0, 2.0, 0.0], DataError, r"Received: shape \(4,\), float64"),
    ],
)  # fmt: skip
def test_labels_are_as_many_integers_as_rows(labels: Any, error: type[Exception], message: str) -> None:
    for asked in (encode, reconstruct):
        with pytest.raises(error, match=message):
            asked(conditional(), np.zeros((4, 4)), labels)


def test_a_model_without_labels_takes_none() -> None:
    model = pl.build("vae", input_shape=(4,), latent=2, hidden=[3], seed=0)
    with pytest.raises(ConfigError, match="This model is unconditional and takes no labels"):
        encode(model, np.zeros((2, 4)), [0, 1])
    assert encode(model, np.zeros((2, 4))).shape == (2, 2)
    assert _labels(model, pl.Split(np.zeros((2, 4)), np.arange(2))) is None  # type: ignore[arg-type]
    assert _asked_labels(model, None, 3) is None  # type: ignore[arg-type]


def test_the_class_that_is_asked_for_is_repeated_and_without_one_all_come_in_turn() -> None:
    model = conditional()
    in_turn = _asked_labels(model, None, 7)
    assert in_turn is not None and in_turn.tolist() == [0, 1, 2, 0, 1, 2, 0]
    asked = _asked_labels(model, "2", 4)
    assert asked is not None and asked.tolist() == [2, 2, 2, 2]
    assert _labels(model, pl.Split(np.zeros((2, 4)), np.array([2, 1]))).tolist() == [2, 1]  # type: ignore[union-attr]
    model.runtime.classes = ("a", "b", "c")
    named = _asked_labels(model, "b", 2)
    assert named is not None and named.tolist() == [1, 1]
    with pytest.raises(ConfigError, match="knows no class 'd'"):
        _asked_labels(model, "d", 1)
