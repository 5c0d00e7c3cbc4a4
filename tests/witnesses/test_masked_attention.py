"""Witness: masked self-attention over sequences of different length, in one padded batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Context, Dense, LayerNorm, Softmax, get_ops
from pellucid.testing import check_gradients

FEATURES, WIDTH = 4, 6


class Attention(pl.Composite):
    """``softmax(Q Kᵀ/√d) V`` for every head; keys outside the mask get no weight (Vaswani et al., 2017, §3.2)."""

    integer_inputs = (1,)

    def __init__(self, width: int, heads: int) -> None:
        self.width, self.heads = width, heads
        self.projections = [Dense(width) for _ in range(3)]
        self.softmax, self.out = Softmax(), Dense(width)

    def call(self, ctx: Context, x: Any, mask: Any) -> Any:
        n, length, _ = x.shape
        split = (n, length, self.heads, self.width // self.heads)
        q, k, v = (projection(x).reshape(split).swapaxes(1, 2) for projection in self.projections)  # (N, h, T, d)
        scores = q @ k.swapaxes(2, 3) / split[-1] ** 0.5  # (N, h, T, T)
        weights = self.softmax(np.where(mask[:, None, None, :], scores, -1e9))
        return self.out((weights @ v).swapaxes(1, 2).reshape(n, length, self.width))


class Encoder(pl.Composite):
    """Sequences (N, T, F) and their mask (N, T) -> one number each: attention, short cut, mean over what is there."""

    integer_inputs = (1,)

    def __init__(self, width: int = WIDTH, heads: int = 2) -> None:
        self.width, self.heads = width, heads
        self.embed, self.attention, self.norm = Dense(width), Attention(width, heads), LayerNorm()
        self.head = Dense(1)

    def call(self, ctx: Context, x: Any, mask: Any) -> Any:
        h = self.embed(x)
        h = self.norm(h + self.attention(h, mask))
        there = mask[:, :, None] * ctx.xp.ones((), dtype=ctx.dtype)  # (N, T, 1)
        return self.head((h * there).sum(axis=1) / there.sum(axis=1))


def data(n: int = 40, longest: int = 7) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Random sequences of 1 to ``longest`` steps; the target is the mean of the first feature."""
    rng = np.random.default_rng(0)
    mask = np.arange(longest) < rng.integers(1, longest + 1, n)[:, None]
    x = rng.normal(size=(n, longest, FEATURES))
    return (x, mask), ((x[:, :, :1] * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True))


def built(dtype: str = "float64") -> Any:
    return pl.build(Encoder(), input_shape=[(None, FEATURES), (None,)], seed=0, dtype=dtype)


def test_gradients() -> None:
    (x, mask), _ = data(4)
    assert check_gradients(Encoder(), x, mask, tolerance=1e-7).compared > 200


def test_padding_changes_nothing() -> None:
    (x, mask), _ = data()
    model = built()
    short = model.predict((x, mask))
    filler = np.full((len(x), 3, FEATURES), 1e3)
    longer = model.predict((np.concatenate([x, filler], axis=1), np.pad(mask, ((0, 0), (0, 3)))))
    assert longer == pytest.approx(short, abs=1e-12)
    alone = [model.predict((x[i : i + 1, : m.sum()], mask[i : i + 1, : m.sum()]))[0] for i, m in enumerate(mask)]
    assert np.stack(alone) == pytest.approx(short, abs=1e-12)


def test_no_gradient_flows_into_the_padding() -> None:
    (x, mask), _ = data(5)
    model, ctx = built(), Context(get_ops("reference"), training=True, dtype="float64")
    model.forward(ctx, x, mask)
    dx, dmask = model.backward(ctx, np.ones((5, 1)))
    assert dmask is None
    assert not dx[~mask].any()
    assert (np.abs(dx[mask]).sum(axis=1) > 0).all()


def test_shapes_of_variable_length() -> None:
    model = built()
    assert model.output_shape((None, FEATURES), (None,)) == (1,)
    assert model.attention.output_shape((None, WIDTH), (None,)) == (None, WIDTH)


def test_it_trains_on_sequences_of_different_length() -> None:
    model, (x, y) = built("float32"), data()
    trainer = pl.Trainer(model, loss="mse", optimizer={"type": "adam", "lr": 0.01}, seed=0)
    history = trainer.fit((x, y), epochs=40, batch_size=8, verbose=False)
    assert history[-1]["loss"] < 0.3 * history[0]["loss"]
    assert trainer.evaluate(((x[0][:, :5], x[1][:, :5]), y))["loss"] > 0  # another length, the same model
