"""The core's losses against PyTorch in float64: values and gradients, with and without weights, at random sizes.

    benchmarks/.venv/bin/python -m benchmarks.oracles.core_losses

PyTorch has cross-entropies with weights of classes and smoothing, L1, Huber, KL and cosine. Its weights of samples,
focal losses and Crammer and Singer's hinge are written here in its operations, and its autograd gives their gradients.
It prints a line for each and exits with 1 if a difference is above 1e-10.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core")]  # the references need no build

import pellucid as pl  # noqa: E402

from benchmarks.oracles.held import Row, repeated, report, row  # noqa: E402

torch.set_default_dtype(torch.float64)
ROUNDS = 60
Draw = np.random.Generator


def compared(
    loss: Any, z: Any, t: Any, each: Callable[[Any, Any], Any], rng: Draw, of_row: Any = None
) -> Iterator[Any]:
    """Value and gradient, where ``each`` gives PyTorch's loss of each row (N,), and ``of_row`` what it weighs."""
    for weight in (None, rng.uniform(0.1, 3, len(z))):
        ctx = pl.Context(pl.get_ops("reference"), dtype="float64")
        value = float(loss.forward(ctx, z, t, weight))
        given = torch.tensor(z, requires_grad=True)
        w = torch.ones(len(z)) if weight is None else torch.tensor(weight)
        w = w if of_row is None else w * of_row
        theirs = (w * each(given, torch.tensor(t))).sum() / w.sum()
        theirs.backward()
        yield value, theirs.item()
        yield loss.backward(ctx), given.grad.numpy()


def scores(rng: Draw) -> tuple[Any, Any, int]:
    n, k = (int(m) for m in rng.integers(2, 9, 2))
    return 2 * rng.normal(size=(n, k)), rng.integers(0, k, n), k


def values(name: str, each: Callable[[Any, Any], Any], **arguments: float) -> Callable[[Draw], Iterator[Any]]:
    def pairs(rng: Draw) -> Iterator[Any]:
        shape = tuple(int(m) for m in rng.integers(2, 9, 2))
        z, t = rng.normal(size=shape), rng.normal(size=shape)
        yield from compared(pl.create("loss", name, **arguments), z, t, lambda z, t: each(z, t), rng)

    return pairs


def softmax_cross_entropy(rng: Draw) -> Iterator[Any]:
    """PyTorch's own mean with weights of classes, which is ours; then sample weights, smoothing, soft targets."""
    z, t, k = scores(rng)
    prices = rng.uniform(0.1, 4, k)
    loss = pl.create("loss", "softmax_cross_entropy", class_weight=prices.tolist())
    ctx, given = pl.Context(pl.get_ops("reference"), dtype="float64"), torch.tensor(z, requires_grad=True)
    value = float(loss.forward(ctx, z, t))
    theirs = F.cross_entropy(given, torch.tensor(t), torch.tensor(prices))
    theirs.backward()
    yield value, theirs.item()
    yield loss.backward(ctx), given.grad.numpy()
    none: Any = "none"
    yield from compared(
        loss, z, t, lambda z, t: F.cross_entropy(z, t, reduction=none), rng, torch.tensor(prices)[torch.tensor(t)]
    )
    loss = pl.create("loss", "softmax_cross_entropy", label_smoothing=0.2)
    yield from compared(loss, z, t, lambda z, t: F.cross_entropy(z, t, reduction=none, label_smoothing=0.2), rng)
    soft = torch.tensor(rng.normal(size=z.shape)).softmax(-1).numpy()
    loss = pl.create("loss", "softmax_cross_entropy")
    yield from compared(loss, z, soft, lambda z, t: F.cross_entropy(z, t, reduction=none), rng)


def binary_cross_entropy(rng: Draw) -> Iterator[Any]:
    z, t = 2 * rng.normal(size=(int(rng.integers(2, 9)), 1)), rng.integers(0, 2, 99).astype(float)
    t = t[: len(z), None]
    each = lambda z, t: F.binary_cross_entropy_with_logits(z, t, reduction="none")[:, 0]  # noqa: E731
    yield from compared(pl.create("loss", "binary_cross_entropy"), z, t, each, rng)
    no, yes = rng.uniform(0.1, 4, 2)
    loss = pl.create("loss", "binary_cross_entropy", class_weight=[float(no), float(yes)])
    yield from compared(loss, z, t, each, rng, torch.tensor(np.where(t[:, 0] > 0, yes, no)))


