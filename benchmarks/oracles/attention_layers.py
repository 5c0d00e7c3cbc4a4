"""Attention against PyTorch's, in float64: output, input gradients and every parameter's, to 1e-10.

``python -m benchmarks.oracles.attention_layers``, by a Python that has PyTorch, pellucid and pellucid-transformer.
Compared are self and cross attention, causal, with masks of keys and of pairs, grouped heads and rotary positions; the
references in float64, and in float32 the compiled kernels.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pellucid as pl
import torch

from benchmarks.oracles.held import Row, report, row

TOLERANCE = {"float64": 1e-10, "float32": 2e-5}
N, T, S, D, C, HEADS = 3, 9, 7, 12, 10, 4
CASES: tuple[tuple[dict[str, Any], str | None], ...] = (
    ({}, None), ({}, "keys"), ({}, "pairs"), ({"use_bias": False}, None), ({"causal": True}, None),
    ({"causal": True}, "keys"), ({"head_size": 5}, "pairs"), ({"kv_heads": 2}, "keys"),
    ({"kv_heads": 1, "causal": True}, None), ({"rotary": 100.0, "head_size": 6, "causal": True}, None),
    ({"rotary": 10000.0, "head_size": 4, "kv_heads": 2}, "pairs"), ({"cross": True}, None), ({"cross": True}, "keys"),
    ({"cross": True, "kv_heads": 2, "head_size": 5}, "pairs"),
)  # fmt: skip


def ours(config: dict[str, Any], given: list[Any], mask: Any, dy: Any, dtype: str, backend: str) -> Any:
    """The layer, and its output, input gradients and parameters' gradients by their names."""
    inputs = [part.astype(dtype) for part in given] + ([] if mask is None else [mask])
    shapes = [part.shape[1:] for part in inputs]
    model = pl.build(
        {"type": "transformer/multi_head_attention", "heads": HEADS, **config},
        input_shape=shapes if len(shapes) > 1 else shapes[0], seed=5, dtype=dtype, backend=backend,
    )  # fmt: skip
    rng = np.random.default_rng(2)
    for param in model.parameters():
        param.data[...] = rng.normal(size=param.shape) / np.sqrt(param.shape[0])
    ctx = pl.Context(model.runtime.ops, training=True, dtype=dtype)
    y = model.forward(ctx, *inputs)
    dx = model.backward(ctx, dy.astype(dtype))
    dxs = [part for part in (dx if isinstance(dx, tuple) else (dx,)) if part is not None]
    return model, {"y": y} | {f"dx{i}": part for i, part in enumerate(dxs)} | {
        param.name: param.grad for param in model.parameters()
    }


def turned(x: Any, base: float) -> Any:
    """Rotary positions by multiplication with e^{iθ}: number i of a head is real, i + d/2 imaginary."""
    half = x.shape[-1] // 2
    rates = base ** (-torch.arange(half, dtype=torch.float64) / half)
    angle = torch.arange(x.shape[2], dtype=torch.float64)[:, None] * rates
    z = torch.complex(x[..., :half], x[..., half:]) * torch.polar(torch.ones_like(angle), angle)
    return torch.cat([z.real, z.imag], -1)


def theirs(model: Any, config: dict[str, Any], given: list[Any], mask: Any, dy: Any) -> dict[str, Any]:
    """The same of torch's own attention, with gradients by its tape."""
    xs = [torch.tensor(part, requires_grad=True) for part in given]
    own = {p.name: torch.tensor(p.data.astype(np.float64), requires_grad=True) for p in model.parameters()}
    zero = torch.zeros((), dtype=torch.float64)
    x, context = xs[0], xs[-1]
    z = context @ own["weight"] + own.get("bias", zero)
    kv_heads, width = config.get("kv_heads", HEADS), len(own["output_weight"])
    keys = width * kv_heads // HEADS
    q = x @ own["query_weight"] + own.get("query_bias", zero) if config.get("cross") else z[..., :width]
    k, v = z[..., -2 * keys : -keys], z[..., -keys:]
    q, k, v = (part.unflatten(-1, (n, -1)).transpose(1, 2) for part, n in ((q, HEADS), (k, kv_heads), (v, kv_heads)))
    if config.get("rotary"):
        q, k = turned(q, config["rotary"]), turned(k, config["rotary"])
    seen = torch.ones((N, 1, q.shape[2], k.shape[2]), dtype=torch.bool)
    if mask is not None:
        seen &= torch.tensor(mask)[:, None, None, :] if mask.ndim == 2 else torch.tensor(mask)[:, None]
    if config.get("causal"):
        seen &= torch.ones(q.shape[2], k.shape[2], dtype=torch.bool).tril()
    o = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=seen, enable_gqa=kv_heads != HEADS)
    y = o.transpose(1, 2).flatten(2) @ own["output_weight"] + own.get("output_bias", zero)
    y.backward(torch.tensor(dy))
    return (
        {"y": y.detach()}
        | {f"dx{i}": part.grad for i, part in enumerate(xs)}
        | {name: value.grad for name, value in own.items()}
    )


def pairs(dtype: str, backend: str) -> Iterator[tuple[Any, Any]]:
    for config, kind in CASES:
        rng = np.random.default_rng(len(str(config)))
        given = [rng.normal(size=(N, T, D))] + ([rng.normal(size=(N, S, C))] if config.get("cross") else [])
        shape = (N, given[-1].shape[1]) if kind == "keys" else (N, T, given[-1].shape[1])
        mask = None if kind is None else rng.integers(0, 3, shape) > 0
        if mask is not None:
            mask[..., 0] = True  # torch gives NaN where nothing is seen
        given = [part.astype(np.float32).astype(np.float64) for part in given]
        dy = rng.normal(size=(N, T, D)).astype(np.float32).astype(np.float64)
        model, found = ours(config, given, mask, dy, dtype, backend)
        wanted = theirs(model, config, given, mask, dy)
        assert found.keys() == wanted.keys()
        yield from ((value, wanted[name].numpy()) for name, value in found.items())


def rows(dtype: str = "float64", backend: str = "reference") -> Iterator[Row]:
    yield row("layer", "transformer/multi_head_attention", "PyTorch", pairs(dtype, backend), TOLERANCE[dtype])


if __name__ == "__main__":
    sys.exit(report([*rows(), *rows("float32", "cython")]))
