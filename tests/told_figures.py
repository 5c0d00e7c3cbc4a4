"""A figure of matplotlib as lines of text, so that one can approve it and compare it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tests.told_artists import (
    LISTED,
    alike,
    collection_of,
    colour_of,
    colours_of,
    face_of,
    images_of,
    line_of,
    numbers,
    patches_of,
    short,
)


def told(figure: Any) -> list[str]:
    """Size, texts, legends, and of each panel its place, axes and what is drawn in it. Places in a figure are inches
    from its upper left; numbers have four digits."""
    width, height = figure.get_size_inches()
    layout = figure.get_layout_engine()
    lines = [f"{short(width)} x {short(height)} inches, {short(figure.dpi)} dpi, {colour_of(figure.get_facecolor())}"
             + (f", {type(layout).__name__}" if layout else "")]  # fmt: skip
    lines += _texts(figure.texts, lambda text: (text.get_position()[0] * width, (1 - text.get_position()[1]) * height))
    lines += [_legend(legend) for legend in figure.legends]
    before: list[str] = []
    for axes in figure.axes:
        box = axes.get_position()
        place = (box.x0 * width, (1 - box.y1) * height, box.width * width, box.height * height)
        lines += ["", f"panel {'{} {}, {} x {}'.format(*map(short, place))}{_titles(axes)}"]
        style = _ticks(axes) + _frame(axes) if axes.axison else []
        lines += _axis_lines(axes) + (style if style != before else ["  ticks and frame as before"] if style else [])
        before = style
        if not hasattr(axes, "_colorbar"):  # what it shows is that of a picture
            lines += _content(axes)
    return lines


# -- texts and legends -------------------------------------------------------------------------------------------------


def _style(text: Any) -> str:
    words = [short(text.get_fontsize()), colour_of(text.get_color())]
    words += [str(text.get_weight())] * (text.get_weight() != "normal")
    words += ["monospace"] * (text.get_family() == ["monospace"])
    words += [f"turned {short(text.get_rotation())}"] * bool(text.get_rotation())
    words += [] if text._linespacing in (1.2, "normal") else [f"apart {short(text._linespacing)}"]
    return " ".join(words + ["no math"] * (not text.get_parse_math()))


def _texts(texts: Iterable[Any], place: Callable[[Any], tuple[float, float]], indent: str = "") -> list[str]:
    def style(text: Any) -> str:
        return f"{_style(text)}, {text.get_ha()} {text.get_va()}{_coordinates(text)}"

    lines = []
    for key, group in alike(texts, style):
        if len(group) > 2 * LISTED:
            x, y = zip(*map(place, group), strict=True)
            said = f"{len(group)}: {group[0].get_text()!r} … {group[-1].get_text()!r}, x {numbers(x)}, y {numbers(y)}"
        else:
            said = ", ".join("{} {} {!r}".format(*map(short, place(text)), text.get_text()) for text in group)
        lines.append(f"{indent}text {key}: {said}")
    return lines


def _coordinates(text: Any) -> str:
    if text.axes is None:
        return ""
    if hasattr(text, "xyann"):
        return f", {numbers(text.xyann)} {text.anncoords} away"
    return "" if text.get_transform() is text.axes.transData else ", of the panel"


def _legend(legend: Any) -> str:
    box = legend._bbox_to_anchor
    anchor = "" if box is None else f", at {numbers(np.array(legend.get_bbox_to_anchor().bounds) / legend.figure.dpi)}"
    names = [f"{text.get_text()!r} {_handle(handle)}" for text, handle in
             zip(legend.get_texts(), legend.legend_handles, strict=True)]  # fmt: skip
    frame = legend.get_frame()
    edge = (
        f", frame {colour_of(frame.get_facecolor())} {colour_of(frame.get_edgecolor())}" if frame.get_visible() else ""
    )
    sizes = " ".join(short(getattr(legend, name)) for name in
                     ("handlelength", "handletextpad", "borderpad", "columnspacing", "markerscale"))  # fmt: skip
    return (f"legend {legend._get_loc()}, {legend._ncols} columns{anchor}{edge}, sizes {sizes}, "
            f"{_style(legend.get_texts()[0])}: {', '.join(names)}")  # fmt: skip


def _handle(handle: Any) -> str:
    return colour_of(handle.get_color()) if hasattr(handle, "get_color") else colours_of(np.atleast_2d(face_of(handle)))


# -- panels ------------------------------------------------------------------------------------------------------------


def _titles(axes: Any) -> str:
    said = "" if axes.get_aspect() == "auto" else f", aspect {axes.get_aspect()} {axes.get_adjustable()}"
    for where, title in (("left", axes._left_title), ("center", axes.title), ("right", axes._right_title)):
        if title.get_text():
            up = axes.titleOffsetTrans.to_values()[5] * 72 / axes.figure.dpi  # in points; 6 is usual
            said += f", {title.get_text()!r} {where} {_style(title)}{'' if round(up) == 6 else f' {short(up)} above'}"
    return said


def _axis_lines(axes: Any) -> list[str]:
    if not axes.axison:
        return [f"  bare: {numbers(axes.get_xlim())}, {numbers(axes.get_ylim())}"]
    return [f"  {name} {_axis(axis)}" for name, axis in (("x", axes.xaxis), ("y", axes.yaxis))]


def _content(axes: Any) -> list[str]:
    lines = [f"  {line_of(line)}" for line in axes.lines] + patches_of(axes.patches)
    lines += [f"  {collection_of(each)}" for each in axes.collections] + images_of(axes.images)
    lines += _texts(axes.texts, lambda text: text.xy if hasattr(text, "xyann") else text.get_position(), "  ")
    return lines + ([f"  {_legend(axes.get_legend())}"] if axes.get_legend() else [])


def _axis(axis: Any) -> str:
    from matplotlib.ticker import FixedFormatter, FuncFormatter, NullFormatter

    words = [" … ".join(map(short, axis.get_view_interval()))]
    if axis.get_scale() != "linear" and not hasattr(axis.axes, "_colorbar"):
        words.append(axis.get_scale() + (f" from {short(t)}" if (t := getattr(axis._scale, "linthresh", None)) else ""))
    if axis.label.get_text():
        at = axis.get_label_position()
        words.append(f"{axis.label.get_text()!r} {_style(axis.label)} {at if at in ('top', 'right') else ''}".rstrip())
        words += [f"{short(axis.labelpad)} away"] * (axis.labelpad != 4)
    locator, formatter = axis.get_major_locator(), axis.get_major_formatter()
    fixed, minor = _fixed(locator), _fixed(axis.get_minor_locator())
    if type(locator).__name__ == "NullLocator" or (fixed is not None and not len(fixed)):
        return ", ".join([*words, "no ticks"])
    if fixed is not None:
        words.append(f"ticks {numbers(fixed)}")
        labels = axis.get_majorticklabels()
        shown = [label.get_text() for label in labels]
        if isinstance(formatter, (FixedFormatter, FuncFormatter, NullFormatter)):
            some = shown if len(shown) <= 2 * LISTED else [*shown[:3], "…", *shown[-2:]]
            words.append(f"{' '.join(map(repr, some)) if any(shown) else 'without words'} {_style(labels[0])}")
    else:
        words += _located(locator, formatter)
        words += ["without words"] * isinstance(formatter, (FixedFormatter, NullFormatter))
    return ", ".join(words + ([] if minor is None else [f"minor ticks {numbers(minor)}"]))


def _fixed(locator: Any) -> Any:
    """The ticks that were set by hand."""
    return locator.locs if type(locator).__name__ == "FixedLocator" else None


def _located(locator: Any, formatter: Any) -> list[str]:
    """Where matplotlib chooses the ticks, what it was asked for."""
    names = {"_nbins": "at most", "_integer": "whole", "_min_n_ticks": "at least", "minticks": "at least",
             "maxticks": "at most"}  # fmt: skip
    said = []
    for name, word in names.items() if type(locator).__name__ != "AutoLocator" else ():
        if hasattr(locator, name):
            value = getattr(locator, name)
            said.append(f"{word} {' '.join(map(str, set(value.values()))) if isinstance(value, dict) else value}")
    powers = getattr(formatter, "_powerlimits", None)
    said += [f"powers {numbers(powers)}"] * (powers is not None and tuple(powers) != (-5, 6))
    said += [type(formatter).__name__] * ("Date" in type(formatter).__name__)
    return [f"{type(locator).__name__} {' '.join(said)}"] if said else []


def _ticks(axes: Any) -> list[str]:
    sides = {"bottom", "left", "top", "right", "labelbottom", "labelleft", "labeltop", "labelright"}
    lines = list[str]()
    for kind, which in (("", "major"), ("minor ", "minor")):
        both = []
        for axis in (axes.xaxis, axes.yaxis):
            given = axis.get_tick_params(which=which)
            grid = [colour_of(given.pop("grid_color", "none")), short(given.pop("grid_linewidth", 0))]
            side = axis.get_ticks_position()
            words = [side] * (which == "major" and side not in ("bottom", "left"))
            words += [f"{name}={given[name]}" for name in sorted({*given} - sides - {"gridOn"})]
            both.append(", ".join(words + [f"grid {' '.join(grid)}"] * bool(given.get("gridOn"))))
        x, y = both
        lines += [f"  {kind}{name}: {said}" for name, said in
                  ([("ticks", x)] if x == y else [("ticks of x", x), ("ticks of y", y)]) if said]  # fmt: skip
    return lines


def _frame(axes: Any) -> list[str]:
    if not axes.get_frame_on():
        return ["  no frame"]
    seen = {side: colour_of(spine.get_edgecolor()) for side, spine in axes.spines.items() if spine.get_visible()}
    sides = [f"{' '.join(group)} {colour}" for colour, group in alike(seen, seen.__getitem__)] or ["none"]
    return [f"  frame: {', '.join(sides)}{', grid below' * (axes.get_axisbelow() is True)}"]
