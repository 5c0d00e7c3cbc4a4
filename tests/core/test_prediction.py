"""Predictions that reuse memory and plans are those of a model that reuses nothing."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pellucid as pl
import pytest
from pellucid.model.predict import KEPT_SHAPES


@pytest.fixture
def model():
    layers = [
        {"type": "dense", "units": 6, "activation": "relu"}, {"type": "dropout", "rate": 0.5},
        {"type": "batch_norm"}, {"type": "dense", "units": 3},
    ]  # fmt: skip
    return pl.build({"type": "sequential", "input_shape": [4], "layers": layers}, seed=0)


def samples(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, 4), np.float32)


def fresh(model, x):
    """What a copy of the model that has never predicted says."""
    return copy.deepcopy(model).predict(x)


@pytest.mark.parametrize("n", [0, 1, 7, 33])
def test_a_second_prediction_does_not_depend_on_the_first(model, n):
    first, second = samples(n), samples(n, seed=1)
    kept = model.predict(first)
    before = kept.copy()
    np.testing.assert_array_equal(model.predict(second), fresh(model, second))
    np.testing.assert_array_equal(kept, before)  # it was a copy, not the memory that the second has used
    assert kept.shape == (n, 3)


def test_small_batches_join_to_the_whole(model):
    x = samples(23)
    np.testing.assert_allclose(model.predict(x, batch_size=5), model.predict(x), rtol=1e-6)


def test_it_follows_the_weights_the_states_and_the_components(model):
    x = samples(2)
    outputs = [model.predict(x)]
    model.parameters()[0].data += 1.0
    outputs.append(model.predict(x))
    model.states()[0].data += 1.0
    outputs.append(model.predict(x))
    model.layers[0].activation = "tanh"
    outputs.append(model.predict(x))
    assert all(not np.allclose(a, b) for a, b in pairwise(outputs))
    np.testing.assert_array_equal(outputs[-1], fresh(model, x))


def test_it_follows_training(model):
    x, y = samples(20), np.arange(20) % 3
    before = model.predict(x)
    pl.Trainer(model, loss="softmax_cross_entropy", seed=0).fit((x, y), epochs=2, verbose=False)
    after = model.predict(x)
    assert not np.allclose(before, after)
    np.testing.assert_array_equal(after, fresh(model, x))


def test_threads_predict_at_the_same_time(model):
    batches = [samples(4, seed) for seed in range(64)]
    expected = [fresh(model, x) for x in batches]
    with ThreadPoolExecutor(8) as threads:
        for got, wanted in zip(threads.map(model.predict, batches), expected, strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_a_model_that_has_predicted_can_be_copied_and_pickled(model):
    x = samples(3)
    expected = model.predict(x)
    for clone in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        clone.parameters()[0].data *= 2.0
        assert not np.allclose(clone.predict(x), expected)
    np.testing.assert_array_equal(model.predict(x), expected)


def test_memory_is_kept_for_few_shapes_only():
    layers = [{"type": "dense", "units": 2}]
    model = pl.build({"type": "sequential", "input_shape": [None, 4], "layers": layers}, seed=0)
    for length in range(1, 2 * KEPT_SHAPES):
        model.predict(np.zeros((1, length, 4), np.float32))
    assert len(model.runtime.idle_predictions) == KEPT_SHAPES
    model.predict(np.zeros((100, 1, 4), np.float32))
    assert len(model.runtime.idle_predictions) == KEPT_SHAPES
