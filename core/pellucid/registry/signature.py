"""What a class or function takes, read from its signature: the schema that configurations are checked against."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import PurePath
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from pellucid.basics.component import Component
from pellucid.basics.errors import PluginError
from pellucid.basics.suggest import a

RESERVED = ("type", "version", "ref")
"""Keys that a configuration uses itself, so no argument can have their names."""


class Argument(NamedTuple):
    """One argument of a constructor or factory function."""

    name: str
    annotation: Any
    default: Any

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty


class Signature(NamedTuple):
    """All arguments by name; ``others`` is the annotation of further keywords, or None if there are none."""

    arguments: dict[str, Argument]
    others: Any = None


@cache
def signature_of(target: Callable[..., Any]) -> Signature:
    """The arguments of a class or function.

    Raises:
        PluginError: it cannot be configured by name: positional-only or ``*`` arguments, a reserved name, or an
            annotation that cannot be resolved.
    """
    try:
        parameters = inspect.signature(target, eval_str=True).parameters.values()
    except NameError as error:
        raise PluginError(
            f"The annotation of an argument of {_name(target)} cannot be resolved: {error}. Import the name at the "
            "top of its module, not under TYPE_CHECKING: annotations are what configurations are checked against."
        ) from error
    arguments: dict[str, Argument] = {}
    others = None
    for p in parameters:
        annotation = Any if p.annotation is p.empty else p.annotation
        if p.kind is p.VAR_KEYWORD:
            others = annotation
        elif p.kind in (p.POSITIONAL_ONLY, p.VAR_POSITIONAL) or p.name in RESERVED:
            raise PluginError(
                f"{_name(target)} cannot be built by name because of its argument '{p}'. Arguments must be given by "
                f"keyword and must not be called {', '.join(RESERVED)}."
            )
        else:
            arguments[p.name] = Argument(p.name, annotation, p.default)
    return Signature(arguments, others)


def _name(target: Any) -> str:
    return f"{target.__module__}.{target.__qualname__}"


# -- annotations in words --------------------------------------------------------------------------------------------


def options(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the annotation by itself; ``Annotated`` and type variables are seen through."""
    if get_origin(annotation) is Annotated:
        return options(get_args(annotation)[0])
    if isinstance(annotation, TypeVar):
        return options(annotation.__bound__ or Any)
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(option for member in get_args(annotation) for option in options(member))
    return (annotation,)


def component_kind(annotation: Any) -> str | None:
    """The kind of component that an annotation such as ``Layer`` stands for, or None."""
    return annotation.kind if isinstance(annotation, type) and issubclass(annotation, Component) else None


def shown(annotation: Any) -> str:
    """An annotation in words: ``a list of int``, ``a layer or None``, ``one of 'a', 'b'``."""
    members = options(annotation)
    if len(members) > 1:
        return " or ".join(dict.fromkeys(shown(member) for member in members))
    (member,) = members
    if member in (None, type(None)):
        return "None"
    if member in (Any, object, inspect.Parameter.empty):
        return "anything"
    origin, inner = get_origin(member), get_args(member)
    if origin is Literal:
        return ("one of " if len(inner) > 1 else "") + ", ".join(map(repr, inner))
    kind = component_kind(member)
    if kind is not None:
        return a(kind)
    if is_sequence(member):
        items = [shown(item) for item in inner if item is not ...]
        if fixed_length(member) is not None:
            return f"({', '.join(items)})"
        return "a list" + (f" of {_plural(items[0])}" if items and items[0] != "anything" else "")
    if is_mapping(member):
        return "a table"
    if isinstance(member, type) and issubclass(member, PurePath):
        return "a path"
    return getattr(member, "__name__", str(member))


def _plural(words: str) -> str:
    article, _, noun = words.partition(" ")
    return f"{noun}{'es' if noun.endswith('s') else 's'}" if article in ("a", "an") and " " not in noun else words


def is_sequence(annotation: Any) -> bool:
    """Whether an annotation is a list, tuple or sequence."""
    base = get_origin(annotation) or annotation
    return isinstance(base, type) and base not in (str, bytes) and issubclass(base, Sequence) and base is not range


def fixed_length(annotation: Any) -> int | None:
    """The length that a tuple annotation such as ``tuple[int, int]`` asks for, or None."""
    inner = get_args(annotation)
    return len(inner) if get_origin(annotation) is tuple and inner and ... not in inner else None


def item_annotations(annotation: Any, length: int) -> tuple[Any, ...]:
    """The annotations of the items of a list or tuple of this length."""
    sequences = [member for member in options(annotation) if is_sequence(member)]
    inner = get_args(sequences[0]) if sequences else ()
    if inner and fixed_length(sequences[0]) == length:
        return inner
    return (inner[0] if inner else Any,) * length


def value_annotation(annotation: Any) -> Any:
    """The annotation of the values of a table."""
    tables = [get_args(member) for member in options(annotation) if is_mapping(member)]
    return tables[0][1] if tables and len(tables[0]) == 2 else Any


def is_mapping(annotation: Any) -> bool:
    """Whether an annotation is a dict, mapping or typed dict."""
    base = get_origin(annotation) or annotation
    return isinstance(base, type) and issubclass(base, Mapping)
