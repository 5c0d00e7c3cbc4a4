"""What a session says of a step, of a frame and of another network, without waiting for any thread."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.page import render
from pellucid_studio import session as module
from pellucid_studio.experiment import Ready, Refused, made_of
from pellucid_studio.look import Look
from pellucid_studio.session import Session, Told, _to_look_at

SECTIONS: dict[str, Any] = {
    "data": {"type": "studio/points", "x": [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], "y": [0, 1, 1, 0],
             "validation": 0, "test": 0},
    "model": {"type": "dense", "units": 2}, "loss": "softmax_cross_entropy", "train": {"epochs": 3, "batch_size": 2},
}  # fmt: skip
LOOK = Look(1, 0, 0, 0.5, (0, 0), None, np.zeros(1), (), None, None, (), (), 0.0)


class Runner:
    """One that trains nothing."""

    state, failure, trace, untraced = "paused", "", None, "No step yet."

    def __init__(self, ready: Ready | None = None, heard: Any = None) -> None:
        self.ready, self.watched, self.left, self.limits = ready, True, False, list[Any]()
        self.orders: list[str] = []

    def limit(self, steps: float | None) -> None:
        self.limits.append(steps)

    def leave(self) -> None:
        self.left = True

    def join(self, seconds: float) -> None:
        pass

    def do(self, order: str) -> None:
        self.orders.append(order)


@pytest.fixture
def told() -> list[Told]:
    """What pages were told."""
    return []


@pytest.fixture
def session(told: list[Told], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(module, "Runner", Runner)
    found = Session(told.append, lambda opened: [f"view of {type(opened.model).__name__}"])
    yield found
    found.close()


def mistakes(asked: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        asked()
    return [tuple(mistake) for mistake in refused.value.mistakes]


def test_before_there_is_a_network_there_is_no_step_and_nothing_happens(session: Session) -> None:
    session.do("train")
    session.reset()
    assert mistakes(session.opened) == mistakes(session.step_page) == [("", "No network has been built.")]
    assert session.ready is None and session.viewed() is None


def test_a_step_is_opened_by_its_number_unless_its_page_is_too_large(
    session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session._runner = Runner()
    assert mistakes(session.opened) == [("", "No step yet.")]
    session._runner.trace = SimpleNamespace(setting=SimpleNamespace(step=6))
    assert session.opened() == 7
    monkeypatch.setattr(render, "page", lambda trace: "x" * 9)
    monkeypatch.setattr(render, "LARGEST", 9)
    assert session.step_page() == "x" * 9
    monkeypatch.setattr(render, "LARGEST", 8)
    text = "The page of this step is too large. Take smaller batches, and a step."
    assert mistakes(session.step_page) == [("", text)]


def test_a_network_that_is_built_is_told_with_all_that_a_page_needs(session: Any, told: list[Told]) -> None:
    session.build(SECTIONS, note="a note")
    (message,) = told
    built = json.loads(message.text)
    assert message.curve is None and message.text == session.built
    assert (built["is"], built["note"], built["views"]) == ("built", "a note", ["view of Dense"])
    assert built["sections"] == SECTIONS and built["network"]["parameters"] == 6
    assert built["data"]["rows"] == 4 and built["data"]["bounds"] is not None
    name = session.ready.trainer.runtime.ops.name
    assert built["run"] == {"epochs": 3, "batch_size": 2, "seed": 0, "backend": name, "rows": 4}


def test_another_network_takes_over_what_pages_have_asked_for(session: Any, told: list[Told]) -> None:
    session.limit(2.5)
    session.watch_for(False)
    session.build(SECTIONS)
    first = session._runner
    assert first.limits == [2.5] and first.watched is False and not first.left
    session.watch_for(True)
    session.limit(None)
    session.do("step")
    assert first.watched is True and first.limits == [2.5, None] and first.orders == ["step"]
    session.reset()
    assert first.left and session._runner is not first and session._runner.ready is not first.ready
    assert session._runner.limits == [None] and session._runner.watched is True
    assert [json.loads(each.text)["is"] for each in told] == ["built"] * 2
    session.close()
    session.build(SECTIONS)
    assert len(told) == 2 and session._runner.left


def test_what_the_users_own_file_may_do_is_done_again_after_a_reset(session: Any, tmp_path: Path) -> None:
    """A page must not name a file of data; the experiment that the studio began with may."""
    (tmp_path / "own.csv").write_text("a,b\n" + "1,0.5\n2,1.5\n" * 10)
    own = {**SECTIONS, "data": {"type": "files", "train": str(tmp_path / "own.csv"), "target": -1}, "loss": "mse",
           "model": {"type": "dense", "units": 1}}  # fmt: skip
    with pytest.raises(Refused):
        session.build(own)
    session.build(own, trusted=True)
    first = session._runner
    session.reset()
    assert session._runner is not first and session.ready.sections == own
    np.testing.assert_array_equal(session.ready.trainer.runtime.arena.data, first.ready.trainer.runtime.arena.data)


def test_looks_of_a_network_that_is_gone_are_not_kept(session: Any) -> None:
    session.build(SECTIONS)
    first, look = session._runner, LOOK
    session._watched = False
    session._heard(first, look)
    assert session._look is look and session._frames.curve.steps == [1]
    session.build(SECTIONS)
    assert session._look is None
    session._heard(first, look)
    assert session._look is None and session._frames.curve.steps == []


def test_each_look_and_each_question_makes_one_frame(
    session: Any, told: list[Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a network of which there is a look, for somebody who watches."""
    made = threading.Semaphore(0)

    def frame(*given: Any) -> Told:
        made.release()
        return Told("a frame")

    monkeypatch.setattr(session, "_frame", frame)
    session.build(SECTIONS)
    session.look_again()
    assert not made.acquire(timeout=0.03)
    for ask in (lambda: session._heard(session._runner, LOOK), session.look_again):
        ask()
        assert made.acquire(timeout=10) and not made.acquire(timeout=0.03)
    session.watch_for(False)
    session.look_again()
    assert not made.acquire(timeout=0.03) and [each.text for each in told[1:]] == ["a frame"] * 2


