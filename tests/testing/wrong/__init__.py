"""A plugin whose kernels, promises of capture and words about itself are wrong in every way; tests register it under
``wrong``."""

from pellucid import Registrar, hookimpl

from tests.testing.wrong.promises import KINDS
from tests.testing.wrong.told import WRONG, Gated


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    registry.layer("centre", "tests.testing.wrong.centre:Centre", summary="takes the mean from each row")
    for name in ("forward", "backward"):
        registry.op(
            f"centre_{name}", reference=f"tests.testing.wrong.centre:{name}", summary="of the layer",
            cython=f"tests.testing.wrong.centre:{name}_kernel",
        )  # fmt: skip
    for cls in (Gated, *WRONG):
        registry.layer(cls.__name__.lower(), f"{cls.__module__}:{cls.__name__}", summary="says what it does, or not")
    for kind, classes in KINDS.items():
        for cls in classes:
            getattr(registry, kind)(
                cls.__name__.lower(), f"{cls.__module__}:{cls.__name__}", summary="breaks a promise"
            )
