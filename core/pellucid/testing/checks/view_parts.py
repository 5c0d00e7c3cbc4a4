"""require_parts, require_controls: what a view gives is made of the known classes, with shapes that belong together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, get_args

import numpy as np

from pellucid.basics.suggest import listed
from pellucid.glassbox.failure import ConformanceError, require
from pellucid.glassbox.page.parts import PageNote, PagePicture, PageTable
from pellucid.glassbox.views.controls import (
    ViewButton,
    ViewChoice,
    ViewControl,
    ViewDrawing,
    ViewPlane,
    ViewSlider,
    ViewSwitch,
    ViewText,
)
from pellucid.glassbox.views.parts import ViewBars, ViewCurves, ViewPart, ViewPictures, ViewPoints, ViewWords

KNOWN = "a part is one of " + listed(part.__name__ for part in get_args(ViewPart))


def require_parts(parts: Any, when: str) -> None:
    """Raise ConformanceError unless these are parts that a page can draw."""
    _hold(isinstance(parts, Sequence) and not isinstance(parts, str), when, "a sequence of parts", type(parts).__name__)
    _hold(len(parts) > 0, when, "at least one part", "none")
    for part in parts:
        check = _PARTS.get(type(part))
        _hold(check is not None, when, KNOWN, type(part).__name__)
        assert check is not None
        check(part, f"{when}: {type(part).__name__} '{getattr(part, 'title', '')}'")


def require_controls(controls: Any) -> None:
    """Raise ConformanceError unless these are controls that a page can draw, each of a name of its own."""
    when = "The controls"
    _hold(isinstance(controls, Sequence) and not isinstance(controls, str), when, "a sequence", type(controls).__name__)
    for control in controls:
        check = _CONTROLS.get(type(control))
        known = "a control is one of " + listed(each.__name__ for each in get_args(ViewControl))
        _hold(check is not None, when, known, type(control).__name__)
        named = isinstance(control.name, str) and control.name.isidentifier()
        _hold(named, when, "a name that is a keyword of show", repr(control.name))
        _hold(isinstance(control.label, str) and control.label, f"The control '{control.name}'", "a label", "none")
        assert check is not None
        check(control, f"The control '{control.name}'")
    names = [control.name for control in controls]
    _hold(len(set(names)) == len(names), when, "names that differ", ", ".join(names))


def _hold(condition: Any, where: str, expected: str, received: Any) -> None:
    require(condition, f"{where} cannot be drawn.", expected=expected, received=received,
            remedy="Give what docs/contracts/view.md lists, in its shapes and ranges.")  # fmt: skip


# -- arrays ----------------------------------------------------------------------------------------------------------


def _numbers(given: Any, where: str, name: str, *shapes: tuple[int | None, ...], unit: bool = False,
             finite: bool = True) -> Any:  # fmt: skip
    """An array of finite numbers, of one of these shapes, in which None is any length."""
    try:
        array = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise ConformanceError(
            f"{where} cannot be drawn.", expected=f"numbers as its '{name}'", received=f"{given!r:.100}",
            remedy="Give an array of numbers.",
        ) from None  # fmt: skip
    fits = any(
        len(shape) == array.ndim and all(n in (None, m) for n, m in zip(shape, array.shape, strict=True))
        for shape in shapes
    )
    wanted = " or ".join(str(tuple("n" if n is None else n for n in shape)).replace("'", "") for shape in shapes)
    _hold(fits, where, f"'{name}' of shape {wanted}", array.shape)
    _hold(not finite or np.isfinite(array).all(), where, f"finite numbers in '{name}'", "NaN or infinity")
    low, high = (array.min(), array.max()) if array.size else (0, 0)
    _hold(not unit or (low >= 0 and high <= 1), where, f"'{name}' from 0 to 1", f"from {low:.4g} to {high:.4g}")
    return array


def _texts(given: Any, where: str, name: str, count: int | None = None) -> None:
    good = isinstance(given, Sequence) and not isinstance(given, str) and all(isinstance(text, str) for text in given)
    _hold(good, where, f"texts as its '{name}'", f"{given!r:.100}")
    _hold(count is None or len(given) == count, where, f"{count} texts as its '{name}'", len(given))


def _classes(of: Any, points: Any, where: str) -> None:
    """Classes of points, whole numbers from 0, and their names."""
    if of.classes is not None:
        kind = np.asarray(of.classes).dtype.kind
        numbers = _numbers(of.classes, where, "classes", (len(points),))
        _hold(kind in "iu" and (not len(numbers) or numbers.min() >= 0), where, "classes as whole numbers from 0", kind)
        if of.labels is not None:
            _texts(of.labels, where, "labels")
            most = int(numbers.max(initial=-1)) + 1
            _hold(len(of.labels) >= most, where, f"at least {most} labels, one for each class", len(of.labels))


def _title(part: Any, where: str) -> None:
    _hold(isinstance(part.title, str), where, "a text as its 'title'", f"{part.title!r:.100}")


# -- parts -----------------------------------------------------------------------------------------------------------


def _note(part: PageNote, where: str) -> None:
    _texts([part.text, part.latex], where, "text and latex")


def _picture(part: PagePicture, where: str) -> None:
    _title(part, where)
    _hold(not isinstance(part.array, str), where, "an array: there is no trace whose quantities have names", part.array)
    _numbers(part.array, where, "array", (None,), (None, None), (None, None, None), (None,) * 4, finite=False)


def _table(part: PageTable, where: str) -> None:
    _title(part, where)
    _texts(part.columns, where, "columns")
    for row in part.rows:
        _hold(len(row) == len(part.columns), where, f"{len(part.columns)} cells in each row", len(row))
        good = all(isinstance(cell, str | int | float | np.number) for cell in row)
        _hold(good, where, "texts and numbers in its cells", f"{row!r:.100}")


def _bars(part: ViewBars, where: str) -> None:
    _title(part, where)
    values = _numbers(part.values, where, "values", (None,))
    _texts(part.labels, where, "labels", len(values))
    good = part.marked is None or (isinstance(part.marked, int) and 0 <= part.marked < len(values))
    _hold(good, where, f"None or a number of a bar, from 0 to {len(values) - 1}, as 'marked'", part.marked)


def _pictures(part: ViewPictures, where: str) -> None:
    _title(part, where)
    images = _numbers(part.images, where, "images", (None, None, None), (None, None, None, 3), unit=True)
    _hold(images.size > 0, where, "at least one picture", images.shape)
    if part.labels is not None:
        _texts(part.labels, where, "labels", len(images))
    good = part.columns is None or (isinstance(part.columns, int) and part.columns > 0)
    _hold(good, where, "None or at least 1 as 'columns'", part.columns)


def _points(part: ViewPoints, where: str) -> None:
    _title(part, where)
    _classes(part, _numbers(part.points, where, "points", (None, 2)), where)


def _curves(part: ViewCurves, where: str) -> None:
    _title(part, where)
    x = _numbers(part.x, where, "x", (None,))
    for name, values in part.curves.items():
        _numbers(values, where, f"curve '{name}'", (len(x),), finite=False)
    _texts([*part.curves, part.x_label, part.y_label], where, "labels")


def _words(part: ViewWords, where: str) -> None:
    _title(part, where)
    _texts(part.words, where, "words")
    count = len(part.words)
    if part.strengths is not None:
        _numbers(part.strengths, where, "strengths", (count,), unit=True)
    if part.links is not None:
        _numbers(part.links, where, "links", (count, count), unit=True)


_PARTS: dict[type, Callable[[Any, str], None]] = {
    PageNote: _note, PagePicture: _picture, PageTable: _table, ViewBars: _bars, ViewPictures: _pictures,
    ViewPoints: _points, ViewCurves: _curves, ViewWords: _words,
}  # fmt: skip


# -- controls --------------------------------------------------------------------------------------------------------


def _slider(control: ViewSlider, where: str) -> None:
    low, high, value = _numbers([control.low, control.high, control.value], where, "low, high and value", (3,))
    _hold(low < high, where, "low < high", f"{low:g} and {high:g}")
    _hold(low <= value <= high, where, f"a value from {low:g} to {high:g}", value)
    if control.step is None:
        return
    _hold(isinstance(control.step, int | float) and control.step > 0, where, "a step above 0, or None", control.step)
    if isinstance(control.step, int):
        whole = all(isinstance(number, int | np.integer) for number in (control.low, control.high, control.value))
        given = (control.low, control.high, control.value)
        _hold(whole, where, "whole numbers as low, high and value, as the step is one", given)


def _choice(control: ViewChoice, where: str) -> None:
    _texts(control.options, where, "options")
    _hold(len(set(control.options)) == len(control.options) > 0, where, "options that differ", control.options)
    _hold(control.value in control.options, where, "one of the options as value", control.value)


def _switch(control: ViewSwitch, where: str) -> None:
    _hold(isinstance(control.value, bool), where, "a bool as value", control.value)


def _text(control: ViewText, where: str) -> None:
    _hold(isinstance(control.most, int) and control.most > 0, where, "at least 1 as 'most'", control.most)
    _hold(isinstance(control.value, str), where, "a text as value", control.value)
    _hold(len(control.value) <= control.most, where, f"a text of at most {control.most} letters", control.value)


def _plane(control: ViewPlane, where: str) -> None:
    low, high = _numbers([control.low, control.high], where, "low and high", (2,))
    _hold(low < high, where, "low < high", f"{low:g} and {high:g}")
    value = _numbers(control.value, where, "value", (2,))
    _hold((value >= low).all() and (value <= high).all(), where, f"a place from {low:g} to {high:g}", control.value)
    if control.points is not None:
        _classes(control, _numbers(control.points, where, "points", (None, 2)), where)


def _drawing(control: ViewDrawing, where: str) -> None:
    good = len(control.shape) == 2 and all(isinstance(n, int) and n > 0 for n in control.shape)
    _hold(good, where, "height and width as its shape", control.shape)


def _button(control: ViewButton, where: str) -> None:
    """There is nothing to it but its name and its label."""


_CONTROLS: dict[type, Callable[[Any, str], None]] = {
    ViewSlider: _slider, ViewChoice: _choice, ViewSwitch: _switch, ViewText: _text, ViewPlane: _plane,
    ViewDrawing: _drawing, ViewButton: _button,
}  # fmt: skip
