"""Told: scikit-learn's own callbacks hear of every epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pellucid import Callback, Run


class Told(Callback):
    """Makes every epoch a task of scikit-learn's callbacks; one of them may end the run.

    Args:
        context: of the call of ``fit``; see ``sklearn.callback``.
        about: the estimator, X, y and metadata, which hooks may ask for.
        fitted: makes the attributes of an estimator that has stopped here.
    """

    def __init__(self, context: Any, about: dict[str, Any], fitted: Callable[[Run], dict[str, Any]]) -> None:
        self.context = context
        self.about = about
        self.fitted = fitted
        self._task: Any = None

    def on_run_start(self, run: Run) -> None:
        self._begin(run)

    def on_epoch_end(self, run: Run) -> None:
        task, self._task = self._task, None
        if task.call_on_fit_task_end(**self.about, reconstruction_attributes=lambda: self.fitted(run)):
            run.stop("a callback of scikit-learn's asked for it")
        if run.stop_reason is None and run.epoch < run.last_epoch:
            self._begin(run)

    def _begin(self, run: Run) -> None:
        self._task = self.context.subcontext(task_name="epoch")
        self._task.call_on_fit_task_begin(**self.about, reconstruction_attributes=lambda: self.fitted(run))
