"""What the estimators take of scikit-learn, whatever its version from 1.7 on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

try:
    import sklearn
except ImportError as error:
    raise ImportError(
        'The estimators of pellucid need scikit-learn, which is missing: pip install "pellucid-tabular[sklearn]".'
    ) from error

__all__ = ["HAS_CALLBACKS", "CallbackSupport", "sklearn", "with_callbacks"]

Method = TypeVar("Method", bound=Callable[..., Any])

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupport, with_callbacks as _with_callbacks

    HAS_CALLBACKS = True
except ImportError:  # scikit-learn 1.7 and 1.8 have no callbacks, and nobody can set any
    HAS_CALLBACKS = False

    class CallbackSupport:  # type: ignore[no-redef]
        """Nothing: there are no callbacks."""

    _with_callbacks = None


def with_callbacks(method: Method) -> Method:
    """A method that trains, with scikit-learn's callbacks put away when it ends."""
    return method if _with_callbacks is None else _with_callbacks(method)
