"""One network, trained by the Trainer in a thread of its own: paused, stepped, opened, failed, begun anew."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio.experiment import Refused, made_of
from pellucid_studio.frames import Frames
from pellucid_studio.session import Session, Told

SECTIONS: dict[str, Any] = {
    "data": {"type": "half_moons", "n": 100, "seed": 3},
    "model": {"type": "sequential", "layers": [{"type": "dense", "units": 4, "activation": "tanh"},
                                               {"type": "batch_norm"}, {"type": "dense", "units": 2}]},
    "loss": "softmax_cross_entropy", "optimizer": {"type": "adam", "lr": 0.01},
    "train": {"epochs": 100_000, "batch_size": 16, "seed": 7},
}  # fmt: skip
SECONDS = 20.0


class Heard:
    """A session, and what it has told."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self._new = threading.Condition()
        self.session = Session(self._tell)

    def _tell(self, told: Told) -> None:
        text = told.text if told.curve is None else f"{told.text}}}"
        with self._new:
            self.messages.append(json.loads(text))
            self._new.notify_all()

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message of which this holds."""
        seen, end = len(self.messages), time.monotonic() + SECONDS
        with self._new:
            while True:
                for message in self.messages[seen:]:
                    if holds(message):
                        return message
                seen = len(self.messages)
                assert self._new.wait(end - time.monotonic()), self.messages[-1:]

    def frame(self, do: Callable[[], Any], state: str, beyond: int = -1) -> dict[str, Any]:
        """The first frame of this state, and of a step beyond that, after something was done."""
        found: list[dict[str, Any]] = []
        waiting = threading.Thread(target=lambda: found.append(self.until(
            lambda m: m["is"] == "frame" and m["state"] == state and m["step"] > beyond)))  # fmt: skip
        waiting.start()
        do()
        waiting.join(SECONDS)
        assert found, (state, [{k: m.get(k) for k in ("is", "state", "step", "text")} for m in self.messages[-3:]])
        return found[0]

    def do(self, order: Any, state: str, beyond: int = -1) -> dict[str, Any]:
        return self.frame(lambda: self.session.do(order), state, beyond)


@pytest.fixture
def heard() -> Iterator[Heard]:
    heard = Heard()
    yield heard
    heard.session.close()


def built(heard: Heard, **changed: Any) -> dict[str, Any]:
    return heard.frame(lambda: heard.session.build({**SECTIONS, **changed}), "paused")


def weights(session: Session) -> np.ndarray[Any, Any]:
    ready = session.ready
    assert ready is not None
    return np.array(ready.trainer.runtime.arena.data)


def alone(steps: int) -> pl.Trainer:
    """The same network, trained without a studio."""
    ready = made_of(SECTIONS)

    class Stop(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_step(lambda run: run.stop("reached"), every=steps)

    if steps:
        ready.trainer.callbacks.append(Stop())
        ready.trainer.fit(ready.splits, epochs=ready.epochs, batch_size=ready.batch_size, verbose=False)
    return ready.trainer


def test_it_begins_paused_with_a_frame_and_what_the_network_is(heard: Heard) -> None:
    frame = built(heard)
    told = heard.messages[0]
    assert told["is"] == "built" and told["sections"] == SECTIONS
    assert [layer["title"] for layer in told["network"]["layers"]] == ["dense 4, tanh", "batch norm", "dense 2"]
    assert told["network"]["layers"][0]["parameters"] == {"weight": [2, 4], "bias": [4]}
    assert told["network"]["outputs"] == ["upper", "lower"] and told["network"]["parameters"] == 30
    assert told["data"]["task"] == "classification" and told["data"]["points"]["x"]["shape"] == [60, 2]
    assert frame["step"] == 0 and frame["loss"] is None and frame["surface"]["grid"]["shape"] == [2, 40, 40]
    assert [unit["path"] for unit in frame["units"]] == ["layers.0", "layers.1", "layers.2"]
    assert set(frame["weights"]) == {"layers.0.weight", "layers.0.bias", "layers.1.gamma", "layers.1.beta",
                                     "layers.2.weight", "layers.2.bias"}  # fmt: skip


def test_watched_paused_stepped_and_gone_on_with_its_bits_are_those_of_fit(heard: Heard) -> None:
    """Looks, a pause in the middle of an epoch, single steps, and a training again leave no trace in the weights."""
    built(heard)
    moving = heard.do("train", "training", beyond=20)
    assert moving["speed"] is None or moving["speed"] > 0
    first = heard.do("pause", "paused", beyond=moving["step"] - 1)
    stepped = heard.do("step", "paused", beyond=first["step"])
    assert stepped["step"] == first["step"] + 1
    heard.do("step", "paused", beyond=stepped["step"])
    again = heard.do("train", "training", beyond=stepped["step"] + 40)
    last = heard.do("pause", "paused", beyond=again["step"] - 1)
    trainer = alone(last["step"])
    assert trainer.steps == last["step"]
    np.testing.assert_array_equal(weights(heard.session), trainer.runtime.arena.data)
    ready = heard.session.ready
    assert ready is not None
    for state, own in zip(ready.model.states(), trainer.model.states(), strict=True):
        np.testing.assert_array_equal(state.data, own.data)
    assert ready.trainer.history.records == trainer.history.records


def test_a_pause_can_be_opened_and_so_can_a_step(heard: Heard) -> None:
    built(heard)
    with pytest.raises(Refused, match="No step has been taken yet"):
        heard.session.opened()
    moving = heard.do("train", "training", beyond=3)
    paused = heard.do("pause", "paused", beyond=moving["step"] - 1)
    assert heard.session.opened() == paused["step"]
    page = heard.session.step_page()
    assert f"Step {paused['step']}, opened" in page and "Content-Security-Policy" in page
    stepped = heard.do("step", "paused", beyond=paused["step"])
    assert heard.session.opened() == stepped["step"] == paused["step"] + 1


def test_one_sample_at_a_time_is_a_step_on_it_alone(heard: Heard) -> None:
    built(heard)
    one = heard.do("sample", "paused", beyond=0)
    two = heard.do("sample", "paused", beyond=1)
    assert (one["step"], two["step"]) == (1, 2) and one["samples"] == two["samples"] == 16  # those of its batch
    runner = heard.session._runner
    assert runner is not None and runner.trace is not None
    assert runner.trace["x"].shape == (1, 2) and runner.trace["y"].shape == (1,)


def test_sizes_are_those_of_the_step(heard: Heard) -> None:
    built(heard)
    before = weights(heard.session)
    frame = heard.do("step", "paused", beyond=0)
    after, runner = weights(heard.session), heard.session._runner
    assert runner is not None and runner.trace is not None
    weight = slice(0, 8)
    size = frame["sizes"]["layers.0.weight"]
    assert size["update"] == pytest.approx(np.sqrt(np.mean((after - before)[weight] ** 2)), rel=1e-5)
    assert size["weight"] == pytest.approx(np.sqrt(np.mean(after[weight] ** 2)), rel=1e-5)
    gradient = runner.trace["layers.0.weight.grad"]
    assert size["gradient"] == pytest.approx(np.sqrt(np.mean(gradient**2)), rel=1e-5)
    assert frame["loss"] == pytest.approx(float(runner.trace["loss"]), rel=1e-6)


def test_the_planned_end_is_told_and_can_be_opened_and_passed(heard: Heard) -> None:
    built(heard, train={"epochs": 2, "batch_size": 16, "seed": 7})
    ended = heard.do("train", "ended")
    assert (ended["step"], ended["epoch"]) == (8, 2) and heard.session.opened() == 8
    assert ended["validation"]["accuracy"] >= 0
    again = heard.do("train", "ended", beyond=8)
    assert (again["step"], again["epoch"]) == (16, 4)


def test_single_steps_end_epochs_too(heard: Heard) -> None:
    built(heard, train={"epochs": 1, "batch_size": 30, "seed": 7})
    heard.do("step", "paused", beyond=0)
    heard.do("step", "paused", beyond=1)
    ended = heard.do("step", "ended")
    assert (ended["step"], ended["epoch"]) == (2, 1) and ended["validation"]
    assert heard.do("step", "paused", beyond=2)["step"] == 3


def test_a_step_that_fails_is_told_in_pellucids_words_and_a_reset_goes_on(heard: Heard) -> None:
    built(heard, optimizer={"type": "sgd", "lr": 1e30}, loss="mse",
          data={"type": "studio/points", "x": [[0.0, 1.0]] * 10, "y": [0.5] * 10, "validation": 0, "test": 0},
          model={"type": "dense", "units": 1})  # fmt: skip
    failed = heard.do("train", "failed")
    assert "was not applied" in failed["text"] and "Lower the learning rate" in failed["text"]
    heard.session.do("train")  # which it is too late for
    again = heard.frame(heard.session.reset, "paused")
    assert again["step"] == 0
    assert heard.do("step", "paused", beyond=0)["step"] == 1


@pytest.mark.parametrize("seed", [{"seed": 7}, {}])
def test_a_reset_goes_back_to_the_first_weights(heard: Heard, seed: dict[str, Any]) -> None:
    built(heard, train={"epochs": 10, "batch_size": 16, **seed})
    first = weights(heard.session)
    heard.do("step", "paused", beyond=0)
    assert (weights(heard.session) != first).any()
    heard.frame(heard.session.reset, "paused")
    np.testing.assert_array_equal(weights(heard.session), first)
    built(heard, train={"epochs": 10, "batch_size": 16, "seed": 8})
    assert (weights(heard.session) != first).any()


def test_a_slow_training_takes_so_many_steps_a_second_and_can_be_paused_at_once(heard: Heard) -> None:
    built(heard)
    heard.session.limit(20)
    start = time.monotonic()
    frame = heard.do("train", "training", beyond=9)
    took = time.monotonic() - start
    assert frame["step"] >= 10 and took > 0.4
    heard.session.limit(0.05)  # a step in 20 s
    time.sleep(0.1)
    start = time.monotonic()
    heard.do("pause", "paused")
    assert time.monotonic() - start < 10
    heard.session.limit(None)
    heard.do("train", "training", beyond=100)


def test_mistakes_leave_the_network_and_its_training(heard: Heard) -> None:
    built(heard)
    heard.do("train", "training", beyond=0)
    wrong = copy.deepcopy(SECTIONS)
    wrong["model"]["layers"][0] |= {"units": -1, "activation": "tanhh"}
    wrong["optimizer"]["lr"] = -1.0
    with pytest.raises(Refused) as refused:
        heard.session.build(wrong)
    assert [mistake.path for mistake in refused.value.mistakes] == ["model.layers.0.activation"]
    wrong["model"]["layers"][0]["activation"] = "tanh"
    with pytest.raises(Refused) as refused:
        heard.session.build(wrong)
    assert [mistake.path for mistake in refused.value.mistakes] == ["model.layers.0.units", "optimizer.lr"]
    assert "must be an int in [1, inf)" in refused.value.mistakes[0].text
    now = heard.messages[-1]["step"]
    heard.until(lambda m: m["is"] == "frame" and m["state"] == "training" and m["step"] > now)


@pytest.mark.parametrize(("changed", "path", "text"), [
    ({"loss": "mse"}, "loss", "MSE needs a target"),
    ({"model": {"type": "sequential", "layers": [{"type": "dense", "units": 1}]}}, "loss", "one output"),
    ({"loss": None}, "loss", "names no default objective"),
    ({"data": {"type": "sine"}, "loss": "mse", "model": {"type": "dense", "units": 1},
      "train": {"metrics": ["accuracy"]}}, "train.metrics", "Accuracy counts classes"),
    ({"model": {"type": "sequential", "layers": [{"type": "dense", "units": 2}, {"type": "reshape", "shape": [9]}]}},
     "model.layers.1", "Reshape"),
])  # fmt: skip
def test_a_mistake_that_names_no_section_is_put_at_the_one_it_is_about(
    heard: Heard, changed: dict[str, Any], path: str, text: str
) -> None:
    with pytest.raises(Refused) as refused:
        heard.session.build({**SECTIONS, **changed})
    (mistake,) = refused.value.mistakes
    assert mistake.path == path and text in mistake.text


def test_another_network_takes_the_place_of_one_that_trains(heard: Heard) -> None:
    built(heard)
    runner = heard.session._runner
    assert runner is not None
    heard.do("train", "training", beyond=0)
    frame = built(heard, model={"type": "dense", "units": 2})
    assert list(frame["weights"]) == ["weight", "bias"]
    runner.join(SECONDS)
    assert not runner._thread.is_alive()
    seen = len(heard.messages)
    time.sleep(0.1)
    assert all(list(m["weights"]) == ["weight", "bias"] for m in heard.messages[seen:])


def test_a_frame_that_was_being_made_of_the_network_before_is_not_told(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    built(heard)
    being_made, go_on, made = threading.Event(), threading.Event(), Frames.made
    first = heard.session.ready

    def slow(self: Frames, *given: Any, **more: Any) -> dict[str, Any]:
        frame = made(self, *given, **more)
        if self.ready is first:
            being_made.set()
            assert go_on.wait(SECONDS)
        return frame

    monkeypatch.setattr(Frames, "made", slow)
    heard.session.look_again()
    assert being_made.wait(SECONDS)
    wider = {"type": "sequential", "layers": [{"type": "dense", "units": 9}, {"type": "dense", "units": 2}]}
    heard.session.build({**SECTIONS, "model": wider})
    number = next(i for i in reversed(range(len(heard.messages))) if heard.messages[i]["is"] == "built")
    heard.frame(go_on.set, "paused")
    frames = [message for message in heard.messages[number:] if message["is"] == "frame"]
    assert {frame["weights"]["layers.0.weight"]["shape"][1] for frame in frames} == {9}


def test_views_see_the_network_as_it_is_now(heard: Heard) -> None:
    built(heard)
    viewed = heard.session.viewed()
    assert viewed is not None
    before = np.array(viewed.model.runtime.arena.data)  # type: ignore[union-attr]
    heard.do("step", "paused", beyond=0)
    viewed = heard.session.viewed()
    assert viewed is not None and viewed.model.runtime is not None
    assert (viewed.model.runtime.arena.data != before).any()
    np.testing.assert_array_equal(viewed.model.runtime.arena.data, weights(heard.session))
    assert len(viewed.samples("test")) == 20


def test_what_a_recorder_cannot_keep_is_no_end_of_the_training(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid_studio import look

    monkeypatch.setattr(look, "MOST_BYTES", 100)
    built(heard)
    moving = heard.do("train", "training", beyond=3)
    paused = heard.do("pause", "paused", beyond=moving["step"] - 1)
    with pytest.raises(Refused, match="limit"):
        heard.session.opened()
    assert heard.do("step", "paused", beyond=paused["step"])["step"] == paused["step"] + 1


def test_of_networks_that_are_made_at_once_the_last_asked_for_is_there(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one whose data take long to load, nor a reset of the network before, takes its place."""
    from pellucid_studio import session

    built(heard)
    going, held = threading.Event(), threading.Event()

    def slowly(sections: Any, **named: Any) -> Any:
        ready = made_of(sections, **named)
        if threading.current_thread().name == "slow":
            going.set()
            assert held.wait(SECONDS)
        return ready

    monkeypatch.setattr(session, "made_of", slowly)
    for late in (lambda: heard.session.build(SECTIONS), heard.session.reset):
        going.clear()
        held.clear()
        slow = threading.Thread(target=late, name="slow")
        slow.start()
        assert going.wait(SECONDS)
        built(heard, model={"type": "dense", "units": 2})
        held.set()
        slow.join(SECONDS)
        assert heard.session.ready is not None and heard.session.ready.sections["model"]["type"] == "dense"


