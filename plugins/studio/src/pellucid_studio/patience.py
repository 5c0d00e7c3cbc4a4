"""PatientProtocol: HTTP connections that ask for nothing within some seconds are closed."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 10.0
"""From the connection to the end of its first request's head. Between requests ``timeout_keep_alive`` holds."""


class PatientProtocol(H11Protocol):
    """A client that sends a head letter by letter keeps no place for longer than some seconds."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._patience = self.loop.call_later(SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._patience.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        transport, cycle = vars(self)["transport"], vars(self)["cycle"]
        if cycle is None and transport.get_protocol() is self:  # a socket has a protocol of its own
            transport.close()
