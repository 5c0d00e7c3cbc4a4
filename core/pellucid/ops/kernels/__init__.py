"""The compiled kernels (ext/), as the module ``native``; importing this loads the BLAS that they are linked to."""

from __future__ import annotations

import ctypes
import os
from importlib.util import find_spec
from pathlib import Path

from pellucid.ops.kernels import threadpool
from pellucid.ops.threads import wanted_threads

_BUILD_LOG = Path(__file__).with_name("build.log")
_ONE_THREAD = "OPENBLAS_NUM_THREADS"


def why_missing() -> str:
    """Why the kernels are not there, as far as the build knows, and the remedy: for messages, ``pellucid doctor``."""
    if not _BUILD_LOG.exists():
        return "they were not built when pellucid was installed. Install a C compiler"
    last = _BUILD_LOG.read_text(encoding="utf-8").strip().splitlines()[-1]
    return f"building them failed (all of it: {_BUILD_LOG}): {last}"


def _load_blas() -> None:
    """Load OpenBLAS, whose symbols the kernels find in the process, without the worker threads it would start.

    It reads the variable when it is loaded; ours are the threads that call it.
    """
    before = os.environ.get(_ONE_THREAD)
    os.environ[_ONE_THREAD] = "1"
    try:
        package = find_spec("scipy_openblas32")
        folder = Path(package.origin or "").parent / "lib" if package is not None else Path()
        libraries = sorted(folder.glob("libscipy_openblas*"))
        if libraries:  # importing the package does the same, after 30 ms of asking for its version
            ctypes.CDLL(str(libraries[0]), mode=ctypes.RTLD_GLOBAL)
        else:
            import scipy_openblas32  # noqa: F401
    finally:
        if before is None:
            del os.environ[_ONE_THREAD]
        else:
            os.environ[_ONE_THREAD] = before


_load_blas()
try:
    import pellucid.ops.kernels.native as native
except ImportError as error:
    raise ImportError(f"pellucid's compiled kernels cannot be loaded ({error}): {why_missing()}") from error

native.set_threads(wanted_threads())
threadpool.announce()

__all__ = ["native", "why_missing"]
