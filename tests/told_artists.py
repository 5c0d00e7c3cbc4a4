"""What is drawn in a panel of a figure as lines of text: lines, bars, dots, pictures; numbers and colours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

LISTED = 8
"""Numbers that are told one by one; of more the first ones, the last and the sum."""


def short(number: Any) -> str:
    return "0" if abs(float(number)) < 1e-12 else f"{float(number):.4g}"


def numbers(values: Any) -> str:
    flat: Any = np.ma.filled(np.ma.asarray(values, float), np.nan).ravel()
    if len(flat) > 1 and np.ptp(flat) <= 1e-9 * abs(flat[0]):
        return f"{len(flat)} of {short(flat[0])}"
    if len(flat) <= LISTED:
        return " ".join(map(short, flat)) or "none"
    total = float(np.nansum(flat))
    total = 0.0 if abs(total) < 1e-9 * np.nansum(np.abs(flat)) else total
    return f"{len(flat)}: {short(flat[0])} {short(flat[1])} … {short(flat[-1])}, sum {short(total)}"


def colour_of(colour: Any) -> str:
    from matplotlib.colors import to_hex, to_rgba

    *_, alpha = to_rgba(colour)
    return "clear" if alpha == 0 else to_hex(colour) + (f" alpha {short(alpha)}" if alpha < 1 else "")


def colours_of(colours: Any) -> str:
    return " ".join(dict.fromkeys(map(colour_of, colours))) or "clear"


def alike(artists: Iterable[Any], style: Callable[[Any], str]) -> Iterable[tuple[str, list[Any]]]:
    """Those of one style together."""
    groups: dict[str, list[Any]] = {}
    for artist in artists:
        groups.setdefault(style(artist), []).append(artist)
    return groups.items()


def face_of(artist: Any) -> Any:
    return artist.get_facecolor()


# -- what is drawn -----------------------------------------------------------------------------------------------------


def line_of(line: Any) -> str:
    words = [f"line {colour_of(line.get_color())} {short(line.get_linewidth())}"]
    begins, dashes = line._unscaled_dash_pattern
    words += [f"dashes {numbers(dashes)}"] if dashes else []
    words += [f"from {short(begins)}"] if begins else []
    words += ["no line"] if line.get_linestyle() == "None" else []
    if line.get_marker() not in ("None", None, ""):
        edge = colour_of(line.get_markeredgecolor())
        words.append(
            f"marker {line.get_marker()} {short(line.get_markersize())} {edge} {short(line.get_markeredgewidth())}"
        )
    words += ["in the panel's height"] if line.get_transform() is not line.axes.transData else []
    label = str(line.get_label())
    name = "" if label.startswith("_") else f" {label!r}"
    words += ["round"] * (line.get_solid_capstyle() == "round")
    words += [] if line.get_alpha() is None else [f"alpha {short(line.get_alpha())}"]
    x, y = numbers(line.get_xdata()), numbers(line.get_ydata())
    return f"{' '.join(words)} z{short(line.get_zorder())}{name}: x {x}, y {y}"


def patches_of(patches: Iterable[Any]) -> list[str]:
    def style(patch: Any) -> str:
        edge, width = colour_of(patch.get_edgecolor()), patch.get_linewidth()
        face = colour_of(face_of(patch)) if patch.get_fill() else "empty"
        return (
            face
            + (f", edge {edge} {short(width)}" if width and edge != "clear" else "")
            + f" z{short(patch.get_zorder())}"
        )

    lines = []
    for key, group in alike(patches, style):
        kinds = {"x": "get_x", "y": "get_y", "width": "get_width", "height": "get_height"}
        said = [f"{name} {numbers([getattr(patch, get)() for patch in group])}" for name, get in kinds.items()]
        lines.append(f"  bars {key}: {', '.join(said)}")
    return lines


def collection_of(each: Any) -> str:
    kind, words = type(each).__name__.replace("FillBetween", ""), list[str]()
    if (array := each.get_array()) is not None and kind != "QuadContourSet":
        order = np.ravel(array) @ np.arange(1, np.size(array) + 1)  # another order has another sum
        words.append(f"{each.get_cmap().name} {_scale(each)} of {numbers(array)}, in order {short(order)}")
    elif kind == "QuadContourSet":
        colour = f"filled {each.get_cmap().name}" if each.filled else colours_of(each.get_edgecolor())
        words.append(f"{colour} levels {numbers(each.levels)}")
    else:
        words.append(f"{colours_of(face_of(each))}, edge {colours_of(each.get_edgecolor())}")
    words.append(f"width {numbers(each.get_linewidth())} z{short(each.get_zorder())}")
    if kind == "PathCollection":
        corners = len(each.get_paths()[0].vertices)
        words.append(f"{'dots' if corners > 8 else f'marks of {corners}'} of size {numbers(each.get_sizes())}")
        x, y = np.ma.asarray(each.get_offsets(), float).T
    elif kind == "QuadMesh":
        x, y = np.moveaxis(each.get_coordinates(), -1, 0)
        x, y = x[0], y[:, 0]
    else:
        x, y = np.concatenate([np.empty((0, 2)), *(path.vertices for path in each.get_paths())]).T
        if kind == "QuadContourSet" and len(x):
            x, y = np.array([x.min(), x.max()]), np.array([y.min(), y.max()])
    return f"{kind} {', '.join(words)}: x {numbers(x)}, y {numbers(y)}"


def _scale(shown: Any) -> str:
    return f"{_norm(shown)}{' to '.join(map(short, shown.get_clim()))}"


def _norm(shown: Any) -> str:
    kind = type(shown.norm).__name__
    power = f" {short(shown.norm.gamma)}" if hasattr(shown.norm, "gamma") else ""
    return "" if kind == "Normalize" else f"{kind}{power} "


def images_of(images: Iterable[Any]) -> list[str]:
    def style(image: Any) -> str:
        values = image.get_array()
        words = [" x ".join(map(str, values.shape))]
        words += [f"{image.get_cmap().name} {_norm(image)}".rstrip()] if values.ndim == 2 else []
        smooth = image.get_interpolation().replace("antialiased", "auto")  # as matplotlib before 3.10 calls it
        return " ".join([*words, smooth, image.origin, f"z{short(image.get_zorder())}"])

    lines = []
    for key, group in alike(images, style):
        values: Any = np.stack(
            [np.ma.filled(np.ma.asarray(image.get_array(), float), np.nan).ravel() for image in group]
        )
        limits = [image.get_clim() for image in group] if group[0].get_array().ndim == 2 else []
        said = [f"{name} {numbers(of) if len(group) == 1 else '; '.join(map(numbers, np.transpose(of)))}"
                for name, of in (("extent", [i.get_extent() for i in group]), ("limits", limits)) if of]  # fmt: skip
        order = values @ np.arange(1, values.shape[1] + 1)  # another order has another sum
        said += [f"of {numbers(values)}"] + [f"in order {numbers(order)}"] * (values.size > LISTED)
        lines.append(f"  image {key}, {', '.join(said)}")
    return lines
