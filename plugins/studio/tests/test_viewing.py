"""Views as a page asks for them: values checked and clipped, parts as data, newer questions in place of older ones."""

from __future__ import annotations

import base64
import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.registry.registry import default_registry
from pellucid_studio.starting import names_of
from pellucid_studio.values import controls_told, told, values_of
from pellucid_studio.viewing import Viewing

CONTROLS: list[Any] = [
    pl.ViewSlider("k", "k", 1, 9, 3, step=1),
    pl.ViewSlider("t", "t", 0.0, 1.0, 0.5),
    pl.ViewChoice("which", "which", ("a", "b"), "a"),
    pl.ViewSwitch("on", "on", True),
    pl.ViewText("text", "text", "hello", most=5),
    pl.ViewPlane("z", "z", -2.0, 2.0, (0.5, 0.5), points=np.zeros((4, 2))),
    pl.ViewDrawing("ink", "ink", (2, 3)),
    pl.ViewButton("again", "again"),
]


def packed(values: Any, shape: list[int]) -> dict[str, Any]:
    data = base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()
    return {"shape": shape, "type": "f4", "data": data}


def test_what_is_not_given_stands_where_it_stood() -> None:
    values = values_of(CONTROLS, {})
    assert (values["k"], values["t"], values["which"], values["on"]) == (3, 0.5, "a", True)
    assert (values["text"], values["z"], values["again"]) == ("hello", (0.5, 0.5), 0)
    assert values["ink"].shape == (2, 3) and values["ink"].dtype == np.float32 and not values["ink"].any()


def test_values_are_clipped_and_typed() -> None:
    given = {"k": 100.4, "t": -3, "text": "far too long", "z": [9, -9], "again": 7, "on": False}
    values = values_of(CONTROLS, given | {"ink": packed([0, 1, 2, np.nan, -1, 0.5], [2, 3])})
    assert (values["k"], values["t"], values["text"], values["z"]) == (9, 0.0, "far t", (2.0, -2.0))
    assert isinstance(values["k"], int) and values["again"] == 7 and values["on"] is False
    np.testing.assert_array_equal(values["ink"], [[0, 1, 1], [0, 0, 0.5]])


@pytest.mark.parametrize(
    "given",
    [
        {"k": "3"}, {"k": True}, {"t": None, "x": 1}, {"which": "c"}, {"which": 3}, {"on": 1}, {"text": 3},
        {"z": [1]}, {"z": ["a", "b"]}, {"z": {"x": 1}}, {"ink": [0] * 6}, {"ink": packed([0] * 6, [3, 2])},
        {"ink": packed([0] * 5, [2, 3])}, {"ink": {"shape": [2, 3], "type": "f4", "data": "…"}}, {"again": []},
        {"ink": {"shape": [2, 3], "type": "f4", "data": 5}}, {"__class__": 1},
    ],
)  # fmt: skip
def test_other_values_are_refused_by_name(given: dict[str, Any]) -> None:
    with pytest.raises(pl.ConfigError):
        values_of(CONTROLS, given)


def test_controls_and_parts_are_data() -> None:
    data = {each["name"]: each for each in controls_told(CONTROLS)}
    assert data["k"] == {"control": "slider", "name": "k", "label": "k", "low": 1, "high": 9, "value": 3, "step": 1}
    assert (
        data["z"]["control"] == "plane" and data["z"]["points"]["shape"] == [4, 2] and data["z"]["value"] == [0.5, 0.5]
    )
    bars = told("part", pl.ViewBars("p", ("a", "b"), [0.25, 0.75], marked=1))
    assert bars["part"] == "bars" and bars["labels"] == ["a", "b"] and bars["values"]["type"] == "f4"
    curves = told("part", pl.ViewCurves("c", [0, 1], {"one": np.array([1.0, np.nan])}))
    assert curves["curves"]["one"]["shape"] == [2] and curves["x"]["type"] == "i4"
    table = told("part", pl.PageTable("t", ("a", "b"), [["x", np.float32(0.5)], [None, float("nan")]]))
    assert table["rows"] == [["x", 0.5], [None, None]]
    assert told("part", pl.PagePicture("p", np.ones((2, 2), bool)))["array"]["type"] == "u1"


