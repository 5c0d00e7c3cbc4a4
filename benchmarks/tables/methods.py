"""The contestants: each takes a frame as it comes, with its own defaults, and predicts.

What a method needs done to its columns before (categories, missing cells) is done as its own documentation says. Nobody
is tuned, nobody sees a test row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Fitted = Any


def sklearn_mlp(task: str, x: Any, y: Any, seed: int) -> Fitted:
    """scikit-learn's MLP behind what its guide asks for: scaled numbers, one-hot categories, medians for what is
    missing."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    network = (MLPClassifier if task == "classification" else MLPRegressor)(random_state=seed)
    return _columns(x, network).fit(_dates(x), y)


def _columns(x: Any, last: Any) -> Any:
    from sklearn.compose import make_column_selector as of, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    texts = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"), OneHotEncoder(handle_unknown="ignore")
    )
    return make_pipeline(
        make_column_transformer((numbers, of(dtype_include="number")), (texts, of(dtype_include="category"))), last
    )


def _dates(x: Any) -> Any:
    """Of a date its year, month, day of the year and day of the week, for those that take none."""
    import pandas as pd

    parts = {}
    for name in x.columns:
        if pd.api.types.is_datetime64_any_dtype(x[name]):
            when = x[name].dt
            parts |= {
                f"{name}.year": when.year, f"{name}.month": when.month, f"{name}.day": when.dayofyear,
                f"{name}.weekday": when.dayofweek,
            }  # fmt: skip
        else:
            parts[name] = x[name]
    frame = pd.DataFrame(parts)
    return frame.astype(dict.fromkeys(frame.select_dtypes("number"), np.float64))


def hist_gradient_boosting(task: str, x: Any, y: Any, seed: int) -> Fitted:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    model = HistGradientBoostingClassifier if task == "classification" else HistGradientBoostingRegressor
    return model(categorical_features="from_dtype", random_state=seed).fit(_dates(x), y)


def catboost(task: str, x: Any, y: Any, seed: int) -> Fitted:
    from catboost import CatBoostClassifier, CatBoostRegressor

    model = CatBoostClassifier if task == "classification" else CatBoostRegressor
    texts = list(x.select_dtypes("category"))
    fitted = model(random_seed=seed, cat_features=texts, verbose=False, allow_writing_files=False, thread_count=2)
    return _WithoutMissing(fitted.fit(_filled(_dates(x)), y))


def _filled(x: Any) -> Any:
    """CatBoost takes no missing category."""
    return x.assign(**{name: x[name].astype(str) for name in x.select_dtypes("category")})


class _WithoutMissing:
    def __init__(self, model: Any) -> None:
        self.model = model

    def predict(self, x: Any) -> Any:
        return np.asarray(self.model.predict(_filled(_dates(x)))).ravel()


def lightgbm(task: str, x: Any, y: Any, seed: int) -> Fitted:
    from lightgbm import LGBMClassifier, LGBMRegressor

    return (LGBMClassifier if task == "classification" else LGBMRegressor)(random_state=seed, verbose=-1, n_jobs=2).fit(
        _dates(x), y
    )


def xgboost(task: str, x: Any, y: Any, seed: int) -> Fitted:
    from xgboost import XGBClassifier, XGBRegressor

    if task == "regression":
        return XGBRegressor(random_state=seed, enable_categorical=True, n_jobs=2).fit(_dates(x), y)
    names, labels = np.unique(y, return_inverse=True)
    model = XGBClassifier(random_state=seed, enable_categorical=True, n_jobs=2).fit(_dates(x), labels)
    return _Named(model, names)


class _Named:
    def __init__(self, model: Any, names: Any) -> None:
        self.model, self.names = model, names

    def predict(self, x: Any) -> Any:
        return self.names[self.model.predict(x)]


def realmlp(task: str, x: Any, y: Any, seed: int) -> Fitted:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    model = RealMLP_TD_Classifier if task == "classification" else RealMLP_TD_Regressor
    return _WithoutGaps(model(random_state=seed, n_threads=2, device="cpu", verbosity=0), _dates(x), y)


def tabm(task: str, x: Any, y: Any, seed: int) -> Fitted:
    from pytabkit import TabM_D_Classifier, TabM_D_Regressor

    model = TabM_D_Classifier if task == "classification" else TabM_D_Regressor
    return _WithoutGaps(model(random_state=seed, n_threads=2, device="cpu", verbosity=0), _dates(x), y)


class _WithoutGaps:
    """Those of pytabkit take no missing numbers: medians stand there, and columns that say where."""

    def __init__(self, model: Any, x: Any, y: Any) -> None:
        numbers = x.select_dtypes("number")
        self._medians = numbers.median().fillna(0.0)  # 0 for a column without any number
        self._gaps = [name for name in numbers if numbers[name].isna().any()]
        self._model = model.fit(self._filled(x), y)

    def _filled(self, x: Any) -> Any:
        said = {f"{name} is missing": x[name].isna().astype(np.float64) for name in self._gaps}
        return x.fillna(self._medians).assign(**said)

    def predict(self, x: Any) -> Any:
        return self._model.predict(self._filled(x))


def pellucid_ensemble(task: str, x: Any, y: Any, seed: int) -> Fitted:
    """pellucid's estimators as they are."""
    return _pellucid(task, x, y, random_state=seed)


def pellucid_mlp(task: str, x: Any, y: Any, seed: int) -> Fitted:
    """And with one network in place of the default ensemble."""
    return _pellucid(task, x, y, random_state=seed, model="tabular/mlp")


def _pellucid(task: str, x: Any, y: Any, **arguments: Any) -> Fitted:
    from pellucid_tabular import PellucidClassifier, PellucidRegressor

    return (PellucidClassifier if task == "classification" else PellucidRegressor)(**arguments).fit(x, y)


METHODS: dict[str, Callable[[str, Any, Any, int], Fitted]] = {
    "pellucid ensemble": pellucid_ensemble,
    "pellucid mlp": pellucid_mlp,
    "sklearn MLP": sklearn_mlp,
    "HistGradientBoosting": hist_gradient_boosting,
    "CatBoost": catboost,
    "LightGBM": lightgbm,
    "XGBoost": xgboost,
    "RealMLP": realmlp,
    "TabM": tabm,
}
OURS = ("pellucid ensemble", "pellucid mlp")
RAW_DATES = {"pellucid ensemble", "pellucid mlp", "CatBoost"}
"""Those that are given dates as they are; for the others they are taken apart before."""


def predictions(name: str, task: str, fitted: Fitted, x: Any) -> Any:
    """What a fitted contestant predicts for a frame."""
    return np.asarray(fitted.predict(x if name in RAW_DATES else _dates(x)))
