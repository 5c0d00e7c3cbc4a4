"""patience: who waits is told for whom, where a plugin takes its time to be imported."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pellucid.registry import registry as home
from pellucid.workbench.cli.streams import printable

SECONDS = 3.0


@contextmanager
def patience(seconds: float = SECONDS) -> Iterator[None]:
    """Inside the ``with`` block each plugin whose import takes longer than that is named on standard error, once."""
    done = threading.Event()
    threading.Thread(target=_watch, args=(done, seconds), daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _watch(done: threading.Event, seconds: float) -> None:
    before: set[str] = set()
    told: set[str] = set()
    while not done.wait(seconds / 2):
        every = [plugin for registry in home.DEFAULT for plugin in registry.plugins.found.values()]
        loading = {plugin.vendor: plugin for plugin in every if plugin.status == "loading"}
        for vendor in loading.keys() & before - told:
            told.add(vendor)
            package = f"{loading[vendor].distribution} {loading[vendor].version}"
            text = f"pellucid: still importing {package}, for plugin '{vendor}'. Ctrl-C ends this."
            print(
                printable(f"{text} PELLUCID_PLUGINS=a,b uses the plugins a and b alone."), file=sys.stderr, flush=True
            )
        before = set(loading)
