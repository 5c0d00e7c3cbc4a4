"""One line per differentiable operation: how to call it and on what; the tests run every line through every check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """``f`` on arrays of these shapes, drawn by ``draw``. Where complex steps of it cannot serve as oracle: ``closed``,
    its derivatives, or ``plain``, the same function in a form that is analytic."""

    name: str
    f: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray] = lambda rng, shape: rng.normal(size=shape)
    closed: Callable[..., tuple[np.ndarray, ...]] | None = None
    plain: Callable[..., Any] | None = None

    def arrays(self, seed: int = 0) -> tuple[np.ndarray, ...]:
        rng = np.random.default_rng([seed, *self.name.encode()])
        return tuple(np.asarray(self.draw(rng, shape)) for shape in self.shapes)


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.5, 2.0, shape)


def inside(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(-0.8, 0.8, shape)


def regular(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Matrices that are far from singular; their determinants are positive."""
    return rng.uniform(-0.4, 0.4, shape) + (np.eye(shape[-1]) if shape[-1] == shape[-2:][0] else 0.0)


def lower_factor(a: np.ndarray) -> np.ndarray:
    """Cholesky's L, element by element, without the conjugates of complex matrices."""
    rows: dict[tuple[int, int], Any] = {}
    for i in range(a.shape[-1]):
        for j in range(i + 1):
            rest = a[..., i, j] - sum((rows[i, k] * rows[j, k] for k in range(j)), 0.0)
            rows[i, j] = np.sqrt(rest) if i == j else rest / rows[j, j]
    y = np.zeros_like(a)
    for (i, j), value in rows.items():
        y[..., i, j] = value
    return y


def symmetric(a: Any) -> Any:
    return (a + np.swapaxes(a, -1, -2)) * 0.5


