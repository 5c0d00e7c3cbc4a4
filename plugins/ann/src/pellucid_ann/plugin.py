"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, hookimpl


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    registry.model("ann", "pellucid_ann.models:ann", summary="a fully connected network: classification, regression")
    registry.model(
        "logistic_regression", "pellucid_ann.models:logistic_regression", summary="one linear layer that classifies"
    )
