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


@pytest.mark.parametrize(
    "group",
    [{"match": "*.scale"}, {"lr": 0.1}, {"match": "*", "momentum": 1}, {"match": "*", "clip_norm": 0.0},
     {"match": "*", "lr": None}],
)  # fmt: skip
def test_wrong_groups(group):
    with pytest.raises(ConfigError, match=r"groups\[0\]"):
        spans(a_model(), {"type": "adamw", "groups": [group]})


def test_the_first_group_that_matches_counts_and_equal_groups_make_segments_of_their_own():
    groups = [{"match": "*.weight", "lr": 0.1}, {"match": "layers.0.*", "lr": 0.2}, {"match": "*", "clip_norm": 1.0}]
    paths, segments = spans(a_model(), {"type": "sgd", "groups": groups})
    assert paths == [["layers.0.weight"], ["layers.0.bias"], ["layers.1.weight"], ["layers.1.bias"]]
    assert [segment.lr for segment in segments] == [0.1, 0.2, 0.1, 0.01]
    assert [
        segment.group is group for segment, group in zip(segments, (*groups[:2], groups[0], groups[2]), strict=True)
    ]


def test_parts_are_the_parameters_of_a_segment_in_their_shapes():
    model = a_model()
    (segment,) = spans(model, {"type": "adam"})[1]
    segment.slot("m")[:] = np.arange(segment.data.size)
    parts = segment.parts()
    assert [part.param for part in parts] == model.parameters()
    for part, start in zip(parts, model.runtime.arena.offsets, strict=True):
        assert part.data.shape == part.grad.shape == part.slot("m").shape == part.param.shape
        assert part.slot("m").flat[0] == start == part.segment.start
        assert part.segment.parts()[0].param is part.param and part.segment.hyper is segment.hyper
        part.data -= 1.0
        part.slot("m")[...] = -1.0
        part.grad[...] = 2.0
    sizes = [15, 5, 10, 2]
    assert (segment.slot("m") == -1.0).sum() == (segment.grad == 2.0).sum() == sum(sizes)
    gaps = np.ones(segment.data.size, bool)
    for start, size in zip(model.runtime.arena.offsets, sizes, strict=True):
        gaps[start : start + size] = False
    assert not segment.data[gaps].any() and not segment.grad[gaps].any()
    model.parameters()[0].trainable = False
    (rest,) = spans(model, {"type": "adam"})[1]
    assert [part.param.path for part in rest.parts()] == ["layers.0.bias", "layers.1.weight", "layers.1.bias"]
    assert rest.parts()[1].segment.start == model.runtime.arena.offsets[2]


def test_an_optimizer_of_others_says_whose_rate_decay_and_groups_hold():
    class Two(pl.SGD):
        rest = pl.AdamW(0.01, weight_decay=0.5, groups=[{"match": "layers.1.bias", "lr": 0.3}])

        def of(self, param):
            if param.path == "layers.1.weight":
                return None
            return self.rest if len(param.shape) == 1 else self

    model = a_model()
    segments = make_segments(Two(0.1, groups=[{"match": "layers.*", "weight_decay": 0.25}]), Slots(model.runtime.arena))
    assert [[param.path for param in segment.params] for segment in segments] == [
        ["layers.0.weight"], ["layers.0.bias"], ["layers.1.bias"],
    ]  # fmt: skip
    assert [(segment.lr, segment.weight_decay) for segment in segments] == [(0.1, 0.25), (0.01, 0.0), (0.3, 0.0)]
    trainer = pl.Trainer(model, loss="mse", optimizer=Two(0.1), seed=0)
    before = model.parameters()[2].data.copy()
    trainer.train_step(np.ones((4, 3)), np.ones((4, 2)))
    assert (model.parameters()[2].data == before).all() and not model.parameters()[2].grad.any()


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize("clip_norm", [None, 0.5])
def test_each_group_is_clipped_by_its_own_norm_then_all_by_what_is_left(backend, clip_norm):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 3)), 50 * rng.normal(size=(64, 2))

    def trained(groups, clip_norm, steps):
        model = pl.build(a_model().runtime.config, input_shape=(3,), seed=0, dtype="float64", backend=backend)
        optimizer = {"type": "sgd", "lr": 1.0, "groups": groups}
        trainer = pl.Trainer(model, loss="mse", optimizer=optimizer, clip_norm=clip_norm, seed=0)
        for _ in range(steps):
            before = {p.path: p.data.copy() for p in model.parameters()}
            trainer.train_step(x, y)
        return {p.path: before[p.path] - p.data for p in model.parameters()}

    def norm(gradients):
        return np.sqrt(sum(np.sum(g**2) for g in gradients))

    groups = [{"match": "*.weight", "clip_norm": 0.25}, {"match": "layers.0.*", "clip_norm": 1e6}]
    whole, clipped = trained([], None, 1), trained(groups, clip_norm, 1)
    weights = [path for path in whole if path.endswith("weight")]
    by = {path: 0.25 / norm([whole[p] for p in weights]) if path in weights else 1.0 for path in whole}
    expected = {path: by[path] * gradient for path, gradient in whole.items()}
    if clip_norm is not None:
        assert norm(expected.values()) > clip_norm
        expected = {path: g * clip_norm / norm(expected.values()) for path, g in expected.items()}
    for path, gradient in clipped.items():
        np.testing.assert_allclose(gradient, expected[path], rtol=1e-9, atol=1e-13, err_msg=path)
    assert norm(trained(groups, clip_norm, 6).values()) < (np.inf if clip_norm is None else clip_norm + 1e-9)


@pytest.mark.parametrize("clip_norm", [None, 0.5])
def test_steps_with_clipped_groups_are_recorded_and_replayed(clip_norm):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(320, 3)).astype("float32"), 50 * rng.normal(size=(320, 2)).astype("float32")
    weights = {}
    for backend in ("reference", "cython"):
        model = pl.build(a_model().runtime.config, input_shape=(3,), seed=0, backend=backend)
        optimizer = {"type": "sgd", "lr": 0.1, "groups": [{"match": "*.weight", "clip_norm": 0.25}]}
        trainer = pl.Trainer(model, loss="mse", optimizer=optimizer, clip_norm=clip_norm, seed=0)
        trainer.fit((x, y), epochs=3, batch_size=64, verbose=False)
        weights[backend] = np.concatenate([p.data.ravel() for p in model.parameters()])
        assert [step.recorded for step in trainer._stepper._steps.values()] == [backend == "cython"]
    np.testing.assert_allclose(weights["cython"], weights["reference"], rtol=0, atol=1e-4)


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
