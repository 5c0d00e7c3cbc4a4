"""The compiled kernels (ext/) as functions that the manifest names; where none are built, references do the work."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pellucid import PellucidWarning

_BUILD_LOG = Path(__file__).with_name("build.log")
_NATIVE = f"{__name__}.native"


def why_missing() -> str:
    """Why the kernels are not there, as far as the build knows, and the remedy: for messages, ``pellucid doctor``."""
    if not _BUILD_LOG.exists():
        return "they were not built when pellucid-recurrent was installed. Install a C compiler"
    last = _BUILD_LOG.read_text(encoding="utf-8").strip().splitlines()[-1]
    return f"building them failed (all of it: {_BUILD_LOG}): {last}"


def available() -> bool:
    """Whether the kernels were built."""
    return find_spec(_NATIVE) is not None


def left_to_the_reference(*arguments: Any, **named: Any) -> Any:
    """What stands for each kernel where none was built."""
    del arguments, named
    return NotImplemented


def __getattr__(name: str) -> Any:
    """A kernel by the name of its op.

    Raises:
        ImportError: the kernels were built for another version of pellucid's kernel interface.
    """
    if name.startswith("_"):
        raise AttributeError(name)
    return getattr(_native, name) if _native is not None else left_to_the_reference


_native = import_module(_NATIVE) if available() else None
if _native is None:
    warnings.warn(
        f"Recurrent layers use the reference implementations, which are many times slower: the compiled kernels of "
        f"pellucid-recurrent are not there, because {why_missing()}. When that is remedied, reinstall it from where "
        "it came, with pip install --force-reinstall --no-cache-dir --no-deps: pip's cache keeps the one without.",
        PellucidWarning,
        stacklevel=2,
    )
