"""Interrupts of ``fit`` and ``train_step`` by exceptions of signal handlers: what goes on has the bits of what was
never interrupted.

Half of them come by the clock, half before a line of pellucid's: where there is little time between two lines, chance
by the clock would hardly ever come. A part is a backend, or a backend and a kind of training
(``interrupts:cython:loop``). Each says on standard error that it begins, and what came of it; one that hangs is ended,
with the place where it stood.
"""

from __future__ import annotations

import faulthandler
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from linecache import getline
from types import FrameType
from typing import Any

import numpy as np
import pellucid as pl

from tests.components.test_cupy_backend import GPU
from tests.fake_cupy import COMPILER

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
COUNT = 1_000
"""Interrupts on each backend."""
SHORT = 12
BOUND = 120.0
"""Seconds that a run may take between two interrupts before it counts as hanging: a hundred times what it needs."""
EPOCHS, SINGLE_STEPS, BATCH = 3, 20, 8
RNG = np.random.default_rng(0)
X = RNG.normal(size=(91, 6)).astype("float32")
Y = np.argmax(X[:, :3], axis=1)
DENSE = [{"type": "dense", "units": 7, "activation": "relu"}, {"type": "dense", "units": 3}]
NOISY = [{"type": "batch_norm"}, DENSE[0], {"type": "dropout", "rate": 0.3}, DENSE[1]]


class Eyes(pl.Callback):
    """Looks at gradients and steps, and remembers what it saw."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def on_run_start(self, run: pl.Run) -> None:
        run.on_gradients(lambda segments: None)
        run.on_step(lambda run: self.seen.append(run.step))

    def state(self) -> dict[str, Any]:
        return {"seen": list(self.seen)}


class Interrupted(Exception):
    """What the handler raises."""


KINDS: dict[str, Callable[[], dict[str, Any]]] = {
    "plain": lambda: {"layers": DENSE},
    "dropout": lambda: {"layers": NOISY},
    "schedule": lambda: {"layers": NOISY, "schedule": {"type": "cosine", "warmup": 3}},
    "accumulate": lambda: {"layers": NOISY, "accumulate": 2, "clip_norm": 1.0},
    "best_epoch": lambda: {"layers": NOISY, "metrics": ["accuracy"], "callbacks": ["best_epoch"]},
    "ema": lambda: {"layers": DENSE, "callbacks": ["ema"]},
    "both": lambda: {"layers": NOISY, "callbacks": ["ema", "best_epoch"]},
    "eyes": lambda: {"layers": NOISY, "callbacks": [Eyes()]},
    "single": lambda: {"layers": NOISY},
    "generated": lambda: {"layers": NOISY, "callbacks": ["best_epoch"]},
    "loop": lambda: {"layers": NOISY, "accumulate": 2, "callbacks": ["ema", "best_epoch"]},
}


def generated(rng: np.random.Generator) -> Iterator[Any]:
    for rows in np.array_split(rng.permutation(75), 5):
        yield X[rows], Y[rows]


def a_trainer(kind: str, backend: Any) -> pl.Trainer:
    settings = {"loss": "softmax_cross_entropy", "optimizer": {"type": "adam", "lr": 1e-2}, "seed": 1} | KINDS[kind]()
    model = pl.build(
        {"type": "sequential", "layers": settings.pop("layers")}, input_shape=(6,), seed=3, backend=backend
    )
    return pl.Trainer(model, **settings)


def goes_on(trainer: pl.Trainer, kind: str) -> bool:
    """Train, from wherever it stands, to the end."""
    if kind == "single":
        while trainer.steps < SINGLE_STEPS:
            rows = slice(trainer.steps, trainer.steps + BATCH)
            trainer.train_step(X[rows], Y[rows])
    elif trainer.epochs < EPOCHS:
        data = generated if kind == "generated" else (X[:75], Y[:75])
        how: dict[str, Any] = {
            "validation": (X[75:], Y[75:]), "epochs": EPOCHS - trainer.epochs, "batch_size": BATCH, "verbose": False,
        }  # fmt: skip
        if kind == "loop":
            for batch in trainer.batches(data, **how):
                trainer.step(batch)
        else:
            trainer.fit(data, **how)
    return True


def everything(trainer: pl.Trainer) -> dict[str, Any]:
    host = trainer.runtime.ops.to_host
    return {
        "parameters": [host(p.data).tobytes() for p in trainer.model.parameters()],
        "states": [host(s.data).tobytes() for s in trainer.model.states()],
        "optimizer": {name: host(buffer).tobytes() for name, buffer in trainer.slots.buffers.items()},
        "place": (trainer.steps, trainer.epochs, trainer.position),
        "totals": {name: host(sums).tolist() for name, sums in trainer.totals.items()},
        "history": trainer.history.records,
        "callbacks": [
            {name: np.asarray(value).tobytes() for name, value in callback.state().items()}
            for callback in trainer.callbacks
        ],
    }


def interrupted(number: int, arm: Callable[[], object], work: Callable[[], object]) -> bool:
    """Whether the signal's handler raised in ``work``, which ends where it did.

    No call stands between ``work`` and what disarms the handler: a signal that comes with the last line is either
    raised inside of the ``try`` or not at all.
    """
    counted = {"raised": 0, "armed": 1}

    def raises(number: int, frame: FrameType | None) -> None:
        if counted["armed"]:
            counted["armed"] = 0
            counted["raised"] += 1
            raise Interrupted

    def heard_by_nobody(what: Any) -> None:
        """Python drops what is raised while it clears something away, as in the callback of a weak reference."""
        if what.exc_type is not Interrupted:
            hook(what)

    hook = sys.unraisablehook
    handlers = {each: raises if each == number else others for each in SIGNALS}
    before = {each: signal.signal(each, handler) for each, handler in handlers.items()}
    sys.unraisablehook = heard_by_nobody
    try:
        arm()
        work()
    except Exception as error:  # where a component was being made, it is the cause of what says so
        if not _interrupted(error):
            raise
    finally:
        counted["armed"] = 0
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        sys.settrace(None)
        sys.unraisablehook = hook
        after = {each: signal.signal(each, before[each]) for each in SIGNALS}
    lost = [signal.Signals(each).name for each in SIGNALS if after[each] is not handlers[each]]
    assert not lost, f"other handlers than before of {', '.join(lost)}"
    return bool(counted["raised"])


def _interrupted(error: BaseException | None) -> bool:
    return error is not None and (isinstance(error, Interrupted) or _interrupted(error.__cause__))


def others(number: int, frame: FrameType | None) -> None:
    """The handler of the signals that are not thrown."""


def by_the_clock(work: Callable[[], object], seconds: float) -> bool:
    return interrupted(signal.SIGALRM, lambda: signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6)), work)


def by_the_line(work: Callable[[], object], lines: int) -> bool:
    """Before the so-manieth line of pellucid's that is reached."""
    trace = _counting([lines], lambda: signal.raise_signal(signal.SIGINT))
    return interrupted(signal.SIGINT, lambda: sys.settrace(trace), work)


