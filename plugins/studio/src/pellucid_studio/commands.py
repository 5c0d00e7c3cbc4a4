"""pellucid studio: the command."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any


def studio(
    runs: list[Path] = [],  # noqa: B006  # read by the command line, never written to
    *, port: int = 0, data: Path | None = None, open: bool = False,
) -> Generator[str, None, dict[str, Any]]:  # fmt: skip
    """See a network learn, in a browser, and look at trained ones.

    Args:
        runs: run folders or model files to look at; or one experiment, a .toml, for the playground.
        port: of 127.0.0.1; 0 takes a free one.
        data: a table of one's own, a .csv, for the playground.
        open: open the page in the browser.
    """
    from pellucid_studio.presets import FIRST
    from pellucid_studio.serving import Serving

    serving = Serving(port)
    yield f"{serving.address}\n"
    serving.begin(FIRST)
    if open:
        import webbrowser

        webbrowser.open(serving.address)
    serving.run()
    return {"address": serving.address}
