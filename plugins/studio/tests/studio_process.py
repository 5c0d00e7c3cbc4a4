"""A studio as users start it, a process of its own, and a page of it in a browser."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

SECONDS = 20.0
"""That anything may take on a machine that does other things, too."""


@contextmanager
def started(*words: str, folder: Path) -> Iterator[str]:
    """Run ``pellucid studio``, and give its address."""
    log = folder / "studio.log"
    command = [sys.executable, "-m", "pellucid", "studio", "--no-open", *words]
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder) as process:
        try:
            yield _address(log, process)
        finally:
            process.terminate()
            process.wait(SECONDS)


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+/\S+/", log.read_text())
        if found and _answers(found.group()):
            return found.group()
        time.sleep(0.05)
    raise AssertionError(f"The studio has not said its address. It said: {log.read_text()}")


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5):
            return True
    except URLError:
        return False


class Studio:
    """A page of a studio.

    Attributes:
        complaints: what stands in the console, and errors; elsewhere: requests that went to another place.
    """

    def __init__(self, browser: Any, address: str, fragment: str = "", **options: Any) -> None:
        self.address = address
        self.context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("request", self._asked)
        self.tab.set_default_timeout(1e3 * SECONDS)
        self.tab.goto(address + fragment)
        self.until("document.body.classList.contains('ready')")

    def _asked(self, request: Any) -> None:
        base = self.address.rpartition(":")[2]
        if not re.match(r"(http|ws)://127\.0\.0\.1:" + re.escape(base), request.url) and not request.url.startswith(
            "blob:"
        ):
            self.elsewhere.append(request.url)

    def close(self) -> None:
        """Close the page; nothing was complained of, and nothing was asked of anybody else."""
        self.context.close()
        assert not self.complaints, self.complaints
        assert not self.elsewhere, self.elsewhere

    def ask(self, script: str, *given: Any) -> Any:
        return self.tab.evaluate(script, *given)

    @property
    def sections(self) -> dict[str, Any]:
        """What was built, as the server says it."""
        found: dict[str, Any] = self.ask("studio.store.state.sections")
        return found

    @property
    def layers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sections["model"]["layers"]
        return found

    def until(self, script: str, *given: Any) -> Any:
        """Wait until a script has a true value, and give that; the page's policy refuses Playwright's own waiting."""
        end = time.monotonic() + SECONDS
        while not (found := self.ask(script, *given)):
            assert time.monotonic() < end, f"In {SECONDS} s this never was: {script}. Complaints: {self.complaints}"
            self.tab.wait_for_timeout(30)
        return found

    def building(self, act: Callable[[], Any]) -> None:
        """Do something that builds a network, and wait until it is built and its first frame has come."""
        self.ask("() => { globalThis.before = studio.store.state.network; }")
        act()
        self.until("studio.store.state.network !== globalThis.before && !studio.session.waiting && studio.frames.last")

    @property
    def step(self) -> int:
        return int(self.ask("studio.frames.last?.step ?? 0"))

    def preset(self, name: str) -> None:
        self.building(lambda: self.tab.get_by_label("Begin with").select_option(label=name))

    def figure(self, name: str) -> str:
        return str(self.tab.inner_text(f'dd[data-figure="{name}"]'))
