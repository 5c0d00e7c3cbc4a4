"""What ``fit`` and ``predict`` are given as X, as coded arrays; and as what a network takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pellucid import HostArray, Transform
from scipy.sparse import issparse
from sklearn.utils.validation import validate_data

from pellucid_tabular.column import Column
from pellucid_tabular.columns import Columns
from pellucid_tabular.schema import Schema, column_number

BLOCK = 1 << 18
"""Numbers of a table that are made ready at a time."""
_CELLS = (str, bytes, bool, int, float, np.generic, type(None))


def training_table(estimator: Any, X: Any, categorical: Any, *, reset: bool) -> tuple[HostArray, Schema]:
    """X coded (N, F), and what its columns are; notes their number and names on the estimator, or with ``reset`` False
    holds X against them."""
    if not reset:
        return table(estimator, X), estimator.schema_
    X = rows_with_texts(X)
    where = f"the table given to {type(estimator).__name__}"
    if has_cells(X):
        checked(estimator, X, reset=True)
        schema = Schema.of(X, categorical=_chosen(categorical, X), where=where)
        return schema.coded(X, where), schema
    x = numbers(estimator, X, reset=True)
    names = [str(name) for name in range(x.shape[1])]
    if categorical is None:
        return x, Schema(tuple(Column(name, "number") for name in names))
    schema = Schema.of(
        x, names=names, categorical=_chosen(categorical, x), kinds=dict.fromkeys(names, "number"), where=where
    )
    return schema.coded(x, where), schema


def table(estimator: Any, X: Any) -> HostArray:
    """X coded (N, F), of the columns that the estimator was trained on."""
    X = rows_with_texts(X)
    if has_cells(X):
        checked(estimator, X, reset=False)
        coded: HostArray = estimator.schema_.coded(X, f"the table given to {type(estimator).__name__}")
        return coded
    x = numbers(estimator, X, reset=False)
    if estimator.plain_:
        return x
    return estimator.schema_.coded(x, f"the array given to {type(estimator).__name__}")


def rows_with_texts(X: Any) -> Any:
    """A list of rows with a text in the first as an array of objects, else X: NumPy would make texts of all cells."""
    if isinstance(X, list) and X and isinstance(X[0], list | tuple) and any(isinstance(cell, str) for cell in X[0]):
        if any(len(row) != len(X[0]) for row in X):
            raise ValueError(
                f"X: expected rows of one length. Received: rows of {min(map(len, X))} to {max(map(len, X))}."
            )
        return np.array(X, object)
    return X


def has_cells(X: Any) -> bool:
    """Whether it is a table with columns of their own kinds: a data frame, or an array with texts."""
    if isinstance(X, np.ndarray):
        if X.dtype.kind not in "OUS" or X.ndim != 2 or not X.size:
            return False
        if X.dtype.kind in "US":
            return True
        cells = X.ravel()
        texts = any(isinstance(cell, str | type(None)) for cell in cells)
        return texts and all(isinstance(cell, _CELLS) for cell in cells)
    return hasattr(X, "columns") or hasattr(X, "column_names")


def checked(estimator: Any, X: Any, *, reset: bool) -> Any:
    """The columns of X by scikit-learn's rules: their names and their number."""
    if reset and (0 in X.shape):
        validate_data(estimator, np.zeros(X.shape))  # says what is missing
    return validate_data(estimator, X, reset=reset, skip_check_array=True)


def numbers(estimator: Any, X: Any, *, reset: bool) -> HostArray:
    """An array of numbers, NaN where one is missing; a sparse one is made dense, in float32."""
    x = validate_data(
        estimator, X, reset=reset, accept_sparse="csr", dtype=(np.float64, np.float32), ensure_all_finite="allow-nan"
    )
    return x.astype(np.float32).toarray() if issparse(x) else x


def ready(transform: Transform, x: HostArray, rows: HostArray) -> HostArray:
    """Rows of a coded table as the network takes them, float32; no second table is made."""
    step = max(1, BLOCK // max(1, x.shape[1]))
    parts = [transform.apply(x[rows[start : start + step]]) for start in range(0, max(len(rows), 1), step)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def columns_transform(schema: Schema, x: HostArray, scaling: str, one_hot: bool) -> Columns:
    """The transform of a table's columns, for these training rows; not fitted yet."""
    numeric = [i for i, column in enumerate(schema.columns) if column.kind in ("number", "date")]
    missing = [i for i in numeric if np.isnan(x[:, i]).any()]
    dates = [i for i in numeric if schema.columns[i].kind == "date"]
    times = [i for i in dates if (np.nan_to_num(x[:, i]) % 1 != 0).any()]
    names = schema.names
    return Columns(
        schema.to_config(), scaling=scaling, one_hot=one_hot,  # type: ignore[arg-type]
        marks=[names[i] for i in missing], times=[names[i] for i in times],
    )  # fmt: skip


def _chosen(categorical: Any, X: Any) -> Sequence[str | int]:
    """``categorical_features`` as names or numbers: a mask says it of every column."""
    if categorical is None:
        return ()
    chosen = list(np.asarray(categorical).ravel().tolist()) if not isinstance(categorical, str) else [categorical]
    if chosen and all(isinstance(item, bool) for item in chosen):
        if len(chosen) != X.shape[1]:
            raise ValueError(
                f"categorical_features as a mask must say it of each of {X.shape[1]} columns. Received: {len(chosen)}."
            )
        return [i for i, is_category in enumerate(chosen) if is_category]
    names = [str(name) for name in getattr(X, "columns", range(X.shape[1]))]
    return [column_number(item, names, "categorical_features: the table") for item in chosen]
