"""Tables for pellucid: any file or frame, column transforms, packed ensembles, scikit-learn estimators."""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take this name for True
if TYPE_CHECKING:
    from pellucid_tabular.estimators import PellucidClassifier, PellucidRegressor, PellucidTransformer

__all__ = ["PellucidClassifier", "PellucidRegressor", "PellucidTransformer"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pellucid_tabular import estimators  # slow: scikit-learn, which only they need

    return getattr(estimators, name)
