"""Autoencoder: a code of few numbers for each sample, and the sample again from its code."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, Literal

from pellucid import (
    ACTIVATIONS,
    Array,
    ConfigError,
    Context,
    Dense,
    Equation,
    Example,
    Flatten,
    HostArray,
    Layer,
    Reshape,
    Sequential,
    Shape,
    ShapeError,
    Transposed,
    as_codes,
    check_bool,
    check_choice,
    check_int,
    check_sizes,
    check_type,
    in_batches,
)


class Autoencoder(Layer):
    """``z = g(x)``, ``y = h(z)``: an encoder to K numbers and a decoder back, both fully connected.

    Trained to give its input again, it keeps in the code what tells samples apart. Without hidden layers it finds the
    subspace of principal component analysis (Bourlard & Kamp, 1988; Baldi & Hornik, 1989); hidden layers let the K
    numbers stand on a curved surface (Hinton & Salakhutdinov, Reducing the Dimensionality of Data with Neural
    Networks, 2006). The code and the output are linear in the layer below.

    Args:
        latent: K, how many numbers a code has.
        hidden: units of the encoder's hidden layers; none makes it linear.
        decoder_hidden: units of the decoder's; None takes the encoder's backwards.
        activation: f of all hidden layers.
        tied: whether the decoder uses the encoder's weights, transposed; its biases are its own.
        outputs: what the outputs are. ``values`` are in the units of the transformed input, and the default loss is
            the mean squared error; ``logits`` are of probabilities, for inputs from 0 to 1, and the default loss is
            binary cross-entropy. ``reconstruct`` gives values either way, ``predict`` what the decoder says.
        corruption: a layer that makes inputs worse in training, such as ``ae/masking_noise``, or None. The target stays
            the clean input.

    Shapes: x (N, …) -> y the same; code (N, K).

    Raises:
        ConfigError: sizes below 1; ``tied`` with ``decoder_hidden`` that are not those of the encoder backwards.
    """

    equations = (
        Equation("z", r"z = g(x) = \bigl(\cdots f(\operatorname{vec}(x)\, W_1 + b_1) \cdots\bigr) W_L + b_L"),
        Equation("y", r"y = h(z), \quad \operatorname{vec}(y) = \bigl(\cdots f(z V_L + c_L) \cdots\bigr) V_1 + c_1"),
        Equation("dx", r"dx = J_g^\top J_h^\top\, dy"),
        Equation("V", r"V_l = W_l^\top \quad\text{if tied}"),
    )
    examples = (
        Example({"latent": 2, "hidden": [4], "activation": "tanh"}),
        Example({"latent": 1, "hidden": []}, ((2, 3),)),
        Example({"latent": 2, "hidden": [4], "activation": "gelu", "tied": True}),
        Example({"latent": 2, "hidden": [3], "decoder_hidden": [], "activation": "silu", "outputs": "logits"}),
        Example({"latent": 2, "hidden": [], "corruption": {"type": "ae/masking_noise"}}),
    )
    capturable = True
    decoder: Sequential

    def __init__(
        self,
        latent: int,
        hidden: Sequence[int] = (256,),
        decoder_hidden: Sequence[int] | None = None,
        activation: str = "relu",
        *,
        tied: bool = False,
        outputs: Literal["values", "logits"] = "values",
        corruption: Layer | None = None,
    ) -> None:
        check_int(self, "latent", latent, "[1, inf)")
        check_sizes(self, "hidden", hidden, "the units of each hidden layer")
        check_choice(self, "activation", activation, ACTIVATIONS)
        check_bool(self, "tied", tied)
        check_choice(self, "outputs", outputs, ("values", "logits"))
        check_type(self, "corruption", corruption, (Layer, type(None)), "a layer or None")
        if decoder_hidden is not None:
            check_sizes(self, "decoder_hidden", decoder_hidden, "the units of each hidden layer")
            if tied:
                self._check_tied(hidden, decoder_hidden)
        self.latent = latent
        self.hidden = hidden
        self.decoder_hidden = decoder_hidden
        self.activation = activation
        self.tied = tied
        self.outputs = outputs
        self.corruption = corruption
        dense = [*(Dense(units, activation) for units in hidden), Dense(latent)]
        before: list[Layer] = [] if corruption is None else [corruption]
        self.encoder = Sequential([*before, Flatten(), *dense])
        loss = "core/mse" if outputs == "values" else "core/binary_cross_entropy"
        self.default_objective = {"type": "ae/reconstruction", "loss": loss}

    def _check_tied(self, hidden: Sequence[int], decoder_hidden: Sequence[int]) -> None:
        expected = list(reversed(hidden))
        if list(decoder_hidden) != expected:
            raise ConfigError(
                f"The 'decoder_hidden' of Autoencoder must be {expected}, the encoder's sizes backwards, where weights "
                f"are tied. Received: {list(decoder_hidden)}. Leave it out, or set tied = false."
            )

    def build(self, shape: Shape) -> None:
        self.output_shape(shape)
        self.encoder.build(shape)
        if "decoder" not in vars(self):
            self.decoder = self._made_decoder(tuple(n for n in shape if n is not None))
        self.decoder.build((self.latent,))

    def _made_decoder(self, shape: tuple[int, ...]) -> Sequential:
        layers: list[Layer]
        if self.tied:
            own = self.encoder.layers[1:]  # the first one flattens, or is a corruption, which may be a dense layer too
            dense = [layer for layer in own if isinstance(layer, Dense)]
            layers = [Transposed(layer, self.activation) for layer in reversed(dense[1:])]
            layers.append(Transposed(dense[0]))
        else:
            hidden = list(reversed(self.hidden)) if self.decoder_hidden is None else self.decoder_hidden
            layers = [*(Dense(units, self.activation) for units in hidden), Dense(prod(shape))]
        return Sequential([*layers, Reshape(shape)])

    def output_shape(self, shape: Shape) -> Shape:
        if self.corruption is not None and self.corruption.output_shape(shape) != shape:
            raise ShapeError(
                f"The 'corruption' of Autoencoder must keep the shape of its input, {shape}. "
                f"{type(self.corruption).__name__} gives {self.corruption.output_shape(shape)}."
            )
        self.encoder.output_shape(shape)  # ShapeError for samples of varying shape
        if "decoder" in vars(self) and self.decoder.layers[-1].arguments()["shape"] != shape:
            raise ShapeError(
                f"This Autoencoder was built for samples of shape {self.decoder.layers[-1].arguments()['shape']}. "
                f"Received: {shape}. Build another one."
            )
        return shape

    def as_calls(self, ctx: Context, x: Any) -> Any:
        """The forward as calls of its layers on Variables, see :func:`pellucid.slopes`."""
        return self.decoder(self.encoder(x))

    def forward(self, ctx: Context, x: Array) -> Array:
        code = self.encoder.forward(ctx.child("encoder", ctx.needs_dx), x)  # (N, K)
        if not ctx.has_child("decoder"):
            wanted = any(ctx.needs_dx) or any(param.trainable for param in self.encoder.parameters())
            ctx.child("decoder", (wanted,))
        return self.decoder.forward(ctx.child("decoder"), code)

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        dcode = self.decoder.backward(ctx.child("decoder"), dy)
        return None if dcode is None else self.encoder.backward(ctx.child("encoder"), dcode)

    # -- for users: NumPy arrays in and out ------------------------------------------------------------------------

    def encode(self, x: Any, *, batch_size: int = 1024) -> HostArray:
        """The codes (N, K) of samples (N, …), to which the model's transforms are applied first."""
        given = x if isinstance(x, tuple) else (x,)
        return in_batches(self, self.encoder.forward, *given, batch_size=batch_size, from_data=True)

    def decode(self, code: Any, *, batch_size: int = 1024) -> HostArray:
        """The samples (N, …) that codes (N, K) stand for, in the units of the data: the model's transforms are undone.

        Raises:
            ShapeError: not K numbers a code. DataError: no numbers. ConfigError: a transform that cannot be undone.
        """
        codes = as_codes(self, code, self.latent)
        return in_batches(self, self._decoded, codes, batch_size=batch_size, into_data=True)

    def reconstruct(self, x: Any, *, batch_size: int = 1024) -> HostArray:
        """``h(g(x))`` (N, …), in the units of the data; of ``logits`` the probabilities."""
        given = x if isinstance(x, tuple) else (x,)
        return in_batches(self, self._reconstructed, *given, batch_size=batch_size, from_data=True, into_data=True)

    def _reconstructed(self, ctx: Context, x: Array) -> Array:
        return self._decoded(ctx.child("decoder"), self.encoder.forward(ctx.child("encoder"), x))

    def _decoded(self, ctx: Context, code: Array) -> Array:
        """``h(z)`` in the units of the transformed input: logits as probabilities."""
        y = self.decoder.forward(ctx, code)
        if self.outputs == "values":
            return y
        values = ctx.scratch("values", y.shape)
        ctx.ops.activation_forward("sigmoid", y, values)
        return values
