"""Layers for tables and label smoothing against PyTorch and rtdl_num_embeddings: random sizes in float64.

    benchmarks/.venv/bin/python benchmarks/oracles/table_layers.py

rtdl_num_embeddings is by the authors of the embeddings (pip install rtdl_num_embeddings); RealMLP's own, and the
embedding of categories, are written here in PyTorch's operations, whose gradients are its own. It prints a line
for each and exits with 1 if a difference of outputs or gradients is above 1e-10.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rtdl_num_embeddings import PeriodicEmbeddings, PiecewiseLinearEmbeddings

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core"), str(ROOT / "plugins/tabular/src")]  # the references need no build

from pellucid.interfaces.context import Context  # noqa: E402
from pellucid.standard.losses.binary_cross_entropy import BinaryCrossEntropy  # noqa: E402
from pellucid.standard.losses.softmax_cross_entropy import SoftmaxCrossEntropy  # noqa: E402
from pellucid.standard.ops.base import ReferenceOps  # noqa: E402
from pellucid_tabular.ops import columns, numbers  # noqa: E402

from benchmarks.oracles.held import Row, repeated, report, row  # noqa: E402

torch.set_default_dtype(torch.float64)
OPS, ROUNDS = ReferenceOps(), 40
Array = Any
Pairs = Iterator[tuple[Array, Array]]


def asked(*arrays: Array) -> list[torch.Tensor]:
    """The arrays as tensors whose gradients are wanted."""
    return [torch.tensor(array, requires_grad=True) for array in arrays]


def compared(y: Array, ours: list[Array], theirs: torch.Tensor, dy: Array, asked_for: list[torch.Tensor]) -> Pairs:
    """Outputs, then gradients, of both."""
    theirs.backward(torch.tensor(dy))
    yield y, theirs.detach().numpy()
    for own, tensor in zip(ours, asked_for, strict=True):
        assert tensor.grad is not None
        yield own, tensor.grad.numpy()


def waves(rng: np.random.Generator, *, plr: bool) -> Pairs:
    """periodic against its definition, plr against rtdl's PeriodicEmbeddings."""
    n, f, k, m = (int(size) for size in rng.integers(1, 9, 4))
    x, frequency, phase = rng.normal(size=(n, f)), rng.normal(size=(f, k)), rng.normal(size=(f, k))
    weight, bias = rng.normal(size=(f, k * (1 + plr), m)), rng.normal(size=(f, m))
    every = np.empty((f, 2, k, n))
    y = np.empty((n, f * (m + (not plr))))
    numbers.periodic_forward(OPS, x, frequency, None if plr else phase, weight, bias, not plr, plr, every, y)
    dy, arrays = rng.normal(size=y.shape), [frequency, None if plr else phase, weight, bias]
    gradients = [None if a is None else np.zeros_like(a) for a in arrays]
    dx = np.empty_like(x)
    numbers.periodic_backward(OPS, dy, x, frequency, weight, every, y, not plr, plr, None, *gradients, dx)
    if plr:
        theirs = PeriodicEmbeddings(f, m, n_frequencies=k, frequency_init_scale=1.0, lite=False).double()
        with torch.no_grad():
            theirs.periodic.weight.copy_(torch.tensor(frequency))
            theirs.linear.weight.copy_(torch.tensor(weight))
            theirs.linear.bias.copy_(torch.tensor(bias))
        (inputs,) = asked(x)
        out = theirs(inputs).reshape(n, -1)
        yield from compared(y, [gradients[0], gradients[2], gradients[3], dx], out, dy,
                            [theirs.periodic.weight, theirs.linear.weight, theirs.linear.bias, inputs])  # fmt: skip
    else:
        inputs, *tensors = asked(x, frequency, phase, weight, bias)
        c = torch.cos(2 * torch.pi * tensors[0] * inputs[:, :, None] + tensors[1])
        e = (c.transpose(0, 1) @ tensors[2]).transpose(0, 1) + tensors[3]
        out = torch.cat([inputs[:, :, None], e], dim=2).reshape(n, -1)
        yield from compared(y, [*gradients, dx], out, dy, [*tensors, inputs])


