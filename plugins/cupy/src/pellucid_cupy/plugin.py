"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, hookimpl


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    here = "pellucid_cupy.backend"
    registry.backend("cupy", f"{here}:CupyOps", summary="CUDA GPUs through CuPy, steps replayed as CUDA graphs")
    registry.backend("tf32", f"{here}:TensorFloatOps", summary="cupy with TF32 products: faster and less exact")
    registry.backend("bfloat16", f"{here}:BFloat16Ops", summary="not there yet, and refused")