def positive_definite(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return symmetric(rng.uniform(-0.3, 0.3, shape)) + np.eye(shape[-1])


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
PLACES = np.array([[2, 0, 0, 1], [1, 1, 2, 2]])
HOLE = np.arange(24).reshape(2, 3, 4) == 5
WEIGHTS = np.array([0.5, 1.0, 2.0, 0.25])
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
    *(Case(f"{n}{s}", getattr(np, n), s, positive, plain=p) for s in BROADCASTS[3:5] for n, p in {
        "hypot": lambda a, b: np.sqrt(a * a + b * b), "fmax": np.maximum, "fmin": np.minimum,
        "logaddexp2": lambda a, b: np.log2(2.0**a + 2.0**b),
        "remainder": lambda a, b: a - b * np.floor(a.real / b.real),
        "fmod": lambda a, b: a - b * np.trunc(a.real / b.real),
    }.items()),
    *(Case(n, getattr(np, n), ((3, 4),), positive, plain=p) for n, p in {
        "fabs": lambda x: x, "cbrt": lambda x: x ** (1 / 3), "exp2": lambda x: 2.0**x, "arcsinh": np.arcsinh,
        "deg2rad": lambda x: x * (np.pi / 180), "radians": lambda x: x * (np.pi / 180),
        "rad2deg": lambda x: x * (180 / np.pi), "degrees": lambda x: x * (180 / np.pi),
    }.items()),
    Case("fabs below zero", lambda x: np.fabs(-x), ((3,),), positive, plain=lambda x: x),
    Case("arccosh", lambda x: np.arccosh(1 + x), ((3, 4),), positive),
    Case("arctanh", np.arctanh, ((3, 4),), inside),
    Case("mod and floor division", lambda x: x % 0.4 + 2 % x + x // 0.4, ((5,),), positive,
         plain=lambda x: x - 0.4 * np.floor(x.real / 0.4) + 2 - x * np.floor(2 / x.real) + np.floor(x.real / 0.4)),
    *(Case(f"cumprod {a}", lambda x, a=a: np.cumprod(x, axis=a), ((2, 3, 4),)) for a in (None, 0, -1)),
    Case("cumprod with zeros", lambda x: np.cumprod(x * np.array([1.0, 0.0, 1.0, 0.0, 1.0])), ((5,),)),
    Case("diff", lambda x: np.diff(x, axis=0), ((4, 3),)),
    Case("diff twice", lambda x: np.diff(x, 2), ((2, 5),)),
    *(Case(f"{n} {k}", lambda x, n=n, k=k: getattr(np, n)(x, k, 1, 2), ((2, 3, 4),)) for n in ("trace", "diagonal")
      for k in (0, 1, -2)),
    *(Case(f"diag {k}", lambda x, k=k: np.diag(x, k), ((4, 4),)) for k in (0, 2, -1)),
    Case("diag of a vector", lambda x: np.diag(x, -1), ((3,),)),
    *(Case(f"ptp {a}", lambda x, a=a: np.ptp(x, axis=a), ((2, 3, 4),)) for a in (None, 1)),
    *(Case(f"median {n} {a}", lambda x, a=a: np.median(x, axis=a, keepdims=a == 1), ((n, 3),)) for n in (4, 5)
      for a in (None, 0, 1)),
    Case("average", np.average, ((3, 4),)),
    Case("average of rows", lambda x: np.average(x, 1, WEIGHTS), ((3, 4),)),
    Case("average by weights", lambda x, w: np.average(x, weights=w), ((3, 4), (3, 4)), positive),
    *(Case(f"{n} {a}", lambda x, n=n, a=a: getattr(np, n)(np.where(HOLE, np.nan, x), axis=a), ((2, 3, 4),))
      for n in ("nansum", "nanmean") for a in (None, (0, 2))),
    *(Case(f"tile {r}", lambda x, r=r: np.tile(x, r), ((2, 3),)) for r in (2, (2,), (3, 2), (2, 1, 3))),
    Case("tile a number", lambda x: np.tile(x, (2, 3)), ((),)),
    *(Case(f"sort {a}", lambda x, a=a: np.sort(x, axis=a), ((3, 4),)) for a in (None, 0, -1)),
    Case("take_along_axis", lambda x: np.take_along_axis(x, PLACES, axis=0), ((3, 4),)),
    Case("take_along_axis last", lambda x: np.take_along_axis(x, PLACES, 1), ((2, 3),)),
    Case("take_along_axis flat", lambda x: np.take_along_axis(x, ROWS, None), ((3, 4),)),
    Case("append", lambda a, b: np.append(a, b), ((2, 3), (4,))),
    Case("append rows", lambda a, b: np.append(a, b, axis=0), ((2, 3), (1, 3))),
    Case("column_stack", lambda a, b: np.column_stack([a, b]), ((3,), (3, 2))),
    Case("array_split", lambda x: np.array_split(x, 3)[0][:2] * np.array_split(x, 3)[2], ((8,),)),
    Case("flipud, fliplr", lambda x: np.flipud(x) * np.fliplr(x), ((3, 4),)),
    *(Case(f"tensordot {e}", lambda a, b, e=e: np.tensordot(a, b, e), s) for e, s in (
        (2, ((2, 3, 4), (3, 4, 5))), (1, ((2, 3), (3, 4))), (0, ((2,), (3,))), ((1, 0), ((2, 3), (3, 4))),
        (([0, -1], [2, 0]), ((2, 3, 4), (4, 3, 2))), (((2,), (1,)), ((2, 3, 4), (3, 4))),
    )),
    *(Case(f"inner{s}", np.inner, s) for s in (((3,), (3,)), ((2, 3), (4, 3)), ((2, 3), (3,)), ((), (3,)))),
    Case("vdot", np.vdot, ((2, 3), (2, 3)), plain=lambda a, b: np.sum(a * b)),
    *(Case(f"kron{s}", np.kron, s) for s in (((2, 3), (4, 2)), ((3,), (2, 2)), ((2,), (3,)))),
    *(Case(f"cross{s}", np.cross, s) for s in (((3,), (3,)), ((2, 1, 3), (4, 3)))),
    *(Case(f"einsum stretched {e}", lambda *a, e=e: np.einsum(e, *a), s) for e, s in (
        ("ij,ij->ij", ((3, 1), (3, 4))), ("ij,ij->i", ((3, 4), (3, 1))), ("ij,ij,ij->j", ((3, 1), (1, 4), (3, 4))),
        (",i->i", ((), (3,))), ("ij,jk->ik", ((2, 1), (3, 4))), ("ij,ij", ((1, 1), (3, 4))),
    )),
    Case("einsum optimized", lambda *x: np.einsum("ij,jk,kl->il", *x, optimize=True), ((2, 3), (3, 4), (4, 2))),
    *(Case(f"linalg.norm {o} {a}", lambda x, o=o, a=a: np.linalg.norm(x, o, axis=a, keepdims=a == 0), ((3, 4),),
           plain=lambda x, p=p, a=a: np.sum((x * np.sign(x.real)) ** p, axis=a, keepdims=a == 0) ** (1 / p))
      for o, p, a in (
        (None, 2, None), (None, 2, 1), ("fro", 2, (0, 1)), (2, 2, 0), (1, 1, -1), (3, 3, 0), (1.5, 1.5, 1),
    )),
    *(Case(f"linalg.norm {o}", lambda x, o=o: np.linalg.norm(x, o, axis=-1), ((3, 4),),
           plain=lambda x, f=f: f(x * np.sign(x.real), axis=-1)) for o, f in ((np.inf, np.max), (-np.inf, np.min))),
    *(Case(f"linalg.inv{s}", np.linalg.inv, (s,), regular) for s in ((3, 3), (2, 3, 3), (1, 1))),
    *(Case(f"linalg.solve{s}", np.linalg.solve, s, regular) for s in (
        ((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3, 4)), ((3, 3), (2, 3, 1)), ((2, 3, 3), (2, 3, 3)))),
    *(Case(f"linalg.det{s}", np.linalg.det, (s,), regular) for s in ((3, 3), (2, 3, 3), (1, 1))),
    *(Case(f"linalg.slogdet{s}", lambda x: np.linalg.slogdet(x)[1], (s,), regular,
           plain=lambda x: np.log(np.linalg.det(x))) for s in ((3, 3), (2, 3, 3))),
    *(Case(f"linalg.cholesky{s}", lambda x: np.linalg.cholesky(symmetric(x)), (s,), positive_definite,
           plain=lambda x: lower_factor(symmetric(x))) for s in ((3, 3), (2, 2, 2))),
    Case("used twice", lambda x: x * np.exp(x) + x, ((3, 4),)),
    Case("softmax", lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True), ((3, 4),)),
]  # fmt: skip


def _count(x: np.ndarray, axis: Any) -> float:
    return x.size / np.sum(x, axis).size


def _spread(w: np.ndarray, x: np.ndarray, axis: Any) -> np.ndarray:
    return w.reshape(np.sum(x, axis, keepdims=True).shape)
