"""The models: an encoder for q(z | x), a Gaussian head that samples z, a decoder for p(x | z); labels if wanted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import prod
from typing import Any, Literal

from pellucid import (
    ACTIVATIONS,
    Array,
    Context,
    Equation,
    Example,
    Flatten,
    Layer,
    Shape,
    ShapeError,
    check_choice,
    check_int,
    check_sizes,
)

from pellucid_vae.architectures import Architecture, Widths, decoder_for, encoder_for
from pellucid_vae.gaussian_head import GaussianHead
from pellucid_vae.join_label import JoinLabel

_EQUATIONS = (
    Equation("h", r"h = \mathrm{encoder}(x)"),
    Equation("z", r"z = \mu(h) + \varepsilon \odot e^{s(h)}"),
    Equation("y", r"y = \mathrm{decoder}(z)"),
    Equation("dx", r"dx = J_{\mathrm{encoder}}^\top J_{\mathrm{head}}^\top"
             r" \left(J_{\mathrm{decoder}}^\top dy,\, d\mu,\, ds\right)"),
)  # fmt: skip


class LatentVariableModel(Layer, ABC):
    """What ``vae`` and ``conditional_vae`` have in common: three layers in a row, of which the middle one samples.

    The output y parametrises p(x | z): the objective says how (logits of a Bernoulli, means of a Gaussian).
    """

    equations = _EQUATIONS
    capturable = True
    default_objective = "vae/elbo"
    latent: int
    encoder: Layer | None
    decoder: Layer | None
    join: JoinLabel | None = None
    """What puts the label beside x and z, where there is one."""

    def _configure(
        self, latent: int, hidden: Sequence[int], activation: str, architecture: Architecture, channels: Sequence[int],
        encoder: Layer | None, decoder: Layer | None,
    ) -> None:  # fmt: skip
        """Check and store the arguments."""
        check_int(self, "latent", latent, "[1, inf)")
        check_sizes(self, "hidden", hidden, "the units of each hidden layer")
        check_choice(self, "activation", activation, ACTIVATIONS)
        check_choice(self, "architecture", architecture, ("dense", "convolutional"))
        least = 1 if architecture == "convolutional" else 0
        check_sizes(self, "channels", channels, "the channels of each convolution", least=least)
        self.latent = latent
        self.hidden = hidden
        self.activation = activation
        self.architecture: Architecture = architecture
        self.channels = channels
        self.encoder = encoder
        self.decoder = decoder
        self.recognition: Layer | None = None
        self.head = GaussianHead(latent)
        self.generation: Layer | None = None

    @property
    @abstractmethod
    def conditions(self) -> int:
        """How many features the label adds to x and to z."""

    @abstractmethod
    def _joined(self, ctx: Context, x: Array, label: Array | None) -> Array:
        """x or z with the label, where the model has one."""

    @property
    def _widths(self) -> Widths:
        channels = self.channels if self.architecture == "convolutional" else ()
        return Widths(type(self).__name__, self.hidden, self.activation, channels)

    # -- shapes --------------------------------------------------------------------------------------------------

    def build(self, *input_shapes: Shape) -> None:
        shape = self._sample_shape(input_shapes)
        if self.recognition is None:
            self.recognition = self.encoder or encoder_for(self._widths, shape)
            self.generation = self.decoder or decoder_for(self._widths, shape)
        assert self.generation is not None
        self.recognition.build(self._encoder_input(shape))
        self.head.build(self._features(self.recognition, shape))
        self.generation.build((self.latent + self.conditions,))
        self._check_output(self.generation, shape)

    def output_shape(self, *input_shapes: Shape) -> tuple[Shape, Shape, Shape]:
        shape = self._sample_shape(input_shapes)
        self._features(self.recognition or self.encoder or encoder_for(self._widths, shape), shape)
        self._check_output(self.generation or self.decoder or decoder_for(self._widths, shape), shape)
        return shape, (self.latent,), (self.latent,)

    def _sample_shape(self, input_shapes: tuple[Shape, ...]) -> tuple[int, ...]:
        expected = "x" if not self.integer_inputs else "x and a label of shape ()"
        fits = len(input_shapes) == 1 + len(self.integer_inputs) and all(shape == () for shape in input_shapes[1:])
        if not fits:
            raise ShapeError(
                f"{type(self).__name__} takes {expected}. Received: {len(input_shapes)} input(s) of shapes "
                f"{[tuple(shape) for shape in input_shapes]}. Example: input_shape="
                f"{'(784,)' if not self.integer_inputs else '[(784,), ()]'}."
            )
        known = [n for n in input_shapes[0] if n is not None]
        if len(known) != len(input_shapes[0]):
            raise ShapeError(
                f"{type(self).__name__} needs samples of a fixed shape. Received: {tuple(input_shapes[0])}, with an "
                "axis of variable length. Crop or pad the samples to one size."
            )
        return tuple(known)

    def _encoder_input(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape that the encoder sees: dense ones get x as a row, others as it is; each with the label's features
        along the last axis."""
        if not self.conditions:
            return shape
        if self._flattens:
            shape = (prod(shape),)
        return (*shape[:-1], shape[-1] + self.conditions)

    @property
    def _flattens(self) -> bool:
        return self.encoder is None and self.architecture == "dense"

    def _features(self, encoder: Layer, shape: tuple[int, ...]) -> Shape:
        features: Shape = encoder.output_shape(self._encoder_input(shape))
        if len(features) != 1:
            raise ShapeError(
                f"The encoder of {type(self).__name__} must give a row of features for each sample, of shape (H,). "
                f"Received: {features} for samples of shape {shape}. Put a flatten at its end."
            )
        return features

    def _check_output(self, decoder: Layer, shape: tuple[int, ...]) -> None:
        made = decoder.output_shape((self.latent + self.conditions,))
        if made != shape:
            raise ShapeError(
                f"The decoder of {type(self).__name__} must turn {self.latent + self.conditions} numbers into a sample "
                f"of the shape of x, {shape}. Received: {made}. End it with a dense layer of {prod(shape)} units and "
                f'{{"type": "reshape", "shape": {list(shape)}}}.'
            )

    # -- computation ---------------------------------------------------------------------------------------------

    def as_calls(self, ctx: Context, x: Any, label: Any = None) -> Any:
        """The forward as calls of its layers on Variables, see :func:`pellucid.slopes`."""
        assert self.recognition is not None and self.generation is not None
        seen = x.reshape(len(x), -1) if self.conditions and self._flattens else x
        z, mean, s = self.head(self.recognition(seen if self.join is None else self.join(seen, label)))
        return self.generation(z if self.join is None else self.join(z, label)), mean, s

    def forward(self, ctx: Context, x: Array, label: Array | None = None) -> tuple[Array, Array, Array]:
        z, mean, s = self.encoded(ctx, x, label)
        return self.generate(ctx, z, label), mean, s

    def encoded(self, ctx: Context, x: Array, label: Array | None = None) -> tuple[Array, Array, Array]:
        """A sample z of q(z | x), its mean μ and s = log σ, each (N, latent)."""
        assert self.recognition is not None
        x = self._joined(ctx.child("x", ctx.needs_dx), self._as_encoder_takes(ctx, x), label)
        h = self.recognition.forward(ctx.child("encoder", ctx.needs_dx[:1]), x)
        return self.head.forward(ctx.child("head"), h)

    def generate(self, ctx: Context, z: Array, label: Array | None = None) -> Array:
        """The parameters of p(x | z), (N, …) of the shape of x: logits or means, as the objective reads them.

        Args:
            z: codes (N, latent). label: (N,) for a conditional model, else None.
        """
        assert self.generation is not None
        return self.generation.forward(ctx.child("decoder"), self._joined(ctx.child("z"), z, label))

    def backward(self, ctx: Context, dlogits: Array, dmean: Array, ds: Array) -> Any:
        assert self.recognition is not None and self.generation is not None
        dz = self._parted(ctx.child("z"), self.generation.backward(ctx.child("decoder"), dlogits))
        dh = self.head.backward(ctx.child("head"), dz, dmean, ds)
        dx = self.recognition.backward(ctx.child("encoder"), dh)
        if dx is not None and ctx.needs_dx[0]:
            dx = self._parted(ctx.child("x"), dx).reshape(ctx.shape)
        else:
            dx = None
        return (dx, None) if self.integer_inputs else dx

    def _as_encoder_takes(self, ctx: Context, x: Array) -> Array:
        ctx.shape = x.shape
        if not (self.conditions and self._flattens):
            return x
        return Flatten().forward(ctx.child("flatten"), x)

    def _parted(self, ctx: Context, dy: Array) -> Array:
        """The gradient at x or z without the label's."""
        del ctx
        return dy


