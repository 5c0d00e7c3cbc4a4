"""What pages show of the core's own components besides: they stand below this floor, and know nothing of pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pellucid.basics.component import Component
from pellucid.basics.errors import PellucidError, PluginError
from pellucid.glassbox.page.opened import Opened
from pellucid.glassbox.page.parts import PageNote, PagePart, PageTable
from pellucid.glassbox.record.quantity import Call
from pellucid.standard.layers.dropout import Dropout
from pellucid.standard.layers.normalisation import BatchNorm, LayerNorm

Parts = Callable[[Call, Opened], list[PagePart]]


def _batch_norm(call: Call, trace: Opened) -> list[PagePart]:
    if not call.training:
        return []
    both = [np.asarray(trace[name]).reshape(-1, trace[name].shape[-1]).T for name in _both(call, trace)]
    return [PageTable.before_and_after("feature", *both)] if both else []


def _layer_norm(call: Call, trace: Opened) -> list[PagePart]:
    both = [np.asarray(trace[name]).reshape(-1, trace[name].shape[-1]) for name in _both(call, trace)]
    return [PageTable.before_and_after("row", *both)] if both else []


def _both(call: Call, trace: Opened) -> list[str]:
    """What came in, and what it was before γ and β; nothing where one of them was not kept."""
    names = [call.given.get("x", ""), call.name_of("xhat")]
    return names if all(name in trace for name in names) else []


def _dropout(call: Call, trace: Opened) -> list[PagePart]:
    name = call.name_of("m")
    rate = float(call.component.rate)  # type: ignore[union-attr]
    return [PageNote.kept(trace[name], 1 / (1 - rate))] if name in trace and rate < 1 else []


PARTS: dict[type[Component], Parts] = {BatchNorm: _batch_norm, LayerNorm: _layer_norm, Dropout: _dropout}


def parts_of(call: Call, trace: Opened) -> list[Any]:
    """What a call's component shows, by its own ``page_parts`` or, of the core's own, by the functions above.

    Raises:
        PluginError: its ``page_parts`` failed.
    """
    own = getattr(call.component, "page_parts", None)
    if callable(own):
        try:
            return list(own(call, trace))
        except PellucidError:
            raise
        except Exception as error:
            of = type(call.component).__name__
            raise PluginError(
                f"{of}.page_parts, of '{call.path or 'model'}', failed: {type(error).__name__}: {error}. It has to "
                "return a list of PageNote, PagePicture, PageTable and PageWindow, see docs/plugins/hooks.md."
            ) from error
    found = PARTS.get(type(call.component))  # type: ignore[arg-type]
    return [] if found is None else list(found(call, trace))
