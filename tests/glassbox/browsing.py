"""A Chromium that opens pages and tells what they ask for and complain of."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PLACE = """([name, index]) => {
  const { byName, page } = pellucid, quantity = byName.get(name), map = page.shown.get(quantity.number);
  const place = index.reduce((at, i, axis) => at * quantity.shape[axis] + i, 0);
  map.show(place);
  map.box.scrollIntoView({ block: "center" });
  const box = map.filler.getBoundingClientRect(), [row, column] = map.view.where(index);
  return [box.left + (column + 0.5) * map.wide, box.top + (row + 0.5) * map.high];
}"""


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; the test is skipped where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright, which drives the browser: make browser has it")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no browser here: none of {', '.join(NAMES)}")
    with api.sync_playwright() as playing:
        root = hasattr(os, "geteuid") and os.geteuid() == 0  # whose Chromium has no sandbox
        browser = playing.chromium.launch(executable_path=path, args=["--no-sandbox"] if root else [])
        try:
            yield browser
        finally:
            browser.close()


class Looked:
    """A page that was opened.

    Attributes:
        complaints: what stands in the console, and errors; requests: what was asked for besides the page itself.
    """

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.context = browser.new_context(offline=True, **options)
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.goto(path.as_uri())
        self.tab.wait_for_selector("body.ready", timeout=30_000)
        self.requests.remove(path.as_uri())

    def click(self, name: str, cell: tuple[int, ...]) -> float:
        """Click a cell in its heat map, and read the sum that the panel then shows."""
        tab = self.tab
        tab.evaluate("name => pellucid.page.openFor(pellucid.byName.get(name))", name)
        if cell:
            tab.mouse.click(*tab.evaluate(PLACE, [name, list(cell)]))
        else:
            tab.click(f'.card[data-quantity="{name}"] .scalar')
        assert tab.inner_text("#panel .cellname") == (f"{name}[{', '.join(map(str, cell))}]" if cell else name)
        return float(tab.get_attribute("#panel .total", "data-total"))

    def close(self) -> None:
        self.context.close()
