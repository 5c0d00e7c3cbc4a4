"""Layer: the one abstract interface of everything differentiable; and the check of how many inputs it is given."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import wraps
from typing import Any, ClassVar

from pellucid.autodiff.primitive import newest_tape
from pellucid.basics.arrays import UNBOUNDED, Array, Interval, Shape
from pellucid.basics.component import Component, parts_in
from pellucid.basics.errors import ConfigError, DifferentiationError, ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.initializer import Initializer
from pellucid.interfaces.parameters import Param, State
from pellucid.interfaces.regularizer import Regularizer
from pellucid.interfaces.runtime import Runtime
from pellucid.registry.config import read


class Layer(Component, ABC):
    """A differentiable function with parameters: ``y = f(x; θ)``.

    A layer keeps nothing of a call on ``self``: what ``backward`` needs goes on ``ctx``, so layers are reentrant and
    one layer may stand at several places of a network. Inputs are never written into. Parameter gradients accumulate.
    """

    kind: ClassVar[str] = "layer"
    integer_inputs: tuple[int, ...] = ()
    """Positions of the inputs that hold indices or masks. They keep their integer or boolean type and get no gradient;
    every other input of a model is converted to its floating-point type."""
    takes_mask: ClassVar[bool] = False
    """Whether the inputs after the first are truth values about the steps of a sequence, a mask (T,) say: ``stack``
    then gives it those that it was given itself."""
    output_names: tuple[str, ...] = ()
    """Names of the outputs, if there are several: losses, targets and metrics by name are matched by them. Without them
    the order in which losses are named is that of the outputs."""
    made_inputs: tuple[Shape, ...] = ()
    """Shapes of the model's last inputs, which its objective makes from the target or draws itself: a label ``()``,
    a noise level ``()``. An experiment finds the shapes of the inputs before them from the data."""
    default_transforms: Sequence[Any] = ()
    """Names or configurations of transforms that a model wants between the data's own and itself: what it is made to
    work on is a code of the samples, say. Fitted on the training data, like those of the data."""
    default_objective: str | dict[str, Any] | None = None
    """What a model is trained with unless told otherwise: a registered objective or its configuration."""
    trained_by: ClassVar[str | None] = None
    """``"module:Class"``, a subclass of ``Trainer`` that trains a model of this root layer in a way of its own, where
    :func:`pellucid.trainer_for` is asked for one. None: a plain Trainer."""
    transposed_twin: ClassVar[str | None] = None
    """Registered name of the layer that goes this one's way backwards with the same weights, and takes this one as its
    argument ``source``: what ``{ref = "layers.0", transpose = true}`` makes of it. None: it cannot be transposed."""
    runtime: Runtime | None = None
    """Set on the root layer by ``pellucid.build``: backend, dtype, seed, arena, configuration, transforms."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("build", "output_shape"):
            if name in vars(cls) or not hasattr(getattr(cls, name), "__wrapped__"):  # a mixin's has not been counted
                setattr(cls, name, counted(inspect.getattr_static(cls, name), cls, begins=name == "build"))

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

    def output_interval(self, *inputs: Interval) -> Interval:
        """An interval that all numbers of the output lie in, in evaluation and whatever the weights, for inputs in
        these; of several outputs one for all.

        Unbounded by default. A layer that bounds what it gives says so: a sigmoid ``(0, 1)``. One that only moves
        numbers about, as a reshape does, returns its input's; one that is made of layers asks them. When a Trainer is
        made, the loss looks at the interval of the whole model, see :meth:`pellucid.Loss.check_interval`.
        """
        return UNBOUNDED

    @abstractmethod
    def forward(self, ctx: Context, *inputs: Array, **never: Any) -> Any:
        """Compute the output; save on ``ctx`` what ``backward`` needs.

        Authors name the inputs and the gradients, as for ``build``: ``def forward(self, ctx, x)``, ``def backward(self,
        ctx, dy)``. Only a layer of any number of them writes ``*inputs`` or ``*dy``.
        """

    @abstractmethod
    def backward(self, ctx: Context, *dy: Array, **never: Any) -> Any:
        """From the gradient at the output, one per output: add to the parameters' ``grad`` and return the gradient at
        each input (None for integers and masks). Where ``ctx.needs_dx[i]`` is False anything may be returned, None or
        an array: nobody looks at it, least of all a layer made of layers, which knows whom it has asked."""

    def param(
        self, name: str, shape: tuple[int, ...], *, init: str | Initializer = "zeros", decay: bool = False,
        regularizer: Regularizer | None = None, fan_in: int | None = None, fan_out: int | None = None,
    ) -> Param:  # fmt: skip
        """Declare a trainable array, in ``build``; assign the result: ``self.weight = self.param("weight", …)``.

        Several of them may stand in a list or a dictionary. When the model has been built, each must be held by one
        attribute and have a name of its own: a name given twice, or one assigned to nothing, is a ConfigError.

        Args:
            name: what it is called in paths and files; the attribute should have the same name.
            init: an initializer or its name.
            decay: whether the optimizer's ``weight_decay`` is for it. By default it is not: say ``decay=True`` for
                matrices and kernels, and leave biases and scales alone, which are not to be drawn towards 0.
            regularizer: a penalty that is added to what training minimises.
            fan_in, fan_out: what the initializer scales by, if not the product of all axes but the last, and the last
                one.

        Building again with the same shape gives the same parameter; another shape is a ShapeError.
        """
        return self._declared(Param, name, shape, read("initializer", init), decay, regularizer, fan_in, fan_out)

    def state(self, name: str, shape: tuple[int, ...], *, fill: float = 0.0) -> State:
        """Declare an array that is saved but never trained, filled with ``fill``; see :class:`State`. Assign the
        result, as for :meth:`param`."""
        return self._declared(State, name, shape, fill)

    def _declared(self, kind: Any, name: str, shape: tuple[int, ...], *rest: Any) -> Any:
        """What has been declared under this name, or is now."""
        asked = self.__dict__.setdefault("_asked", set())  # no list: it holds what children and parameters look for
        if any(own.name == name for own in asked):
            raise self._wrongly(name, "twice")
        found = next((own for _, own in parts_in(self, kind) if own.name == name), None) or kind(name, shape, *rest)
        if found.shape != shape:
            raise ShapeError(
                f"{type(self).__name__} was built with {name} of shape {found.shape} and cannot be built again with "
                f"{shape}. A layer that is used twice must receive the same number of features both times; two "
                "parameters of one layer need names of their own."
            )
        asked.add(found)
        return found

    def require_assigned(self) -> None:
        """Raise ConfigError unless all that ``build`` has declared has a name and an attribute of its own."""
        asked, held = self.__dict__.pop("_asked", ()), [id(own) for _, own in parts_in(self, (Param, State))]
        for own in asked:
            if held.count(id(own)) != 1:
                raise self._wrongly(own.name, "twice" if id(own) in held else "and assigns it to no attribute")

    def _wrongly(self, name: str, how: str) -> ConfigError:
        remedy = f"Write self.{name} = self.param('{name}', …), or self.state, once in build, each to one attribute"
        return ConfigError(f"{type(self).__name__} declares '{name}' {how}. {remedy}.")

    def children(self) -> Iterator[tuple[str, Layer]]:
        """The sub-layers, found in attributes and in lists, tuples and dictionaries of them, in order of assignment."""
        return parts_in(self, Layer)

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
        found: dict[int, tuple[str, Any]] = {}
        for path, layer in self.walk():
            for name, value in parts_in(layer, kind):
                found.setdefault(id(value), (f"{path}.{name}" if path else name, value))
        return iter(found.values())

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
        """The raw outputs (logits) for ``x`` in evaluation mode, as a NumPy array. Values that were trained on scaled
        targets come in the unit of the targets, in float64.

        The model's transforms are applied first. ``x`` is an array with one sample a row, or a tuple of arrays for
        a model of several inputs; the columns of a data frame are found by the names that they had in training.
        Several outputs are returned as a tuple.
        """
        return require_runtime(self).predict(self, x, batch_size=batch_size)

    def trace(self, x: Any, *, keep: Any = "*", limit: int = 2**30) -> Any:
        """What ``predict`` computes for these samples, opened: a :class:`pellucid.Trace` of every layer's numbers."""
        return read("callback", {"type": "trace", "keep": keep, "limit": limit}).prediction(self, x)

    def summary(self) -> None:
        """Print a table of the layers, the shapes of their outputs (without the batch axis) and the numbers of their
        parameters; ``print(model)`` does the same."""
        require_runtime(self)
        print(self)

    def __str__(self) -> str:
        return read("callback", "summary").of(self)

    def __call__(self, *inputs: Any) -> Any:
        """Apply to Variables inside ``Composite.call``, whose tape supplies the context."""
        tape = newest_tape(inputs)
        if tape is None:
            raise DifferentiationError(
                f"{type(self).__name__} was called on plain arrays. Inside Composite.call wrap one of them, "
                "ctx.variable(x), so that the call has a context; elsewhere use model.predict(x), or "
                "layer.forward(ctx, x)."
            )
        return tape.apply(self, inputs)


