"""Recurrent layers beside PyTorch's: ``python -m benchmarks.recurrent``: one training step, in turns.

A step is: gather a random minibatch, forward through nn.RNN, nn.GRU or nn.LSTM and a dense layer on the last state,
squared error, backward through time, Adam; float32. Each contestant lives in a process of its own, and they take turns
of a quarter of a second, so that a disturbance of the machine meets both. PyTorch runs its fused Adam.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import PEERS_PYTHON, machine, restrict_to_cores
from benchmarks.served import Served
from benchmarks.statistics import Ratio, ratio_to_best

CELLS, HIDDEN, THREADS = ("rnn", "gru", "lstm"), (16, 32, 64, 128), (1, 2)
BATCH, STEPS, FEATURES, SAMPLES = 32, 64, 16, 512
SETTLE, TURN = 0.1, 0.25


def data() -> tuple[Any, Any]:
    """Noise, and the mean of what it held: (samples, steps, features) -> (samples, 1)."""
    x = np.random.default_rng(0).normal(size=(SAMPLES, STEPS, FEATURES)).astype(np.float32)
    return x, x.mean(axis=(1, 2), keepdims=True)[:, 0]


def ours(cell: str, hidden: int, threads: int) -> Callable[[int], None]:
    """A function that trains for so many epochs."""
    import pellucid as pl

    pl.set_num_threads(threads)
    layers = [
        {"type": f"recurrent/{cell}", "units": hidden, "return_sequences": False}, {"type": "core/dense", "units": 1}
    ]  # fmt: skip
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(STEPS, FEATURES), seed=0)
    trainer = pl.Trainer(model, loss="mse", optimizer="adam", seed=0)
    pair = data()
    return lambda epochs: trainer.fit(pair, epochs=epochs, batch_size=BATCH, verbose=False) and None


def theirs(cell: str, hidden: int, threads: int) -> Callable[[int], None]:
    """The same with PyTorch."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    layer = getattr(torch.nn, cell.upper())(FEATURES, hidden, batch_first=True)
    head = torch.nn.Linear(hidden, 1)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], fused=True)
    x, y = (torch.from_numpy(part) for part in data())

    def train(epochs: int) -> None:
        for _ in range(epochs):
            order = torch.randperm(SAMPLES)
            for k in range(0, SAMPLES, BATCH):
                index = order[k : k + BATCH]
                prediction = head(layer(x.index_select(0, index))[0][:, -1])
                loss = torch.nn.functional.mse_loss(prediction, y.index_select(0, index))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return train


def serve(name: str, threads: int) -> None:
    """A contestant's process: {"cell", "hidden"} makes it ready, {"epochs"} times so many."""
    restrict_to_cores(threads)
    run: Callable[[int], None] | None = None
    while line := sys.stdin.readline():
        message = json.loads(line)
        if "cell" in message:
            run = (ours if name == "pellucid" else theirs)(message["cell"], message["hidden"], threads)
            run(2)
        assert run is not None
        start = time.perf_counter()
        run(message.get("epochs", 1))
        print(json.dumps(time.perf_counter() - start), flush=True)


class Contestant(Served):
    def __init__(self, name: str, threads: int, python: str) -> None:
        words = [python, "-m", "benchmarks.recurrent", "--serve", name, "--threads", str(threads)]
        super().__init__(words, threads)


def contest(contestants: list[Contestant], cell: str, hidden: int, rounds: int) -> list[list[float]]:
    """µs a step in every round, of each contestant."""
    epochs = []
    for contestant in contestants:
        contestant.ask(cell=cell, hidden=hidden)
        epochs.append(max(1, round(TURN / contestant.ask(epochs=2) * 2)))
    found: list[list[float]] = [[] for _ in contestants]
    for _ in range(rounds):
        for contestant, count, times in zip(contestants, epochs, found, strict=True):
            time.sleep(SETTLE)
            times.append(1e6 * contestant.ask(epochs=count) / (count * SAMPLES // BATCH))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Recurrent layers beside PyTorch's.")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, help="only with so many")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--hidden", type=int, nargs="*", default=HIDDEN)
    parser.add_argument("--cells", nargs="*", default=CELLS)
    parser.add_argument("--peers-python", default=str(PEERS_PYTHON), help="an interpreter that has PyTorch")
    parser.add_argument("--json", type=Path, help="where every round is written to")
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.threads)
        return
    rows = []
    print("| layer | H | threads | pellucid, µs | PyTorch, µs | times faster | 95 % |\n|---|---|---|---|---|---|---|")
    for threads in (options.threads,) if options.threads else THREADS:
        pair = [Contestant("pellucid", threads, sys.executable), Contestant("torch", threads, options.peers_python)]
        for cell in options.cells:
            for hidden in options.hidden:
                a, b = contest(pair, cell, hidden, options.rounds)
                ratio: Ratio = ratio_to_best(a, {"torch": b})
                rows.append({"cell": cell, "hidden": hidden, "threads": threads, "pellucid": a, "torch": b})
                times = f"{np.median(a):.0f} | {np.median(b):.0f} | {ratio.value:.2f}"
                print(f"| {cell} | {hidden} | {threads} | {times} | {ratio.low:.2f} to {ratio.high:.2f} |", flush=True)
    if options.json:
        shape = {"batch": BATCH, "steps": STEPS, "features": FEATURES}
        found = {"machine": machine(), "case": shape, "microseconds": rows}
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
