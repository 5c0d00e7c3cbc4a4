"""What stands beside attention in a transformer, against PyTorch in float64: outputs and all gradients, to 1e-10.

``python -m benchmarks.oracles.transformer_layers``, by a Python that has PyTorch, pellucid and pellucid-transformer.
Compared are embedding, learned positions, rms_norm, feed_forward, swiglu, pooling, unit, the contrastive loss, and
whole blocks of BERT's and GPT's kind; the references in float64, and in float32 the compiled kernels.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pellucid as pl
import torch
from torch.nn import functional as F

from benchmarks.oracles.held import Row, report, row

TOLERANCE = {"float64": 1e-10, "float32": 5e-5}
N, T, D, V, H = 3, 7, 12, 9, 20
Own = dict[str, Any]


def attention(x: Any, own: Own, mask: Any, causal: bool) -> Any:
    z = x @ own["attention.weight"] + own["attention.bias"]
    q, k, v = (part.unflatten(-1, (4, -1)).transpose(1, 2) for part in z.chunk(3, -1))
    seen = torch.ones((N, 1, T, T), dtype=torch.bool) if mask is None else mask[:, None, None, :].expand(N, 1, T, T)
    seen = seen.tril() if causal else seen
    o = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
    return o.transpose(1, 2).flatten(2) @ own["attention.output_weight"] + own["attention.output_bias"]


def forward(x: Any, own: Own, f: Callable[[Any], Any], at: str = "") -> Any:
    hidden = f(x @ own[f"{at}weight"] + own[f"{at}bias"])
    return hidden @ own[f"{at}output_weight"] + own[f"{at}output_bias"]


def gated(x: Any, own: Own, at: str = "") -> Any:
    a, b = (x @ own[f"{at}weight"]).chunk(2, -1)
    return (F.silu(a) * b) @ own[f"{at}output_weight"]


def norm(x: Any, own: Own, at: str) -> Any:
    if f"{at}.gain" in own:
        return F.rms_norm(x, (D,), own[f"{at}.gain"], 1e-5)
    return F.layer_norm(x, (D,), own[f"{at}.gamma"], own[f"{at}.beta"], 1e-5)


def gpt(x: Any, own: Own, mask: Any) -> Any:
    r = x + attention(norm(x, own, "norm1"), own, mask, causal=True)
    return r + gated(norm(r, own, "norm2"), own, "feed_forward.")


def bert(x: Any, own: Own, mask: Any) -> Any:
    r = norm(x + attention(x, own, mask, causal=False), own, "norm1")
    return norm(r + forward(r, own, F.gelu, "feed_forward."), own, "norm2")


def mean(x: Any, own: Own, mask: Any) -> Any:
    share = mask.double() / mask.sum(1, keepdim=True)
    return (x * share[..., None]).sum(1)


CASES: dict[str, tuple[dict[str, Any], str, Callable[[Any, Own, Any], Any]]] = {
    "embedding": ({"vocabulary": V, "units": D}, "tokens", lambda x, own, _: F.embedding(x, own["weight"])),
    "embedding, padded": ({"vocabulary": V, "units": D, "padding": 2}, "tokens", lambda x, own, _: F.embedding(
        x, own["weight"] * (torch.arange(V) != 2)[:, None])),
    "positions": ({"longest": 10}, "", lambda x, own, _: x + own["table"][:T]),
    "rms_norm": ({"eps": 1e-4}, "", lambda x, own, _: F.rms_norm(x, (D,), own["gain"], 1e-4)),
    "feed_forward": ({"hidden": H}, "", lambda x, own, _: forward(x, own, F.gelu)),
    "swiglu": ({"hidden": H}, "", lambda x, own, _: gated(x, own)),
    "pooling": ({}, "masked", mean),
    "unit": ({"eps": 1e-30}, "", lambda x, own, _: F.normalize(x, dim=-1)),
    "transformer_block, before": ({"heads": 4, "hidden": H, "causal": True, "activation": "swiglu",
                                   "norm": "transformer/rms_norm"}, "", gpt),
    "transformer_block, behind": ({"heads": 4, "hidden": H, "norm_first": False}, "masked", bert),
}  # fmt: skip


def compared(name: str, dtype: str, backend: str) -> list[tuple[Any, Any]]:
    """Output and gradients, ours and theirs."""
    config, kind, function = CASES[name]
    rng = np.random.default_rng(len(name))
    tokens = kind == "tokens"
    x: Any = rng.integers(0, V, (N, T)) if tokens else rng.normal(size=(N, T, D)).astype("float32").astype("float64")
    mask = rng.integers(0, 2, (N, T)).astype(bool)
    mask[:, 0] = True
    beside = [mask] if kind == "masked" else []
    shapes = [part.shape[1:] for part in (x, *beside)]
    model = pl.build({"type": f"transformer/{name.partition(',')[0]}", **config},
                     input_shape=shapes if beside else shapes[0], seed=5, dtype=dtype, backend=backend)  # fmt: skip
    for param in model.parameters():
        param.data[...] = rng.normal(size=param.shape) / np.sqrt(param.shape[0])
    ctx = pl.Context(model.runtime.ops, training=True, dtype=dtype)
    y = model.forward(ctx, x if tokens else x.astype(dtype), *beside)
    dy = rng.normal(size=y.shape).astype("float32").astype("float64")
    dx = model.backward(ctx, dy.astype(dtype))
    own = {path: torch.tensor(p.data.astype("float64"), requires_grad=True) for path, p in model.named_parameters()}
    given = torch.tensor(x, requires_grad=not tokens)
    wanted = function(given, own, torch.tensor(mask) if beside else None)
    wanted.backward(torch.tensor(dy))
    pairs = [(y, wanted.detach()), *[(p.grad, own[path].grad) for path, p in model.named_parameters()]]
    if not tokens:
        pairs.append((dx[0] if isinstance(dx, tuple) else dx, given.grad))
    return [(a, b.numpy()) for a, b in pairs]


def contrastive(dtype: str, backend: str) -> list[tuple[Any, Any]]:
    """For pairs: cross-entropy over the scores, with the partner for the class."""
    z = F.normalize(torch.tensor(np.random.default_rng(0).normal(size=(16, D)).astype("float32")).double(), dim=1)
    z.requires_grad_()
    scores = (z @ z.T / 0.1).masked_fill(torch.eye(16, dtype=torch.bool), -torch.inf)
    wanted = F.cross_entropy(scores, torch.arange(16) ^ 1)
    wanted.backward()
    ctx, loss = (
        pl.Context(pl.get_ops(backend), training=True, dtype=dtype),
        pl.create("loss", "transformer/contrastive", temperature=0.1),
    )
    value = loss.forward(ctx, z.detach().numpy().astype(dtype), np.arange(16) // 2)
    return [(float(value), wanted.item()), (loss.backward(ctx), z.grad.numpy())]


def rows(dtype: str = "float64", backend: str = "reference") -> Iterator[Row]:
    limit = TOLERANCE[dtype]
    for name in dict.fromkeys(case.partition(",")[0] for case in CASES):
        cases = [case for case in CASES if case.partition(",")[0] == name]
        pairs = (pair for case in cases for pair in compared(case, dtype, backend))
        yield row("layer", f"transformer/{name}", "PyTorch", pairs, limit)
    yield row("loss", "transformer/contrastive", "PyTorch", contrastive(dtype, backend), limit)


if __name__ == "__main__":
    sys.exit(report([*rows(), *rows("float32", "cython")]))
