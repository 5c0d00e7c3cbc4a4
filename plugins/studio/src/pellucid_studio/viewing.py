"""Viewing: the server half of views: which there are, what they look at, and what they show when a page asks."""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Literal

from pellucid import PellucidError, View, Viewed, create, names
from pellucid.registry.registry import default_registry

from pellucid_studio.arrays import text_of
from pellucid_studio.values import controls_told, told, values_of

RunIndex = int | Literal["live"]
Tell = Callable[[dict[str, Any]], None]
MOST_BYTES = 8 * 1024 * 1024
"""Of what a view shows at once."""
MOST_STATES = 2_000
"""Of one that is shown as it comes."""


class Asking:
    """What a page has asked of a view; a newer question, or a page that leaves, ends it."""

    def __init__(self) -> None:
        self.over = threading.Event()


class Hands:
    """The thread in which one model is looked at: it is in one pair of hands at a time.

    A view that takes long holds up the other views of its model alone, and the end of the studio not at all.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Asking, Callable[[Asking], None]]] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._work, name="studio-view", daemon=True).start()

    def put(self, asking: Asking, answer: Callable[[Asking], None]) -> None:
        """Let it wait for its turn; what is over waits no longer."""
        with self._changed:
            self._waiting = [each for each in self._waiting if not each[0].over.is_set()]
            self._waiting.append((asking, answer))
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                asking, answer = self._waiting.pop(0)
            answer(asking)


class Viewing:
    """All views, and all that can be looked at.

    Args:
        runs: trained models, each with its name.
        live: gives the network of the playground as it is now, or None.
    """

    def __init__(self, runs: Sequence[Viewed], live: Callable[[], Viewed | None]) -> None:
        self._runs, self._live = list(runs), live
        self._views: dict[str, View] | None = None
        self._lock = threading.Lock()
        self._hands: dict[RunIndex, Hands] = {}

    @property
    def views(self) -> dict[str, View]:
        """All views by their names; one that cannot be imported is left out, and ``pellucid plugins`` says why."""
        with self._lock:
            if self._views is None:
                self._views = {}
                for name in names("view"):
                    try:
                        self._views[name] = create("view", name)
                    except PellucidError:
                        continue
            return self._views

    def catalogue(self) -> dict[str, Any]:
        """Of each view what it is called and which runs it suits; and the runs."""
        return {
            "views": [self._described(name, view) for name, view in self.views.items()],
            "runs": [
                {"index": i, "name": run.name, "model": type(run.model).__name__,
                 "classes": None if run.classes is None else [str(c) for c in run.classes]}
                for i, run in enumerate(self._runs)
            ],
        }  # fmt: skip

    def _described(self, name: str, view: View) -> dict[str, Any]:
        doc = (inspect.getdoc(view) or "").partition("\n\n")[0].replace("\n", " ")
        return {
            "name": name, "title": view.title, "doc": re.split(r"(?<=[.!?:]) ", doc, maxsplit=1)[0],
            "summary": default_registry().find("view", name).summary,
            "runs": [i for i, run in enumerate(self._runs) if _suits(view, run)],
        }  # fmt: skip

    def of_live(self, opened: Viewed) -> list[str]:
        """The names of the views that suit the network of the playground."""
        return [name for name, view in self.views.items() if _suits(view, opened)]

    # -- asking ----------------------------------------------------------------------------------------------------

    def ask(self, view: str, run: RunIndex, values: Mapping[str, Any], tell: Tell) -> Asking:
        """Show this; ``tell`` is called in another thread with ``{"controls", "parts", "more"}`` or ``{"error"}``."""
        asking = Asking()
        of = run if run == "live" or run < len(self._runs) else len(self._runs)  # it says that there is no such run
        if of not in self._hands:
            self._hands[of] = Hands()
        self._hands[of].put(asking, lambda asking: self._answer(asking, view, run, values, tell))
        return asking

    def _answer(self, asking: Asking, name: str, run: RunIndex, values: Mapping[str, Any], tell: Tell) -> None:
        if asking.over.is_set():
            return
        try:
            for message in self._shown(name, run, values):
                if asking.over.is_set():
                    return
                if len(text_of(message)) > MOST_BYTES:
                    message = {"error": f"This is more than {MOST_BYTES // 2**20} MiB, and too much for a page."}
                tell(message)
        except PellucidError as error:
            tell({"error": str(error)})
        except MemoryError:
            tell({"error": "There is not enough memory to show this."})
        except BaseException as error:  # SystemExit, too, is to be answered
            tell({"error": f"{type(error).__name__}: {error}. This is a mistake in the plugin of {name:.40}."})

    def _shown(self, name: str, run: RunIndex, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        view, opened = self.views.get(name), self._opened(run)
        if view is None or opened is None or not _suits(view, opened):
            yield {"error": "There is no such view of this run. It may have gone: open the studio's page anew."}
            return
        with default_registry().blaming(view):
            controls = view.controls(opened)
            controls_as_data = controls_told(controls)
            given = view.show(opened, **values_of(controls, values))
            if isinstance(given, Iterator):
                yield from _as_it_comes(given, controls_as_data)
            else:
                yield {"controls": controls_as_data, "parts": _parts(given), "more": False}

    def _opened(self, run: RunIndex) -> Viewed | None:
        if run == "live":
            return self._live()
        return self._runs[run] if 0 <= run < len(self._runs) else None


def _as_it_comes(states: Any, controls: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each state of a generator; the last one says that there is no more."""
    with closing(states):
        before: Sequence[Any] = next(states, [])
        for _, state in zip(range(MOST_STATES), states, strict=False):
            yield {"controls": controls, "parts": _parts(before), "more": True}
            before = state
        yield {"controls": controls, "parts": _parts(before), "more": False}


def _parts(parts: Sequence[Any]) -> list[dict[str, Any]]:
    return [told("part", part) for part in parts]


def _suits(view: View, opened: Viewed) -> bool:
    try:
        return bool(view.suits(opened))
    except Exception:  # of a plugin: it suits nothing
        return False
