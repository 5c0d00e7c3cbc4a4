"""Attention maps: how much of each token every token takes, head by head."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from pellucid import ConfigError, HostArray, Layer, build, replacing, require_runtime, to_config

from pellucid_transformer.layers.attention import MultiHeadAttention
from pellucid_transformer.layers.scaled_dot_product import ScaledDotProductAttention

ATTENTION = (MultiHeadAttention, ScaledDotProductAttention)
MOST_TOKENS = 40
"""Tokens whose names stand on the axes of a picture; of more there are numbers."""
MOST_LETTERS = 14
"""Of a name on an axis."""
PANEL, LETTER = 1.5, 0.075
"""Least width of a head's square, and that of a letter of a name, in inches."""
HEADING = 3.8
"""Inches that the line above the maps takes."""


def attention_maps(model: Layer, x: Any) -> dict[str, HostArray]:
    """Of every attention in a model, the softmax rows of each head for these samples, as a trace has them.

    Args:
        model: built, with attention in it.
        x: what ``predict`` takes: texts, tokens, (tokens, mask).

    Returns:
        The path of each attention -> P (N, H, T, S): ``P[n, h, t, s]`` is how much of token s head h takes at token t;
        rows sum to 1, or to 0 where nothing is seen.

    Raises:
        ConfigError: there is no attention in the model.
    """
    paths = attention_paths(model)
    if not paths:
        raise ConfigError(
            f"This {type(model).__name__} has no attention, so there are no maps of it. Give a model with layers "
            "multi_head_attention or scaled_dot_product_attention."
        )
    trace = any_length(model).trace(x)
    return {path: trace[f"{path}.P" if path else "P"] for path in paths}


def attention_paths(model: Layer) -> dict[str, int]:
    """The path of each attention in a model -> how many heads it has."""
    return {path: getattr(layer, "heads", 1) for path, layer in model.walk() if isinstance(layer, ATTENTION)}


def any_length(model: Layer) -> Layer:
    """The model for sequences of any length: one that was built for windows of a fixed length is built once more, with
    the same numbers."""
    runtime = require_runtime(model)
    shapes = runtime.input_shapes
    if all(shape[:1] in ((None,), ()) for shape in shapes):
        return model
    free = build(
        to_config(model), input_shape=[[None, *shape[1:]] for shape in shapes], dtype=runtime.dtype.name,
        seed=runtime.seed, backend=runtime.ops,
    )  # fmt: skip
    for to, of in zip(free.parameters(), model.parameters(), strict=True):
        to.data[...] = of.data
    for to_state, of_state in zip(free.states(), model.states(), strict=True):
        to_state.data[...] = of_state.data
    copied = require_runtime(free)
    copied.transforms, copied.metadata, copied.classes = runtime.transforms, runtime.metadata, runtime.classes
    return free


def draw_maps(maps: dict[str, HostArray], tokens: Sequence[str], path: Path) -> None:
    """Write a PNG: a row for each attention, a column for each head, tokens on the axes; dark is much.

    Args:
        maps: of one sample: path -> P (H, T, T).
        tokens: T texts.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError(
            'Attention maps are drawn by matplotlib, which is missing: pip install "pellucid[plot]". As numbers: '
            "--output maps.json."
        ) from error
    rows, heads, count = len(maps), max(len(p) for p in maps.values()), len(tokens)
    named = count <= MOST_TOKENS
    names = [token if len(token) <= MOST_LETTERS else token[: MOST_LETTERS - 1] + "…" for token in tokens]
    longest = max(map(len, names)) if named else len(str(count))
    margin = 0.25 + LETTER * longest
    side = max(PANEL, 0.14 * count if named else PANEL * 1.6)
    drawn = heads * (side + 0.12)
    width, height = margin + max(drawn + 0.3, HEADING), rows * (side + 0.12) + margin + 0.6
    figure = Figure(figsize=(width, height), dpi=min(150, 8000 / max(width, height)), facecolor="white")
    FigureCanvasAgg(figure)
    figure.subplots_adjust(
        left=margin / width, right=(margin + drawn) / width, bottom=margin / height, top=1 - 0.6 / height, wspace=0.06,
        hspace=0.06,
    )  # fmt: skip
    step = 1 if named else ceil(count / 8)
    for row, (place, heads_of) in enumerate(maps.items()):
        for head, p in enumerate(heads_of):
            panel = figure.add_subplot(rows, heads, row * heads + head + 1)
            panel.imshow(np.asarray(p, float), cmap="Blues", vmin=0, vmax=1, interpolation="nearest", aspect="equal")
            panel.set_xticks(range(0, count, step), [])
            panel.set_yticks(range(0, count, step), [])
            panel.tick_params(length=0 if named else 2, color="#999999")
            for spine in panel.spines.values():
                spine.set_color("#cccccc")
            shown = [names[i] if named else str(i) for i in range(0, count, step)]
            size = 7 if count > 20 else 8
            if row == rows - 1:
                panel.set_xticks(
                    range(0, count, step), shown, rotation=90 if longest > 2 else 0, fontsize=size, color="#444444"
                )
            if head == 0:
                panel.set_yticks(range(0, count, step), shown, fontsize=size, color="#444444")
            if row == 0:
                panel.set_title(f"head {head}", fontsize=9, color="#444444")
            if head == len(heads_of) - 1:
                panel.set_ylabel(place, fontsize=7, color="#777777", rotation=270, labelpad=9)
                panel.yaxis.set_label_position("right")
    figure.text(
        margin / width, 1 - 0.16 / height, "row: the token that looks; column: of which it takes how much", fontsize=8,
        color="#777777", va="center",
    )  # fmt: skip
    with replacing(path) as file:
        figure.savefig(file, format="png")
