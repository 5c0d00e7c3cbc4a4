"""Answers to requests, by the handlers alone: bodies, files, the catalogue, and programs that are written."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from pellucid_studio import app as home, asked
from pellucid_studio.app import _body, _Studio
from starlette.requests import Request


@pytest.fixture
def studio() -> Any:
    found: Any = _Studio([])
    found.pages.session.close()
    return found


def request(body: bytes, path: str = "/token/check") -> Request:
    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b"", "server": ("a", 80)}
    return Request(scope, receive)


def test_a_body_is_a_table_with_its_keys_or_refused_by_the_name_of_its_path() -> None:
    wanted = {"sections": (asked.is_table, True)}

    def read(body: bytes) -> Any:
        return asyncio.run(_body(request(body), wanted))

    assert read(b'{"sections":{"a":1}}') == {"sections": {"a": 1}}
    for body, text in ((b"{}", "check: 'sections' is missing."), (b"x", "expected a JSON object.")):
        answer = read(body)
        assert answer.status_code == 400 and json.loads(answer.body) == {"errors": [{"path": "", "text": text}]}


def test_files_are_given_with_their_types(studio: Any, tmp_path: Any) -> None:
    for name, kind in (("a.js", "text/javascript"), ("b.woff2", None), ("c.unheard", "application/octet-stream")):
        (tmp_path / name).write_bytes(b"own")
        studio._files[name] = tmp_path / name
        answer = studio._file(name)
        assert answer.status_code == 200 and answer.body == b"own"
        assert kind is None or answer.headers["content-type"].startswith(kind)
    answer = studio._file("nowhere.js")
    assert answer.status_code == 404 and answer.body == b"There is no such file."


def test_the_catalogue_is_made_once(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asks: list[int] = []

    def catalogue() -> dict[str, Any]:
        asks.append(1)
        return {"components": []}

    monkeypatch.setattr(home, "catalogue", catalogue)
    studio.viewing = SimpleNamespace(catalogue=lambda: {"views": []})
    for _ in range(2):
        answer = asyncio.run(studio.catalogue(request(b"")))
        assert json.loads(answer.body) == {"components": [], "views": []} and answer.media_type == "application/json"
    assert asks == [1]


def test_a_program_is_written_of_the_present_network_where_it_is_that_one(
    studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.pages.session = SimpleNamespace(ready=SimpleNamespace(sections={"a": 1}))
    monkeypatch.setattr(home, "made_of", lambda sections: ("made of", sections))
    monkeypatch.setattr(home, "toml_of", lambda sections: ("toml of", sections))
    monkeypatch.setattr(home, "python_of", lambda ready: ready)
    assert studio._written({"a": 1}) == {"toml": ("toml of", {"a": 1}), "python": studio.pages.session.ready}
    assert studio._written({"a": 2})["python"] == ("made of", {"a": 2})
    studio.pages.session.ready = None
    assert studio._written({"a": 1})["python"] == ("made of", {"a": 1})
