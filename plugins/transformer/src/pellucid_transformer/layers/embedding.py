"""Embedding: each token becomes a row of a learned table."""

from __future__ import annotations

from typing import ClassVar

from pellucid import (
    Array,
    ConfigError,
    Context,
    Equation,
    Example,
    Initializer,
    Layer,
    Normal,
    Param,
    Shape,
    check_int,
    check_type,
    contiguous,
)


class Embedding(Layer):
    """``y_nt = W[token_nt]``: integers become rows of a table, zeros where the token is the padding.

    The table can be used once more on the way out, by ``core/transposed``: tied weights (Press & Wolf, Using the Output
    Embedding to Improve Language Models, 2017).

    Args:
        vocabulary: V, how many tokens there are: 0 … V − 1.
        units: D, numbers of each token.
        padding: the token that stands where there is none; its row is zeros and gets no gradient. None: there is none.
        init: initializer of W or its name; None: N(0, 0.02²).

    Shapes: tokens (N, …) integers -> y (N, …, D); W (V, D).

    Raises:
        DataError: a token that is not one of 0 … V − 1, with its place.
    """

    equations = (
        Equation("there", r"m_{nt} = [\mathrm{token}_{nt} \ne \mathrm{padding}]",
                 "(x != (-1 if padding is None else padding))[..., None]"),
        Equation("y", r"y_{nt} = m_{nt} W_{\mathrm{token}_{nt}}", "there * W[x]"),
        Equation("hot", r"h_{nt,v} = [\mathrm{token}_{nt} = v]", "x.reshape(-1, 1) == np.arange(vocabulary)"),
        Equation("dW", r"dW_v = \sum_{nt} h_{nt,v}\, m_{nt}\, dy_{nt}",
                 "hot.T.astype(dy.dtype) @ (there * dy).reshape(-1, units)"),
    )  # fmt: skip
    symbols: ClassVar = {"W": "weight"}
    examples = (
        Example({"vocabulary": 5, "units": 3}, (("int", 5, 4),)),
        Example({"vocabulary": 4, "units": 2, "padding": 0}, (("int", 4, 3),)),
        Example({"vocabulary": 6, "units": 4}, (("int", 6, None),)),
    )
    capturable = True
    each_position = True
    integer_inputs = (0,)
    transposed_twin = "core/transposed"
    weight: Param

    def __init__(
        self, vocabulary: int, units: int, *, padding: int | None = None, init: str | Initializer | None = None
    ) -> None:
        check_int(self, "vocabulary", vocabulary, "[1, inf)")
        check_int(self, "units", units, "[1, inf)")
        check_type(self, "init", init, (str, Initializer, type(None)), "an initializer, its name, or None")
        if padding is not None:
            check_int(self, "padding", padding, "[0, inf)")
            if padding >= vocabulary:
                raise ConfigError(
                    f"The 'padding' of Embedding must be one of its tokens, 0 … {vocabulary - 1}. Received: {padding}."
                )
        self.vocabulary = vocabulary
        self.units = units
        self.padding = padding
        self.init = init

    def build(self, tokens: Shape) -> None:
        self.weight = self.param("weight", (self.vocabulary, self.units), init=self.init or Normal(0.02), decay=True)

    def output_shape(self, tokens: Shape) -> Shape:
        return (*tokens, self.units)

    def forward(self, ctx: Context, tokens: Array) -> Array:
        ctx.tokens = contiguous(ctx, tokens, "tokens")
        y = ctx.scratch("y", (*tokens.shape, self.units))
        ctx.op("transformer/embedding_forward")(ctx.tokens, self.weight.data, self._padding, y)
        return y

    def backward(self, ctx: Context, dy: Array) -> None:
        if self.weight.trainable:
            starts = ctx.scratch("starts", (self.vocabulary + 1,), "int64")
            order = ctx.scratch("order", (ctx.tokens.size,), "int64")
            ctx.op("transformer/embedding_backward")(
                contiguous(ctx, dy, "dy"), ctx.tokens, self._padding, starts, order, self.weight.grad
            )

    @property
    def _padding(self) -> int:
        return -1 if self.padding is None else self.padding
