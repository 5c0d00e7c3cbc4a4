"""Attention maps as a figure and as parts of a page; models of fixed windows made free for any length.

``python -m plugins.transformer.tests.test_maps FOLDER`` writes the texts of the figures anew, where a change is meant,
and pictures of them into a folder: to look at before they are committed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest

pytest.importorskip("matplotlib")
from pellucid_transformer.generation.maps import any_length, attention_paths, draw_maps
from pellucid_transformer.layers.pictures import map_pictures

from tests.figures import Figures, lines_of, write

APPROVED = Path(__file__).with_name("figures")


def rows(heads: int, tokens: int) -> Any:
    """Softmax rows, of which no two are alike."""
    e = np.exp(3 * np.sin(1.0 + np.arange(heads * tokens * tokens) ** 1.1)).reshape(heads, tokens, tokens)
    return e / e.sum(axis=-1, keepdims=True)


def drawn(heads: tuple[int, ...], tokens: list[str], path: Path) -> None:
    maps = {f"layers.{k}.attention": rows(count, len(tokens)) for k, count in enumerate(heads)}
    draw_maps(maps, tokens, path)


FIGURES: Figures = {
    "maps": lambda path: drawn((2, 1), ["a", "b", "c"], path),
    "maps_of_words": lambda path: drawn((3,), ["the", "fourteen-signs", "fifteen-letters", "end"], path),
    "maps_of_one_head": lambda path: drawn((1,), ["the", "cat", "sat", "."], path),
    "maps_of_21_tokens": lambda path: drawn((2,), ["ab"] * 21, path),
    "maps_of_40_tokens": lambda path: drawn((1,), ["a"] * 40, path),
    "maps_of_41_tokens": lambda path: drawn((2,), ["a long word"] * 41, path),
}


@pytest.mark.parametrize("name", FIGURES)
def test_maps_are_drawn_as_they_were_approved(name: str, tmp_path: Path) -> None:
    approved = (APPROVED / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert lines_of(FIGURES[name], tmp_path) == approved, f"If this is meant: python -m {__name__} /tmp/figures"


@pytest.mark.parametrize(("heads", "more"), [(1, ""), (8, ""), (9, ", the first 8 of 9 heads")])
def test_a_page_shows_the_heads_of_the_first_sequence(heads: int, more: str) -> None:
    p = np.arange(2.0 * heads * 4).reshape(2, heads, 2, 2)
    note, *pictures = map_pictures(SimpleNamespace(pattern="layers.1.{}"), {"layers.1.P": p})
    assert isinstance(note, pl.PageNote) and note.latex.startswith("P_{ts} = ")
    assert note.text.endswith(f"every position (rows) takes, in the first sequence{more}: rows sum to 1.")
    assert [picture.title for picture in pictures] == [f"Head {h}" for h in range(min(heads, 8))]  # type: ignore[union-attr]
    for picture, head in zip(pictures, p[0], strict=False):
        np.testing.assert_array_equal(picture.array, head)  # type: ignore[union-attr]


@pytest.mark.parametrize("trace", [{}, {"P": np.zeros((0, 2, 3, 3))}])
def test_without_rows_there_is_nothing_on_a_page(trace: dict[str, Any]) -> None:
    assert map_pictures(SimpleNamespace(pattern="{}"), trace) == []


def model(length: int | None) -> pl.Layer:
    layers = [
        {"type": "transformer/multi_head_attention", "heads": 2},
        {"type": "batch_norm"},
        {"type": "dense", "units": 3},
    ]
    return pl.build({"type": "sequential", "layers": layers}, input_shape=(length, 4), seed=3, dtype="float64")


def test_a_model_of_windows_takes_any_length_with_the_same_numbers() -> None:
    windows, rng = model(5), np.random.default_rng(0)
    runtime = pl.require_runtime(windows)
    held: Any
    for held in (*windows.parameters(), *windows.states()):
        held.data[...] = rng.uniform(0.5, 1.5, held.shape)
    runtime.classes = runtime.metadata = runtime.transforms = None  # type: ignore[assignment]
    runtime.classes, runtime.metadata, runtime.transforms = ("a", "b", "c"), {"features": ["x"]}, []
    free, x = any_length(windows), rng.normal(size=(2, 5, 4))
    assert free is not windows
    np.testing.assert_array_equal(free.predict(x), windows.predict(x))
    assert free.predict(x[:, :3]).shape == (2, 3, 3)
    copied = pl.require_runtime(free)
    assert (copied.classes, copied.metadata, copied.transforms) == (("a", "b", "c"), {"features": ["x"]}, [])
    assert (copied.dtype.name, copied.seed) == ("float64", 3) and copied.input_shapes == ((None, 4),)
    assert any_length(free) is free


def test_each_attention_has_its_heads() -> None:
    assert attention_paths(model(5)) == {"layers.0": 2}
    alone = pl.build("transformer/scaled_dot_product_attention", heads=2, input_shape=[(3, 4)] * 3, seed=0)
    assert attention_paths(alone) == {"": 2}
    assert attention_paths(pl.build("dense", units=2, input_shape=(3,), seed=0)) == {}


if __name__ == "__main__":
    write(FIGURES, APPROVED, Path(sys.argv[1]))
