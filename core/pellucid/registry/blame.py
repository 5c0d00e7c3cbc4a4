"""blaming: what a plugin's code raises becomes a PluginError that names the component and the package it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pellucid.basics.errors import MUTE, PellucidError, PluginError, raised
from pellucid.registry.manifest import Entry

_PASSING: tuple[type[BaseException], ...] = (
    PellucidError, BrokenPipeError, MemoryError, KeyboardInterrupt, GeneratorExit,
)  # fmt: skip
"""Said well already, or not the code's mistake."""


@contextmanager
def blaming(entry: Entry, what: str = "", *, passing: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Inside the ``with`` block runs code of the package that ``entry`` comes from.

    Args:
        what: the thing that runs, if it is not the component itself: ``"verb 'sample' of the"``.
        passing: further errors that are let through as they are.

    Raises:
        PluginError: the code raised something that is not pellucid's own error; the cause is what it raised.
    """
    try:
        yield
    except BaseException as error:  # sys.exit, a test that is skipped: none of these is to end us
        if isinstance(error, _PASSING + passing) and raised(error) != MUTE:
            raise
        reason = f"raised {raised(error).rstrip('.')}"
        raise PluginError(f"{who(entry, what)} {reason}. On the command line --debug shows where.") from error


def who(entry: Entry, what: str = "") -> str:
    """``The model 'acme/net' (pellucid-acme 1.0)``."""
    name = f"The {what} {entry.kind}" if what else f"The {entry.kind}"
    return f"{name} '{entry.name}' ({entry.distribution} {entry.distribution_version})"
