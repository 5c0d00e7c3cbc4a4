"""Component: what every registered thing has in common; Equation and Example: what it says of itself, as data."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace
from typing import Any, ClassVar

from pellucid.basics.errors import ConfigError


@dataclass(frozen=True)
class Equation:
    """One equation of a component.

    Args:
        of: the quantity on the left: ``y``, ``dx``, ``dW``, ``loss``, ``theta``, …
        latex: the equation as the textbook prints it.
        python: the right-hand side as an expression that the conformance kit evaluates against the code;
            None where no short expression exists, and then the equation is shown as unchecked.
        why: why there is no expression. What a component is for (y, loss, objective, …) needs one or the other.
    """

    of: str
    latex: str
    python: str | None = None
    why: str = ""


@dataclass(frozen=True)
class Example:
    """A constructor call and input shapes (without the batch axis) that make a working component.

    An integer input is written ``("int", high, *shape)``: values from 0 to high − 1; a mask ``("bool", *shape)``; what
    adds up to 1 along its last axis ``("shares", *shape)``. The inputs of a loss or a metric are prediction and target.
    The example of an objective also names a ``model`` that it can train, by its configuration, and the shape of the
    ``target``, if it takes one; a tuple of shapes for several.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    input_shapes: tuple[tuple[Any, ...], ...] = ((5,),)
    model: Mapping[str, Any] | None = None
    target: tuple[Any, ...] | None = None


CHANGES = SimpleNamespace(count=0)
"""Changes to components, so that whatever was derived from them can tell that it is stale. Process-wide: recorded
plans and cached contexts compare ``CHANGES.count`` with the value they were made at."""


class Component:
    """Base of layers, losses, objectives, optimizers, schedules, initializers, regularizers, metrics, transforms, ….

    A constructor stores its arguments unchanged, under their own names, and does nothing else but check them:
    configuration and cloning follow from that. So no argument may be called as a method is, or ``kind``, ``examples``
    and the like: a ConfigError when the class is defined.
    """

    kind: ClassVar[str] = ""
    equations: ClassVar[tuple[Equation, ...]] = ()
    symbols: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Textbook symbol -> attribute, for the equations: ``{"W": "weight", "b": "bias"}``. A dot leads into a sub-layer:
    ``"dense.weight"``."""
    examples: ClassVar[tuple[Example, ...]] = (Example(),)
    capturable: ClassVar[bool] = False
    """True promises that a training step consists only of ``ops`` calls on arrays that stay in place (parameters,
    states, ``ctx.scratch``) and that which calls they are depends on nothing but shapes: such a step may be recorded
    once and replayed, on the CPU as a plan of kernel calls, on a GPU as a graph. Before the first replay the two are
    compared; where they differ, a warning names the component, and its code is run at every step."""
    part_of_step: ClassVar[bool] = True
    """Whether training steps and predictions are made of it. If so, they notice that one of its attributes has been
    set: what they had derived from it, such as a recorded plan, they make anew. Not of those that look on or have done
    their part before (callbacks, metrics, initializers, data sets): they may count and remember in attributes of their
    own at every step. A matter of the kind: components do not set it."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in inspect.signature(cls.__init__).parameters:
            if inspect.isroutine(inspect.getattr_static(cls, name, None)) or name in vars(Component):
                hides = f"argument '{name}', and pellucid knows a component of this kind by its '{name}'"
                raise ConfigError(f"{cls.__name__} has an {hides}: stored, it would hide that. Choose another word.")

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if self.part_of_step:
            CHANGES.count += 1

    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments as they are now.

        Raises:
            ConfigError: one was not stored under its name.
        """
        parameters = inspect.signature(type(self)).parameters.values()
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        for n in (name for name in names if not hasattr(self, name)):
            raise ConfigError(f"{type(self).__name__} does not store argument '{n}'. Write self.{n} = {n} in __init__.")
        return {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in self.arguments().items())
        return f"{type(self).__name__}({inner})"


def parts_in(component: Component, kind: Any) -> Iterator[tuple[str, Any]]:
    """What of this kind stands in the attributes of a component, and in lists and tables there, and where."""
    for name, value in vars(component).items():
        if isinstance(value, kind):
            yield name, value
        elif isinstance(value, list | tuple | dict):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            yield from ((f"{name}.{key}", item) for key, item in items if isinstance(item, kind))
