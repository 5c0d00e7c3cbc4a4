"""What a page's messages do: views that are shown and left, what is watched, how fast, and what is too much."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio import app as home, viewing
from pellucid_studio.app import application, page_files
from pellucid_studio.pages import Pages
from pellucid_studio.presets import PRESETS
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

TOKEN, PORT = "a-token-of-the-tests", 4321
SECTIONS = {**PRESETS[0]["sections"], "data": {"type": "half_moons", "n": 40}}


def drawn_on() -> pl.Viewed:
    """A classifier of pictures of 8 x 8 pixels."""
    model = pl.build(pl.Sequential([pl.Dense(3)]), input_shape=(64,), seed=0)
    x, y = np.random.default_rng(0).random((12, 64), np.float32), np.arange(12) % 3
    pl.Trainer(model, loss="softmax_cross_entropy", seed=0).fit(pl.Split(x, y), epochs=1, verbose=False)
    return pl.Viewed.of(model)


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TestClient, Pages]]:
    monkeypatch.setattr(viewing, "names", lambda kind: ["studio/draw"])
    app, pages = application(TOKEN, PORT, [drawn_on()])
    with TestClient(app, base_url=f"http://127.0.0.1:{PORT}") as client:
        pages.session.build(SECTIONS)
        yield client, pages


def at(path: str) -> str:
    return f"/{TOKEN}/{path}"


def connected(client: TestClient) -> Any:
    return client.websocket_connect(at("live"), headers={"host": f"127.0.0.1:{PORT}"})


def until(page: Any, kind: str, **holds: Any) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = page.receive_json()
        if message["is"] == kind and all(message.get(key) == value for key, value in holds.items()):
            return message
        assert kind == "refused" or message["is"] != "refused", message


def view(number: int, **changed: Any) -> dict[str, Any]:
    return {"do": "view", "id": number, "view": "studio/draw", "run": 0, "values": {}, **changed}


def test_a_view_is_shown_to_who_asked_for_it(studio: tuple[TestClient, Pages]) -> None:
    with connected(studio[0]) as page:
        page.send_json(view(7))
        shown = until(page, "shown")
        assert shown["id"] == 7 and shown["more"] is False
        assert [part["text"] for part in shown["parts"]] == ["Nothing drawn."]
        assert [control["name"] for control in shown["controls"]] == ["ink", "about"]
        page.send_json(view(8, values={"about": "none of these"}))
        assert "about" in until(page, "shown", id=8)["error"]
        for other in ({"run": 1}, {"view": "acme/none"}):
            page.send_json(view(9, **other))
            assert "no such view" in until(page, "shown", id=9)["error"]


def test_sixteen_views_are_shown_at_once(studio: tuple[TestClient, Pages]) -> None:
    with connected(studio[0]) as page:
        for number in range(16):
            page.send_json(view(number))
        page.send_json(view(3))
        page.send_json(view(16))
        assert until(page, "refused")["text"] == "at most 16 views at once."
        page.send_json({"do": "leave", "id": 3})
        page.send_json(view(16))
        assert until(page, "shown", id=16)["parts"]


def test_of_what_is_watched_only_what_was_said_changes(studio: tuple[TestClient, Pages]) -> None:
    client, pages = studio
    with connected(client) as page:
        until(page, "built")
        (own,) = pages._pages
        page.send_json({"do": "watch", "units": False, "every": 3, "sample": 5})
        page.send_json({"do": "ping"})
        until(page, "pong")
        assert (own.watch.surface, own.watch.units, own.watch.sample, own.every) == (True, False, 5, 3)
        assert (pages.session.watch.surface, pages.session.watch.units, pages.session.watch.sample) == (True, False, 5)
        page.send_json({"do": "watch", "surface": False})
        page.send_json({"do": "ping"})
        until(page, "pong")
        assert (own.watch.surface, own.watch.units, own.watch.sample, own.every) == (False, False, 5, 3)


def test_a_speed_holds_until_it_is_taken_back(studio: tuple[TestClient, Pages]) -> None:
    with connected(studio[0]) as page:
        assert until(page, "frame")["limit"] is None
        for steps in (5, None):
            page.send_json({"do": "speed", "steps": steps})
            page.send_json({"do": "step"})
            assert until(page, "frame", limit=steps)["state"] == "paused"


def test_a_network_is_built_and_begun_anew_for_all(studio: tuple[TestClient, Pages]) -> None:
    with connected(studio[0]) as one, connected(studio[0]) as two:
        until(one, "built")
        until(two, "built")
        one.send_json({"do": "build", "sections": {**SECTIONS, "train": {"epochs": 7, "batch_size": 8}}})
        assert until(two, "built")["run"]["epochs"] == until(one, "built")["run"]["epochs"] == 7
        one.send_json({"do": "step"})
        until(two, "frame", step=1)
        two.send_json({"do": "reset"})
        assert until(one, "built")["run"]["epochs"] == 7
        assert until(one, "frame")["step"] == 0


def test_a_step_is_opened_once_one_was_taken(studio: tuple[TestClient, Pages]) -> None:
    client = studio[0]
    answer = client.get(at("step"))
    assert answer.status_code == 404 and answer.text.startswith("No step has been taken yet")
    with connected(client) as page:
        page.send_json({"do": "open"})
        assert until(page, "errors")["errors"][0]["text"].startswith("No step has been taken yet")
        page.send_json({"do": "step"})
        until(page, "frame", step=1)
        page.send_json({"do": "open"})
        assert until(page, "opened")["step"] == 1
    assert client.get(at("step")).status_code == 200


def test_messages_come_so_fast_and_no_faster(studio: tuple[TestClient, Pages], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "MESSAGES_A_SECOND", 0.0)
    monkeypatch.setattr(home, "MESSAGES_AT_ONCE", 2.0)
    with connected(studio[0]) as page:
        for _ in range(3):
            page.send_json({"do": "ping"})
        until(page, "pong")
        until(page, "pong")
        assert until(page, "refused")["text"] == "too many messages a second."


def test_a_page_too_many_is_told_so(studio: tuple[TestClient, Pages], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid_studio.pages.MOST_PAGES", 1)
    with connected(studio[0]), pytest.raises(WebSocketDisconnect) as refused, connected(studio[0]) as page:
        page.receive_json()
    assert refused.value.code == 1013


def test_who_asks_while_too_much_is_at_work_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "MOST_ASIDE", 0)
    app, _ = application(TOKEN, PORT)
    with TestClient(app, base_url=f"http://127.0.0.1:{PORT}") as client:
        answer = client.get(at("catalogue"))
        assert answer.status_code == 503 and "at work on 0 other requests" in answer.text
        for path in ("check", "written"):
            (error,) = client.post(at(path), json={"sections": SECTIONS}).json()["errors"]
            assert error["path"] == "" and "at work on" in error["text"]


def test_files_are_what_lies_in_the_package(studio: tuple[TestClient, Pages]) -> None:
    files = page_files()
    assert {"index.html", "latex.js"} <= files.keys() and all(path.is_file() for path in files.values())
    assert studio[0].get(at("page/index.html")).content == files["index.html"].read_bytes()
    assert studio[0].get(at("")).content == files["index.html"].read_bytes()
    assert studio[0].get(at("")).headers["content-type"].startswith("text/html")
