"""Tokens of different length: masks and labels that are ignored leave what stands behind the end out, everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import DataError

RNG = np.random.default_rng(0)
TEXTS = [RNG.integers(1, 7, length) for length in (5, 9, 2, 16, 7, 3, 12, 1, 8, 4, 6, 11)]
FOLLOWING = [np.append(text[1:], 0) for text in TEXTS]


def language_model() -> Any:
    arguments = {"vocabulary": 7, "width": 8, "layers": 1, "heads": 2, "context": 16}
    return pl.build({"type": "transformer/language_model", **arguments}, input_shape=(None,), seed=1, dtype="float64")


def trained(data: Any, batch_size: int, accumulate: int = 1, **options: Any) -> list[Any]:
    """The parameters of a language model behind a step of twelve texts."""
    model = language_model()
    loss = {"type": "softmax_cross_entropy", "ignore": -1}
    trainer = pl.Trainer(model, loss=loss, optimizer={"type": "sgd", "lr": 0.5}, accumulate=accumulate, seed=0)
    trainer.fit(data, epochs=1, batch_size=batch_size, verbose=False, **options)
    assert trainer.steps == 1
    return [param.data.copy() for param in model.parameters()]


def alike(a: list[Any], b: list[Any]) -> bool:
    return all(np.allclose(one, other, atol=1e-12) for one, other in zip(a, b, strict=True))


@pytest.mark.parametrize("weights", [False, True])
def test_the_mean_is_over_tokens_however_a_step_is_divided(weights: bool) -> None:
    """Micro-batches hold different numbers of tokens: their sum counts each token once, with its weight."""
    weight = [RNG.random(len(text)) for text in TEXTS] if weights else None
    data = pl.Sequences(TEXTS, FOLLOWING, mask=False, weight=weight)
    whole = trained(data, 12)
    for accumulate in (2, 3, 6):
        assert alike(trained(data, 12 // accumulate, accumulate), whole)
    if weights:
        assert not alike(trained(pl.Sequences(TEXTS, FOLLOWING, mask=False), 12), whole)


def test_what_stands_behind_the_end_changes_nothing() -> None:
    """However far texts are padded, and with what."""
    found = [
        trained(pl.Sequences(TEXTS, FOLLOWING, mask=False, multiple=multiple, padding=padding), 12)
        for multiple, padding in ((1, 0), (8, 0), (16, 3))
    ]
    assert alike(found[0], found[1]) and alike(found[0], found[2])


def test_a_classifier_says_the_same_of_a_text_alone_and_among_longer_ones() -> None:
    arguments = {"vocabulary": 7, "outputs": 3, "width": 8, "layers": 2, "heads": 2, "context": 24}
    model = pl.build({"type": "transformer/sequence_classifier", **arguments}, input_shape=[(None,), (None,)], seed=1)
    part = pl.Sequences(TEXTS, multiple=8, padding=5).take(np.arange(len(TEXTS)))
    together = model.predict(part.x)
    for row, text in enumerate(TEXTS):
        alone = model.predict((text[None], np.ones((1, len(text)), bool)))
        np.testing.assert_allclose(alone[0], together[row], atol=1e-5)


def test_a_text_that_is_longer_than_the_positions_is_said() -> None:
    with pytest.raises(pl.PellucidError, match="16"):
        language_model().predict(np.ones((1, 17), int))


def test_tokens_that_the_model_does_not_know_are_said() -> None:
    with pytest.raises(DataError, match=r"7"):
        language_model().predict(np.array([[1, 7]]))
