"""Plugins for the tests: real modules with real metadata in a folder, as an installer would leave them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from pellucid.registry.discovery import find_claims
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry

MANIFEST = """
from pellucid import hookimpl

@hookimpl
def pellucid_register(registry):
{body}
"""

SINE = '''
"""A layer for the tests."""
import numpy as np
from pellucid import Layer

class Sine(Layer):
    """``y = sin(omega x)``."""

    def __init__(self, omega: float = 1.0) -> None:
        if omega == 0:
            raise ValueError("omega must not be 0")
        self.omega = omega

    def output_shape(self, *input_shapes):
        return input_shapes[0]

    def forward(self, ctx, *inputs):
        ctx.x = inputs[0]
        return np.sin(self.omega * ctx.x)

    def backward(self, ctx, *dy):
        return dy[0] * self.omega * np.cos(self.omega * ctx.x)
'''
REGISTER_SINE = 'registry.layer("sine", "{module}.layers:Sine", summary="sin(ωx)")'


def install(
    site: Path, vendor: str, register: str = "pass", *, source: str | None = None, group: str = "pellucid.v1",
    distribution: str | None = None, version: str = "1.0", module: str | None = None,
    modules: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Install a plugin into a folder.

    Args:
        register: the body of its ``pellucid_register``; ``{module}`` stands for the name of its package.
        source: the whole manifest module, instead.
        modules: further modules of its package, name -> source.
    """
    module = module or f"plugin_{vendor}"
    package = site / module
    package.mkdir(parents=True, exist_ok=True)
    body = dedent(register).strip().replace("{module}", module)
    manifest = MANIFEST.replace("{body}", "\n".join(f"    {line}" for line in body.splitlines()))
    (package / "__init__.py").write_text(dedent(source) if source is not None else manifest, encoding="utf-8")
    for name, text in (modules or {}).items():
        (package / f"{name}.py").write_text(dedent(text), encoding="utf-8")
    claim(site, vendor, module, group=group, distribution=distribution or f"pellucid-{vendor}", version=version)


def claim(site: Path, vendor: str, module: str, *, group: str, distribution: str, version: str) -> None:
    """Write the metadata of a distribution that claims a vendor."""
    info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    with (info / "entry_points.txt").open("a") as file:
        file.write(f"[{group}]\n{vendor} = {module}\n")


def install_sine(site: Path, vendor: str = "acme") -> None:
    """A plugin with the one layer ``sine``."""
    install(site, vendor, REGISTER_SINE, modules={"layers": SINE})


@contextmanager
def registry_of(site: Path) -> Iterator[Registry]:
    """A registry of the plugins in this folder; their modules are forgotten afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(site))
    try:
        yield Registry(Plugins(lambda: find_claims([str(site)])))
    finally:
        sys.path.remove(str(site))
        for name in set(sys.modules) - before:
            if name.startswith("plugin_"):
                del sys.modules[name]