def counted(method: Any, owner: type, *, begins: bool = False) -> Any:
    """A method of a class of layers that takes one shape for each input that it names, with their number checked. With
    ``build`` declaring ``begins`` anew, unless a class below has called it as its base's."""
    wrapped = isinstance(method, staticmethod | classmethod)
    function = method.__func__ if wrapped else method
    before = 0 if isinstance(method, staticmethod) else 1
    signature = inspect.signature(function)
    fine: set[int] = set()  # numbers that were looked at: every step on new data asks for shapes

    @wraps(function)
    def checked(*arguments: Any) -> Any:
        if len(arguments) not in fine:
            whose: Any = arguments[0] if before else owner
            whose = whose if isinstance(whose, type) else type(whose)
            require_inputs(whose, signature, arguments[before:], before)
            fine.add(len(arguments))
        if begins and type(arguments[0]).build is checked:
            arguments[0].__dict__["_asked"] = set()
        return function(*arguments)

    return type(method)(checked) if wrapped else checked


def require_inputs(layer: type, signature: inspect.Signature, input_shapes: Sequence[Shape], before: int) -> None:
    """Compare the number of inputs of this class of layers with those that a signature names, after ``before`` other
    parameters, such as self.

    Raises:
        ShapeError: there are more, or fewer than those without a default. ``*inputs`` takes any number.
    """
    try:
        signature.bind(*[None] * before, *input_shapes)
    except TypeError as error:
        named = [p for p in signature.parameters.values() if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD)][before:]
        raise ShapeError(
            f"{layer.__name__} takes {_expected(named)}. Received: {len(input_shapes)}, of shapes "
            f"{[tuple(shape) for shape in input_shapes]}. Give one shape for each input, without the batch axis."
        ) from error


def _expected(named: Sequence[inspect.Parameter]) -> str:
    """``no input``, ``one input``, ``3 inputs, x, told, [gate]`` or ``at least one input, x, *others``."""
    names = [f"[{p.name}]" if p.default is not p.empty else f"{p}".partition(":")[0] for p in named]
    listed = f", {', '.join(names)}" if len(names) > 1 else ""
    more = bool(named) and named[-1].kind is inspect.Parameter.VAR_POSITIONAL
    n = sum(not name.startswith(("[", "*")) for name in names) if more else len(names)
    number = {0: "no input", 1: "one input"}.get(n, f"{n} inputs")
    return f"{'at least ' if more else ''}{number}{listed}"


def require_runtime(model: Layer) -> Runtime:
    """The runtime of a built model, or an error with the remedy.

    Raises:
        ConfigError: not a model at all. ShapeError: not built.
    """
    if not hasattr(model, "runtime"):
        raise ConfigError(f"A built model is needed: pellucid.build(…) or pellucid.load(…). Received: {model!r:.80}.")
    if model.runtime is None:
        raise ShapeError(
            f"This {type(model).__name__} has not been built, so it has no parameters yet. "
            "Call pellucid.build(model, input_shape=…) first."
        )
    return model.runtime
