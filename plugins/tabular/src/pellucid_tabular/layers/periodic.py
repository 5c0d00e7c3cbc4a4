"""Periodic and PLR: a number becomes cosines of learned frequencies, and these a few features of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import pi, sqrt
from typing import ClassVar

from pellucid import Array, Context, Equation, Example, Layer, Normal, Param, Shape, Uniform, check_float, check_int

from pellucid_tabular.layers.numbers import each_number

_WEIGHTS = (
    Equation("dW", r"dW_f = c_f^\top de_f", "np.einsum('nfk,nfj->fkj', c, de)"),
    Equation("db", r"db_f = \sum_n de_{nf}", "de.sum(0)"),
)


class _Waves(Layer, ABC):
    """What both have: numbers, frequencies, and a linear layer for each number."""

    capturable = True
    frequency: Param
    phase: Param | None
    weight: Param
    bias: Param
    linked: ClassVar[bool]
    relu: ClassVar[bool]

    def __init__(self, size: int, frequencies: int, sigma: float) -> None:
        check_int(self, "size", size, "[2, inf)" if self.linked else "[1, inf)")
        check_int(self, "frequencies", frequencies, "[1, inf)")
        check_float(self, "sigma", sigma, "[0, inf)")
        self.size = size
        self.frequencies = frequencies
        self.sigma = sigma

    @abstractmethod
    def build(self, input_shape: Shape) -> None: ...

    def _linear(self, numbers: int, waves: int) -> None:
        """The small linear layers, as PyTorch's begin: uniform in ±1/√(their inputs)."""
        outputs, draw = self.size - self.linked, Uniform(1 / sqrt(waves))
        self.weight = self.param("weight", (numbers, waves, outputs), init=draw, decay=True)
        self.bias = self.param("bias", (numbers, outputs), init=draw)

    def output_shape(self, input_shape: Shape) -> Shape:
        return (each_number(self, input_shape) * self.size,)

    def forward(self, ctx: Context, x: Array) -> Array:
        rows, numbers = x.shape
        ctx.x = x
        ctx.waves = ctx.scratch("waves", (numbers, 2, self.frequencies, rows))
        ctx.y = ctx.scratch("y", (rows, numbers * self.size))
        phase = None if self.phase is None else self.phase.data
        ctx.op("tabular/periodic_forward")(
            x, self.frequency.data, phase, self.weight.data, self.bias.data, self.linked, self.relu, ctx.waves, ctx.y
        )
        return ctx.y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        parameters = (self.frequency, self.phase, self.weight, self.bias)
        gradients = [None if p is None or not p.trainable else p.grad for p in parameters]
        dx = ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None
        numbers, waves, outputs = self.weight.shape
        sums = ctx.scratch("sums", (numbers, (waves + 1) * outputs + 2 * self.frequencies), "float64")
        ctx.op("tabular/periodic_backward")(
            dy, ctx.x, self.frequency.data, self.weight.data, ctx.waves, ctx.y, self.linked, self.relu, sums,
            *gradients, dx,
        )  # fmt: skip
        return dx


