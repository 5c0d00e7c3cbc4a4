"""One line per differentiable operation: how to call it and on what; the tests run every line through every check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """``f`` on arrays of these shapes, drawn by ``draw``; ``closed`` where complex steps cannot serve as oracle."""

    name: str
    f: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray] = lambda rng, shape: rng.normal(size=shape)
    closed: Callable[..., tuple[np.ndarray, ...]] | None = None

    def arrays(self, seed: int = 0) -> tuple[np.ndarray, ...]:
        rng = np.random.default_rng([seed, *self.name.encode()])
        return tuple(np.asarray(self.draw(rng, shape)) for shape in self.shapes)


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.5, 2.0, shape)


def inside(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(-0.8, 0.8, shape)


def fold(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum a broadcast gradient back, by brute force: independent of the code under test."""
    out = np.zeros(shape)
    places = np.broadcast_to(np.arange(out.size).reshape(shape), gradient.shape)
    np.add.at(out.reshape(-1), places.ravel(), gradient.ravel())
    return out


BROADCASTS = (((3, 4), (3, 4)), ((3, 4), (4,)), ((4,), (3, 4)), ((2, 1, 4), (3, 1)), ((3, 4), ()), ((), ()))
BINARY = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "maximum": np.maximum,
    "minimum": np.minimum,
}
CLOSED_BINARY = {
    "logaddexp": (np.logaddexp, lambda a, b: (1 / (1 + np.exp(b - a)), 1 / (1 + np.exp(a - b)))),
    "arctan2": (np.arctan2, lambda a, b: (b / (a**2 + b**2), -a / (a**2 + b**2))),
}
UNARY = ("negative", "positive", "square", "exp", "expm1", "sin", "cos", "arctan", "sinh", "cosh", "tanh")
UNARY_POSITIVE = ("sqrt", "log", "log1p", "log2", "log10", "reciprocal")
UNARY_INSIDE = ("tan", "arcsin", "arccos")
MATMULS = (
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (4, 3, 2)), ((5, 2, 3), (3,)), ((3,), (5, 3, 2)),
)  # fmt: skip
AXES = (None, 0, -1, (0, 2), (1,))
ROWS = np.array([0, 2, 2, 1, 0])
MASK = np.array([True, False, True])


def _closed(name: str, f: Any, derivatives: Any, shapes: tuple[tuple[int, ...], ...]) -> Case:
    def closed(w: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, ...]:
        da, db = derivatives(a, b)
        return fold(w * da, a.shape), fold(w * db, b.shape)

    return Case(f"{name}{shapes}", f, shapes, closed=closed)


