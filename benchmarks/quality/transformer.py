"""What the language models of characters reach, and how long it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import minilm
from benchmarks.quality.harness import Goal, case
from benchmarks.ready import Trained, train_ready

FEW: dict[str, dict[str, Any]] = {
    "data": {"of": {"type": "shakespeare", "first": 20_000}, "windows": 96},
    "model": {"width": 16, "layers": 1, "heads": 2},
}
"""Changes for the short form."""


@case("transformer/shakespeare", goals=[Goal("validation_loss", "<=", 1.88), Goal("training_seconds", "<=", 90.0)])
def shakespeare(out: Path, quick: bool) -> dict[str, Any]:
    """Characters in nanoGPT's configuration for a CPU: 0.8 million weights, 2,000 steps of 12 windows of 64. The loss
    is in nats a character, over all windows side by side of the last tenth of the text."""
    return _figures(train_ready("transformer", "shakespeare", out / "run", quick=quick, changes=_changes(quick)))


@case("transformer/shakespeare_best", goals=[Goal("validation_loss", "<=", 1.55), Goal("cpu_minutes", "<=", 20.0)])
def shakespeare_best(out: Path, quick: bool) -> dict[str, Any]:
    """The same text, as well as twenty minutes of a processor allow."""
    return _figures(train_ready("transformer", "shakespeare_best", out / "run", quick=quick, changes=_changes(quick)))


def _changes(quick: bool) -> dict[str, dict[str, Any]] | None:
    return {name: dict(section) for name, section in FEW.items()} if quick else None


def _figures(run: Trained) -> dict[str, Any]:
    return {
        "validation_loss": run.summary["validation"]["loss"], "parameters": run.summary["parameters"],
        "steps": run.summary["steps"], "training_seconds": run.minutes * 60, "cpu_minutes": run.cpu_minutes,
    }  # fmt: skip


@case("transformer/minilm", goals=[
    Goal("cosines_off", "<", 5e-5), Goal("float64_apart", "<=", 1e-5), Goal("times_faster_batch_1", ">=", 1.0),
    Goal("times_faster_batch_32", ">=", 1.0),
])  # fmt: skip
def imported_minilm(out: Path, quick: bool) -> dict[str, Any]:
    """all-MiniLM-L6-v2, imported: the three sentences of its documentation; 500 lines of plays beside a forward in
    float64; one sentence and 32 of them in turns with PyTorch."""
    return minilm.measured(out, quick)
