"""pellucid studio: the command."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from pellucid import ConfigError


def studio(
    runs: Sequence[Path] = (), *, port: int = 0, data: Path | None = None, open: bool = True
) -> Generator[str, None, None]:
    """See a network learn, in a browser, and look at trained ones. Ctrl-C ends it.

    Args:
        runs: run folders or model files to look at; or one experiment, FILE.toml, for the playground.
        port: of 127.0.0.1; 0 takes a free one.
        data: a table of one's own, FILE.csv, for the playground.
        open: open the page in the browser.
    """
    from pellucid_studio.serving import Serving  # what --help need not wait for
    from pellucid_studio.starting import first_sections, open_page, opened_runs

    experiments = [path for path in runs if path.suffix == ".toml"]
    if len(experiments) > 1:
        raise ConfigError(f"The playground takes one experiment. Received: {', '.join(map(str, experiments))}.")
    first = first_sections(experiments[0] if experiments else None, data)
    serving = Serving(port, opened_runs([path for path in runs if path not in experiments]))
    serving.begin(first.sections, first.note)
    yield f"{serving.address}\n"
    if first.note:
        yield f"{first.note}\n"
    if open:
        open_page(serving.address)
    serving.run()