def _counting(left: list[int], then: Callable[[], None]) -> Callable[..., Any]:
    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_globals.get("__name__", "").startswith("pellucid"):
            return None  # not by the file: whoever calls the repository's folder pellucid has that word in all of them
        # Python calls handlers where functions are called and loops turn: never at a "try:", which CPython 3.11 leaves
        # out of the block that it stands in, so that what a trace raises there passes by the end of a "with".
        if event == "line" and getline(frame.f_code.co_filename, frame.f_lineno).strip() != "try:":
            left[0] -= 1
            if left[0] == 0:
                then()
        return trace

    return trace


def lines_of(work: Callable[[], object]) -> int:
    left = [0]
    sys.settrace(_counting(left, lambda: None))
    try:
        work()
    finally:
        sys.settrace(None)
    return -left[0]


def backends() -> dict[str, Any]:
    found: dict[str, Any] = {"reference": "reference", "cython": "cython"}
    return found | ({"stand-in": GPU} if COMPILER else {})  # CuPy's


def parts() -> list[str]:
    return [f"{name}:{kind}" for name in backends() for kind in KINDS]


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def throw(kind: str, backend: Any, count: int, rng: random.Random, watch: Callable[[], object] = lambda: None) -> int:
    """So many interrupts, or a few more, in runs of one kind; ``watch`` is called before each of them."""
    undisturbed = [a_trainer(kind, backend) for _ in range(3)]
    goes_on(undisturbed[0], kind)  # what compiles kernels takes several times the time of the others
    seconds = timed(lambda: goes_on(undisturbed[1], kind))
    lines = lines_of(lambda: goes_on(undisturbed[2], kind))
    wanted, *repeated = map(everything, undisturbed)
    assert all(other == wanted for other in repeated), f"{kind} on {backend}: two runs differ"
    thrown = 0
    while thrown < count:
        trainer, heard = a_trainer(kind, backend), 0
        for k in range(4):
            watch()
            if k % 2:
                heard += by_the_clock(lambda: goes_on(trainer, kind), rng.uniform(0, seconds))  # noqa: B023
            else:
                heard += by_the_line(lambda: goes_on(trainer, kind), rng.randrange(1, lines))  # noqa: B023
            assert not trainer._undisturbed._held, f"{kind} on {backend}: handlers wait still"
        watch()
        goes_on(trainer, kind)
        now = everything(trainer)
        different = [name for name in wanted if now[name] != wanted[name]]
        assert not different, f"{kind} on {backend}, after {heard} interrupts: other {', '.join(different)}"
        thrown += heard
    return thrown


def watch() -> None:
    """From here on a run has ``BOUND`` seconds, or the program ends and says where every thread stands.

    A thread of C's looks at the clock: what hangs may be C, or hold the interpreter.
    """
    faulthandler.dump_traceback_later(BOUND, exit=True, file=sys.__stderr__)


def main(count: int, seed: int, part: str = "") -> str:
    thrown: dict[str, int] = {}
    asked = [each for each in parts() if f"{each}:".startswith(f"{part}:" if part else "")]
    try:
        for each in asked:
            name, kind = each.split(":")
            print(f"{each} …", end=" ", file=sys.stderr, flush=True)
            rng = random.Random(f"{seed} {each}")
            watch()
            done = throw(kind, backends()[name], -(-count // len(KINDS)), rng, watch)
            print(done, file=sys.stderr, flush=True)
            thrown[name] = thrown.get(name, 0) + done
    finally:
        faulthandler.cancel_dump_traceback_later()
    kinds = len({each.split(":")[1] for each in asked})
    said = ", ".join(f"{done} on {name}" for name, done in thrown.items())
    return f"interrupts of training (kinds: {kinds}), all continued to the same bits: {said}"
