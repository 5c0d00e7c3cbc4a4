"""scikit-learn's interface: a classifier, a regressor and a transformer that are trained by pellucid's Trainer."""

from __future__ import annotations

import pellucid_tabular.estimators.library  # noqa: F401  first: it says what is missing
from pellucid_tabular.estimators.classifier import PellucidClassifier
from pellucid_tabular.estimators.regressor import PellucidRegressor
from pellucid_tabular.estimators.transformer import PellucidTransformer

__all__ = ["PellucidClassifier", "PellucidRegressor", "PellucidTransformer"]