CASES = [
    *(Case(f"{name}{s}", f, s, positive) for name, f in BINARY.items() for s in BROADCASTS),
    *(_closed(name, f, d, s) for name, (f, d) in CLOSED_BINARY.items() for s in BROADCASTS),
    *(Case(name, getattr(np, name), ((3, 4),)) for name in UNARY),
    *(Case(name, getattr(np, name), ((3, 4),), positive) for name in UNARY_POSITIVE),
    *(Case(name, getattr(np, name), ((3, 4),), inside) for name in UNARY_INSIDE),
    Case("abs", abs, ((3, 4),), closed=lambda w, x: (w * np.sign(x),)),
    Case("neg", lambda x: -x, ((3, 4),)),
    Case("pos", lambda x: +x, ((3,),)),
    *(Case(f"power {p}", lambda x, p=p: x**p, ((3, 4),), positive) for p in (0, 1, 2, 3, -1, 0.5, -1.5)),
    Case("rpower", lambda x: 2.0**x, ((3, 4),)),
    Case("scalars on both sides", lambda x: (3 + x) * 2 - (1 - x) / 4 + 5 / x - 2 * x, ((3, 4),), positive),
    Case("clip", lambda x: np.clip(x, -0.5, 0.5), ((3, 4),), closed=lambda w, x: (w * (np.abs(x) < 0.5),)),
    Case("clip low", lambda x: np.clip(x, 0.1, None), ((9,),), closed=lambda w, x: (w * (x > 0.1),)),
    Case("where", lambda a, b: np.where(np.arange(4) % 2 == 0, a, b), ((3, 4), (4,))),
    Case("where scalar", lambda a: np.where(np.arange(4) > 1, a, 0.0), ((3, 4),)),
    *(Case(f"matmul{s}", lambda a, b: a @ b, s) for s in MATMULS),
    *(Case(f"dot{s}", np.dot, s) for s in (((3,), (3,)), ((2, 3), (3, 4)), ((2, 3), (3,)), ((), (2, 3)))),
    Case("outer", np.outer, ((3,), (4,))),
    *(Case(f"einsum {e}", lambda *a, e=e: np.einsum(e, *a), s) for e, s in {
        "ij,jk->ik": ((2, 3), (3, 4)), "bij,bkj->bik": ((2, 3, 4), (2, 5, 4)), "ij->j": ((3, 4),),
        "ij,j": ((3, 4), (4,)),
        "i,j,k->kij": ((2,), (3,), (4,)), "ij->": ((3, 4),), "ijk,j->i": ((2, 3, 4), (3,)),
    }.items()),
    *(Case(f"{n} {axis} {k}", lambda x, n=n, axis=axis, k=k: getattr(np, n)(x, axis=axis, keepdims=k), ((2, 3, 4),),
           positive) for n in ("sum", "mean", "prod", "max", "min") for axis in AXES for k in (False, True)),
    *(Case(f"{n} {axis}", lambda x, n=n, axis=axis: getattr(np, n)(x, axis=axis), ((2, 3, 4),), closed=closed)
      for axis in AXES for n, closed in {
          "var": lambda w, x, axis=axis: (_spread(w, x, axis) * 2 * (x - x.mean(axis, keepdims=True))
                                          / _count(x, axis),),
          "std": lambda w, x, axis=axis: (_spread(w, x, axis) * (x - x.mean(axis, keepdims=True))
                                          / x.std(axis, keepdims=True) / _count(x, axis),),
      }.items()),
    Case("var ddof", lambda x: x.var(axis=0, ddof=1, keepdims=True), ((3, 4),),
         closed=lambda w, x: (w * (x - x.mean(0)),)),
    Case("prod with zero", lambda x: np.prod(x * np.array([1.0, 0.0, 1.0]), axis=1), ((2, 3),)),
    Case("cumsum", lambda x: np.cumsum(x, axis=1), ((2, 5),)),
    Case("cumsum all", lambda x: x.cumsum(), ((2, 3),)),
    Case("slice", lambda x: x[1:, ::2], ((3, 5),)),
    Case("slice reversed", lambda x: x[::-1, 1], ((3, 5),)),
    Case("ellipsis and new axis", lambda x: x[..., None, 1], ((3, 5),)),
    Case("integer", lambda x: x[1], ((3, 5),)),
    Case("integers, repeated", lambda x: x[ROWS], ((3, 2),)),
    Case("pairs of integers, repeated", lambda x: x[ROWS, np.array([1, 0, 0, 1, 1])], ((3, 2),)),
    Case("list", lambda x: x[[0, 0, 1]], ((3, 2),)),
    Case("mask", lambda x: x[MASK], ((3, 2),)),
    Case("mask and slice", lambda x: x[:, MASK], ((2, 3),)),
    Case("take", lambda x: np.take(x, ROWS, axis=1), ((2, 3),)),
    Case("take flat", lambda x: np.take(x, ROWS), ((2, 3),)),
    Case("iterate", lambda x: sum(row * i for i, row in enumerate(x)), ((3, 4),)),
    Case("reshape", lambda x: x.reshape(2, -1), ((3, 4),)),
    Case("reshape function", lambda x: np.reshape(x, (4, 3)), ((3, 4),)),
    Case("ravel", np.ravel, ((3, 4),)),
    Case("flatten", lambda x: x.flatten(), ((3, 4),)),
    Case("T", lambda x: x.T, ((3, 4),)),
    Case("transpose", lambda x: np.transpose(x, (2, 0, 1)), ((2, 3, 4),)),
    Case("transpose method", lambda x: x.transpose(0, -1, 1), ((2, 3, 4),)),
    Case("swapaxes", lambda x: x.swapaxes(-1, 0), ((2, 3, 4),)),
    Case("moveaxis", lambda x: np.moveaxis(x, 0, -1), ((2, 3, 4),)),
    Case("squeeze", lambda x: np.squeeze(x, axis=1), ((2, 1, 4),)),
    Case("squeeze method", lambda x: x.squeeze(), ((2, 1, 4),)),
    Case("expand_dims", lambda x: np.expand_dims(x, (0, 2)), ((3, 4),)),
    Case("broadcast_to", lambda x: np.broadcast_to(x, (5, 3, 4)), ((3, 1),)),
    Case("flip", lambda x: np.flip(x, axis=1), ((3, 4),)),
    Case("roll", lambda x: np.roll(x, 2, axis=1), ((3, 5),)),
    Case("roll both", lambda x: np.roll(x, (1, 2), axis=(0, 1)), ((3, 5),)),
    Case("tril", lambda x: np.tril(x, -1), ((4, 4),)),
    Case("triu", np.triu, ((2, 3, 4),)),
    Case("repeat", lambda x: np.repeat(x, 3, axis=1), ((2, 3, 2),)),
    Case("repeat flat", lambda x: x.repeat(2), ((2, 3),)),
    Case("pad", lambda x: np.pad(x, ((1, 2), (0, 1))), ((2, 3),)),
    Case("concatenate", lambda a, b, c: np.concatenate([a, b, c], axis=-1), ((2, 3), (2, 1), (2, 4))),
    Case("concatenate flat", lambda a, b: np.concatenate([a, b], axis=None), ((2, 3), (4,))),
    Case("concatenate itself", lambda a: np.concatenate([a, a * 2, np.ones((1, 3))]), ((2, 3),)),
    Case("stack", lambda a, b: np.stack([a, b], axis=1), ((2, 3), (2, 3))),
    Case("stack numbers", lambda a, b: np.stack([a, b, 1.0]), ((), ())),
    Case("vstack", lambda a, b: np.vstack([a, b]), ((3,), (2, 3))),
    Case("hstack", lambda a, b: np.hstack([a, b]), ((2, 3), (2, 1))),
    Case("hstack vectors", lambda a, b: np.hstack([a, b]), ((3,), ())),
    Case("split", lambda x: np.split(x, 3, axis=1)[1] * np.split(x, [1, 3], axis=1)[1], ((2, 6),)),
    Case("used twice", lambda x: x * np.exp(x) + x, ((3, 4),)),
    Case("softmax", lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True), ((3, 4),)),
]  # fmt: skip
def _count(x: np.ndarray, axis: Any) -> float:
    return x.size / np.sum(x, axis).size


def _spread(w: np.ndarray, x: np.ndarray, axis: Any) -> np.ndarray:
    return w.reshape(np.sum(x, axis, keepdims=True).shape)
