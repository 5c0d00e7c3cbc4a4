"""Variational autoencoders for pellucid: vae and conditional_vae, trained on the evidence lower bound.

The names are imported when they are first used::

    from pellucid_vae import active_units, decode, encode, importance_weighted_bound, reconstruct, sample
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pellucid_vae.bounds import active_units as active_units, importance_weighted_bound as importance_weighted_bound
    from pellucid_vae.inference import decode as decode, encode as encode, reconstruct as reconstruct, sample as sample

_MODULES = {
    "bounds": "active_units importance_weighted_bound",
    "inference": "decode encode reconstruct sample",
}
_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}
__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module 'pellucid_vae' has no attribute {name!r}. It has: {', '.join(__all__)}.")
    return getattr(import_module(f"pellucid_vae.{_HOME[name]}"), name)
