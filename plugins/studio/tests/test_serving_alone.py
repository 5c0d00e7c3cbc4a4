"""The server without a process of its own: what it is told to build, how it ends, and whose connections are closed."""

from __future__ import annotations

import logging
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from pellucid import ConfigError
from pellucid_studio import patience, serving as module
from pellucid_studio.allowed import Mistake
from pellucid_studio.experiment import Refused
from pellucid_studio.patience import PatientProtocol
from pellucid_studio.serving import Serving, _bound


@pytest.fixture
def serving() -> Any:
    """One that does not listen."""
    found = Serving.__new__(Serving)
    found._refused = None
    found._socket = None  # type: ignore[assignment]
    found._server = SimpleNamespace(should_exit=False, started=False, run=lambda sockets: None)  # type: ignore[assignment]
    return found


def test_an_address_names_this_machine_a_free_port_and_a_token_that_nobody_knows() -> None:
    one, two = Serving(), Serving()
    try:
        assert one.address == f"http://127.0.0.1:{one.port}/{one.token}/" and one.port != two.port
        assert one.token != two.token and len(one.token) == 32 and not one.listens
        assert one._socket.getsockname() == ("127.0.0.1", one.port)
        with pytest.raises(ConfigError, match=rf"--port {one.port}: Address already in use\. Give another one, or 0"):
            _bound(one.port)
        with socket.create_connection(("127.0.0.1", one.port), timeout=5):
            pass
    finally:
        for each in (one, two):
            each._socket.close()
            each.pages.session.close()
    with pytest.raises(ConfigError, match=r"--port 70000: .* Give another one"):
        _bound(70000)


def test_the_first_network_is_that_of_the_users_own_file_and_made_beside(
    serving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Any] = []

    class Thread:
        """Does at once what it is to do."""

        def __init__(self, target: Any, args: Any, name: str, daemon: bool) -> None:
            assert daemon is True and name.startswith("studio-")
            self.start = lambda: target(*args)

    monkeypatch.setattr(module, "threading", SimpleNamespace(Thread=Thread))
    session = SimpleNamespace(build=lambda sections, trusted, note: built.append((sections, trusted, note)))
    serving.pages = SimpleNamespace(session=session)
    serving.begin({"a": 1})
    serving.begin({"a": 2}, "a note")
    assert built == [({"a": 1}, True, ""), ({"a": 2}, True, "a note")]
    serving.run()
    assert not serving.listens and serving._server.should_exit is False
    serving._server.started = True
    assert serving.listens


def test_what_makes_no_network_ends_it_with_all_mistakes(serving: Any) -> None:
    def build(sections: Any, **how: Any) -> None:
        raise Refused([Mistake("loss", "no such loss"), Mistake("", "and more")])

    serving.pages = SimpleNamespace(session=SimpleNamespace(build=build))
    serving._begin({}, "")
    assert serving._server.should_exit is True
    with pytest.raises(ConfigError) as error:
        serving.run()
    assert str(error.value) == "loss: no such loss\nand more"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ASGI callable returned without completing response.", False), ("x without starting response.", False),
        ("Cancel 1 running task(s), timeout graceful shutdown exceeded", False), ("Exception in ASGI", True),
    ],
)  # fmt: skip
def test_of_clients_that_hung_up_nothing_is_said(text: str, said: bool) -> None:
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, text, (), None)
    assert bool(logging.getLogger("uvicorn.error").filter(record)) == said


@pytest.mark.parametrize(
    ("asks", "upgraded", "closed"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_who_asks_for_nothing_is_hung_up_on_and_nobody_else(asks: bool, upgraded: bool, closed: bool) -> None:
    later: list[tuple[float, Any]] = []
    ended: list[str] = []
    protocol = PatientProtocol.__new__(PatientProtocol)
    transport = SimpleNamespace(
        close=lambda: ended.append("closed"), get_protocol=lambda: object() if upgraded else protocol
    )
    vars(protocol).update(transport=transport, cycle=object() if asks else None)

    def call_later(seconds: float, call: Any) -> Any:
        later.append((seconds, call))
        return SimpleNamespace(cancel=lambda: ended.append("cancelled"))

    protocol.loop = SimpleNamespace(call_later=call_later)  # type: ignore[assignment]
    with pytest.MonkeyPatch.context() as patched:
        for name in ("connection_made", "connection_lost"):
            patched.setattr(patience.H11Protocol, name, lambda self, of, name=name: ended.append(name))
        protocol.connection_made(transport)
        protocol.connection_lost(None)
    assert ended == ["connection_made", "cancelled", "connection_lost"]
    ((seconds, look),) = later
    look()
    assert seconds == 10.0 and ended[3:] == ["closed"] * closed
