"""Whether a backend of this package may be used here: it has passed on a GPU, CuPy is installed, and there is a GPU."""

from __future__ import annotations

import os
from typing import Any

from pellucid import ConfigError

OPT_IN = "PELLUCID_UNVERIFIED_CUPY"
"""Environment variable: ``1`` lets what has not passed on a GPU run there, so that it can be verified."""
VERIFIED = frozenset({"cupy", "cupy/tf32"})
"""The backends that have passed ``benchmarks/gpu`` on a card, an NVIDIA H200; the tables stand in its ``results``."""


def require_gpu(backend: str) -> Any:
    """CuPy, ready to be used.

    Raises:
        ConfigError: with what is missing and how to come by it.
    """
    if backend not in VERIFIED and os.environ.get(OPT_IN) != "1":
        raise ConfigError(
            f"Backend '{backend}' is written but has never passed on a GPU, so it is not offered as working. Use "
            f"backend='cython'. To verify it on a machine with a GPU set {OPT_IN}=1 and run: benchmarks/gpu/run.sh OUT."
        )
    try:
        import cupy
    except ImportError as error:
        raise ConfigError(
            f"Backend '{backend}' needs CuPy, which cannot be imported ({error}). Install the one for your CUDA: "
            "pip install 'pellucid-cupy[cuda12]' or 'pellucid-cupy[cuda13]'."
        ) from error
    try:
        devices = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise ConfigError(f"Backend '{backend}' needs a GPU with a CUDA driver. Received: {error}.") from error
    if devices == 0:
        raise ConfigError(f"Backend '{backend}' needs a GPU. Received: none is visible (see CUDA_VISIBLE_DEVICES).")
    return cupy
