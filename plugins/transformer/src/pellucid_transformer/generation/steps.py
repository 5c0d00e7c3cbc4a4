"""Steps: the logits of the next token of texts that grow, by what was kept of their beginnings.

Each layer of a model keeps what later positions need of earlier ones, keys and values of attention: see
:mod:`pellucid_transformer.layers.extending`. What comes out equals the forward over the whole text to rounding.

Where the text is longer than the model's context L, it is read from a beginning that moves on: that of a text of t > L
tokens is the first multiple of max(1, L // 2) from which no more than L are left. So the last half of the context, at
least, is always seen, and only after so many tokens all are computed anew.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from pellucid import (
    Array,
    ConfigError,
    Context,
    HostArray,
    Layer,
    PellucidWarning,
    ShapeError,
    check_int,
    require_runtime,
)

from pellucid_transformer.layers.extending import extend, new_cache

FIRST = 256
"""Positions that there is room for at first, where a model has no longest context."""


def beginning(length: int, context: int | None) -> int:
    """Where a text of so many tokens is read from."""
    if context is None or length <= context:
        return 0
    half = max(1, context // 2)
    return -(-(length - context) // half) * half


def context_of(model: Layer) -> int | None:
    """The most positions that a model sees; None: any number."""
    found = [getattr(layer, "longest", None) for _, layer in model.walk()] + [getattr(model, "context", None)]
    return min((longest for longest in found if isinstance(longest, int)), default=None)


class Steps:
    """Texts that grow, and what a model says comes next.

    Args:
        model: tokens (N, T) -> logits (N, T, V), a position of which depends on those before and itself alone.
        rows: N, how many texts grow side by side.
        cached: whether what earlier positions leave is kept. False computes the whole text at every step: the same to
            rounding, and slower. A model with a layer of which it is not known how it goes on is computed so, too.

    Raises:
        ConfigError: the model is none that says a token for each position.
    """

    def __init__(self, model: Layer, rows: int = 1, *, cached: bool = True) -> None:
        check_int(self, "rows", rows, "[1, inf)")
        runtime = require_runtime(model)
        check_model(model)
        self.model, self.rows = model, rows
        self.context = context_of(model)
        self.tokens = np.zeros((rows, 0), np.int64)
        self._ops: Any = runtime.ops
        self._ctx = Context(self._ops, training=False, seed=runtime.seed, dtype=runtime.dtype)
        self._room = self.context or FIRST
        self._first = self._seen = 0
        self._cache: Any = self._new_cache() if cached else None

    def __call__(self, tokens: Any) -> HostArray:
        """Append tokens (N, S) of each text; logits (N, V) of the token that comes next.

        Raises:
            ShapeError: other than N rows, or nothing to begin with.
        """
        more = np.asarray(tokens, np.int64)
        if more.ndim != 2 or len(more) != self.rows or not more.shape[1]:
            raise ShapeError(
                f"Steps takes the next tokens of its {self.rows} texts, ({self.rows}, S) with S ≥ 1. Received: shape "
                f"{more.shape}."
            )
        self.tokens = np.concatenate([self.tokens, more], 1)
        length = self.tokens.shape[1]
        first = beginning(length, self.context)
        if self._cache is None:
            y = self.model.forward(self._ctx, self._given(first))
        else:
            if first != self._first or length - first > self._room:
                self._room = max(self._room, 2 * (length - first) if self.context is None else 0)
                self._first, self._seen, self._cache = first, first, self._new_cache()
            y = extend(self.model, self._ops, self._given(self._seen), self._cache)
            self._seen = length
        return np.array(self._ops.to_host(y[:, -1]))

    def _given(self, first: int) -> Array:
        return self._ops.asarray(np.ascontiguousarray(self.tokens[:, first:]))

    def _new_cache(self) -> Any:
        try:
            return new_cache(self.model, self._ops, self.rows, self._room)
        except ConfigError as error:
            warnings.warn(
                f"At every step the whole text is computed, which is right and slower: {error}", PellucidWarning,
                stacklevel=3,
            )  # fmt: skip
            return None


def check_model(model: Layer) -> None:
    """ConfigError unless the model takes tokens and gives something for each."""
    shapes = require_runtime(model).input_shapes
    fits = len(shapes) == 1 and len(shapes[0]) == 1 and tuple(model.integer_inputs) == (0,)
    given = model.output_shape(*shapes) if fits else None
    if given is None or len(given) != 2 or given[0] != shapes[0][0]:
        raise ConfigError(
            f"A text goes on by a model from tokens (N, T) to logits (N, T, V), such as language_model. Received: a "
            f"{type(model).__name__} of inputs {[tuple(shape) for shape in shapes]}"
            + ("." if given is None else f" and outputs {tuple(given)}.")
        )