class Counting(pl.View):
    """Counts."""

    title = "Counting"
    going, held = threading.Event(), threading.Event()

    def suits(self, opened: pl.Viewed) -> bool:
        return True

    def controls(self, opened: pl.Viewed) -> Any:
        return [pl.ViewSlider("n", "n", 0, 100, 2, step=1)]

    def show(self, opened: pl.Viewed, *, n: int) -> Any:
        if n == 50:
            raise pl.DataError("fifty is not to be had.")
        if n == 51:
            raise RuntimeError("a mistake")
        if n == 52:
            raise SystemExit("an end")
        if n == 53:
            self.going.set()
            self.held.wait(20)
        if n == 54:
            return [pl.PageNote("x" * (4 * 2**20))]
        return self._slowly(n) if n > 60 else [pl.PageNote(str(n))]

    def _slowly(self, n: int) -> Any:
        for i in range(n):
            self.going.set()
            time.sleep(0.005)
            yield [pl.PageNote(str(i))]


@pytest.fixture
def viewing() -> Any:
    model = pl.build("dense", units=2, input_shape=(2,), seed=0)
    found = Viewing([pl.Viewed.of(model)], lambda: None)
    found._views = {"acme/counting": Counting()}
    yield found


def answers(
    viewing: Viewing, values: dict[str, Any], run: Any = 0, view: str = "acme/counting"
) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []
    done = threading.Event()

    def tell(message: dict[str, Any]) -> None:
        heard.append(message)
        if not message.get("more"):
            done.set()

    viewing.ask(view, run, values, tell)
    assert done.wait(10)
    return heard


def test_a_view_answers_with_its_controls_and_parts(viewing: Viewing) -> None:
    (heard,) = answers(viewing, {"n": 7})
    assert heard["parts"] == [{"part": "note", "text": "7", "latex": ""}] and not heard["more"]
    assert heard["controls"][0]["name"] == "n"


def test_a_generator_shows_each_state_and_says_which_is_the_last(viewing: Viewing) -> None:
    heard = answers(viewing, {"n": 61})
    assert [message["parts"][0]["text"] for message in heard] == [str(i) for i in range(61)]
    assert [message["more"] for message in heard] == [True] * 60 + [False]


@pytest.mark.parametrize(
    ("values", "run", "view", "said"),
    [
        ({"n": 50}, 0, "acme/counting", "fifty is not to be had."),
        ({"n": 51}, 0, "acme/counting", "a mistake"),
        ({"n": 52}, 0, "acme/counting", "SystemExit: an end"),
        ({"m": 1}, 0, "acme/counting", "no control"),
        ({}, 3, "acme/counting", "no such view"),
        ({}, "live", "acme/counting", "no such view"),
        ({}, 0, "os/system", "no such view"),
    ],
)
def test_what_cannot_be_shown_is_said(viewing: Viewing, values: Any, run: Any, view: str, said: str) -> None:
    (heard,) = answers(viewing, values, run, view)
    assert said in heard["error"]


