"""Values of a view's controls as a page gives them: each of its type, within its bounds; and controls as data."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from pellucid import (
    ConfigError,
    HostArray,
    ViewButton,
    ViewChoice,
    ViewControl,
    ViewDrawing,
    ViewPlane,
    ViewSlider,
    ViewSwitch,
    ViewText,
    listed,
)

from pellucid_studio.arrays import packed

MOST_PRESSED = 1_000_000


def values_of(controls: Sequence[ViewControl], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of all controls by their names: those that were given, clipped to their bounds, and of the others
    where they stand at first.

    Raises:
        ConfigError: a value of another type, or of no control.
    """
    known = {control.name for control in controls}
    for name in given:
        if name not in known:
            raise ConfigError(f"This view has no control {name!r:.40}. It has: {listed(known)}.")
    return {control.name: _value(control, given.get(control.name)) for control in controls}


def _value(control: ViewControl, given: Any) -> Any:
    match control:
        case ViewSlider():
            number = _number(control.name, control.value if given is None else given)
            number = min(max(number, float(control.low)), float(control.high))
            return round(number) if isinstance(control.step, int) else number
        case ViewChoice():
            word = control.value if given is None else given
            if word not in control.options:
                raise _wrong(control.name, f"one of {listed(control.options)}", given)
            return word
        case ViewSwitch():
            if not isinstance(given, bool | None):
                raise _wrong(control.name, "true or false", given)
            return control.value if given is None else given
        case ViewText():
            if not isinstance(given, str | None):
                raise _wrong(control.name, "a text", given)
            return (control.value if given is None else given)[: control.most]
        case ViewPlane():
            pair = list(control.value) if given is None else given
            if not isinstance(pair, list) or len(pair) != 2:
                raise _wrong(control.name, "two numbers", given)
            return tuple(min(max(_number(control.name, n), float(control.low)), float(control.high)) for n in pair)
        case ViewDrawing():
            return np.zeros(control.shape, np.float32) if given is None else _ink(control, given)
        case ViewButton():
            number = _number(control.name, 0 if given is None else given)
            return min(max(round(number), 0), MOST_PRESSED)


def _number(name: str, given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise _wrong(name, "a number", given)
    return float(given)


def _ink(control: ViewDrawing, given: Any) -> HostArray:
    """``{"shape", "type": "f4", "data"}`` as the picture that it is."""
    expected = f"ink of {control.shape}, float32 in base64"
    if not isinstance(given, dict) or given.get("shape") != list(control.shape) or given.get("type") != "f4":
        raise _wrong(control.name, expected, given)
    try:
        data = base64.b64decode(given.get("data", ""), validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise _wrong(control.name, expected, given) from None
    if len(data) != 4 * math.prod(control.shape):
        raise _wrong(control.name, expected, given)
    ink = np.frombuffer(data, "<f4").reshape(control.shape)
    return np.clip(np.nan_to_num(ink, nan=0.0), 0.0, 1.0).astype(np.float32)


def _wrong(name: str, expected: str, given: Any) -> ConfigError:
    return ConfigError(f"The control '{name}' takes {expected}. Received: {given!r:.80}.")


def controls_told(controls: Sequence[ViewControl]) -> list[dict[str, Any]]:
    """Controls as a page is told of them: ``{"control": "slider", "name", "label", …}``."""
    return [told("control", control) for control in controls]


def told(key: str, of: Any) -> dict[str, Any]:
    """The fields of a control or a part, with its class in small letters under ``key``; arrays packed."""
    name = type(of).__name__.removeprefix("View").removeprefix("Page").lower()
    return {key: name} | {field.name: _plain(field.name, getattr(of, field.name)) for field in fields(of)}


ARRAYS = {"points", "classes", "images", "array", "x", "values", "strengths", "links"}
"""Fields that are arrays whatever they were given as."""


def _plain(name: str, value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, np.ndarray) or name in ARRAYS:
        return packed(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): packed(each) if name == "curves" else _plain("", each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain("", each) for each in value]
    return str(value)
