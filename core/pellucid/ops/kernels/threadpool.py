"""threadpoolctl sees and limits our threads: ``threadpool_info()`` lists them, ``threadpool_limits(1)`` holds.

threadpoolctl takes controllers by ``register``, and is a dependency of scikit-learn, not of pellucid. So it is not
imported here: if it has been already, the controller is registered at once, and otherwise just after its import, for
which a finder waits on ``sys.meta_path``, which takes itself off then: who only asks whether threadpoolctl is installed
(``importlib.util.find_spec``) does not use it up.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

TARGET = "threadpoolctl"


def announce() -> None:
    """Register the controller with threadpoolctl, now or when it is imported."""
    module = sys.modules.get(TARGET)
    if module is not None:
        register(module)
    elif not any(isinstance(finder, _Waiting) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Waiting())


def register(threadpoolctl: Any) -> None:
    """Tell threadpoolctl (the module) how to ask and set the number of our threads."""

    class PellucidController(threadpoolctl.LibController):  # type: ignore[misc]
        """threadpoolctl finds the compiled module by its file's name and these symbols in it."""

        user_api = "pellucid"
        internal_api = "pellucid"
        filename_prefixes = ("native.",)
        check_symbols = ("pellucid_get_num_threads", "pellucid_set_num_threads")
        dynlib: ctypes.CDLL

        def get_num_threads(self) -> int:
            return int(self.dynlib.pellucid_get_num_threads())

        def set_num_threads(self, num_threads: int) -> None:
            self.dynlib.pellucid_set_num_threads(num_threads)

        def get_version(self) -> None:
            return None

    threadpoolctl.register(PellucidController)


class _Waiting:
    """Finds nothing itself; wraps the loader of threadpoolctl so that it registers us at the end."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != TARGET:
            return None
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, found), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _Registering(spec.loader)  # type: ignore[assignment]
        return spec


class _Registering:
    """Everything is the other loader's; the registration comes after it."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        register(module)
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Waiting)]