class VAE(LatentVariableModel):
    """A variational autoencoder: q(z | x) = N(μ(x), diag e^{2s(x)}) encodes, p(x | z) decodes, p(z) = N(0, I).

    Trained by ``vae/elbo``. ``predict`` gives (y, μ, s); y is decoded from one sample z of q(z | x) for each x.

    Args:
        latent: number of latent units K.
        hidden: units of the encoder's hidden layers; the decoder has the same in reverse.
        activation: of the hidden layers.
        architecture: ``dense``, or ``convolutional``: images (H, W, C) go through convolutions of stride 2, and back
            through transposed ones, with the hidden layers between; needs pellucid-cnn.
        channels: of each convolution; H and W must be multiples of 2 to the power of their number.
        encoder: any layer from x to features (H,), in place of the one above.
        decoder: any layer from z (K,) to the shape of x, in place of the one above.

    Shapes: x (N, …) -> y (N, …) of the shape of x, μ (N, K), s = log σ (N, K).

    Source: Kingma & Welling, Auto-Encoding Variational Bayes, 2014.
    """

    examples = (
        Example({"latent": 2, "hidden": [4], "activation": "tanh"}, ((6,),)),
        Example({"latent": 2, "hidden": [], "encoder": {"type": "core/flatten"}}, ((2, 3, 1),)),
        Example(
            {
                "latent": 3,
                "encoder": {"type": "core/dense", "units": 4, "activation": "softplus"},
                "decoder": {"type": "core/dense", "units": 5},
            },
            ((5,),),
        ),
    )

    def __init__(
        self, latent: int = 20, hidden: Sequence[int] = (500,), activation: str = "relu", *,
        architecture: Literal["dense", "convolutional"] = "dense", channels: Sequence[int] = (32, 64),
        encoder: Layer | None = None, decoder: Layer | None = None,
    ) -> None:  # fmt: skip
        self._configure(latent, hidden, activation, architecture, channels, encoder, decoder)

    @property
    def conditions(self) -> int:
        return 0

    def _joined(self, ctx: Context, x: Array, label: Array | None) -> Array:
        return x


