"""A token of a growing text, with keys and values kept and without: ``python -m benchmarks.generation --json FILE``.

The network of nanoGPT's configuration for a CPU: 4 layers, 4 heads, 128 wide, a context of 64, 65 characters. Every
round draws the last 32 tokens of a full context both ways, one after the other: what disturbs the machine meets both.
Without means ``predict`` of the whole text, whose kernel calls are recorded and replayed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pellucid as pl
from pellucid_transformer import Steps

from benchmarks.environment import machine
from benchmarks.statistics import ratio_to_best

CONTEXT, TOKENS = 64, 32


def rounds(count: int, threads: int, clock: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Milliseconds a token, kept and anew, of every round."""
    pl.set_num_threads(threads)
    model = pl.build("transformer/language_model", input_shape=(None,), vocabulary=65, context=CONTEXT, seed=0)
    tokens = np.random.default_rng(0).integers(0, 65, (1, CONTEXT))
    ends = range(CONTEXT - TOKENS, CONTEXT)
    for end in ends:  # memory and plans of each length
        model.predict(tokens[:, : end + 1])
    kept, anew = [], []
    for _ in range(count):
        steps = Steps(model)
        steps(tokens[:, : CONTEXT - TOKENS])
        start = clock()
        for end in ends:
            last = steps(tokens[:, end : end + 1])
        middle = clock()
        for end in ends:
            whole = model.predict(tokens[:, : end + 1])[:, -1]
        kept.append(1000 * (middle - start) / TOKENS)
        anew.append(1000 * (clock() - middle) / TOKENS)
        np.testing.assert_allclose(last, whole, rtol=1e-3, atol=1e-4)
    return kept, anew


def main() -> None:
    parser = argparse.ArgumentParser(description="A token of a growing text, with and without what is kept.")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processor", action="store_true", help="processor times, for machines that have other work")
    parser.add_argument("--json", type=Path, help="where every round is written to")
    options = parser.parse_args()
    clock = time.process_time if options.processor else time.perf_counter
    kept, anew = rounds(options.rounds, options.threads, clock)
    ratio = ratio_to_best(kept, {"anew": anew})
    print(f"kept {np.median(kept):.3f} ms a token, at best {min(kept):.3f}; anew {np.median(anew):.3f}")
    print(f"{ratio.value:.1f} times faster ({ratio.low:.1f} to {ratio.high:.1f})")
    if options.json:
        figures = {
            "machine": machine(), "threads": options.threads, "processor": options.processor,
            "milliseconds": {"kept": kept, "anew": anew}, "times_faster": ratio.value,
        }  # fmt: skip
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
