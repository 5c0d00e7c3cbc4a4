"""Part 6: a training step of transformers beside PyTorch's, alternately: eager, captured by hand, compiled.

The cases are those of ``benchmarks.transformer``, and nanoGPT's configuration for a GPU; all data lies on the device.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from benchmarks.gpu.backend import gpu_ops, is_stand_in
from benchmarks.gpu.report import tell
from benchmarks.held import Held
from benchmarks.served import Served
from benchmarks.statistics import median, ratio_to_best
from benchmarks.transformer import (
    HEADS,
    LONG,
    ON_GPU,
    RATE,
    STEPS,
    WIDTH,
    Case,
    data,
    our_rows,
    our_trainer,
    their_network,
)

ROUNDS, TURN, SETTLE, THREADS = 7, 0.12, 0.02, 8
DRY = Case(5, 1, 2, None, width=4, heads=1, positions=3, steps=4)
EAGER, GRAPH, COMPILED = "torch eager", "torch, captured by hand", "torch.compile"
CONTESTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("8b", (EAGER, GRAPH)), ("8", (EAGER, GRAPH)), ("gpt", (EAGER, GRAPH)), ("rows", (EAGER,)), ("8b", (COMPILED,)),
    ("gpt", (COMPILED,)), ("8", (COMPILED,)),
)  # fmt: skip
"""The most telling first: time may run out, and compiling takes most of it."""
Train = Callable[[int], str]
"""Trains so many epochs, to their end on the device; and says what there is to say about it."""


def main(small: bool, of: tuple[str, ...] = ()) -> bool:
    """Time them, in turns."""
    if of and "transformer" not in of:
        return True
    if is_stand_in():
        return _contest("dry", ("pellucid",), rounds=1, turn=0.0)
    everything = True
    for case, rivals in CONTESTS[:1] if small else CONTESTS:
        everything &= _contest(case, ("pellucid", *(rivals if find_spec("torch") else ())), ROUNDS, TURN)
    return everything


def _contest(case: str, names: tuple[str, ...], rounds: int, turn: float) -> bool:
    found: dict[str, list[float]] = {name: [] for name in names}
    notes, processes = {}, {}
    steps = STEPS if case == "rows" else (ON_GPU | {"dry": DRY})[case].steps
    try:
        for name in names:
            words = [sys.executable, "-m", "benchmarks.gpu.part6_transformers", name, case]
            processes[name] = Served(words, THREADS)
        epochs = {}
        for name, process in processes.items():
            notes[name] = process.ask(epochs=2)["note"]
            epochs[name] = max(1, round(turn / process.ask(epochs=1)["seconds"]))
        for _ in range(rounds):
            for name, process in processes.items():
                time.sleep(SETTLE)
                seconds = process.ask(epochs=epochs[name])["seconds"]
                found[name].append(1e6 * seconds / (epochs[name] * steps))
    except (ValueError, OSError) as error:
        tell(name=f"case {case}", contestants=list(names), ok=False, why=f"{type(error).__name__}: {error}"[:400])
        return False
    finally:
        for process in processes.values():
            process.process.kill()
            process.process.wait()
    told = {name: note for name, note in notes.items() if note}
    peers = {name: times for name, times in found.items() if name != "pellucid"}
    ratio = ratio_to_best(found["pellucid"], peers) if peers else None
    tell(
        name=f"case {case}", title=_title(case), ok=True, rounds=found, notes=told,
        us_per_step={name: median(times) for name, times in found.items()},
        versions={name: version(name) for name in ("torch", "numpy") if find_spec(name)},
        times_faster=None if ratio is None else {
            "than": ratio.best, "value": round(ratio.value, 3), "low": round(ratio.low, 3),
            "high": round(ratio.high, 3),
        },
    )  # fmt: skip
    return True


def _title(case: str) -> str:
    if case == "rows":
        sizes = f"{LONG[0]} sequences of {LONG[1]}, {HEADS} heads of {WIDTH // HEADS}"
        return f"attention alone, forward and backward: {sizes}"
    c = (ON_GPU | {"dry": DRY})[case]
    kind = "language model" if c.classes is None else f"encoder, {c.classes} classes"
    return f"{kind}: {c.layers} layers, {c.heads} heads, {c.width} wide, {c.positions} positions, batch {c.batch}"


# -- the contestants, each in a process of its own -----------------------------------------------------------------


def ours(case: str) -> Train:
    """pellucid's."""
    ops = gpu_ops()
    if case == "rows":
        rows = our_rows(ops)

        def attend(epochs: int) -> str:
            rows(epochs)
            ops.synchronize()
            return ""

        return attend
    chosen = (ON_GPU | {"dry": DRY})[case]
    held = Held(our_trainer(chosen, ops), data(chosen), chosen.batch)

    def train(epochs: int) -> str:
        held(epochs)
        ops.synchronize()
        steps = held.trainer._stepper._steps.values()
        replayed = steps and all(step.recorded for step in steps)
        memory = "" if not hasattr(ops.xp, "cuda") else f"MiB {_taken(ops) >> 20}, "
        return f"{memory}{'graphs' if replayed else f'no graph: {ops.refused}'}"[:300]

    return train


def _taken(ops: Any) -> int:
    taken: int = ops.xp.get_default_memory_pool().total_bytes() + ops.device.bytes_of_graphs()
    return taken


def theirs(how: str, case: str) -> Train:
    """PyTorch's, all on the device."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    if case == "rows":
        return _their_rows()
    chosen = ON_GPU[case]
    network = their_network(chosen).cuda()
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, fused=True, capturable=True)
    x, y = (torch.from_numpy(part).cuda() for part in data(chosen))

    def loss_of(tokens: Any, target: Any) -> Any:
        return torch.nn.functional.cross_entropy(network(tokens).flatten(0, -2), target.flatten())

    forward: Any = torch.compile(loss_of, mode="reduce-overhead") if how == COMPILED else loss_of
    index = torch.zeros(chosen.batch, dtype=torch.int64, device="cuda")

    def step() -> None:
        loss = forward(x.index_select(0, index), y.index_select(0, index))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    go = _captured(step) if how == GRAPH else step

    def train(epochs: int) -> str:
        for _ in range(epochs):
            order = torch.randperm(len(x), device="cuda")
            for k in range(0, len(x), chosen.batch):
                index.copy_(order[k : k + chosen.batch])
                go()
        torch.cuda.synchronize()
        return f"MiB {torch.cuda.max_memory_reserved() >> 20}"

    return train


def _captured(step: Callable[[], None]) -> Callable[[], None]:
    """The step in a graph, as its user captures it by hand."""
    import torch

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def _their_rows() -> Train:
    """Attention alone."""
    import numpy as np
    import torch

    x = torch.from_numpy(np.random.default_rng(0).normal(size=(3, *LONG, WIDTH)).astype(np.float32)).cuda()
    x.requires_grad_()

    def train(epochs: int) -> str:
        for _ in range(epochs * STEPS):
            x.grad = None
            q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in x)
            y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
            y.backward(y.detach())
        torch.cuda.synchronize()
        return ""

    return train


def serve(name: str, case: str) -> None:
    """{"epochs"} trains so many, and is answered with the seconds that it took."""
    channel, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not reach the pipe
    train = ours(case) if name == "pellucid" else theirs(name, case)
    while line := sys.stdin.readline():
        start = time.perf_counter()
        note = train(json.loads(line)["epochs"])
        print(json.dumps({"seconds": time.perf_counter() - start, "note": note}), file=channel, flush=True)


if __name__ == "__main__":
    serve(*sys.argv[1:])
