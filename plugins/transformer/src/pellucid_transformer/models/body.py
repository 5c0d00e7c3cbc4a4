"""What all architectures here have in common: tokens become vectors, which go through blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any, Literal

from pellucid import ConfigError, Dropout, Layer, Normal, check_bool, check_choice, check_float, check_int, read

from pellucid_transformer.layers.block import TransformerBlock
from pellucid_transformer.layers.embedding import Embedding
from pellucid_transformer.layers.positions import Positions

Places = Literal["learned", "sinusoidal", "rotary"]
ROTARY = 10_000.0
STD = 0.02
"""Standard deviation of the first weights (Radford et al., 2019)."""


def body(
    owner: Callable[..., Layer], vocabulary: int, width: int, layers: int, heads: int, context: int, *,
    hidden: int | None, norm: str | Mapping[str, Any], norm_first: bool, activation: str, positions: Places,
    kv_heads: int | None, dropout: float, use_bias: bool, causal: bool,
) -> list[Layer]:  # fmt: skip
    """``[embedding, (positions), (norm), (dropout), block × layers, (norm)]``, checked in the name of ``owner``.

    Weights start as GPT-2's do: N(0, 0.02²), and what ends in a short cut, of which there are 2 · layers, 1/√(2 layers)
    of that, so that their sum does not grow with the depth. An encoder with norms behind the sums has one behind the
    embedding too, as BERT; where norms stand before, the last block has one behind it.
    """
    for name, value in {"width": width, "layers": layers, "heads": heads, "context": context}.items():
        check_int(owner, name, value, "[1, inf)")
    check_int(owner, "vocabulary", vocabulary, "[1, inf)")
    check_bool(owner, "norm_first", norm_first)
    check_float(owner, "dropout", dropout, "[0, 1)")
    check_choice(owner, "positions", positions, ("learned", "sinusoidal", "rotary"))
    if width % heads:
        raise ConfigError(
            f"{owner.__name__} divides its width evenly between its heads. Received: width={width}, heads={heads}. "
            f"Choose a width that is a multiple of {heads}."
        )
    found: list[Layer] = [Embedding(vocabulary, width, init=Normal(STD))]
    if positions != "rotary":
        found.append(Positions(context, positions, init=Normal(STD)))
    if not (norm_first or causal):
        found.append(read("layer", norm))
    if dropout:
        found.append(Dropout(dropout))
    each: dict[str, Any] = {
        "norm": norm, "norm_first": norm_first, "activation": activation, "causal": causal, "dropout": dropout,
        "rotary": ROTARY if positions == "rotary" else None, "kv_heads": kv_heads, "use_bias": use_bias,
        "init": Normal(STD), "output_init": Normal(STD / sqrt(2 * layers)),
    }  # fmt: skip
    found += [TransformerBlock(heads, hidden, **each) for _ in range(layers)]
    if norm_first:
        found.append(read("layer", norm))
    return found