def test_what_nobody_foresaw_refuses_the_sections(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pellucid_diffusion")
    built(heard)
    with pytest.raises(Refused, match="takes 2 input"):  # as soon as it is looked at
        heard.session.build({**SECTIONS, "model": {"type": "diffusion/mlp_denoiser"}, "loss": "mse"})

    def raises(*given: Any, **named: Any) -> Any:
        raise SystemExit(3)

    monkeypatch.setattr("pellucid_studio.experiment.check", raises)
    with pytest.raises(Refused, match="SystemExit: 3"):
        heard.session.build(SECTIONS)


def test_a_network_whose_plane_takes_too_much_memory_shows_one_sample(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid_studio.frames.MOST_NUMBERS", 100)
    frame = built(heard)
    assert "surface" not in frame and frame["sample"]["outputs"]


def test_a_key_that_is_kept_pressed_does_not_put_off_a_pause(heard: Heard) -> None:
    from pellucid_studio.runner import MOST_ORDERS

    built(heard)
    runner = heard.session._runner
    assert runner is not None
    for _ in range(500):
        runner.do("sample")
    assert runner._orders.qsize() <= MOST_ORDERS


def test_where_nobody_looks_there_are_no_frames_and_the_curve_goes_on(heard: Heard) -> None:
    built(heard)
    heard.session.watch_for(False)
    heard.session.do("train")
    time.sleep(1.0)
    frames = heard.session._frames
    assert frames is not None and not any(m.get("state") == "training" for m in heard.messages)
    known = len(frames.curve.steps)
    assert 1 <= known <= 8
    frame = heard.frame(lambda: heard.session.watch_for(True), "training")
    assert frame["step"] > frames.curve.steps[known - 1]


def test_a_network_that_cannot_be_evaluated_is_trained_all_the_same(heard: Heard) -> None:
    built(heard)
    frames = heard.session._frames
    assert frames is not None

    def broken(x: Any) -> Any:
        raise RuntimeError("this layer is broken")

    frames.network.outputs = broken  # type: ignore[method-assign]
    frame = heard.do("step", "paused", beyond=0)
    assert "this layer is broken" in frame["text"] and "surface" not in frame and frame["weights"]
