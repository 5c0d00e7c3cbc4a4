"""Transformers beside PyTorch's: ``python -m benchmarks.transformer``: one training step, in turns.

Case 8 is an encoder (128 wide, 4 heads, 2 layers, 512 hidden, 64 positions) with 10 classes at batch 32; case 8b is
nanoGPT's configuration for a CPU (4 layers, 4 heads, 128 wide, 64 positions, 65 characters) at batch 12. A step is:
gather a random minibatch, forward, cross-entropy, backward, AdamW; float32. ``rows`` is attention alone, forward and
backward, on sequences of 1,024.

Each contestant lives in a process of its own, and they take turns of a quarter of a second, so that a disturbance of
the machine meets all. PyTorch uses its own scaled_dot_product_attention, its fused AdamW and whichever is faster, eager
or compiled. Where the machine has other work, ``--processor`` counts the time of the processor and not of the clock.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import PEERS_PYTHON, machine, restrict_to_cores
from benchmarks.served import Served
from benchmarks.statistics import ratio_to_best

SETTLE, TURN, STEPS = 0.1, 0.25, 8
"""Seconds before and of a turn; the steps of an epoch."""
WIDTH, HEADS, RATE = 128, 4, 1e-3
"""Of all cases, and of ``rows``; Adam's rate."""


@dataclass(frozen=True)
class Case:
    vocabulary: int
    layers: int
    batch: int
    classes: int | None
    """None: the next token at each position, and what comes later is not seen."""
    width: int = WIDTH
    heads: int = HEADS
    positions: int = 64
    steps: int = STEPS
    """Of an epoch."""


CASES = {"8": Case(1000, 2, 32, 10), "8b": Case(65, 4, 12, None)}
ON_GPU = {
    "8": replace(CASES["8"], steps=64), "8b": replace(CASES["8b"], steps=64),
    "gpt": Case(65, 6, 64, None, width=384, heads=6, positions=256),
}  # fmt: skip
"""The same with longer epochs, for a step takes less there; and nanoGPT's configuration for a GPU."""
LONG = (2, 1024)
"""Sequences and positions of ``rows``."""


def data(case: Case) -> tuple[Any, Any]:
    """Random tokens, and a class for each sample or position."""
    rng = np.random.default_rng(0)
    shape = (case.batch * case.steps, case.positions)
    x = rng.integers(0, case.vocabulary, shape)
    return x, rng.integers(0, case.classes, shape[:1]) if case.classes else rng.integers(0, case.vocabulary, shape)


# -- pellucid ------------------------------------------------------------------------------------------------------


def ours(name: str, threads: int) -> Callable[[int], None]:
    """A function that trains for so many epochs."""
    import pellucid as pl

    pl.set_num_threads(threads)
    if name == "rows":
        return our_rows()
    from benchmarks.held import Held  # pellucid, which the peers' interpreter lacks

    case = CASES[name]
    return Held(our_trainer(case), data(case), case.batch)


def our_trainer(case: Case, backend: Any = None) -> Any:
    """The network, and what it is trained with."""
    import pellucid as pl

    size = {
        "vocabulary": case.vocabulary, "width": case.width, "layers": case.layers, "heads": case.heads,
        "context": case.positions,
    }  # fmt: skip
    config = {"outputs": case.classes, **size} if case.classes else size | {"tied": True}
    kind = "sequence_classifier" if case.classes else "language_model"
    model = pl.build(
        {"type": f"transformer/{kind}", **config}, input_shape=(case.positions,), seed=0, backend=backend
    )
    optimizer = {"type": "adamw", "lr": RATE}
    return pl.Trainer(model, loss="softmax_cross_entropy", optimizer=optimizer, seed=0)


def our_rows(backend: Any = None) -> Callable[[int], None]:
    """The same of attention alone."""
    import pellucid as pl

    layer = {"type": "transformer/scaled_dot_product_attention", "heads": HEADS, "causal": True}
    model: Any = pl.build(layer, input_shape=[(None, WIDTH)] * 3, seed=0, backend=backend)
    ops = model.runtime.ops
    x = [ops.asarray(part) for part in np.random.default_rng(0).normal(size=(3, *LONG, WIDTH)).astype(np.float32)]
    ctx = pl.Context(ops, training=True)

    def train(epochs: int) -> None:
        for _ in range(epochs * STEPS):
            model.backward(ctx, model.forward(ctx, *x))

    return train


# -- PyTorch -------------------------------------------------------------------------------------------------------


def their_network(case: Case) -> Any:
    """The same network, written as nanoGPT writes it."""
    import torch
    from torch import nn

    width = case.width

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x: Any) -> Any:
            parts = self.qkv(self.norm1(x)).chunk(3, -1)
            q, k, v = (part.unflatten(-1, (case.heads, -1)).transpose(1, 2) for part in parts)
            seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=case.classes is None)
            x = x + self.out(seen.transpose(1, 2).flatten(2))
            return x + self.down(nn.functional.gelu(self.up(self.norm2(x))))

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.places = nn.Embedding(case.vocabulary, width), nn.Embedding(case.positions, width)
            self.blocks = nn.Sequential(*(Block() for _ in range(case.layers)))
            self.norm = nn.LayerNorm(width)
            self.head = nn.Linear(width, case.classes or case.vocabulary, bias=case.classes is not None)
            if case.classes is None:
                self.head.weight = self.embedding.weight

        def forward(self, x: Any) -> Any:
            z = self.norm(self.blocks(self.embedding(x) + self.places.weight))
            return self.head(z if case.classes is None else z.mean(1))

    torch.manual_seed(0)
    return Network()


