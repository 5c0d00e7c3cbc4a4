"""Tables for pellucid: any file or frame, column transforms, packed ensembles, scikit-learn estimators."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # type checkers take this name for True
if TYPE_CHECKING:
    from pellucid_tabular.dataset import Table
    from pellucid_tabular.estimators import PellucidClassifier, PellucidRegressor, PellucidTransformer
    from pellucid_tabular.schema import Column, Schema

__all__ = ["Column", "PellucidClassifier", "PellucidRegressor", "PellucidTransformer", "Schema", "Table"]
_HOMES = {"Table": "dataset", "Schema": "schema", "Column": "schema"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES.get(name, "estimators")  # scikit-learn is slow to import, and only they need it
    return getattr(import_module(f"{__name__}.{home}"), name)
