"""The view in which one draws: what it says of a drawing, held against what the model itself says and is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.testing import Case, conformance_cases
from pellucid_studio.draw import Draw, pixels_of, probabilities_of, relevance

INK = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8) ** 2


@pytest.mark.parametrize("case", [case for case in conformance_cases("studio") if "studio/draw" in str(case)], ids=str)
def test_conformance(case: Case) -> None:
    case.run()


def trained(
    model: dict[str, Any], shape: tuple[int, ...], *, kinds: int = 3, loss: str = "softmax_cross_entropy",
    classes: tuple[str, ...] | None = None, transforms: Sequence[str] = (),
) -> Any:  # fmt: skip
    """A classifier of pictures of some kinds, after a few steps."""
    rng = np.random.default_rng(0)
    x, y = rng.random((90, *shape), np.float32) * 4 + 1, np.arange(90) % kinds
    built = pl.build(model, input_shape=shape, seed=0)
    parts = [pl.Split(x[:n], y[:n], classes=classes) for n in (90, 0, 0)]
    data = pl.Splits(*parts, transforms=list(transforms))
    pl.Trainer(built, loss=loss, seed=0).fit(data, epochs=2, batch_size=30, verbose=False)
    return built


def opened(model: pl.Layer) -> pl.Viewed:
    def none(part: str) -> pl.Split:
        raise pl.DataError("no data here")

    return pl.Viewed(model, "this network", none)


DENSE = {
    "type": "sequential",
    "layers": [{"type": "dense", "units": 6, "activation": "tanh"}, {"type": "dense", "units": 3}],
}
IMAGES = {"type": "sequential", "layers": [{"type": "flatten"}, *DENSE["layers"]]}


@pytest.mark.parametrize(("model", "shape"), [(DENSE, (64,)), (IMAGES, (8, 8, 1)), (IMAGES, (8, 8))])
def test_it_says_what_predict_says_with_the_models_transforms(model: dict[str, Any], shape: tuple[int, ...]) -> None:
    network = trained(model, shape, transforms=["standardize"], classes=("cat", "dog", "owl"))
    view, looked = Draw(), opened(network)
    assert view.suits(looked)
    drawing, about = view.controls(looked)
    assert drawing.shape == (8, 8) and about.options == ["its answer", "cat", "dog", "owl"]
    bars, seen, spoke, measure, shares = view.show(looked, ink=INK, about="its answer")
    z = network.predict(INK.reshape(1, *shape))[0]
    p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    assert np.allclose(bars.values, p, atol=1e-6) and bars.marked == z.argmax()
    assert bars.title == f"The network says {('cat', 'dog', 'owl')[z.argmax()]}"
    assert (seen.images[0] == INK).all() and spoke.array.shape == (8, 8) and "odds" in measure.text and shares.latex


def test_pixels_that_spoke_add_up_to_what_the_drawing_has_changed() -> None:
    network = trained(IMAGES, (8, 8, 1), transforms=["standardize"])
    z = network.predict(np.stack([0 * INK, INK])[..., None])
    for k in range(3):
        found = relevance(network, INK, k)
        assert found is not None
        r, before, after = found
        s = z[:, k] - np.log(np.exp(np.delete(z, k, axis=1)).sum(axis=1))
        assert np.allclose([before, after], s, atol=1e-5)
        assert abs(r.sum() - (after - before)) < 2e-3 * max(1, abs(after - before))
        assert (r[INK == 0] == 0).all()


def test_pixels_of_a_linear_model_of_two_classes_are_its_weights_times_the_ink() -> None:
    """s = z₁ − z₀ is linear, so that r is x·(w₁ − w₀), whatever the way."""
    network = trained({"type": "dense", "units": 2}, (64,), kinds=2)
    found = relevance(network, INK, 1)
    assert found is not None
    w = network.weight.data
    assert np.allclose(found[0], INK * (w[:, 1] - w[:, 0]).reshape(8, 8), atol=1e-5)


@pytest.mark.parametrize("transforms", [(), ("standardize",)])
def test_pixels_of_a_network_with_a_hidden_layer_are_a_mean_over_thirty_two_midpoints(transforms: tuple[str]) -> None:
    """∂s/∂x = W₁ diag(1 − h²) W₂ (e_k − p), p the softmax of the other outputs, at all these points."""
    network = trained(DENSE, (64,), transforms=transforms)
    w1, b1, w2, b2 = (np.asarray(param.data, float) for param in network.parameters())
    both = np.stack([0 * INK.ravel(), INK.ravel()])
    for transform in network.runtime.transforms:
        both = np.asarray(transform.apply(both), float)
    x0, x1 = both
    way = x0 + (np.arange(32)[:, None] + 0.5) / 32 * (x1 - x0)
    for k in range(3):
        h = np.tanh(way @ w1 + b1)
        others = np.exp(h @ w2 + b2)
        others[:, k] = 0
        slopes = ((np.eye(3)[k] - others / others.sum(axis=1, keepdims=True)) @ w2.T * (1 - h**2)) @ w1.T
        found = relevance(network, INK, k)
        assert found is not None
        np.testing.assert_allclose(found[0].ravel(), (x1 - x0) * slopes.mean(axis=0), rtol=1e-4, atol=1e-6)


def test_one_output_is_yes_or_no() -> None:
    network = trained({"type": "dense", "units": 1}, (64,), kinds=2, loss="binary_cross_entropy")
    bars, _, spoke, *_ = Draw().show(opened(network), ink=INK, about="0")
    z = float(network.predict(INK.reshape(1, -1))[0, 0])
    assert np.allclose(bars.values, [1 - 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(-z))], atol=1e-6)
    assert np.allclose(spoke.array, -INK * network.weight.data.reshape(8, 8), atol=1e-5)
    blank = float(network.predict(np.zeros((1, 64)))[0, 0])
    for k, sign in ((0, -1), (1, 1)):
        found = relevance(network, INK, k)
        assert found is not None and np.allclose(found[0], sign * INK * network.weight.data.reshape(8, 8), atol=1e-5)
        assert found[1:] == pytest.approx((sign * blank, sign * z), abs=1e-5)


def test_it_leaves_the_model_as_it_was() -> None:
    network = trained(IMAGES, (8, 8, 1))
    network.runtime.arena.grad[...] = 3.0
    before = network.runtime.arena.data.copy()
    Draw().show(opened(network), ink=INK, about="2")
    assert (network.runtime.arena.data == before).all() and (network.runtime.arena.grad == 3.0).all()


def test_of_classes_there_is_a_row_of_numbers_for_each_sample() -> None:
    network, z = trained(DENSE, (64,)), np.zeros((2, 3), np.float32)
    for model in (network, pl.build(DENSE, input_shape=(64,), seed=0)):
        model.runtime.classes = ("a", "b", "c")
        assert np.allclose(probabilities_of(model, z), 1 / 3)
        for outputs in ((z, z), z[None], z[0]):
            assert probabilities_of(model, outputs) is None
    for classes in (None, ("a", "b")):
        model.runtime.classes = classes
        assert probabilities_of(model, z) is None


def test_nothing_drawn() -> None:
    (note,) = Draw().show(opened(trained(DENSE, (64,))), ink=0 * INK)
    assert note.text == "Nothing drawn."


def test_it_suits_classifiers_of_square_grey_pictures_alone() -> None:
    def suits(model: Any, shape: Any) -> bool:
        return Draw().suits(opened(pl.build(model, input_shape=shape, seed=0)))

    assert not suits(DENSE, (63,)) and not suits(IMAGES, (8, 8, 3)) and not suits(IMAGES, (8, 9, 1))
    assert not suits(DENSE, (64,)), "nobody has said that its outputs are classes"
    untrained = pl.build(DENSE, input_shape=(64,), seed=0)
    untrained.runtime.classes = ("a", "b", "c")
    assert Draw().suits(opened(untrained))
    untrained.runtime.input_shapes = ((None, 64),)
    assert not Draw().suits(opened(untrained))
    regression = pl.build({"type": "dense", "units": 64}, input_shape=(64,), seed=0)
    x = np.random.default_rng(0).random((20, 64), np.float32)
    pl.Trainer(regression, loss="mse", seed=0).fit((x, x), epochs=1, verbose=False)
    assert not Draw().suits(opened(regression)) and pixels_of(regression) is not None


def test_transforms_that_make_other_numbers_of_pixels_are_said() -> None:
    network = trained(DENSE, (64,))

    class Half(pl.Transform):
        def apply(self, x: Any) -> Any:
            return np.tile(x, (1, 4))[:, :64]

        def output_shape(self, shape: Any) -> Any:
            return (64,)

    network.runtime.transforms = [Half()]
    network.runtime.metadata["photos"] = {"rule": "ink", "size": 8, "flat": True}
    *_, note = Draw().show(opened(network), ink=INK)
    assert note.latex, "as many numbers as pixels"
    network.runtime.metadata["photos"]["size"] = 16
    *_, note = Draw().show(opened(network), ink=np.kron(INK, np.ones((2, 2), np.float32)))
    assert note.text == "Which pixels spoke cannot be told: Half makes other numbers of them."
