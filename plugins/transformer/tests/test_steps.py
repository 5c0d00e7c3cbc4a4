"""A text that grows by what was kept of its beginning, against the forward over the whole of it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_transformer.generation.steps import Steps, beginning
from pellucid_transformer.layers.extending import each_position

SMALL: dict[str, Any] = {"vocabulary": 11, "width": 12, "layers": 2, "heads": 2, "context": 8}
KINDS: dict[str, dict[str, Any]] = {
    "learned": {},
    "sinusoidal": {"positions": "sinusoidal", "norm_first": False},
    "rotary": {"positions": "rotary", "norm": "transformer/rms_norm", "activation": "swiglu", "use_bias": False},
    "grouped": {"heads": 4, "kv_heads": 2, "positions": "rotary", "width": 16},
    "shared": {"kv_heads": 1, "tied": False, "dropout": 0.5},
}


def model_of(dtype: str = "float64", **arguments: Any) -> pl.Layer:
    model = pl.build("transformer/language_model", input_shape=(None,), seed=1, dtype=dtype, **(SMALL | arguments))
    rng = np.random.default_rng(2)
    for param in model.parameters():
        param.data[...] += rng.normal(0, 0.3, param.shape)
    return model


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_those_of_the_whole_text(kind: str, backend: str) -> None:
    """Three rows, pieces of several lengths, and past the end of the context, where the beginning moves on."""
    model = model_of(backend=backend, **KINDS[kind])
    tokens = np.random.default_rng(0).integers(0, 11, (3, 21))
    steps, end = Steps(model, rows=3), 0
    for piece in (3, 1, 1, 2, *[1] * 14):
        found = steps(tokens[:, end : end + piece])
        end += piece
        whole = model.predict(tokens[:, beginning(end, 8) : end])[:, -1]
        np.testing.assert_allclose(found, whole, rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(steps.tokens, tokens)


@pytest.mark.parametrize("cached", [True, False])
def test_what_training_drops_is_there_when_a_text_goes_on(cached: bool) -> None:
    model, tokens = model_of(dropout=0.5), np.random.default_rng(0).integers(0, 11, (2, 6))
    steps = Steps(model, 2, cached=cached)
    steps(tokens[:, :4])
    np.testing.assert_allclose(steps(tokens[:, 4:]), model.predict(tokens)[:, -1], atol=1e-10)


def test_a_text_longer_than_the_context_may_come_at_once() -> None:
    model, tokens = model_of(), np.random.default_rng(1).integers(0, 11, (2, 30))
    steps = Steps(model, rows=2)
    for end in (20, 21, 30):
        found = steps(tokens[:, steps.tokens.shape[1] : end])
        np.testing.assert_allclose(found, model.predict(tokens[:, beginning(end, 8) : end])[:, -1], rtol=1e-10)


@pytest.mark.parametrize("name", ["embedding", "rms_norm", "feed_forward", "swiglu", "positions", "transformer_block"])
def test_who_says_that_it_treats_each_position_by_itself_does(name: str) -> None:
    """Another token at one place: only what says nothing of the kind may give something else at another place."""
    arguments: dict[str, dict[str, Any]] = {
        "embedding": {"vocabulary": 9, "units": 4}, "positions": {"longest": 6}, "transformer_block": {"heads": 2},
    }  # fmt: skip
    layer = pl.create("layer", f"transformer/{name}", **arguments.get(name, {}))
    first = [] if name == "embedding" else [pl.create("layer", "transformer/embedding", vocabulary=9, units=4)]
    model = pl.build(pl.Stack([*first, layer]), input_shape=(None,), seed=0, dtype="float64")
    tokens = np.array([[1, 2, 3, 4, 5]])
    other = tokens.copy()
    other[0, 2] = 7
    same = (model.predict(tokens) == model.predict(other)).all(-1)[0]
    assert not same[2] and each_position(layer) == (name not in ("positions", "transformer_block"))
    assert same[[0, 1, 3, 4]].all() == (name != "transformer_block")


def test_a_row_alone_is_as_beside_others() -> None:
    model = model_of("float32")
    tokens = np.random.default_rng(3).integers(0, 11, (4, 12))
    together, alone = Steps(model, rows=4), Steps(model)
    for end in range(12):
        both = together(tokens[:, end : end + 1]), alone(tokens[:1, end : end + 1])
        np.testing.assert_allclose(both[0][:1], both[1], rtol=1e-5, atol=1e-5)


def test_a_text_is_read_from_where_half_of_the_context_is_left() -> None:
    assert [beginning(length, 8) for length in (1, 8, 9, 12, 13, 16, 17, 100)] == [0, 0, 4, 4, 8, 8, 12, 92]
    assert beginning(10**6, None) == 0 and beginning(5, 1) == 4 and beginning(9, 3) == 6
    for context in range(1, 10):
        seen = [length - beginning(length, context) for length in range(context, 60)]
        assert max(seen) == context and min(seen) >= context - context // 2


class Average(pl.Composite):
    """``y_t = (x_0 + … + x_t) / (t + 1)``: a stranger's way to look back, of which nothing is known."""

    def call(self, ctx: pl.Context, x: Any) -> Any:
        t = x.shape[1]
        return np.tril(np.ones((t, t)) / np.arange(1, t + 1)[:, None]) @ x


