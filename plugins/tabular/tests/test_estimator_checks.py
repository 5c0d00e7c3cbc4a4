"""scikit-learn's own checks of estimators: all of them, none expected to fail, none skipped, none lost."""

from __future__ import annotations

from typing import Any

import pytest
from pellucid_tabular import PellucidClassifier, PellucidRegressor, PellucidTransformer
from sklearn import __version__
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

QUICK = {"model": None, "hidden": (16,), "epochs": 30, "learning_rate": 0.03}
"""What tiny tables need; the defaults are held by the slow test below."""
ESTIMATORS = (PellucidClassifier, PellucidRegressor, PellucidTransformer)
COUNTED = {"1.9": {"PellucidClassifier": 68, "PellucidRegressor": 60, "PellucidTransformer": 54}}
"""Checks by the version of scikit-learn."""


@pytest.fixture(autouse=True)
def array_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it scikit-learn skips a check."""
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([made(**QUICK) for made in ESTIMATORS])
def test_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("made", ESTIMATORS)
def test_none_of_the_checks_is_lost(made: Any) -> None:
    version = ".".join(__version__.split(".")[:2])
    found = list(estimator_checks_generator(made(), mark="xfail"))
    expected = COUNTED.get(version, {}).get(made.__name__)
    assert expected is None or len(found) == expected
    assert len(found) >= 50 and not any(hasattr(check, "marks") for check in found)  # none is expected to fail


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([made() for made in ESTIMATORS])
def test_checks_with_the_defaults(estimator: Any, check: Any) -> None:
    check(estimator)