class ConditionalVAE(LatentVariableModel):
    """A variational autoencoder of x given a label: q(z | x, label), p(x | z, label), p(z) = N(0, I).

    The label stands as one-hot features beside x and beside z (``vae/join_label``), so that z is left to say what the
    label does not: the hand, not the digit. The label is the second input; ``vae/elbo`` takes it from the targets.

    Args:
        classes: number of labels.
        latent, hidden, activation, architecture, channels: as of ``vae``.
        encoder: any layer from x with the label along the last axis to features (H,).
        decoder: any layer from z and the label (K + classes,) to the shape of x.

    Shapes: x (N, …), label (N,) of integers -> y (N, …) of the shape of x, μ (N, K), s = log σ (N, K).

    Source: Sohn, Lee & Yan, Learning Structured Output Representation using Deep Conditional Generative Models, 2015.
    """

    examples = (
        Example({"classes": 3, "latent": 2, "hidden": [4], "activation": "tanh"}, ((6,), ("int", 3))),
        Example({"classes": 2, "latent": 2, "hidden": [3], "activation": "silu"}, ((2, 2, 1), ("int", 2))),
    )
    integer_inputs = (1,)
    made_inputs = ((),)
    join: JoinLabel

    def __init__(
        self, classes: int, latent: int = 20, hidden: Sequence[int] = (500,), activation: str = "relu", *,
        architecture: Literal["dense", "convolutional"] = "dense", channels: Sequence[int] = (32, 64),
        encoder: Layer | None = None, decoder: Layer | None = None,
    ) -> None:  # fmt: skip
        check_int(self, "classes", classes, "[1, inf)")
        self.classes = classes
        self._configure(latent, hidden, activation, architecture, channels, encoder, decoder)
        self.join = JoinLabel(classes)

    @property
    def conditions(self) -> int:
        return self.classes

    def _joined(self, ctx: Context, x: Array, label: Array | None) -> Array:
        return self.join.forward(ctx, x, label)

    def _parted(self, ctx: Context, dy: Array) -> Array:
        return self.join.backward(ctx, dy)[0]
