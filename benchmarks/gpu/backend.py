"""The backend that is verified: on the card, or, for a dry run, its stand-in on the CPU."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

STAND_IN = "PELLUCID_GPU_STAND_IN"
"""Environment variable: ``1`` runs everything on the stand-in, where nothing is launched."""


def is_stand_in() -> bool:
    return os.environ.get(STAND_IN) == "1"


@cache
def gpu_ops(name: str = "cupy") -> Any:
    """The operations, whether or not this backend has been verified before: that is what this is about."""
    if is_stand_in():
        from tests.fake_cupy import FakeCupyOps

        return FakeCupyOps()
    from pellucid import get_ops
    from pellucid_cupy.availability import OPT_IN

    os.environ[OPT_IN] = "1"
    return get_ops(name)


def card() -> dict[str, Any]:
    """What is measured on."""
    if is_stand_in():
        return {"card": "none: the stand-in on the CPU"}
    import cupy

    runtime = cupy.cuda.runtime
    properties = runtime.getDeviceProperties(0)
    return {
        "card": properties["name"].decode(),
        "compute_capability": f"{properties['major']}.{properties['minor']}",
        "memory_gib": round(properties["totalGlobalMem"] / 2**30, 1),
        "driver": runtime.driverGetVersion(),
        "cuda": runtime.runtimeGetVersion(),
        "cupy": cupy.__version__,
    }
