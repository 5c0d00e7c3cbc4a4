"""Many small networks at a time, cases 9 (32 members) and 10 (64): ``python -m benchmarks.pack``.

K networks of one size learn from the same rows, in one process for each contestant; they take turns, so that a
disturbance of the machine meets all. Contestants: ``packed``, a Pack; ``alone``, Trainer.fit, one after the other;
``vmap``, PyTorch's torch.func with stacked parameters and Adam; ``tabm``, PyTorch's batched products (torch.baddbmm)
with parameters of (K, I, O) and Adam, the way of TabM and of ensembles in one module. A step gathers a random
minibatch, forward, squared error, backward, Adam; float32. The peers' members share one minibatch, which spares them
K − 1 gathers; ours have each their own. A turn is a call of fit for some epochs, data preparation and the recording of
steps included. Each process is asked by the clock and by its processor time; where other work runs on the machine only
the latter means something, and on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import PEERS_PYTHON, machine, restrict_to_cores
from benchmarks.served import Served
from benchmarks.statistics import ratio_to_best

CASES = {9: 32, 10: 64}
SIZES = {
    "small": ((32, 32), 2_000, 64, 40),
    "medium": ((128, 128), 16_000, 256, 4),
    "wide": ((256, 256), 16_000, 256, 1),
}
"""Hidden layers, rows, rows of a minibatch, epochs of a turn."""
FEATURES, THREADS, ROUNDS = 8, 2, 7
PEERS = ("vmap", "tabm")
CONTESTANTS = ("packed", "alone", *PEERS)


def data(rows: int) -> tuple[Any, Any]:
    x = np.random.default_rng(0).normal(size=(rows, FEATURES)).astype(np.float32)
    return x, (x[:, :1] * x[:, 1:2] + np.sin(x[:, 2:3])).astype(np.float32)


def ours(name: str, members: int, hidden: tuple[int, ...], rows: int, batch: int) -> Callable[[int], None]:
    """A function that trains for so many epochs."""
    import pellucid as pl

    layers = [{"type": "dense", "units": n, "activation": "relu"} for n in hidden] + [{"type": "dense", "units": 1}]
    pair, trainers = data(rows), []
    for k in range(members):
        model = pl.build({"type": "sequential", "layers": layers}, input_shape=(FEATURES,), seed=k)
        trainers.append(pl.Trainer(model, loss="mse", optimizer="adam", seed=k))
    pack = pl.Pack(trainers)

    def packed(epochs: int) -> None:
        pack.fit(pair, epochs=epochs, batch_size=batch, verbose=False)

    def alone(epochs: int) -> None:
        for trainer in trainers:
            trainer.fit(pair, epochs=epochs, batch_size=batch, verbose=False)

    return packed if name == "packed" else alone


def theirs(name: str, members: int, hidden: tuple[int, ...], rows: int, batch: int) -> Callable[[int], None]:
    """The same with PyTorch."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(0)
    x, y = (torch.from_numpy(part) for part in data(rows))
    step = (_vmap if name == "vmap" else _batched)(torch, members, (FEATURES, *hidden, 1))

    def train(epochs: int) -> None:
        for _ in range(epochs):
            order = torch.randperm(rows)
            for start in range(0, rows, batch):
                index = order[start : start + batch]
                step(x.index_select(0, index), y.index_select(0, index))

    return train


def _vmap(torch: Any, members: int, widths: tuple[int, ...]) -> Callable[[Any, Any], None]:
    def network() -> Any:
        layers: list[Any] = []
        for inputs, outputs in pairwise(widths):
            layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
        return torch.nn.Sequential(*layers[:-1])

    params, buffers = torch.func.stack_module_state([network() for _ in range(members)])
    one = network().to("meta")
    optimizer = torch.optim.Adam(list(params.values()), fused=True)

    def loss(own: Any, its: Any, x: Any, y: Any) -> Any:
        return torch.nn.functional.mse_loss(torch.func.functional_call(one, (own, its), (x,)), y)

    gradients = torch.func.vmap(torch.func.grad(loss), in_dims=(0, 0, None, None))

    def step(x: Any, y: Any) -> None:
        found = gradients(params, buffers, x, y)
        for name, param in params.items():
            param.grad = found[name]
        optimizer.step()

    return step


