"""Layer: the one abstract interface of everything differentiable; Param and State: what a layer owns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from pellucid.arity import counted
from pellucid.component import CHANGES, Component
from pellucid.errors import ShapeError

if TYPE_CHECKING:
    from pellucid.arena import Arena
    from pellucid.context import Context
    from pellucid.initializer import Initializer
    from pellucid.model import Runtime
    from pellucid.regularizer import Regularizer

Array = Any
"""An array of the backend's own namespace: ``numpy.ndarray`` or ``cupy.ndarray``."""
Shape = tuple[int | None, ...]
"""A shape without the batch axis; None stands for an axis of variable length."""


class Param:
    """A trainable array of a layer. Its memory is a view into the model's arena.

    Attributes:
        name, path: ``weight`` and, inside a model, ``layers.0.weight``.
        shape: its shape.
        decay: whether weight decay applies (weights: yes; biases and norms: no).
        regularizer: a penalty added to the training objective, or None.
        fan_in, fan_out: numbers that the initializer scales by.
    """

    __slots__ = ("_arena", "_data", "_grad", "_trainable", "decay", "fan_in", "fan_out", "init", "name", "path",
                 "regularizer", "shape")  # fmt: skip

    def __init__(
        self, name: str, shape: tuple[int, ...], init: Initializer, decay: bool,
        regularizer: Regularizer | None, fan_in: int | None, fan_out: int | None,
    ) -> None:  # fmt: skip
        self.name = self.path = name
        self.shape = shape
        self.init = init
        self.decay = decay
        self.regularizer = regularizer
        self.fan_in = prod(shape[:-1]) if fan_in is None else fan_in
        self.fan_out = (shape[-1] if shape else 1) if fan_out is None else fan_out
        self._trainable = True
        self._arena: Arena | None = None
        self._data: Array = None
        self._grad: Array = None

    @property
    def trainable(self) -> bool:
        """Whether the optimizer may change it; a frozen parameter keeps its place and its gradient is not used."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        CHANGES.count += 1

    @property
    def data(self) -> Array:
        """The values, a view into the arena. Assigning copies in place."""
        if self._data is None:
            raise ShapeError(
                f"Parameter '{self.path}' has no values yet: its layer is not part of a built model. "
                "Build the model first: pellucid.build(layer, input_shape=…)."
            )
        return self._data

    @data.setter
    def data(self, value: Array) -> None:
        if tuple(value.shape) != self.shape:
            raise ShapeError(
                f"Parameter '{self.path}' holds an array of shape {self.shape}. Received: {tuple(value.shape)}. "
                "Assign an array of the same shape; to change the shape build a new model."
            )
        self.data[...] = value

    @property
    def built(self) -> bool:
        """Whether it has memory, as part of a built model."""
        return self._data is not None

    @property
    def grad(self) -> Array:
        """The gradient, a view into the arena; a backward adds to it: ``self.weight.grad += …``."""
        if self._grad is None:
            if self._arena is None:
                return self.data  # raises: not built
            self._arena.allocate_gradients()
        return self._grad

    @grad.setter
    def grad(self, value: Array) -> None:
        if value is not self.grad:  # `p.grad += g` adds in place, then assigns the same array
            self.grad[...] = value

    def lives_in(self, arena: Arena) -> bool:
        """Whether its memory is part of this arena."""
        return self._arena is arena

    def bind(self, arena: Arena, data: Array) -> None:
        """Take a view into the arena as this parameter's memory (the arena calls this)."""
        self._arena, self._data, self._grad = arena, data, None

    def bind_gradient(self, grad: Array) -> None:
        self._grad = grad

    def __getstate__(self) -> dict[str, Any]:
        """Copied and pickled without its memory: the arena of the copied model binds it anew."""
        return {name: getattr(self, name) for name in self.__slots__ if name not in ("_arena", "_data", "_grad")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._arena = self._data = self._grad = None

    def __repr__(self) -> str:
        return f"Param({self.path!r}, shape={self.shape}, trainable={self.trainable})"


class State:
    """An array that is saved with the model and never trained, such as running statistics.

    It changes only through ``ctx.update``, after the step has been found finite.
    """

    __slots__ = ("data", "fill", "name", "path", "shape")

    def __init__(self, name: str, shape: tuple[int, ...], fill: float) -> None:
        self.name = self.path = name
        self.shape = shape
        self.fill = fill
        self.data: Array = None

    @property
    def built(self) -> bool:
        """Whether it has memory, as part of a built model."""
        return self.data is not None

    def __repr__(self) -> str:
        return f"State({self.path!r}, shape={self.shape})"


class Layer(Component, ABC):
    """A differentiable function with parameters: ``y = f(x; θ)``.

    A layer keeps nothing of a call on ``self``: what ``backward`` needs goes on ``ctx``, so layers are reentrant and
    one layer may stand at several places of a network. Inputs are never written into. Parameter gradients accumulate.
    """

    kind: ClassVar[str] = "layer"
    integer_inputs: tuple[int, ...] = ()
    """Positions of the inputs that hold indices or masks. They keep their integer or boolean type and get no gradient;
    every other input of a model is converted to its floating-point type."""
    made_inputs: tuple[Shape, ...] = ()
    """Shapes of the model's last inputs, which its objective makes from the target or draws itself: a label ``()``,
    a noise level ``()``. An experiment finds the shapes of the inputs before them from the data."""
    default_transforms: Sequence[Any] = ()
    """Names or configurations of transforms that a model wants between the data's own and itself: what it is made to
    work on is a code of the samples, say. Fitted on the training data, like those of the data."""
    default_objective: str | dict[str, Any] | None = None
    """What a model is trained with unless told otherwise: a registered objective or its configuration."""
    transposed_twin: ClassVar[str | None] = None
    """Registered name of the layer that goes this one's way backwards with the same weights, and takes this one as its
    argument ``source``: what ``{ref = "layers.0", transpose = true}`` makes of it. None: it cannot be transposed."""
    runtime: Runtime | None = None
    """Set on the root layer by ``pellucid.build``: backend, dtype, seed, arena, configuration, transforms."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("build", "output_shape"):
            if name in vars(cls):
                setattr(cls, name, counted(vars(cls)[name], cls))

    def build(self, *input_shapes: Any, **never: Any) -> None:
        """Declare parameters and states for these input shapes (without the batch axis). Idempotent. A layer that has
        none need not define it: the shapes are then only tried, by ``output_shape``.

        Authors name the inputs, here and in ``output_shape``, one shape each: ``def build(self, input_shape)``. Another
        number of inputs is then a ShapeError; ``*input_shapes`` takes any. (``**never`` lets a type checker accept any
        names.)
        """
        self.output_shape(*input_shapes)

    @abstractmethod
    def output_shape(self, *input_shapes: Any, **never: Any) -> Any:
        """The shape of the output (a tuple of shapes if there are several), without the batch axis. Pure: no data."""

    @abstractmethod
    def forward(self, ctx: Context, *inputs: Array) -> Any:
        """Compute the output; save on ``ctx`` what ``backward`` needs."""

    @abstractmethod
    def backward(self, ctx: Context, *dy: Array) -> Any:
        """From the gradient at the output, one per output: add to the parameters' ``grad`` and return the gradient at
        each input (None for integers, masks, and where ``ctx.needs_dx[i]`` is False)."""

    def param(
        self, name: str, shape: tuple[int, ...], *, init: str | Initializer = "zeros", decay: bool = False,
        regularizer: Regularizer | None = None, fan_in: int | None = None, fan_out: int | None = None,
    ) -> Param:  # fmt: skip
        """Declare a trainable array; assign the result: ``self.weight = self.param("weight", …)``. Several of them may
        stand in a list or a dictionary, each declared under a name of its own.

        Calling again with the same shape returns the same parameter; another shape is a ShapeError.
        """
        existing = next((param for _, param in self._parts(Param) if param.name == name), None)
        if existing is not None:
            self._same_shape(name, existing.shape, shape)
            return existing
        from pellucid.config import read

        initializer: Initializer = read("initializer", init)
        return Param(name, shape, initializer, decay, regularizer, fan_in, fan_out)

    def state(self, name: str, shape: tuple[int, ...], *, fill: float = 0.0) -> State:
        """Declare an array that is saved but never trained, filled with ``fill``; see :class:`State`."""
        existing = next((state for _, state in self._parts(State) if state.name == name), None)
        if existing is not None:
            self._same_shape(name, existing.shape, shape)
            return existing
        return State(name, shape, fill)

    def _same_shape(self, name: str, built: tuple[int, ...], wanted: tuple[int, ...]) -> None:
        if built != wanted:
            raise ShapeError(
                f"{type(self).__name__} was built with {name} of shape {built} and cannot be built again with "
                f"{wanted}. A layer that is used twice must receive the same number of features both times."
            )

    def children(self) -> Iterator[tuple[str, Layer]]:
        """The sub-layers, found in attributes and in lists, tuples and dictionaries of them, in order of assignment."""
        return self._parts(Layer)

    def _parts(self, kind: type) -> Iterator[tuple[str, Any]]:
        for name, value in self.__dict__.items():
            if isinstance(value, kind):
                yield name, value
            elif isinstance(value, list | tuple):
                yield from ((f"{name}.{i}", item) for i, item in enumerate(value) if isinstance(item, kind))
            elif isinstance(value, dict):
                yield from ((f"{name}.{key}", item) for key, item in value.items() if isinstance(item, kind))

    def walk(self) -> Iterator[tuple[str, Layer]]:
        """This layer and all below it with their paths (``""`` for this one), each once, in tree order."""
        yield from self._walk("", set())

    def _walk(self, path: str, seen: set[int]) -> Iterator[tuple[str, Layer]]:
        if id(self) in seen:
            return
        seen.add(id(self))
        yield path, self
        for name, child in self.children():
            yield from child._walk(f"{path}.{name}" if path else name, seen)

    def _own(self, kind: type) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for path, layer in self.walk():
            for name, value in layer._parts(kind):
                if id(value) not in seen:
                    seen.add(id(value))
                    yield (f"{path}.{name}" if path else name), value

    def named_parameters(self) -> Iterator[tuple[str, Param]]:
        """(path, parameter) in tree order, tied parameters once."""
        return self._own(Param)

    def named_states(self) -> Iterator[tuple[str, State]]:
        """(path, state) in tree order."""
        return self._own(State)

    def parameters(self) -> list[Param]:
        """All parameters in tree order, tied ones once; each has ``.path .data .grad .trainable``."""
        return [param for _, param in self.named_parameters()]

    def states(self) -> list[State]:
        """All states in tree order."""
        return [state for _, state in self.named_states()]

    def predict(self, x: Any, *, batch_size: int = 1024) -> Any:
        """The raw outputs (logits) for ``x`` in evaluation mode, as a NumPy array.

        The model's transforms are applied first. ``x`` is an array with one sample a row, or a tuple of arrays for
        a model of several inputs. Several outputs are returned as a tuple.
        """
        from pellucid.prediction import predict

        return predict(self, x, batch_size=batch_size)

    def __call__(self, *inputs: Any) -> Any:
        """Apply to Variables inside ``Composite.call``, whose tape supplies the context."""
        from pellucid.composite import apply_layer

        return apply_layer(self, inputs)
