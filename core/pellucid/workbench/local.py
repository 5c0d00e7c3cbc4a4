"""Local components: Python files and packages that are used as plugins without being installed.

``acme.py`` is the plugin ``acme``. Either it has the hook ``pellucid_register`` as any plugin, or what it defines is
registered: each public class that is a component, by its name in small letters, ``GatedSine`` as ``acme/gated_sine``;
one that is unfinished, too, and says so when it is built. No component is a class that only others are derived from.

Such a file is a program. It is run only where somebody has asked for it on the command line or from Python.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from pellucid.basics.component import Component
from pellucid.basics.errors import ConfigError
from pellucid.registry import registry as home
from pellucid.registry.discovery import GROUP, Claim, find_claims
from pellucid.registry.manifest import KINDS, Registrar
from pellucid.registry.plugins import CORE, REGISTER, Plugins
from pellucid.registry.registry import Registry

_PREFIX = "pellucid_local_"
"""Before a plugin's name, its module's: a file may be called as a module of Python's."""
ACTIVE: dict[str, Path] = {}
"""The local plugins that are used at present, by their names."""
VERSION = "local"
"""Stands where an installed plugin's version does."""


def local_files(path: Path) -> list[Path]:
    """The plugins of a folder: its Python files and packages whose names do not begin with ``_`` or ``.``; of a file,
    that file.

    Raises:
        ConfigError: there is no such folder or file, or no plugin in it.
    """
    if path.is_file() and path.suffix == ".py":
        return [path.absolute()]
    if not path.is_dir():
        raise ConfigError(f"{path} is neither a folder of plugins nor a Python file. Check the path.")
    found = [file for file in sorted(path.absolute().iterdir()) if file.name[0] not in "._"]
    files = [file / "__init__.py" if file.is_dir() else file for file in found]
    plugins = [file for file in files if file.suffix == ".py" and file.is_file()]
    if not plugins:
        raise ConfigError(f"There is no plugin in {path}: a Python file, or a folder with an __init__.py, for each.")
    return plugins


@contextmanager
def local_plugins(*paths: str | Path) -> Iterator[Registry]:
    """Inside the ``with`` block the plugins in these folders and files are used beside those that are installed::

        with pellucid.local_plugins("my_layers.py"):
            model = pellucid.load("model.safetensors")

    Each file is the plugin of its name. It is run when one of its names is looked up, and may do whatever programs may.

    Raises:
        ConfigError: see :func:`local_files`; or two of them have one name, or one that of an installed plugin.
    """
    files, installed = dict(ACTIVE), {CORE: "pellucid"} | {claim.vendor: claim.distribution for claim in find_claims()}
    for file in (file for path in paths for file in local_files(Path(path))):
        if files.setdefault(_vendor(file), file) != file:
            raise ConfigError(f"{files[_vendor(file)]} and {file} are both the plugin '{_vendor(file)}'. Rename one.")
        if _vendor(file) in installed:
            raise ConfigError(
                f"{file} would be the plugin '{_vendor(file)}', which {installed[_vendor(file)]} is, an installed "
                "package. Rename the file; if it is no plugin, begin its name with _ or keep it elsewhere."
            )
    finder = _Finder(files)
    active = dict(ACTIVE)
    registry = Registry(Plugins(lambda: [*find_claims(), *_claims(files)]))
    sys.meta_path.insert(0, finder)
    with home.LOCK:
        before, home.DEFAULT[:] = home.DEFAULT[:], [registry]
    ACTIVE.update(files)
    try:
        yield registry
    finally:
        ACTIVE.clear()
        ACTIVE.update(active)
        with home.LOCK:
            home.DEFAULT[:] = before
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.startswith(_PREFIX)]:
            del sys.modules[name]


def _vendor(file: Path) -> str:
    return file.parent.name if file.name == "__init__.py" else file.stem


def _claims(files: Iterable[str]) -> list[Claim]:
    return [Claim(vendor, _PREFIX + vendor, GROUP, f"{vendor}.py", VERSION) for vendor in files]


class _Finder:
    """Finds the modules of local plugins, and nothing else."""

    def __init__(self, files: dict[str, Path]) -> None:
        self._files = files

    def find_spec(self, name: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        file = self._files.get(name.removeprefix(_PREFIX)) if name.startswith(_PREFIX) else None
        if file is None:
            return None
        inside = [str(file.parent)] if file.name == "__init__.py" else None
        return spec_from_file_location(name, file, loader=_Loader(name, str(file)), submodule_search_locations=inside)


class _Loader(SourceFileLoader):
    """Runs the file; where it has no hook for registering, gives it one."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        if not hasattr(module, REGISTER):
            from pellucid.registry.hookspecs import hookimpl  # slow: pluggy with it

            @hookimpl
            def pellucid_register(registry: Registrar) -> None:
                for name, component in _components(module).items():
                    summary = inspect.cleandoc(component.__doc__ or "").partition("\n")[0][:500]
                    target = f"{module.__name__}:{component.__qualname__}"
                    getattr(registry, component.kind)(name, target, summary=summary)

            setattr(module, REGISTER, pellucid_register)


def _components(module: ModuleType) -> dict[str, Any]:
    """The components that a module defines itself, by the names that they are registered under."""
    own = {
        name: value for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Component) and value.__module__ == module.__name__
    }  # fmt: skip
    bases = {base for value in own.values() for base in value.__mro__[1:]}
    return {
        re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower(): value
        for name, value in own.items()
        if not name.startswith("_") and value.kind in KINDS and not (inspect.isabstract(value) and value in bases)
    }