def test_what_is_not_known_to_go_on_is_computed_anew_and_that_is_said_once() -> None:
    def stranger(wanted: bool) -> pl.Layer:
        inside = {"attention": Average()} if wanted else {"attention": pl.Dense(4)}
        block = pl.create("layer", "transformer/transformer_block", heads=1, causal=True, **inside)
        first = pl.create("layer", "transformer/embedding", vocabulary=5, units=4)
        return pl.build(pl.Stack([first, block, pl.Dense(5)]), input_shape=(None,), seed=0, dtype="float64")

    model, tokens = stranger(True), np.array([[0, 3, 1, 4]])
    with pytest.warns(pl.PellucidWarning, match="Average may look at other positions.* Write new_cache and extend"):
        steps = Steps(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for end in (1, 2, 4):
            found = steps(tokens[:, steps.tokens.shape[1] : end])
            np.testing.assert_allclose(found, model.predict(tokens[:, :end])[:, -1], rtol=1e-12)
        known = Steps(stranger(False))  # dense layers treat each position by itself
        np.testing.assert_allclose(known(tokens), stranger(False).predict(tokens)[:, -1], rtol=1e-12)


def test_a_model_without_a_longest_context_goes_on_for_ever() -> None:
    first = pl.create("layer", "transformer/embedding", vocabulary=5, units=4)
    block = pl.create("layer", "transformer/transformer_block", heads=1, causal=True, rotary=10000.0)
    model = pl.build(pl.Stack([first, block, pl.Dense(5)]), input_shape=(None,), seed=0, dtype="float64")
    tokens = np.random.default_rng(0).integers(0, 5, (1, 600))
    steps = Steps(model)
    for end in (200, 256, 257, 600):
        found = steps(tokens[:, steps.tokens.shape[1] : end])
        np.testing.assert_allclose(found, model.predict(tokens[:, :end])[:, -1], rtol=1e-9)


def test_what_cannot_go_on_is_said() -> None:
    with pytest.raises(pl.ConfigError, match=r"A text goes on by a model from tokens .* Received: a Dense of inputs"):
        Steps(pl.build(pl.Dense(3), input_shape=(4,)))
    encoder = pl.build("transformer/sentence_encoder", input_shape=(None,), **SMALL)
    with pytest.raises(pl.ConfigError, match=r"such as language_model. Received: .* and outputs \(12,\)"):
        Steps(encoder)
    steps = Steps(model_of(), rows=2)
    for wrong in (np.zeros((1, 3), int), np.zeros((2, 0), int), np.zeros(2, int)):
        with pytest.raises(pl.ShapeError, match="Steps takes the next tokens of its 2 texts"):
            steps(wrong)
