"""What a request must be before the studio sees it, and what is said with every answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pellucid_studio import app as home
from pellucid_studio.app import application, page_files
from pellucid_studio.guards import MOST_BODY, POLICY, Rate
from pellucid_studio.presets import PRESETS
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

TOKEN, PORT = "a-token-of-the-tests", 4321
BASE = f"http://127.0.0.1:{PORT}"
SECTIONS = {**PRESETS[0]["sections"], "data": {"type": "half_moons", "n": 40}}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app, pages = application(TOKEN, PORT)
    with TestClient(app, base_url=BASE, raise_server_exceptions=True) as client:
        pages.session.build(SECTIONS)
        yield client


def at(path: str = "") -> str:
    return f"/{TOKEN}/{path}"


# -- who may ask -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}"])
def test_this_machine_by_its_own_names(client: TestClient, host: str) -> None:
    assert client.get(at(), headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", [
    "evil.example", f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1:{PORT + 1}", f"127.0.0.1.evil.example:{PORT}",
    f"[::1]:{PORT}", "", f"0.0.0.0:{PORT}", f"127.1:{PORT}", f"localhost.:{PORT}", f"127.0.0.1:{PORT}@evil.example",
])  # fmt: skip
def test_a_name_that_was_bound_to_this_address_is_none(client: TestClient, host: str) -> None:
    answer = client.get(at(), headers={"host": host})
    assert answer.status_code == 421 and TOKEN not in answer.text


@pytest.mark.parametrize("origin", [
    "http://evil.example", "null", f"https://127.0.0.1:{PORT}", "http://127.0.0.1",
    f"http://127.0.0.1:{PORT}.evil.example",
    f"http://127.0.0.1:{PORT + 1}", "file://", f"http://evil.example:{PORT}",
])  # fmt: skip
def test_another_page_is_refused(client: TestClient, origin: str) -> None:
    assert client.get(at(), headers={"origin": origin}).status_code == 403
    assert client.post(at("check"), json={"sections": SECTIONS}, headers={"origin": origin}).status_code == 403
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect(at("live"), headers=_host(origin)):
        pass
    assert refused.value.code == 1008


def _host(origin: str | None = None) -> dict[str, str]:
    return {"host": f"127.0.0.1:{PORT}"} | ({} if origin is None else {"origin": origin})


@pytest.mark.parametrize("path", [
    "/", "", "/live", f"/{TOKEN[:-1]}/", f"/{TOKEN}x/", f"//{TOKEN}/", f"/x/{TOKEN}/", f"/{TOKEN.upper()}/", "/\u00e9/",
    f"/{TOKEN[:5]}%00/",
])  # fmt: skip
def test_without_the_token_there_is_nothing(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/nothing/live", "/live"])
def test_nor_a_socket(client: TestClient, path: str) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(path, headers=_host()):
        pass


def test_every_answer_says_what_a_browser_may_do(client: TestClient) -> None:
    for path in ("", "catalogue", "page/index.html", "nothing"):
        headers = client.get(at(path)).headers
        assert headers["content-security-policy"] == POLICY and headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer" and "access-control-allow-origin" not in headers
    refused = client.get("/")
    assert refused.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY and POLICY.startswith("default-src 'none'")


# -- paths -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [
    "../pyproject.toml", "..%2f..%2fapp.py", "%2e%2e/app.py", "/etc/passwd", "//etc/passwd", "..\\app.py",
    "index.html/..",
    "index.html%00.js", "", ".", "..", "__init__.py", "INDEX.HTML", "index.html ", "page/index.html",
])  # fmt: skip
def test_no_path_leads_out_of_the_page(client: TestClient, name: str) -> None:
    answer = client.get(at(f"page/{name}"))
    assert answer.status_code == 404 or answer.text == client.get(at()).text  # what a client makes of it beforehand
    assert "root:" not in answer.text and "import" not in answer.text


def test_the_files_of_the_page_are_there_with_their_types(client: TestClient) -> None:
    for name in page_files():
        answer = client.get(at(f"page/{name}"))
        assert answer.status_code == 200
        kind = answer.headers["content-type"]
        assert kind.startswith(home.TYPES.get(f".{name.rpartition('.')[2]}", kind))
    assert "katex" not in client.get(at("page/latex.js")).text and len(client.get(at("page/latex.js")).text) > 1000


# -- bodies ------------------------------------------------------------------------------------------------------------


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: TestClient) -> None:
    assert (
        client.post(at("check"), content=b"x" * 10, headers={"content-length": str(MOST_BODY + 1)}).status_code == 413
    )

    def endless() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 2**20

    assert client.post(at("table"), content=endless()).status_code == 413


@pytest.mark.parametrize("body", [
    b"", b"x", b"[]", b"{}", b'{"sections":1}', b'{"sections":{},"x":1}', b"\xff", b"[" * 10_000,
    b'{"sections":{"a":NaN}}',
    b'{"sections":null}', b'{"do":"train"}', b'{"sections":{}, "sections":[]}', b" " * 600_000,
])  # fmt: skip
def test_a_body_that_is_none_is_refused_with_a_reason(client: TestClient, body: bytes) -> None:
    for path in ("check", "written"):
        answer = client.post(at(path), content=body)
        assert answer.status_code == 400 and answer.json()["errors"][0]["text"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(client: TestClient, method: str) -> None:
    assert client.request(method, at("check")).status_code == 405


def test_a_rate_is_held_and_comes_back() -> None:
    now = [0.0]
    rate = Rate(10, 3, lambda: now[0])
    assert [rate.take() for _ in range(4)] == [True, True, True, False]
    now[0] = 0.1
    assert [rate.take() for _ in range(2)] == [True, False]
    now[0] = 100.0
    assert [rate.take() for _ in range(4)] == [True, True, True, False]


# -- what is answered --------------------------------------------------------------------------------------------------


def test_mistakes_are_told_at_their_places(client: TestClient) -> None:
    wrong: dict[str, Any] = {**SECTIONS, "model": {"type": "sequential", "layers": [{"type": "dense", "unitz": 3}]}}
    errors = client.post(at("check"), json={"sections": wrong}).json()["errors"]
    assert [error["path"] for error in errors] == ["model.layers.0.unitz", "model.layers.0.units"]
    assert "Did you mean 'units'" in errors[0]["text"]
    network = client.post(at("check"), json={"sections": SECTIONS}).json()["network"]
    assert [layer["type"] for layer in network["layers"]] == ["core/dense"] * 3
    apart = {**SECTIONS, "model": {"type": "sequential", "layers": [{"type": "reshape", "shape": [3, 3]}]}}
    (error,) = client.post(at("check"), json={"sections": apart}).json()["errors"]
    assert error["path"] == "model.layers.0" and "reshape" in error["text"].lower()


def test_a_table_of_ones_own_is_trained_on(client: TestClient) -> None:
    rows = "".join(f"{i},{i % 7},{'yes' if i % 3 else 'no'}\n" for i in range(60))
    answer = client.post(
        at("table"), content=b"width,height,label\n" + rows.encode(), headers={"x-name": "../../my t.csv"}
    )
    data = answer.json()["data"]
    assert data == {"type": "studio/own_table", "name": "my_t.csv"}
    sections = {**SECTIONS, "data": data, "model": {"type": "dense", "units": 2}}
    network = client.post(at("check"), json={"sections": sections}).json()["network"]
    assert network["inputs"] == ["width", "height"] and network["outputs"] == ["no", "yes"]
    written = client.post(at("written"), json={"sections": sections}).json()
    assert 'train = "my_t.csv"' in written["toml"] and "studio/own_table" not in written["toml"] + written["python"]
    wide = client.post(at("table"), content=b"1," * 50_000 + b"1\n", headers={"x-name": "wide.csv"}).json()["errors"]
    assert "at most 1,000 columns" in wide[0]["text"]
    errors = client.post(at("table"), content=b"\xff\xfe\x00", headers={"x-name": "x.csv"}).json()["errors"]
    assert errors[0]["text"] and "/tmp" not in errors[0]["text"]
    sections["data"] = {"type": "studio/own_table", "name": "/etc/passwd"}
    (error,) = client.post(at("check"), json={"sections": sections}).json()["errors"]
    assert error["path"] == "data.name" and "given to this studio" in error["text"]


def test_two_pages_see_the_same_run_and_closing_them_does_not_end_it(client: TestClient) -> None:
    with client.websocket_connect(at("live"), headers=_host()) as one:
        with client.websocket_connect(at("live"), headers=_host()) as two:
            for page in (one, two):
                assert page.receive_json()["is"] == "built"
            one.send_json({"do": "train"})
            first = _frame(two, "training", 10)
        last = _frame(one, "training", first["step"] + 10)
        assert last["curve"]["steps"]
    with client.websocket_connect(at("live"), headers=_host()) as three:
        assert three.receive_json()["is"] == "built"
        later = _until(three, "frame")
        assert later["curve"]["from"] == 0 and len(later["curve"]["steps"]) == len(later["curve"]["loss"]) > 1
        more = _frame(three, "training", later["step"])
        assert more["curve"]["from"] >= len(later["curve"]["steps"])
        three.send_json({"do": "pause"})
        paused = _frame(three, "paused", 0)
        three.send_json({"do": "open"})
        assert _until(three, "opened")["step"] == paused["step"]
        page = client.get(at("step"))
        assert f"Step {paused['step']}, opened" in page.text
        assert page.headers["content-security-policy"] == "frame-ancestors 'self'"


def test_messages_that_are_none_are_refused_and_twenty_close_the_socket(client: TestClient) -> None:
    with client.websocket_connect(at("live"), headers=_host()) as page:
        page.send_bytes(b"\x00\x01")
        assert "JSON" in _until(page, "refused")["text"]
        for _ in range(19):
            page.send_text('{"do":"exec","code":"1"}')
        with pytest.raises(WebSocketDisconnect) as closed:
            while True:
                page.receive_json()
        assert closed.value.code == 1008


def test_a_build_with_mistakes_is_answered_to_who_asked(client: TestClient) -> None:
    with client.websocket_connect(at("live"), headers=_host()) as page:
        page.send_json({"do": "build", "sections": {**SECTIONS, "loss": "mze"}})
        (error,) = _until(page, "errors")["errors"]
        assert error["path"] == "loss.type" and "Did you mean 'mse'" in error["text"]
        page.send_json({"do": "watch", "surface": False, "units": False})
        page.send_json({"do": "step"})
        frame = _frame(page, "paused", 0)
        while "surface" in frame:
            frame = _frame(page, "paused", 0)
        assert "units" not in frame


def _until(page: Any, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = page.receive_json()
        if message["is"] == kind:
            return message


def _frame(page: Any, state: str, beyond: int) -> dict[str, Any]:
    while True:
        frame = _until(page, "frame")
        if frame["state"] == state and frame["step"] > beyond:
            return frame