def pieces(rng: np.random.Generator) -> Pairs:
    """piecewise_linear against rtdl's PiecewiseLinearEmbeddings, version B, for numbers inside of the outer edges."""
    n, f, m = (int(size) for size in rng.integers(1, 9, 3))
    counts = rng.integers(1, 7, f)
    edges = [np.sort(rng.normal(size=count + 1)) for count in counts]
    most = int(counts.max())
    padded = np.array([[*own, *[own[-1]] * (most + 1 - len(own))] for own in edges])
    x = np.stack([rng.uniform(own[0], own[-1], n) for own in edges], axis=1)
    slope, bias, weight = rng.normal(size=(f, m)), rng.normal(size=(f, m)), rng.normal(size=(f, most, m))
    y, sums = np.empty((n, f * m)), np.empty((f, 2, most, m))
    numbers.piecewise_linear_forward(OPS, x, padded, slope, weight, bias, sums, y)
    dy, gradients, dx = rng.normal(size=y.shape), [np.zeros_like(a) for a in (slope, weight, bias)], np.empty_like(x)
    numbers.piecewise_linear_backward(OPS, dy, x, padded, slope, weight, sums, *gradients, dx)
    arguments = [torch.tensor(own) for own in edges], m
    with warnings.catch_warnings(action="ignore"):  # of features with a single bin
        theirs = PiecewiseLinearEmbeddings(*arguments, activation=False, version="B").double()
    place = [[*range(count - 1), most - 1] for count in counts]  # rtdl keeps the last bin in the last place
    with torch.no_grad():
        theirs.linear0.weight.copy_(torch.tensor(slope))
        theirs.linear0.bias.copy_(torch.tensor(bias))
        for own, (count, at) in enumerate(zip(counts, place, strict=True)):
            theirs.linear.weight[own, at] = torch.tensor(weight[own, :count])
    (inputs,) = asked(x)
    out = theirs(inputs).reshape(n, -1)
    out.backward(torch.tensor(dy))
    yield y, out.detach().numpy()
    assert theirs.linear0.weight.grad is not None and theirs.linear0.bias.grad is not None and inputs.grad is not None
    yield gradients[0], theirs.linear0.weight.grad.numpy()
    yield gradients[2], theirs.linear0.bias.grad.numpy()
    yield dx, inputs.grad.numpy()
    assert theirs.linear.weight.grad is not None
    for own, (count, at) in enumerate(zip(counts, place, strict=True)):
        yield gradients[1][own, :count], theirs.linear.weight.grad[own, at].numpy()


def scaling(rng: np.random.Generator) -> Pairs:
    n, d = (int(size) for size in rng.integers(1, 9, 2))
    x, scale = rng.normal(size=(n, d)), rng.normal(size=d)
    y, dscale, dx = np.empty_like(x), np.zeros_like(scale), np.empty_like(x)
    numbers.scaling_forward(OPS, x, scale, y)
    dy = rng.normal(size=x.shape)
    numbers.scaling_backward(OPS, dy, x, scale, dscale, dx)
    inputs, factor = asked(x, scale)
    yield from compared(y, [dx, dscale], inputs * factor, dy, [inputs, factor])