def theirs(name: str, threads: int, *, compiled: bool) -> Callable[[int], None]:
    """The same with PyTorch."""
    import torch

    torch.set_num_threads(threads)
    if name == "rows":
        return their_rows(compiled=compiled)
    case = CASES[name]
    network = their_network(case)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, fused=True)
    x, y = (torch.from_numpy(part) for part in data(case))

    def loss_of(tokens: Any, target: Any) -> Any:
        return torch.nn.functional.cross_entropy(network(tokens).flatten(0, -2), target.flatten())

    step = torch.compile(loss_of) if compiled else loss_of

    def train(epochs: int) -> None:
        for _ in range(epochs):
            order = torch.randperm(len(x))
            for k in range(0, len(x), case.batch):
                index = order[k : k + case.batch]
                loss = step(x.index_select(0, index), y.index_select(0, index))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return train


def their_rows(*, compiled: bool) -> Callable[[int], None]:
    """The same of attention alone."""
    import torch

    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(3, *LONG, WIDTH)).astype(np.float32)).requires_grad_()

    def attend(x: Any) -> Any:
        q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in x)
        y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return y.transpose(1, 2).flatten(2)

    step = torch.compile(attend) if compiled else attend

    def train(epochs: int) -> None:
        for _ in range(epochs * STEPS):
            x.grad = None
            y = step(x)
            y.backward(y.detach())

    return train


CONTESTANTS: dict[str, Callable[[str, int], Callable[[int], None]]] = {
    "pellucid": ours,
    "torch eager": lambda name, threads: theirs(name, threads, compiled=False),
    "torch compile": lambda name, threads: theirs(name, threads, compiled=True),
}


# -- the contest ---------------------------------------------------------------------------------------------------


def serve(name: str, threads: int) -> None:
    """A contestant's process: {"case"} makes it ready, {"epochs"} times so many."""
    restrict_to_cores(threads)
    run: Callable[[int], None] | None = None
    while line := sys.stdin.readline():
        message = json.loads(line)
        if "case" in message:
            run = CONTESTANTS[name](message["case"], threads)
            run(2)
        assert run is not None
        clock = time.process_time if message.get("processor") else time.perf_counter
        start = clock()
        run(message.get("epochs", 1))
        print(json.dumps(clock() - start), flush=True)


class Contestant(Served):
    def __init__(self, name: str, threads: int, python: str) -> None:
        words = [python, "-m", "benchmarks.transformer", "--serve", name, "--threads", str(threads)]
        super().__init__(words, threads)


def contest(contestants: dict[str, Contestant], case: str, rounds: int, *, processor: bool) -> dict[str, list[float]]:
    """µs a step in every round, of each contestant."""
    epochs = {}
    for name, contestant in contestants.items():
        contestant.ask(case=case)
        epochs[name] = max(1, round(TURN / contestant.ask(epochs=1, processor=processor)))
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            time.sleep(SETTLE)
            found[name].append(1e6 * contestant.ask(epochs=epochs[name], processor=processor) / (epochs[name] * STEPS))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Transformers beside PyTorch's.")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, help="only with so many")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--cases", nargs="*", default=[*CASES, "rows"])
    parser.add_argument("--without", nargs="*", default=[], help="contestants that stay away: 'torch compile'")
    parser.add_argument("--peers-python", default=str(PEERS_PYTHON), help="an interpreter that has PyTorch")
    parser.add_argument("--processor", action="store_true", help="count the processor's time")
    parser.add_argument("--json", type=Path, help="where every round is written to")
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.threads)
        return
    rows = []
    print(
        "| case | threads | pellucid, µs | eager, µs | compile, µs | times faster than the best | 95 % | than eager |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for threads in (options.threads,) if options.threads else (1, 2):
        contestants = {
            name: Contestant(name, threads, sys.executable if name == "pellucid" else options.peers_python)
            for name in CONTESTANTS
            if name not in options.without
        }
        for case in options.cases:
            found = contest(contestants, case, options.rounds, processor=options.processor)
            rows.append({"case": case, "threads": threads, "microseconds": found})
            peers = {name: times for name, times in found.items() if name != "pellucid"}
            best = ratio_to_best(found["pellucid"], peers)
            eager = ratio_to_best(found["pellucid"], {"torch eager": found["torch eager"]})
            medians = " | ".join(f"{np.median(found[name]):.0f}" if name in found else "" for name in CONTESTANTS)
            times = f"{best.value:.2f} ({best.best}) | {best.low:.2f} to {best.high:.2f} | {eager.value:.2f}"
            print(f"| {case} | {threads} | {medians} | {times} |", flush=True)
        for contestant in contestants.values():
            contestant.process.kill()
    if options.json:
        found = {"machine": machine(), "clock": "processor" if options.processor else "wall", "rows": rows}
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