class Frames:
    """Says what it was asked for."""

    curve: Any = "the curve"

    def __init__(self, broken: BaseException | None = None) -> None:
        self.broken = broken

    def made(self, look: Any, *, moving: bool, surface: bool, units: bool, sample: int = 0) -> dict[str, Any]:
        if self.broken is not None and (surface or units):
            raise self.broken
        return {"moving": moving, "surface": surface, "units": units, "sample": sample}


def frame_of(session: Any, state: str, frames: Frames | None = None) -> dict[str, Any]:
    runner = Runner()
    runner.state, runner.failure = state, "it failed"
    told = session._frame(frames or Frames(), None, runner)
    assert told.curve == "the curve" and not told.text.endswith("}")
    found: dict[str, Any] = json.loads(told.text + "}")
    return found


def test_a_frame_holds_what_pages_watch_and_says_the_state(session: Any) -> None:
    session._speed = 2.5
    asked = {"surface": True, "units": True, "sample": 0}
    for state in ("paused", "training", "ended"):
        expected = {"is": "frame", "state": state, "limit": 2.5, "moving": state == "training", **asked}
        assert frame_of(session, state) == expected
    session.watch.surface, session.watch.sample, session._speed = False, 4, None
    assert frame_of(session, "failed") == {
        "is": "frame", "state": "failed", "limit": None, "text": "it failed", "moving": False, "surface": False,
        "units": True, "sample": 4,
    }  # fmt: skip


def test_of_a_network_that_cannot_be_shown_there_is_what_there_is_and_why(session: Any) -> None:
    why = "The network cannot be shown as it is now: SystemExit: 3"
    frame = frame_of(session, "training", Frames(SystemExit(3)))
    nothing = {"surface": False, "units": False, "sample": 0}
    assert frame == {"is": "frame", "state": "training", "limit": None, "text": why, "moving": True, **nothing}
    assert frame_of(session, "failed", Frames(ValueError("x")))["text"] == "it failed"


def test_views_look_at_a_copy_that_knows_its_classes_and_its_objective() -> None:
    ready = made_of(SECTIONS)
    own = pl.require_runtime(ready.model)
    assert own.classes is None
    object.__setattr__(ready.splits.train, "classes", ("no", "yes"))
    copy = _to_look_at(ready)
    runtime = pl.require_runtime(copy)
    assert tuple(runtime.classes or ()) == tuple(ready.splits.classes or ()) and own.classes is None
    assert runtime.metadata["objective"] == pl.to_config(ready.trainer.objective)
    assert copy is not ready.model and not np.shares_memory(runtime.arena.data, own.arena.data)
    own.classes, own.metadata["objective"] = ("a", "b"), {"type": "own"}
    runtime = pl.require_runtime(_to_look_at(ready))
    assert runtime.classes == ("a", "b") and runtime.metadata["objective"] == {"type": "own"}
