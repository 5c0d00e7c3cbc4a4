"""What the estimators take of scikit-learn, whatever its version from 1.7 on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError(
        'The estimators of pellucid need scikit-learn, which is missing: pip install "pellucid-tabular[sklearn]".'
    ) from error

Method = TypeVar("Method", bound=Callable[..., Any])

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks

    HAS_CALLBACKS = True
except ImportError:  # scikit-learn 1.7 and 1.8 have no callbacks, and nobody can set any
    HAS_CALLBACKS = False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing: there are no callbacks."""

    def with_callbacks(method: Method) -> Method:  # type: ignore[no-redef]
        return method


__all__ = ["HAS_CALLBACKS", "CallbackSupportMixin", "with_callbacks"]
