"""Seeds mistakes into the built-ins, one at a time, and prints which case of the conformance kit catches each.

python -m tests.testing.mutations [text]      only the mistakes whose place or description contains the text
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from tests.testing.kernels import MutantKernels
from tests.testing.mistakes import activations, data, feeds, kernels, layers, losses, odd, operations, ties, training
from tests.testing.mutation import Mistake, Patient, described


def patients() -> list[Patient]:
    """Every module that mistakes are seeded into."""
    found: list[Patient] = []
    for module in (layers, activations, losses, training, data, feeds, operations, ties, kernels, odd):
        for value in vars(module).values():
            found += [p for p in (value if isinstance(value, tuple) else (value,)) if isinstance(p, Patient)]
    return found


def mistakes() -> Iterator[tuple[Patient, Mistake]]:
    """Every mistake with the module it goes into."""
    for patient in patients():
        for mistake in patient.mistakes:
            yield patient, mistake


def place_of(patient: Patient, mistake: Mistake) -> str:
    """``standard.metrics: weights ignored``, ``standard.layers.dense.Dense: forgets the bias``."""
    return f"{f'{patient.module}.{patient.within}'.removeprefix('pellucid.').rstrip('.')}: {mistake.what}"


def main(wanted: str = "") -> int:
    """Print the table; 1 if a mistake was not caught."""
    start, outcomes = perf_counter(), []

    def show(place: str, catch: Callable[[], Any]) -> None:
        if wanted in place:
            caught = catch()
            outcomes.append(caught is not None)
            print(f"{place:78s} {described(caught)}")

    for patient, mistake in mistakes():
        show(place_of(patient, mistake), lambda p=patient, m=mistake: p.caught(m))  # type: ignore[misc]
    with TemporaryDirectory() as folder:
        mutant = MutantKernels(Path(folder), kernels.KERNELS)
        for flaw in kernels.KERNELS:
            show(f"kernel {flaw.file}: {flaw.what}", lambda m=flaw: mutant.caught(m))  # type: ignore[misc]
    caught, seconds = sum(outcomes), perf_counter() - start
    print(f"{len(outcomes)} mistakes, {caught} caught, {len(outcomes) - caught} not, in {seconds:.0f} s")
    return int(caught < len(outcomes))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