def _batched(torch: Any, members: int, widths: tuple[int, ...]) -> Callable[[Any, Any], None]:
    weights = []
    for inputs, outputs in pairwise(widths):
        bound = inputs**-0.5
        for shape in ((members, inputs, outputs), (members, 1, outputs)):
            weights.append(torch.nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))
    optimizer = torch.optim.Adam(weights, fused=True)

    def step(x: Any, y: Any) -> None:
        h = x.expand(members, *x.shape)
        for k in range(0, len(weights), 2):
            h = torch.baddbmm(weights[k + 1], h, weights[k])
            h = torch.relu(h) if k + 2 < len(weights) else h
        loss = ((h - y) ** 2).mean((1, 2)).sum()  # each member's own gradient
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def serve(name: str, threads: int) -> None:
    """A contestant's process: a case makes it ready, {"epochs"} times so many, by the clock and by the processor."""
    restrict_to_cores(threads)
    run: Callable[[int], None] | None = None
    while line := sys.stdin.readline():
        message = json.loads(line)
        if "case" in message:
            hidden, rows, batch, _ = SIZES[message["size"]]
            run = (theirs if name in PEERS else ours)(name, CASES[message["case"]], hidden, rows, batch)
        assert run is not None
        start, spent = time.perf_counter(), time.process_time()
        run(message.get("epochs", 1))
        print(json.dumps([time.perf_counter() - start, time.process_time() - spent]), flush=True)


class Contestant(Served):
    """A process that takes its turns."""

    def __init__(self, name: str, python: str, threads: int) -> None:
        words = [python, "-m", "benchmarks.pack", "--serve", name, "--threads", str(threads)]
        super().__init__(words, threads)


def contest(
    contestants: dict[str, Contestant], case: int, size: str, rounds: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Milliseconds for an epoch of all members, in every round: by the clock, and of the processor."""
    for contestant in contestants.values():
        contestant.ask(case=case, size=size)
    epochs = SIZES[size][3]
    clock: dict[str, list[float]] = {name: [] for name in contestants}
    processor: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            seconds, spent = contestant.ask(epochs=epochs)
            clock[name].append(1e3 * seconds / epochs)
            processor[name].append(1e3 * spent / epochs)
    return clock, processor


def main() -> None:
    parser = argparse.ArgumentParser(description="Many small networks at a time.")
    parser.add_argument("--serve", choices=CONTESTANTS, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--processor", action="store_true", help="compare processor times: on a busy machine, 1 thread")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--cases", type=int, nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--peers-python", default=str(PEERS_PYTHON), help="an interpreter that has PyTorch")
    parser.add_argument("--json", type=Path, help="where every round is written to")
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.threads)
        return
    rows = []
    contestants = {
        name: Contestant(name, options.peers_python if name in PEERS else sys.executable, options.threads)
        for name in CONTESTANTS
    }
    print("| case | members | size | packed, ms | alone | vmap | tabm | of alone (95 %) | of the best peer (95 %) |")
    print("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for case in options.cases:
        for size in options.sizes:
            clock, processor = contest(contestants, case, size, options.rounds)
            rows.append({"case": case, "members": CASES[case], "size": size, "clock": clock, "processor": processor})
            found = processor if options.processor else clock
            times = " | ".join(f"{np.median(found[name]):.1f}" for name in CONTESTANTS)
            alone = ratio_to_best(found["packed"], {"alone": found["alone"]})
            best = ratio_to_best(found["packed"], {name: found[name] for name in PEERS})
            shown = " | ".join(f"{each.value:.2f} ({each.low:.2f}–{each.high:.2f})" for each in (alone, best))
            print(f"| {case} | {CASES[case]} | {size} | {times} | {shown} |", flush=True)
    if options.json:
        shapes = {name: dict(zip(("hidden", "rows", "batch", "epochs"), of, strict=True)) for name, of in SIZES.items()}
        found_all = {"machine": machine(), "threads": options.threads, "sizes": shapes, "rounds": rows}
        options.json.write_text(json.dumps(found_all, indent=1) + "\n")


if __name__ == "__main__":
    main()
