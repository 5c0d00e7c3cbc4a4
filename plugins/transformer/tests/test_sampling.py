"""Draws of the next token against what a reader would write down from the definitions."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from pellucid import ConfigError
from pellucid_transformer.generation.sampling import check_sampling, drawn, probabilities, uniforms


def brute(logits: list[float], temperature: float, top_k: int | None, top_p: float) -> list[float]:
    """One row, token by token."""
    weights = {j: np.exp((z - max(logits)) / temperature) for j, z in enumerate(logits)}
    ranked = sorted(weights, key=lambda j: (-weights[j], j))[:top_k]
    total = sum(weights[j] for j in ranked)
    kept, sum_so_far = [], 0.0
    for j in ranked:
        kept.append(j)
        sum_so_far += weights[j] / total
        if sum_so_far >= top_p:
            break
    total = sum(weights[j] for j in kept)
    return [weights[j] / total if j in kept else 0.0 for j in range(len(logits))]


@pytest.mark.parametrize("temperature", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("top_k", [None, 1, 3, 100])
@pytest.mark.parametrize("top_p", [1.0, 0.9, 0.3, 1e-9])
def test_probabilities_are_those_of_the_definition(temperature: float, top_k: int | None, top_p: float) -> None:
    logits = np.random.default_rng(0).normal(0, 2, (4, 11))
    logits[1] = np.round(logits[1])  # equally likely ones
    found = probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    wanted = [brute(list(row), temperature, top_k, top_p) for row in logits]
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_top_k_1_is_greedy_whatever_the_seed() -> None:
    logits = np.random.default_rng(1).normal(size=(3, 7)).astype(np.float32)
    p = probabilities(logits, top_k=1)
    for u in islice(uniforms(5, 3), 20):
        np.testing.assert_array_equal(drawn(p, u), logits.argmax(-1))


def test_logits_of_any_size_give_probabilities() -> None:
    p = probabilities([[1e30, -1e30, 0.0], [-1e4, -1e4, -1e5]], temperature=0.1)
    np.testing.assert_array_equal(p, [[1, 0, 0], [0.5, 0.5, 0]])


def test_the_smallest_temperature_draws_among_the_likeliest() -> None:
    for temperature in (5e-324, 1e-300):
        np.testing.assert_array_equal(probabilities([3.0, 1.0, 3.0], temperature=temperature), [0.5, 0, 0.5])


def test_top_p_keeps_no_more_than_it_needs() -> None:
    """Of equally likely ones those of lower number, and none beyond a sum that is exactly enough."""
    for top_p, kept in ((0.25, 1), (0.26, 2), (0.5, 2), (0.75, 3), (0.76, 4)):
        p = probabilities([1.0, 1.0, 1.0, 1.0], top_p=top_p)
        np.testing.assert_allclose(p, [1 / kept] * kept + [0] * (4 - kept))
    np.testing.assert_array_equal(probabilities([7.0], top_p=1e-9), [1])


def test_a_seed_may_be_any_whole_number() -> None:
    assert next(uniforms(2**64 + 3, 1)) == next(uniforms(3, 1))


def test_tokens_come_as_often_as_they_are_likely_and_never_those_of_probability_0() -> None:
    p = np.array([[0.1, 0.0, 0.6, 0.3, 0.0]])
    numbers = np.array([drawn(p, u)[0] for u in islice(uniforms(3, 1), 20_000)])
    counts = np.bincount(numbers, minlength=5) / len(numbers)
    assert counts[1] == counts[4] == 0
    np.testing.assert_allclose(counts, p[0], atol=0.015)  # four standard deviations
    np.testing.assert_array_equal(drawn(p.repeat(4, 0), np.array([0.0, 0.0999, 0.7, 1 - 2**-53])), [0, 0, 3, 3])


def test_a_row_draws_the_same_beside_others() -> None:
    alone, beside = list(islice(uniforms(9, 1), 5)), list(islice(uniforms(9, 3), 5))
    np.testing.assert_array_equal(np.array(alone)[:, 0], np.array(beside)[:, 0])
    assert len(np.unique(beside)) == 15


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"temperature": 0.0}, "The 'temperature' of generate must be a float in (0, inf). Received: 0.0"),
        ({"temperature": -1.0}, "The 'temperature' of generate"),
        ({"top_p": 0.0}, "The 'top_p' of generate must be a float in (0, 1]. Received: 0.0"),
        ({"top_p": 1.1}, "The 'top_p' of generate"),
        ({"top_k": 0}, "The 'top_k' of generate must be an int in [1, inf). Received: 0"),
        ({"seed": -1}, "The 'seed' of generate"),
    ],
)
def test_what_is_out_of_range_is_said(wrong: dict[str, float], said: str) -> None:
    given = {"temperature": 1.0, "top_k": None, "top_p": 1.0, "seed": 0} | wrong
    with pytest.raises(ConfigError) as error:
        check_sampling(**given)  # type: ignore[arg-type]
    assert said in str(error.value)