class Periodic(_Waves):
    """``y_f = [x_f, cos(2π ω_f x_f + φ_f) W_f + b_f]`` for each number x_f: "PBLD" (Holzmüller et al., 2024).

    Each number has frequencies ω, phases φ and a linear layer of its own; the number itself stays beside what comes of
    it. So a function that turns quickly in one column costs no width of the layers above.

    Args:
        size: outputs of each number, itself included; at least 2.
        frequencies: how many cosines each number has.
        sigma: the standard deviation that frequencies begin with, N(0, sigma²), in turns for each unit of x. Phases
            begin uniform in ±π, W and b as in PyTorch's linear layer, uniform in ±1/√frequencies.

    Shapes: x (N, F) -> y (N, F·size), the outputs of a number side by side; ω, φ (F, frequencies); W (F, frequencies,
    size − 1); b (F, size − 1).

    Source: Holzmüller, Grinsztajn & Steinwart, Better by Default, 2024, §3; after Gorishniy et al., 2022.
    """

    equations = (
        Equation("c", r"c_f = \cos(2\pi\omega_f x_f + \varphi_f)", "np.cos(2 * np.pi * omega * x[:, :, None] + phi)"),
        Equation("e", r"e_f = c_f W_f + b_f", "np.einsum('nfk,fkj->nfj', c, W) + b"),
        Equation("y", r"y_f = [x_f, e_f]", "np.concatenate([x[:, :, None], e], 2).reshape(len(x), -1)"),
        Equation("d", r"d = dy \text{, the outputs of each number by themselves}", "dy.reshape(*x.shape, -1)"),
        Equation("de", r"de_f = d_{f,1\ldots}", "d[:, :, 1:]"),
        *_WEIGHTS,
        Equation(
            "da", r"da_f = -\sin(2\pi\omega_f x_f + \varphi_f) \odot de_f W_f^\top",
            "-np.sin(2 * np.pi * omega * x[:, :, None] + phi) * np.einsum('nfj,fkj->nfk', de, W)",
        ),
        Equation("domega", r"d\omega_f = 2\pi \sum_n x_{nf}\, da_{nf}", "2 * np.pi * (x[:, :, None] * da).sum(0)"),
        Equation("dphi", r"d\varphi_f = \sum_n da_{nf}", "da.sum(0)"),
        Equation("dx", r"dx_f = d_{f,0} + 2\pi\, \omega_f \cdot da_f", "d[:, :, 0] + 2 * np.pi * (omega * da).sum(2)"),
    )  # fmt: skip
    symbols: ClassVar = {"omega": "frequency", "phi": "phase", "W": "weight", "b": "bias"}
    examples = (Example({"size": 3, "frequencies": 4, "sigma": 0.3}), Example({}, ((2,),)))
    linked = True
    relu = False

    def __init__(self, size: int = 4, *, frequencies: int = 16, sigma: float = 0.1) -> None:
        super().__init__(size, frequencies, sigma)

    def build(self, input_shape: Shape) -> None:
        numbers = each_number(self, input_shape)
        self.frequency = self.param("frequency", (numbers, self.frequencies), init=Normal(self.sigma))
        self.phase = self.param("phase", (numbers, self.frequencies), init=Uniform(pi))
        self._linear(numbers, self.frequencies)


class PLR(_Waves):
    """``y_f = max(0, [cos 2π ω_f x_f, sin 2π ω_f x_f] W_f + b_f)``: periodic, linear, ReLU (Gorishniy et al., 2022).

    Args:
        size: outputs of each number.
        frequencies: how many of ω each number has; cosine and sine of each are used.
        sigma: the standard deviation that frequencies begin with, N(0, sigma²), in turns for each unit of x; W and b
            begin as in PyTorch's linear layer, uniform in ±1/√(2·frequencies).

    Shapes: x (N, F) -> y (N, F·size), the outputs of a number side by side; ω (F, frequencies); W (F, 2·frequencies,
    size); b (F, size).

    Source: Gorishniy, Rubachev & Babenko, On Embeddings for Numerical Features in Tabular Deep Learning, 2022, §3.3.
    """

    equations = (
        Equation("a", r"a_f = 2\pi\omega_f x_f", "2 * np.pi * omega * x[:, :, None]"),
        Equation("c", r"c_f = [\cos a_f, \sin a_f]", "np.concatenate([np.cos(a), np.sin(a)], 2)"),
        Equation("e", r"e_f = c_f W_f + b_f", "np.einsum('nfk,fkj->nfj', c, W) + b"),
        Equation("y", r"y_f = \max(0, e_f)", "np.maximum(e, 0).reshape(len(x), -1)"),
        Equation("de", r"de_f = dy_f \odot [e_f > 0]", "dy.reshape(e.shape) * (e > 0)"),
        *_WEIGHTS,
        Equation("dc", r"dc_f = de_f W_f^\top", "np.einsum('nfj,fkj->nfk', de, W)"),
        Equation(
            "da", r"da_f = \cos a_f \odot dc_f^{\sin} - \sin a_f \odot dc_f^{\cos}",
            "np.cos(a) * dc[:, :, a.shape[2] :] - np.sin(a) * dc[:, :, : a.shape[2]]",
        ),
        Equation("domega", r"d\omega_f = 2\pi \sum_n x_{nf}\, da_{nf}", "2 * np.pi * (x[:, :, None] * da).sum(0)"),
        Equation("dx", r"dx_f = 2\pi\, \omega_f \cdot da_f", "2 * np.pi * (omega * da).sum(2)"),
    )  # fmt: skip
    symbols: ClassVar = {"omega": "frequency", "W": "weight", "b": "bias"}
    examples = (Example({"size": 3, "frequencies": 4, "sigma": 0.3}), Example({}, ((2,),)))
    linked = False
    relu = True

    def __init__(self, size: int = 8, *, frequencies: int = 16, sigma: float = 0.1) -> None:
        super().__init__(size, frequencies, sigma)

    def build(self, input_shape: Shape) -> None:
        numbers = each_number(self, input_shape)
        self.frequency = self.param("frequency", (numbers, self.frequencies), init=Normal(self.sigma))
        self.phase = None
        self._linear(numbers, 2 * self.frequencies)
