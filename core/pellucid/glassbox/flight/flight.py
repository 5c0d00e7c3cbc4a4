"""recorder: a flight recorder. It keeps figures of steps, or chosen numbers of them, in the run folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from time import monotonic
from typing import Any

from pellucid.basics.checks import check_int
from pellucid.basics.component import Example
from pellucid.basics.errors import CheckpointError, ConfigError, DataError
from pellucid.glassbox.flight.figures import Row
from pellucid.glassbox.flight.recording import FOLDER, Parts, Recording, from_columns, to_columns
from pellucid.glassbox.flight.statistics import Statistics
from pellucid.glassbox.trace import Trace
from pellucid.glassbox.tracing import Tracing
from pellucid.saving.checkpoint import save_checkpoint
from pellucid.standard.streams import tell
from pellucid.training.run import Callback, Run
from pellucid.training.stepper import Step

STATISTICS, EVERYTHING = "statistics", "everything"
_MOST, _LONGEST = 4 << 20, 30.0
"""Bytes in memory, and seconds, after which they are written."""


_NOT_LOOKED_AT = nullcontext(False)


class FlightRecorder(Callback):
    """Keeps what happens in every n-th step.

    ::

        trainer = pl.Trainer(model, loss="mse", callbacks=[{"type": "recorder", "every": 10}])

    In a run folder it writes to ``recorder/``: parts of safetensors, each written whole, so that a kill costs at most
    what was recorded since the last checkpoint; a run that goes on from one goes on recording from there. Read it with
    ``pellucid.open_run(folder).recorder``. A step that is looked at has the bits of one that is not.

    Args:
        every: which steps: those whose number it divides.
        keep: ``"statistics"``, see :class:`pellucid.glassbox.flight.statistics.Statistics`; names of quantities or
            patterns of them, ``"layers.0.weight.grad"``, as ``trainer.trace_step`` has them; ``"everything"``: anchors,
            checkpoints every ``anchors`` steps, from which ``pellucid trace RUN --step N`` makes any step again with
            all of its numbers, to the bit.
        limit: bytes that its files may have; behind that it records no more, and says so.
        anchors: steps from one anchor to the next; at most so many are made again to reach a step.
        path: a folder to write to; None takes that of the run, and where there is none, memory: ``recording`` has it.
    """

    examples = (Example(), Example({"every": 2, "keep": ["statistics", "loss", "*.weight.grad"]}))

    def __init__(
        self, every: int = 10, keep: Sequence[str] = (STATISTICS,), limit: int = 2**30, anchors: int = 1000,
        path: str | None = None,
    ) -> None:  # fmt: skip
        check_int(self, "every", every, "[1, inf)")
        check_int(self, "limit", limit, "[1, inf)")
        check_int(self, "anchors", anchors, "[1, inf)")
        if isinstance(keep, str) or not keep or not all(isinstance(name, str) for name in keep):
            raise ConfigError(
                f"The 'keep' of recorder must be a list of 'statistics', 'everything' and names or patterns of "
                f"quantities, such as 'layers.0.*'. Received: {keep!r}."
            )
        self.every, self.keep, self.limit, self.anchors, self.path = every, keep, limit, anchors, path
        self._parts: Parts | None = None
        self._records: dict[int, dict[str, Any]] = {}
        self._unwritten: dict[int, dict[str, Any] | Row] = {}
        self._bytes = 0
        self._written = monotonic()
        self._full = False

    @property
    def recording(self) -> Recording:
        """What has been recorded so far, also where nothing is written.

        Raises:
            DataError: nothing.
        """
        self._flush()
        return Recording(self._records if self._parts is None else self._parts.folder)

    # -- a run -------------------------------------------------------------------------------------------------------

    def on_run_start(self, run: Run) -> None:
        folder = Path(self.path) if self.path is not None else None if run.directory is None else run.directory / FOLDER
        self._parts, self._full = None if folder is None else Parts(folder), False
        if self._parts is not None:
            self._parts.keep(run.step)
        if EVERYTHING in self.keep:
            if self._parts is None:
                raise ConfigError("recorder: 'everything' needs a folder for its anchors. Give one: path='…'.")
            run.on_step(self._anchor, every=self.anchors)
        opener = self._opener(run)
        if opener is not None:
            run.on_trace(opener, self.every)

    def _opener(self, run: Run) -> Any:
        patterns = [name for name in self.keep if name not in (STATISTICS, EVERYTHING)]
        training, observers, figures = run.trainer, run.gradient_observers, dict[str, Any]()

        def keep(steps: int, row: Row) -> None:
            figures.update(row.figures())

        statistics = None
        if STATISTICS in self.keep:
            statistics = Statistics(training, observers, keep if patterns else self._take)
        if not patterns:
            if statistics is None:
                return None
            watching = statistics.watching
            return lambda step: _NOT_LOOKED_AT if self._full else watching(step)
        tracing = Tracing(patterns, self.limit)

        @contextmanager
        def opened(step: Step) -> Iterator[bool | None]:
            if self._full:
                yield False
                return
            record: dict[str, Any] = {}
            figures.clear()

            def done(trace: Trace) -> None:
                record.update({name: trace[name] for name in trace.names()})
                if not record:
                    raise DataError(
                        f"recorder: the step has no quantity like {', '.join(map(repr, patterns))}. "
                        "trainer.trace_step(x, y).names() lists them."
                    )

            with ExitStack() as within:
                within.enter_context(tracing.opener(training, done)(step))
                if statistics is not None:
                    within.enter_context(statistics.watching(step))
                yield None
            if record | figures:
                self._take(training.steps, record | figures)

        return opened

    def _take(self, step: int, record: dict[str, Any] | Row) -> None:
        self._unwritten[step] = record
        own = [record] if isinstance(record, Row) else record.values()
        self._bytes += sum(getattr(value, "nbytes", 8) for value in own)
        late = self._parts is not None and monotonic() - self._written > _LONGEST
        if self._bytes > min(_MOST, self.limit) or late:
            self._flush()

    def _flush(self) -> None:
        if self._parts is None:
            tensors, names = to_columns(self._unwritten)
            self._records |= from_columns(names, tensors, CheckpointError)
            held = self._bytes
        else:
            try:
                self._parts.append(self._unwritten)
            except (CheckpointError, OSError) as error:
                if self._bytes > self.limit:
                    self._unwritten.clear()
                tell(f"recorder: {error} Training goes on, and it is tried again later.")
                self._written = monotonic()
                return
            held, self._bytes = self._parts.size(), 0
        self._unwritten, self._written = {}, monotonic()
        if held > self.limit and not self._full:
            self._full = True
            tell(
                f"recorder has kept {held:,} bytes, more than its limit of {self.limit:,}, and records no more. Raise "
                "limit, or every, or keep less."
            )

    def _anchor(self, run: Run) -> None:
        if self._full or self._parts is None:
            return
        try:
            self._parts.folder.mkdir(parents=True, exist_ok=True)
            save_checkpoint(run.trainer, self._parts.anchor(run.step))
        except (CheckpointError, OSError) as error:
            tell(f"recorder: {error} The run goes on without this anchor.")
        self._flush()

    def on_epoch_end(self, run: Run) -> None:
        if monotonic() - self._written > _LONGEST:
            self._flush()

    def on_run_end(self, run: Run) -> None:
        self._flush()

    def state(self) -> dict[str, Any]:
        """What is in memory alone; what is written to a folder has been written by then."""
        self._flush()
        if self._parts is not None or not self._records:
            return {}
        tensors, names = to_columns(self._records)
        return {**tensors, "names": names}

    def restore(self, state: Mapping[str, Any]) -> None:
        names = state.get("names", [])
        self._records = from_columns(
            names, state, lambda what: CheckpointError(f"What recorder kept is damaged: {what}.")
        )
        self._bytes = sum(value.nbytes for record in self._records.values() for value in record.values())
