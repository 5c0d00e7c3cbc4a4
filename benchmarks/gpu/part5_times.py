"""Part 5: time and memory of a training step beside PyTorch's, alternately, case by case."""

from __future__ import annotations

from contextlib import ExitStack
from importlib.util import find_spec

from benchmarks.cases import CASES, LARGE
from benchmarks.gpu.backend import is_stand_in
from benchmarks.gpu.report import tell
from benchmarks.peer import CONTESTANTS
from benchmarks.process import ContestantError, Process
from benchmarks.rounds import Effort, contest
from benchmarks.statistics import median, ratio_to_best

THREADS = 8
ORDER = (
    "1/128", "2/512", "6/64", "7/32", "1/32", "1/512", "1/2048", "2/32", "2/128", "2/2048", "3/16", "4/256", "5/128",
    "1/4096", "2/4096", "wide/512", "wide/4096",
)  # fmt: skip
"""The most telling first: time may run out. Case 8, a transformer, is part 6."""
CAPTURED = ("1/32", "1/128", "2/512", "2/2048", "6/64", "7/32", "wide/512", "wide/4096")
COMPILED = ("1/128", "2/512", "6/64", "7/32")  # half a minute each
TF32 = ("wide/512", "wide/4096")


OF = {"1": "ann", "2": "ann", "3": "ann", "4": "ann", "5": "ann", "6": "cnn", "7": "diffusion", "wide": "ann"}
"""The plugin that a case is about."""


def main(small: bool, of: tuple[str, ...] = ()) -> bool:
    """Time the cases: all of them beside PyTorch eager, some beside its graphs captured by hand, and its compiler."""

    def chosen(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if not of or OF[name.split("/")[0]] in of)

    effort = Effort(rounds=7, seconds=0.12, settle=0.02)
    everything = True
    if is_stand_in():
        return bool(of) or _contests(("dry/16",), ("pellucid-gpu",), Effort(rounds=1, seconds=0.0, settle=0.0))
    rivals = ("torch-gpu",) if find_spec("torch") else ()
    everything &= _contests(chosen(ORDER[:4] if small else ORDER), ("pellucid-gpu", *rivals), effort)
    if not small and rivals:
        everything &= _contests(chosen(TF32), ("pellucid-gpu-tf32", "torch-gpu-tf32"), effort)
        everything &= _contests(chosen(CAPTURED), ("pellucid-gpu", "torch-gpu-graph"), effort)
        everything &= _contests(chosen(COMPILED), ("pellucid-gpu", "torch-gpu-compile"), effort)
    return everything


def _contests(names: tuple[str, ...], contestants: tuple[str, ...], effort: Effort) -> bool:
    everything, waiting = True, list(names)
    while waiting:
        with ExitStack() as stack:  # whoever failed a case begins anew at the next
            try:
                processes = [Process(name, THREADS) for name in contestants]
                for process in processes:
                    stack.callback(process.close)
                versions = {}
                for process in processes:
                    versions |= process.receive()["versions"]
                while waiting:
                    name = waiting.pop(0)
                    everything &= _contest(name, processes, effort, versions)
            except (ContestantError, OSError, ValueError) as error:
                everything = False
                print(f"FAILED {name if waiting is not names else names}: {error}", flush=True)
                tell(name=f"case {names[len(names) - len(waiting) - 1]}", contestants=list(contestants), ok=False,
                     why=str(error)[:400])  # fmt: skip
                if len(waiting) == len(names):
                    return False  # they do not even start
    return everything


def _contest(name: str, processes: list[Process], effort: Effort, versions: dict[str, str]) -> bool:
    case = (CASES | LARGE)[name]
    # The denoiser's first epoch has 16 steps only, and on a GPU everyone's noise is another than on a processor.
    measured = contest(case, processes, effort, tolerance=0.1 if case.kind == "denoising" else None)
    ours, *others = measured.rounds
    peers = {peer: measured.rounds[peer] for peer in others}
    ratio = ratio_to_best(measured.rounds[ours], peers) if peers else None
    tell(
        name=f"case {name}", title=measured.case.title, ok=True, versions=versions,
        us_per_step={CONTESTANTS[p].title: median(times) for p, times in measured.rounds.items()},
        rounds=measured.rounds, notes=measured.notes, first_losses=measured.first_losses,
        times_faster=None if ratio is None else {
            "than": CONTESTANTS[ratio.best].title, "value": round(ratio.value, 3), "low": round(ratio.low, 3),
            "high": round(ratio.high, 3),
        },
    )  # fmt: skip
    return True