def focal(rng: Draw) -> Iterator[Any]:
    z, t, k = scores(rng)
    gamma, alpha = float(rng.uniform(0, 3)), rng.uniform(0.1, 2, k)

    def each(z: Any, t: Any) -> Any:
        log_q = z.log_softmax(-1).gather(1, t[:, None])[:, 0]
        return -torch.tensor(alpha)[t] * (1 - log_q.exp()) ** gamma * log_q

    yield from compared(pl.create("loss", "focal", gamma=gamma, alpha=alpha.tolist()), z, t, each, rng)


def binary_focal(rng: Draw) -> Iterator[Any]:
    z, _, _ = scores(rng)
    t = rng.integers(0, 2, z.shape).astype(float)
    gamma, alpha = float(rng.uniform(0, 3)), float(rng.uniform(0.1, 0.9))

    def each(z: Any, t: Any) -> Any:
        p = torch.sigmoid(z)
        of_each = F.binary_cross_entropy_with_logits(z, t, reduction="none")
        q = p * t + (1 - p) * (1 - t)
        return ((alpha * t + (1 - alpha) * (1 - t)) * of_each * (1 - q) ** gamma).mean(1)

    yield from compared(pl.create("loss", "binary_focal", gamma=gamma, alpha=alpha), z, t, each, rng)


def kl_divergence(rng: Draw) -> Iterator[Any]:
    z, _, _ = scores(rng)
    t = torch.tensor(rng.normal(size=z.shape)).softmax(-1).numpy()
    each = lambda z, t: F.kl_div(z.log_softmax(-1), t, reduction="none").sum(-1)  # noqa: E731
    yield from compared(pl.create("loss", "kl_divergence"), z, t, each, rng)


def hinge(rng: Draw) -> Iterator[Any]:
    z, t, k = scores(rng)

    def of_scores(z: Any, t: Any) -> Any:
        own = z.gather(1, t[:, None])[:, 0]
        return (1 - own + z.masked_fill(F.one_hot(t, k) > 0, -torch.inf).amax(1)).clamp(min=0)

    yield from compared(pl.create("loss", "hinge"), z, t, of_scores, rng)
    sign = 2 * rng.integers(0, 2, len(z)) - 1
    yield from compared(pl.create("loss", "hinge"), z[:, :1], sign, lambda z, t: (1 - t * z[:, 0]).clamp(min=0), rng)


def signed(rng: Draw) -> Iterator[Any]:
    z, t, _ = scores(rng)
    weight = rng.normal(size=len(z))
    ctx, given = pl.Context(pl.get_ops("reference"), dtype="float64"), torch.tensor(z, requires_grad=True)
    loss = pl.create("loss", "signed", loss="softmax_cross_entropy")
    value = float(loss.forward(ctx, z, t, weight))
    theirs = (torch.tensor(weight) * F.cross_entropy(given, torch.tensor(t), reduction="none")).mean()
    theirs.backward()
    yield value, theirs.item()
    yield loss.backward(ctx), given.grad.numpy()


def rows() -> Iterator[Row]:
    theirs, written = "PyTorch", "PyTorch's autograd"
    parts: list[tuple[str, str, Callable[[Draw], Iterator[Any]]]] = [
        ("mse", theirs, values("mse", lambda z, t: F.mse_loss(z, t, reduction="none").mean(1))),
        ("mae", theirs, values("mae", lambda z, t: F.l1_loss(z, t, reduction="none").mean(1))),
        ("huber", theirs,
         values("huber", lambda z, t: F.huber_loss(z, t, reduction="none", delta=0.7).mean(1), delta=0.7)),
        ("cosine_similarity", theirs, values("cosine_similarity", lambda z, t: 1 - F.cosine_similarity(z, t, eps=0))),
        ("softmax_cross_entropy", theirs, softmax_cross_entropy),
        ("binary_cross_entropy", theirs, binary_cross_entropy), ("kl_divergence", theirs, kl_divergence),
        ("focal", written, focal), ("binary_focal", written, binary_focal), ("hinge", written, hinge),
        ("signed", written, signed),
    ]  # fmt: skip
    for name, against, pairs in parts:
        yield row("loss", f"core/{name}", against, repeated(ROUNDS, pairs))


if __name__ == "__main__":
    sys.exit(report(rows()))
