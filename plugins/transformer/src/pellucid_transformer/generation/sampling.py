"""Which token comes next: from logits to probabilities, and from these, with a random number, to one token.

All of it is computed on the host in float64, with random numbers that depend on the seed, the row and the place alone:
so an equal seed draws equal tokens on every backend, save where two backends' logits, which differ by rounding, lie on
both sides of a number drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from pellucid import HostArray, check_float, check_int

_OWNER = "generate"


def check_sampling(temperature: float, top_k: int | None, top_p: float, seed: int) -> None:
    """Hold the arguments of a draw against their ranges.

    Raises:
        ConfigError: a temperature that is not above 0, a top_k below 1, a top_p outside of (0, 1], a negative seed.
    """
    check_float(_OWNER, "temperature", temperature, "(0, inf)")
    check_float(_OWNER, "top_p", top_p, "(0, 1]")
    check_int(_OWNER, "seed", seed, "[0, inf)")
    if top_k is not None:
        check_int(_OWNER, "top_k", top_k, "[1, inf)")


def probabilities(
    logits: Any, *, temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0
) -> HostArray:  # fmt: skip
    """``p = softmax(z / τ)`` over the last axis, of which the likeliest tokens are kept, made to sum to 1 again.

    Args:
        logits: z (…, V).
        temperature: τ > 0: below 1 the likely become likelier, above 1 all become more alike.
        top_k: keep so many; of equally likely ones those of lower number. 1 keeps the likeliest alone, which is then
            drawn whatever the seed: greedy. None keeps all.
        top_p: then keep the fewest of the likeliest whose probabilities sum to at least this.

    Returns:
        float64 (…, V).
    """
    z = np.asarray(logits, np.float64)
    with np.errstate(over="ignore"):  # far below the largest at a small τ: e^−∞ = 0
        p = np.exp((z - z.max(-1, keepdims=True)) / temperature)
    p /= p.sum(-1, keepdims=True)
    if top_k is None and top_p >= 1:
        return p
    order = np.argsort(-p, axis=-1, kind="stable")
    ranked = np.take_along_axis(p, order, -1)
    if top_k is not None:
        ranked[..., top_k:] = 0
        ranked /= ranked.sum(-1, keepdims=True)
    if top_p < 1:
        before = np.cumsum(ranked, -1) - ranked  # the first is always kept
        ranked[before >= top_p] = 0
        ranked /= ranked.sum(-1, keepdims=True)
    kept = np.zeros_like(p)
    np.put_along_axis(kept, order, ranked, -1)
    return kept


def drawn(p: HostArray, u: HostArray) -> HostArray:
    """The first token whose cumulative probability exceeds u: token j with probability p_j for u uniform in [0, 1).

    Args:
        p: (N, V), each row sums to 1.
        u: (N,).

    Returns:
        int64 (N,); never a token of probability 0.
    """
    total = np.cumsum(p, -1)
    total /= total[:, -1:]  # the last is exactly 1, which rounding may have missed
    tokens: HostArray = (total <= u[:, None]).sum(-1).astype(np.int64)
    return tokens


def uniforms(seed: int, rows: int) -> Iterator[HostArray]:
    """Without end: for each place one number in [0, 1) for each row, (rows,); a row's do not depend on the others."""
    each = [np.random.Generator(np.random.Philox(key=[seed & (1 << 64) - 1, row])) for row in range(rows)]
    while True:
        yield np.array([one.random() for one in each])
