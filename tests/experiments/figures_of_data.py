"""What test_every_figure draws of data sets: images, points, curves, tables and texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pellucid.workbench.data_pictures.columns import draw_columns
from pellucid.workbench.data_pictures.images import draw_images
from pellucid.workbench.data_pictures.points import draw_curve, draw_points
from pellucid.workbench.data_pictures.sheet import Shown
from pellucid.workbench.data_pictures.texts import draw_texts

from tests.figures import Figures


def wave(*shape: int) -> Any:
    """Numbers between 0 and 1 of which no two are alike."""
    return 0.5 + 0.5 * np.sin(1.0 + np.arange(np.prod(shape)) ** 1.1).reshape(shape)


def shown(
    x: Any, y: Any = None, labels: Any = None, classes: Any = (), counts: Any = None, features: Any = (), more: int = 0
) -> Shown:
    labels = None if labels is None else np.asarray(labels)
    return Shown("name", "the facts", np.asarray(x), y, labels, classes, counts, features, len(x) + more)


# -- images ------------------------------------------------------------------------------------------------------------


def _classes_of_images(path: Path) -> None:
    classes, counts = ("cat", "none", "a rather long name of a class"), np.array([1_400, 0, 1])
    draw_images(shown(wave(15, 28, 14), None, [0] * 14 + [2], classes, counts, more=1386), path)


def _many_classes_of_images(path: Path) -> None:
    classes = [f"k{k}" for k in range(17)]
    draw_images(shown(wave(130, 3, 3), None, np.arange(130) % 17, classes), path)


# -- points and curves -------------------------------------------------------------------------------------------------


def _points(count: int, path: Path, **more: Any) -> None:
    draw_points(shown(wave(count, 2), features=("u", "$v_1$"), **more), path)


def _curve(count: int, path: Path, **more: Any) -> None:
    draw_curve(shown(wave(count, 1), features=("x0",), **more), path)


# -- tables ------------------------------------------------------------------------------------------------------------


def _pairs(path: Path) -> None:
    x, labels = wave(6, 3) * [1, 10, 100], [0, 1, 0, 1, 0, 1]
    draw_columns(shown(x, None, labels, ("no", "yes"), features=("a", "b", "$c$")), [], path)


def _table(path: Path) -> None:
    x = wave(30, 5) * [1, 1, 1, 1, 20_000]
    x[:, 1] = np.nan
    x[::3, 2] = np.nan
    features = ("plain", "empty", "a name of a column that is too long", "colour", "day")
    told: list[dict[str, Any]] = [
        {"name": "plain", "kind": "number", "missing": 1_234}, {"name": features[2], "kind": "number", "missing": 0},
        {"name": "colour", "kind": "category", "different": 1_200,
         "counts": {"a long name of red": 9, "blue": 5, **{f"c{k}": 1 for k in range(7)}}},
        {"name": "day", "kind": "date"}, {"name": "another", "kind": "left_out"},
    ]  # fmt: skip
    draw_columns(shown(x, None, np.arange(30) % 2, ("no", "yes"), features=features), told, path)


def _wide_table(path: Path) -> None:
    features = [f"x{k}" for k in range(6)]
    draw_columns(shown(wave(20, 6), None, None, features=features), [{"name": "x1", "kind": "left_out"}], path)


def _two_categories(path: Path) -> None:
    told = [{"name": "a", "counts": {"one": 2, "two": 1}}, {"name": "b", "counts": {"yes": 3}}]
    draw_columns(shown(np.zeros((3, 2)), features=("a", "b")), told, path)


# -- texts -------------------------------------------------------------------------------------------------------------


def _listed(path: Path) -> None:
    texts = ["tab\tand\nline \x00", " ", "x" * 93, "y" * 92, *(f"text {k}" for k in range(11))]
    x = np.zeros((len(texts), 4), int)
    draw_texts(shown(x, None, np.arange(len(texts)) % 3, ("no", "yes")), texts, [*range(1, 15), 1], running=False,
               path=path)  # fmt: skip


def _plain(path: Path) -> None:
    draw_texts(shown(np.zeros((2, 3), int)), ["one", "two"], [3, 3], running=False, path=path)


def _running(path: Path) -> None:
    texts = [f"line {k}\n\nthat is followed by one that is too long for a column of text{' and goes on' * 3}\n"
             for k in range(30)]  # fmt: skip
    draw_texts(shown(np.zeros((30, 3), int)), texts, [5] * 30, running=True, path=path)


FIGURES: Figures = {
    "data_images": lambda path: draw_images(shown(wave(101, 4, 4)), path),
    "data_images_few": lambda path: draw_images(shown(wave(12, 16, 10)), path),
    "data_images_in_colours": lambda path: draw_images(shown(wave(11, 6, 5, 3)), path),
    "data_images_of_classes": _classes_of_images,
    "data_images_of_many": _many_classes_of_images,
    "data_points": lambda path: _points(100, path, more=1900),
    "data_points_of_classes": lambda path: _points(2000, path, labels=np.arange(2000) % 3 * 2, classes=tuple("abcde")),
    "data_points_of_many": lambda path: _points(26, path, labels=np.arange(26) % 13, classes=tuple("abcdefghijklm")),
    "data_points_with_values": lambda path: _points(10, path, y=wave(10, 2)),
    "data_curve": lambda path: _curve(200, path, y=wave(200), classes=("height",)),
    "data_curves": lambda path: _curve(10, path, y=wave(10, 7)),
    "data_curve_of_classes": lambda path: _curve(20, path, labels=np.arange(20) % 2, classes=("no", "yes")),
    "data_curve_alone": lambda path: _curve(10, path),
    "data_pairs": _pairs,
    "data_table": _table,
    "data_wide_table": _wide_table,
    "data_categories": _two_categories,
    "data_texts": _listed,
    "data_texts_alike": _plain,
    "data_running_text": _running,
}