def categories(rng: np.random.Generator) -> Pairs:
    """column_embedding against one-hot and Embedding, whose row 0 stays zero (padding_idx)."""
    n, f, size, one_hot = (int(s) for s in rng.integers(1, 9, 4))
    sizes = rng.integers(1, 20, int(rng.integers(1, 5)))
    index = np.stack([rng.integers(0, own, n) for own in sizes], axis=1)
    part = rng.normal(size=(n, f))
    looked_up = [int(own) for own in sizes if own - 1 > one_hot]
    table = rng.normal(size=(sum(own - 1 for own in looked_up), size))
    width = sum(own - 1 if own - 1 <= one_hot else size for own in sizes)
    y, x = np.empty((n, f + width)), np.concatenate([part, index], axis=1)
    columns.look_up_forward(OPS, x, sizes, part, table, size, one_hot, y)
    dy, dpart, dtable = rng.normal(size=y.shape), np.empty_like(part), np.zeros_like(table)
    columns.look_up_backward(OPS, dy, x, sizes, size, one_hot, None, dpart, dtable)
    inputs, rows = asked(part, table)
    joined, first = [inputs], 0
    for own, values in zip(sizes, index.T, strict=True):
        places = torch.tensor(values)
        if own - 1 <= one_hot:
            joined.append(torch.nn.functional.one_hot(places, int(own))[:, 1:].double())
            continue
        own_table = torch.cat([torch.zeros(1, size, dtype=torch.float64), rows[first : first + int(own) - 1]])
        joined.append(torch.nn.functional.embedding(places, own_table))
        first += int(own) - 1
    out = torch.cat(joined, dim=1) + 0 * rows.sum()
    yield from compared(y, [dpart, dtable], out, dy, [inputs, rows])


def smoothing(rng: np.random.Generator) -> Pairs:
    """label_smoothing of both cross-entropies, with weights; for yes or no with soft targets."""
    n, k = (int(size) for size in rng.integers(2, 9, 2))
    epsilon, z, weight = float(rng.uniform(0, 0.9)), rng.normal(size=(n, k)), rng.uniform(0.1, 2, n)
    for soft in (False, True):
        target: Array = rng.dirichlet(np.ones(k), n) if soft else rng.integers(0, k, n)
        ctx, loss = Context(OPS, training=True, dtype="float64"), SoftmaxCrossEntropy(label_smoothing=epsilon)
        value = float(loss.forward(ctx, z, target, weight))
        (logits,) = asked(z)
        each = torch.nn.functional.cross_entropy(
            logits, torch.tensor(target), label_smoothing=epsilon, reduction="none"
        )
        mean = (each * torch.tensor(weight)).sum() / weight.sum()
        yield from compared(np.array(value), [loss.backward(ctx)], mean, np.array(1.0), [logits])
    answers = rng.integers(0, 2, (n, k)).astype(float)
    ctx, binary = Context(OPS, training=True, dtype="float64"), BinaryCrossEntropy(label_smoothing=epsilon)
    value = float(binary.forward(ctx, z, answers, weight))
    (logits,) = asked(z)
    smoothed = torch.tensor(answers * (1 - epsilon) + epsilon / 2)
    each = torch.nn.functional.binary_cross_entropy_with_logits(logits, smoothed, reduction="none").mean(1)
    mean = (each * torch.tensor(weight)).sum() / weight.sum()
    yield from compared(np.array(value), [binary.backward(ctx)], mean, np.array(1.0), [logits])


def rows() -> Iterator[Row]:
    rtdl, written = "rtdl_num_embeddings", "PyTorch's autograd"
    checks: dict[str, tuple[str, Callable[[np.random.Generator], Pairs]]] = {
        "periodic": (written, lambda rng: waves(rng, plr=False)), "plr": (rtdl, lambda rng: waves(rng, plr=True)),
        "piecewise_linear": (rtdl, pieces), "scaling": (written, scaling), "column_embedding": (written, categories),
    }  # fmt: skip
    for name, (against, check) in checks.items():
        yield row("layer", f"tabular/{name}", against, repeated(ROUNDS, check))


def main() -> int:
    smoothed = row("loss", "label_smoothing of both cross-entropies", "PyTorch", repeated(ROUNDS, smoothing))
    return report([*rows(), smoothed])


if __name__ == "__main__":
    sys.exit(main())
