"""The arena: one flat aligned buffer, views, segments, freezing, groups."""

from __future__ import annotations

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, ShapeError
from pellucid.interfaces.optimizer import Slots, make_segments


def a_model(dtype="float32"):
    layers = [{"type": "dense", "units": 5}, {"type": "dense", "units": 2}]
    return pl.build({"type": "sequential", "layers": layers}, input_shape=(3,), seed=0, dtype=dtype)


def spans(model, optimizer):
    segments = make_segments(pl.create("optimizer", optimizer), Slots(model.runtime.arena))
    return [[param.path for param in segment.params] for segment in segments], segments


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parameters_are_aligned_views_in_tree_order(dtype):
    model = a_model(dtype)
    arena = model.runtime.arena
    paths = [param.path for param in model.parameters()]
    assert paths == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    for param in model.parameters():
        assert param.data.ctypes.data % 64 == 0
        assert np.shares_memory(param.data, arena.data)
        assert np.shares_memory(param.grad, arena.grad)
    param = model.parameters()[2]
    arena.data[:] = 7.0
    assert (param.data == 7.0).all()


def test_where_names_the_parameter_and_element():
    arena = a_model().runtime.arena
    assert arena.where(arena.offsets[2] + 3) == ("layers.1.weight", (1, 1))
    with pytest.raises(IndexError, match="no parameter"):
        arena.where(arena.size)


def test_assigning_copies_in_place_and_checks_the_shape():
    model = a_model()
    param = model.parameters()[0]
    memory = param.data
    param.data = np.ones((3, 5))
    assert param.data is memory
    assert (memory == 1.0).all()
    with pytest.raises(ShapeError, match=r"layers\.0\.weight.*\(3, 5\).*\(5, 3\)"):
        param.data = np.ones((5, 3))
    param.grad += 2.0
    assert (model.runtime.arena.grad[:15] == 2.0).all()


def test_equal_hyper_parameters_make_one_segment_and_freezing_splits_it():
    model = a_model()
    paths, segments = spans(model, {"type": "adam"})
    assert len(paths) == 1
    assert segments[0].data.size == model.runtime.arena.size
    model.parameters()[1].trainable = False
    assert spans(model, {"type": "adam"})[0] == [["layers.0.weight"], ["layers.1.weight", "layers.1.bias"]]


def test_weight_decay_spares_biases_and_groups_override():
    model = a_model()
    paths, segments = spans(model, {"type": "adamw", "weight_decay": 0.1})
    assert paths == [[p.path] for p in model.parameters()]
    assert [s.weight_decay for s in segments] == [0.1, 0.0, 0.1, 0.0]
    groups = [{"match": "layers.1.*", "weight_decay": 0.5, "lr": 0.3}]
    paths, segments = spans(model, {"type": "adamw", "weight_decay": 0.0, "groups": groups})
    assert paths == [["layers.0.weight", "layers.0.bias"], ["layers.1.weight", "layers.1.bias"]]
    assert [(s.lr, s.weight_decay) for s in segments] == [(0.001, 0.0), (0.3, 0.5)]


@pytest.mark.parametrize("group", [{"match": "*.scale"}, {"lr": 0.1}, {"match": "*", "momentum": 1}])
def test_wrong_groups(group):
    with pytest.raises(ConfigError, match=r"groups\[0\]"):
        spans(a_model(), {"type": "adamw", "groups": [group]})


def test_slots_keep_their_place_when_a_layer_is_frozen():
    model = a_model()
    slots = Slots(model.runtime.arena)
    optimizer = pl.create("optimizer", "adam")
    make_segments(optimizer, slots)[0].slot("m")[:] = np.arange(model.runtime.arena.size)
    model.parameters()[0].trainable = False
    (segment,) = make_segments(optimizer, slots)
    assert segment.slot("m")[0] == model.runtime.arena.offsets[1]


def test_a_model_that_only_predicts_has_no_gradient_buffer():
    model = a_model()
    model.predict(np.zeros((2, 3)))
    assert model.runtime.arena._grad is None


def test_an_unbuilt_parameter_says_so():
    layer = pl.create("layer", "dense", units=2)
    layer.build((3,))
    with pytest.raises(ShapeError, match="Build the model first"):
        _ = layer.weight.data
    with pytest.raises(ShapeError, match="has not been built"):
        layer.predict(np.zeros((2, 3)))
