"""Session: the network that all pages see, its training, and what is told of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pellucid
from pellucid import Layer, Viewed, require_runtime, to_config

from pellucid_studio.allowed import Mistake
from pellucid_studio.arrays import text_of
from pellucid_studio.experiment import Ready, Refused, Sections, made_of, refusing
from pellucid_studio.frames import Curve, Frames
from pellucid_studio.look import Look
from pellucid_studio.network import take
from pellucid_studio.runner import Do, Runner

Tell = Callable[["Told"], None]
SECONDS = 0.3
"""For which an end waits for each thread: they are daemons, and a step may take longer."""


@dataclass(frozen=True)
class Told:
    """Something that pages are told, in any thread.

    Attributes:
        text: the message as JSON; of a frame without its end, ``,"curve":…}``, which differs from page to page.
        curve: of a frame; a later frame takes its place.
    """

    text: str
    curve: Curve | None = None


@dataclass
class Watch:
    """What pages want in their frames, together."""

    surface: bool = True
    units: bool = True
    sample: int = 0


class Session:
    """One network at a time, trained in a thread of its own; a second one makes frames of the looks that it takes.

    Args:
        tell: given what pages are told, in these threads.
        views_of: gives the names of the views that suit a network.
    """

    def __init__(self, tell: Tell, views_of: Callable[[Viewed], list[str]] = lambda opened: []) -> None:
        self._tell, self.views_of = tell, views_of
        self._viewed: Viewed | None = None
        self._changed = threading.Condition()
        self._runner: Runner | None = None
        self._frames: Frames | None = None
        self._look: Look | None = None
        self._closed = self._fresh = False
        self._asked = self._installed = 0
        self.watch = Watch()
        self._watched = True
        self.built = ""
        """The last message ``built``."""
        self._speed: float | None = None
        self._thread = threading.Thread(target=self._make_frames, name="studio-frames", daemon=True)
        self._thread.start()

    # -- from any thread -------------------------------------------------------------------------------------------

    def build(self, sections: Mapping[str, Any], *, trusted: bool = False, note: str = "") -> None:
        """Put a new network in place of the present one, which stays where there are mistakes.

        Of several that are made at once, what was asked for last is there in the end: one whose data take minutes to
        load neither holds up the others nor takes their place afterwards.

        Args:
            trusted: the sections are the user's own file's; note: what pages are told with this network.

        Raises:
            Refused: with the mistakes.
        """
        with self._changed:
            self._asked += 1
            number = self._asked
        self._install(made_of(sections, trusted=trusted), lambda: number > self._installed, number, note)

    def reset(self) -> None:
        """The same network anew, from the same first weights."""
        runner = self._runner
        if runner is not None:  # if nobody has built another in the meantime
            self._install(made_of(runner.ready.sections, trusted=True), lambda: self._runner is runner, 0)

    def do(self, order: Do) -> None:
        if self._runner is not None:
            self._runner.do(order)

    def limit(self, steps_a_second: float | None) -> None:
        self._speed = steps_a_second
        if self._runner is not None:
            self._runner.limit(steps_a_second)

    def opened(self) -> int:
        """The number of the step that :meth:`step_page` shows.

        Raises:
            Refused: there is none, and why.
        """
        return int(self._trace().setting.step) + 1

    def _trace(self) -> pellucid.Trace:
        runner = self._runner
        trace = None if runner is None else runner.trace
        if trace is None:
            why = "No network has been built." if runner is None else runner.untraced
            raise Refused([Mistake("", why)])
        return trace

    def step_page(self) -> str:
        """The page of the step that was taken last with a recorder looking on; the glass box's own."""
        from pellucid.glassbox.page.render import LARGEST, page  # what the first frame need not wait for

        text = page(self._trace())
        if len(text) > LARGEST:
            raise Refused([Mistake("", "The page of this step is too large. Take smaller batches, and a step.")])
        return text

    def watch_for(self, anybody: bool) -> None:
        """Whether there is a page that sees the frames."""
        self._watched = anybody
        if self._runner is not None:
            self._runner.watched = anybody

    def look_again(self) -> None:
        """Make the last frame once more: a page has come, or wants other things in it."""
        with self._changed:
            self._fresh = True
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._runner is not None:
            self._runner.leave()
            self._runner.join(SECONDS)
        self._thread.join(SECONDS)

    def viewed(self) -> Viewed | None:
        """The network with the weights that it has now, for whoever looks at it; one at a time."""
        with self._changed:
            viewed, look = self._viewed, self._look
        if viewed is not None and look is not None:
            take(viewed.model, look)
        return viewed

    @property
    def ready(self) -> Ready | None:
        return None if self._runner is None else self._runner.ready

    # -- threads ---------------------------------------------------------------------------------------------------

    def _install(self, ready: Ready, wanted: Callable[[], bool], number: int, note: str = "") -> None:
        """Put it in place of the present one if, when all of it is there, it is wanted still."""
        with refusing():
            frames = Frames(ready)
            network, data = frames.described()
            sections: Sections = ready.sections
            viewed = Viewed.of(_to_look_at(ready), ready.splits)
            built = text_of({
                "is": "built", "note": note, "views": self.views_of(viewed), "sections": sections, "network": network,
                "data": data,
                "run": {"epochs": ready.epochs, "batch_size": ready.batch_size, "seed": ready.trainer.seed,
                        "backend": ready.trainer.runtime.ops.name, "rows": len(ready.splits.train)},
            })  # fmt: skip
        with self._changed:  # no frame of it comes before it is told, and nothing that is asked then finds no one
            if self._closed or not wanted():
                return
            self._installed = max(number, self._installed)
            if self._runner is not None:
                self._runner.leave()
            self._frames, self._look, self._viewed, self.built = frames, None, viewed, built
            self._runner = Runner(ready, self._heard)
            self._runner.limit(self._speed)
            self._runner.watched = self._watched
            self._tell(Told(built))

    def _heard(self, runner: Runner, look: Look) -> None:
        """In the trainer's thread, which does not wait for frames."""
        with self._changed:
            if self._frames is not None and self._frames.ready is runner.ready:
                self._frames.curve.add(look)
                self._look, self._fresh = look, True
                self._changed.notify()

    def _make_frames(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._fresh or self._closed)
                self._fresh = False
                if self._closed:
                    return
                frames, look, runner = self._frames, self._look, self._runner
            if (
                frames is None
                or look is None
                or runner is None
                or runner.ready is not frames.ready
                or not self._watched
            ):
                continue
            told = self._frame(frames, look, runner)
            with self._changed:
                if self._frames is frames:  # a network that was put in its place meanwhile has been told: it is no more
                    self._tell(told)

    def _frame(self, frames: Frames, look: Look, runner: Runner) -> Told:
        """A frame; where a layer of a plugin's cannot be evaluated, what there is of one, and why."""
        state, watch = runner.state, self.watch
        told: dict[str, Any] = {"is": "frame", "state": state, "limit": self._speed}
        told |= {"text": runner.failure} if state == "failed" else {}
        try:
            made = frames.made(
                look, moving=state == "training", surface=watch.surface, units=watch.units, sample=watch.sample
            )
            return Told(text_of(told | made)[:-1], frames.curve)
        except BaseException as error:
            made = frames.made(look, moving=state == "training", surface=False, units=False)
            why = f"The network cannot be shown as it is now: {type(error).__name__}: {error}"
            return Told(text_of({"text": why} | told | made)[:-1], frames.curve)


def _to_look_at(ready: Ready) -> Layer:
    """A copy of the network for views, which knows from the start what it learns, as one that was trained does."""
    model = deepcopy(ready.model)
    runtime = require_runtime(model)
    runtime.classes = runtime.classes or ready.splits.classes
    runtime.metadata.setdefault("objective", to_config(ready.trainer.objective))
    return model
