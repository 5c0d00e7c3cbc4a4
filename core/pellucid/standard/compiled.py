"""Compiled: a plugin's compiled kernels by the names of its ops; where none were built, the references do the work."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pellucid.basics.errors import PellucidWarning


class Compiled:
    """The kernels of a plugin that is installed without them, too: what its manifest names as
    ``registry.op(…, cython="pellucid_acme.kernels:blur")``. In that package's ``__init__.py`` ::

        kernels = Compiled(__name__, "Blurs use")
        __getattr__ = kernels.op

    The compiled module is called ``native`` and lies in the package; why it could not be built, in ``build.log`` beside
    it. Where it is not there a PellucidWarning says so, once, and the remedy.

    Args:
        package: the name of the package with the compiled module.
        what: the beginning of the sentence that ends in "the reference implementations".

    Errors: ImportError where the kernels were built for another version of pellucid's kernel interface.
    """

    def __init__(self, package: str, what: str) -> None:
        self.distribution = package.partition(".")[0].replace("_", "-")
        self.log = Path(import_module(package).__file__ or "").with_name("build.log")
        self.native = import_module(f"{package}.native") if find_spec(f"{package}.native") is not None else None
        if self.native is None:
            warnings.warn(
                f"{what} the reference implementations, which are many times slower: the compiled kernels of "
                f"{self.distribution} are not there, because {self.why_missing()}. When that is remedied, reinstall it "
                "from where it came, with pip install --force-reinstall --no-cache-dir --no-deps: pip's cache keeps "
                "the one without.",
                PellucidWarning, stacklevel=3,
            )  # fmt: skip

    def op(self, name: str) -> Any:
        """A kernel by the name of its op; where none was built, what leaves its work to the reference."""
        if name.startswith("_"):
            raise AttributeError(name)
        return _left_to_the_reference if self.native is None else getattr(self.native, name)

    def available(self) -> bool:
        """Whether the kernels were built."""
        return self.native is not None

    def why_missing(self) -> str:
        """Why the kernels are not there, as far as the build knows, and the remedy: for ``pellucid doctor``."""
        if not self.log.exists():
            return f"they were not built when {self.distribution} was installed. Install a C compiler"
        last = self.log.read_text(encoding="utf-8").strip().splitlines()[-1]
        return f"building them failed (all of it: {self.log}): {last}"


def _left_to_the_reference(*arguments: Any, **named: Any) -> Any:
    del arguments, named
    return NotImplemented