def test_so_much_is_shown_at_once_and_no_more(viewing: Viewing, monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = answers(viewing, {"n": 7})
    size = len(json.dumps(shown, separators=(",", ":")))
    monkeypatch.setattr("pellucid_studio.viewing.MOST_BYTES", size)
    assert answers(viewing, {"n": 8})[0]["parts"]
    monkeypatch.setattr("pellucid_studio.viewing.MOST_BYTES", size - 1)
    assert "too much for a page" in answers(viewing, {"n": 8})[0]["error"]
    monkeypatch.setattr("pellucid_studio.viewing.MOST_BYTES", 3 * 2**20)
    (heard,) = answers(viewing, {"n": 54})
    assert heard["error"] == "This is more than 3 MiB, and too much for a page."


def test_a_generator_is_shown_as_far_as_so_many_states(viewing: Viewing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid_studio.viewing.MOST_STATES", 5)
    heard = answers(viewing, {"n": 61})
    assert [message["parts"][0]["text"] for message in heard] == ["0", "1", "2", "3", "4", "5"]
    assert [message["more"] for message in heard] == [True] * 5 + [False]


def test_a_question_that_is_over_is_not_answered_to_its_end(viewing: Viewing) -> None:
    heard: list[dict[str, Any]] = []
    Counting.going.clear()
    asking = viewing.ask("acme/counting", 0, {"n": 100}, heard.append)
    assert Counting.going.wait(10)
    asking.over.set()
    assert answers(viewing, {"n": 1})[0]["parts"][0]["text"] == "1"
    assert len(heard) < 99


def test_a_view_that_does_not_end_holds_up_no_other_model() -> None:
    opened = [pl.Viewed.of(pl.build("dense", units=2, input_shape=(2,), seed=0)) for _ in range(2)]
    viewing = Viewing(opened, lambda: None)
    viewing._views = {"acme/counting": Counting()}
    Counting.going.clear()
    asked = [viewing.ask("acme/counting", 0, {"n": 53}, lambda message: None) for _ in range(4)]
    assert Counting.going.wait(10)
    assert answers(viewing, {"n": 7}, 1)[0]["parts"][0]["text"] == "7"
    for asking in asked:
        asking.over.set()
    viewing.ask("acme/counting", 0, {"n": 8}, lambda message: None)
    assert len(viewing._hands[0]._waiting) == 1
    Counting.held.set()
    assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("studio-"))


def test_views_of_plugins_are_in_the_catalogue_with_the_runs_that_they_suit() -> None:
    vae = pytest.importorskip("pellucid_vae.views")
    opened = next(iter(vae.Latent.tried_on()))
    viewing = Viewing([opened, pl.Viewed.of(pl.build("dense", units=2, input_shape=(2,), seed=0))], lambda: opened)
    told = {view["name"]: view for view in viewing.catalogue()["views"]}
    assert told["vae/latent"]["runs"] == [0] and told["vae/latent"]["title"] and told["vae/latent"]["doc"]
    assert "vae/latent" in viewing.of_live(opened)
    for run in (0, "live"):
        (heard,) = answers(viewing, {}, run, "vae/latent")
        assert heard["parts"] and heard["controls"], heard


def test_views_that_cannot_be_made_are_left_out_and_all_others_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def create(kind: str, name: str) -> Any:
        if name in ("a/broken", "c/broken"):
            raise pl.PluginError("it cannot be imported")
        return kind, name

    monkeypatch.setattr("pellucid_studio.viewing.names", lambda kind: ["a/broken", "b/one", "c/broken", "d/two"])
    monkeypatch.setattr("pellucid_studio.viewing.create", create)
    viewing = Viewing([], lambda: None)
    assert viewing.views == {"b/one": ("view", "b/one"), "d/two": ("view", "d/two")}
    assert viewing.views is viewing.views


def test_runs_of_one_name_are_told_apart_by_the_folders_before_it(tmp_path: Path) -> None:
    for folder in ("a/run", "b/run", "b/other"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "latest").symlink_to(tmp_path / "a" / "run")
    assert names_of([tmp_path / "latest"]) == ["latest"]
    paths = [tmp_path / "a" / "run", tmp_path / "b" / "run", tmp_path / "b" / "other", tmp_path / "b" / "run"]
    assert names_of(paths) == ["a/run", "b/run", "other", "b/run (2)"]
    assert names_of([tmp_path / "x" / "net.safetensors", tmp_path / "net.safetensors"]) == [
        "x/net", f"{tmp_path.name}/net",
    ]  # fmt: skip


@pytest.mark.parametrize("view", [entry.name for entry in default_registry().entries("view")])
def test_the_models_that_a_view_is_tried_on_are_made_without_a_word(
    view: str, capfd: pytest.CaptureFixture[str]
) -> None:
    registry = default_registry()
    assert all(isinstance(opened, pl.Viewed) for opened in registry.load(registry.find("view", view)).tried_on())
    assert capfd.readouterr() == ("", "")
