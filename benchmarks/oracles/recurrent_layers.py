"""rnn, gru and lstm against PyTorch: random sizes in float64, forward and every gradient.

    benchmarks/.venv/bin/python benchmarks/oracles/recurrent_layers.py

It prints a line for each layer and exits with 1 if a difference is above 1e-10. The tests hold the same layers
against their equations and against rows one by one; PyTorch is not among their requirements.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core"), str(ROOT / "plugins/recurrent/src")]  # the references need no build

from pellucid.standard.ops.base import ReferenceOps  # noqa: E402
from pellucid_recurrent.ops import gru, lstm, rnn  # noqa: E402

from benchmarks.oracles.held import Row, report, row  # noqa: E402

OPS, ROUNDS = ReferenceOps(), 40
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
ORDER = {"rnn": [0], "gru": [1, 0, 2], "lstm": [0, 1, 3, 2]}
"""Which of our gates each of PyTorch's is: it has r, z, n and i, f, g, o."""
Array = Any


def to_torch(ours: Array, cell: str) -> torch.Tensor:
    """(…, G·H) in our order -> (G·H, …) in PyTorch's."""
    parts = np.split(ours, GATES[cell], axis=-1)
    return torch.tensor(np.concatenate([parts[k] for k in ORDER[cell]], axis=-1).T.copy())


def back(theirs: torch.Tensor, cell: str) -> Array:
    parts: list[Any] = np.split(theirs.numpy().T, GATES[cell], axis=-1)
    return np.concatenate([parts[ORDER[cell].index(k)] for k in range(GATES[cell])], axis=-1)


def pairs(cell: str, seed: int) -> Iterator[tuple[Array, Array]]:
    rng = np.random.default_rng(seed)
    n, t, f, h = (int(size) for size in rng.integers(1, 9, 4))
    g = GATES[cell] * h
    x, weight, recurrent, bias = (rng.normal(size=shape) for shape in ((n, t, f), (f, g), (h, g), (g,)))
    candidate = rng.normal(size=h)
    theirs = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell](f, h, batch_first=True).double()
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(to_torch(weight, cell))
        theirs.weight_hh_l0.copy_(to_torch(recurrent, cell))
        theirs.bias_ih_l0.copy_(to_torch(bias, cell))
        theirs.bias_hh_l0.zero_()
        if cell == "gru":
            theirs.bias_hh_l0[2 * h :] = torch.tensor(candidate)
    inputs = torch.tensor(x, requires_grad=True)
    y_theirs = theirs(inputs)[0]
    dy = rng.normal(size=(n, t, h))
    y_theirs.backward(torch.tensor(dy))

    y, dx, dstate, dcell = np.empty((n, t, h)), np.empty_like(x), np.empty((n, h)), np.empty((n, h))
    xs, gates, extra, dextra = np.empty((t, n, f)), np.empty((t, n, g)), np.empty((t, n, h)), np.empty((t, n, h))
    states, cells, dgates = np.zeros((t + 1, n, h)), np.zeros((t + 1, n, h)), np.empty((t, n, g))
    dw, du, db, dc = np.zeros_like(weight), np.zeros_like(recurrent), np.zeros_like(bias), np.zeros_like(candidate)
    if cell == "rnn":
        rnn.rnn_forward(OPS, x, None, weight, recurrent, bias, "tanh", False, xs, gates, states, y)
        rnn.rnn_backward(
            OPS, dy, None, None, weight, recurrent, "tanh", False, xs, states, dgates, dstate, dw, du, db, dx
        )
    elif cell == "gru":
        gru.gru_forward(OPS, x, None, weight, recurrent, bias, candidate, False, xs, gates, states, extra, y)
        gru.gru_backward(
            OPS, dy, None, None, weight, recurrent, False, xs, gates, states, extra, dgates, dextra, dstate, dw, du, db,
            dc, dx,
        )  # fmt: skip
        yield dc, theirs.bias_hh_l0.grad[2 * h :].numpy()
    else:
        lstm.lstm_forward(OPS, x, None, weight, recurrent, bias, False, xs, gates, states, cells, extra, y)
        lstm.lstm_backward(
            OPS, dy, None, None, weight, recurrent, False, xs, gates, states, cells, extra, dgates, dstate, dcell, dw,
            du, db, dx,
        )  # fmt: skip
    yield y, y_theirs.detach().numpy()
    yield dx, inputs.grad.numpy()
    yield dw, back(theirs.weight_ih_l0.grad, cell)
    yield du, back(theirs.weight_hh_l0.grad, cell)
    yield db, back(theirs.bias_ih_l0.grad, cell)


def rows() -> Iterator[Row]:
    for cell in GATES:
        found = (pair for seed in range(ROUNDS) for pair in pairs(cell, seed))
        yield row("layer", f"recurrent/{cell}", "PyTorch", found)


if __name__ == "__main__":
    sys.exit(report(rows()))
