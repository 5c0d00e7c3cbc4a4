"""Serving: an address of 127.0.0.1, and the server behind it."""

from __future__ import annotations

import logging
import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import uvicorn
from pellucid import ConfigError, Viewed

from pellucid_studio.app import application
from pellucid_studio.experiment import Refused
from pellucid_studio.patience import PatientProtocol

MOST_CONNECTIONS = 256
UNSAID = ("without completing response", "without starting response", "timeout graceful shutdown exceeded")
# Of a client that hung up, or that the end of the studio does not wait for, there is nothing to say; what else uvicorn
# has to say of errors is a mistake of ours.
logging.getLogger("uvicorn.error").addFilter(lambda record: not any(each in record.getMessage() for each in UNSAID))


class Serving:
    """A studio that listens; :meth:`run` answers until it is stopped.

    Args:
        port: 0 takes a free one.
        runs: trained models to look at.

    Attributes:
        address: ``http://127.0.0.1:PORT/TOKEN/``.
        pages: who looks, and at what.
    """

    def __init__(self, port: int = 0, runs: Sequence[Viewed] = ()) -> None:
        self.token = secrets.token_urlsafe(24)
        self._refused: Refused | None = None
        self._socket = _bound(port)
        self.port = int(self._socket.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}/{self.token}/"
        app, self.pages = application(self.token, self.port, runs)
        self._server = uvicorn.Server(uvicorn.Config(
            app, http=PatientProtocol, ws="websockets-sansio", ws_max_size=1 << 20, ws_per_message_deflate=False,
            limit_concurrency=MOST_CONNECTIONS, timeout_keep_alive=10, timeout_graceful_shutdown=1, backlog=64,
            log_level="error", access_log=False, server_header=False, date_header=False, proxy_headers=False,
            lifespan="on",
        ))  # fmt: skip

    def begin(self, sections: Mapping[str, Any], note: str = "") -> None:
        """Build the first network of the user's own sections, while the server starts.

        Args:
            note: pages are told it with this network.
        """
        threading.Thread(target=self._begin, args=(sections, note), name="studio-first", daemon=True).start()

    def _begin(self, sections: Mapping[str, Any], note: str) -> None:
        try:
            self.pages.session.build(sections, trusted=True, note=note)
        except Refused as refused:  # there is nothing to show, and the user looks at the terminal
            self._refused = refused
            self.stop()

    def run(self) -> None:
        """Answer until Ctrl-C, or until :meth:`stop` is called in another thread.

        Raises:
            ConfigError: of what :meth:`begin` was given no network can be built, with all mistakes.
        """
        self._server.run(sockets=[self._socket])
        if self._refused is not None:
            raise ConfigError("\n".join(self._refused.lines)) from self._refused

    def stop(self) -> None:
        self._server.should_exit = True

    @property
    def listens(self) -> bool:
        return bool(self._server.started)


def _bound(port: int) -> socket.socket:
    """A socket of this machine alone.

    Raises:
        ConfigError: somebody else has the port.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
        found.listen(64)  # who comes before the server runs waits for it
    except (OSError, OverflowError) as error:
        found.close()
        raise ConfigError(
            f"--port {port}: {getattr(error, 'strerror', error)}. Give another one, or 0: a free one."
        ) from error
    return found
