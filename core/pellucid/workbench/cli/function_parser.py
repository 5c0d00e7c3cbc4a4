"""Options of the command line from the signature and the docstring of a function, so that both say the same."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pellucid.basics.errors import PluginError
from pellucid.registry.signature import Argument, is_sequence, item_annotations, options, shown, signature_of

_PLAIN = (int, float, str, Path)


def add_options(
    parser: argparse.ArgumentParser, function: Callable[..., Any], meanings: Mapping[str, str], *, after: int = 1
) -> None:
    """Add ``--name`` for each argument of the function but its first ones; those before the ``*`` of its signature are
    given by their place, without a name, and may be left out if they have a default.

    Args:
        meanings: argument -> what it means, see :func:`documented`.
        after: how many come first, which somebody else gives: of a verb the run.
    """
    by_place = {name for name, p in inspect.signature(function).parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD}
    for argument in _arguments(function, after):
        help_text = meanings.get(argument.name, "")
        if argument.name in by_place:
            how = _conversion(function, argument) | {"help": help_text.replace("%", "%%")}
            if not argument.required:
                how |= {"nargs": "*" if how.get("nargs") == "+" else "?", "default": argument.default}
            parser.add_argument(argument.name, metavar=argument.name.upper(), **how)
            continue
        if not argument.required and argument.default is not None:
            help_text = f"{help_text} (default: {argument.default})".strip()
        settings = _conversion(function, argument) | {"help": help_text.replace("%", "%%"), "dest": argument.name}
        settings |= {"required": True} if argument.required else {"default": argument.default}
        parser.add_argument(f"--{argument.name.replace('_', '-')}", **settings)


def options_of(function: Callable[..., Any], args: argparse.Namespace, *, after: int = 1) -> dict[str, Any]:
    """What was given for the arguments of the function but its first ones."""
    return {argument.name: getattr(args, argument.name) for argument in _arguments(function, after)}


def documented(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The first paragraph of a docstring, and what its section ``Args`` says of each argument."""
    text = inspect.getdoc(function) or ""
    summary = " ".join(text.partition("\n\n")[0].split())
    section = re.search(r"(?ms)^Args:\n(.*?)(?=^\S|\Z)", text)
    found = re.findall(r"(?ms)^ {4}(\w+): (.*?)(?=^ {4}\w+: |\Z)", section[1]) if section else []
    return summary, {name: " ".join(meaning.split()) for name, meaning in found}


def _arguments(function: Callable[..., Any], after: int) -> list[Argument]:
    return list(signature_of(function).arguments.values())[after:]


def _conversion(function: Callable[..., Any], argument: Argument) -> dict[str, Any]:
    """How argparse reads the argument: a truth value, a choice, a number or text, or a list of them."""
    (wanted,) = [member for member in options(argument.annotation) if member is not type(None)] or [str]
    if wanted is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(wanted) is Literal:
        return {"choices": get_args(wanted), "type": type(get_args(wanted)[0])}
    if wanted in _PLAIN:
        return {"type": wanted}
    if is_sequence(wanted) and item_annotations(wanted, 1)[0] in _PLAIN:
        return {"nargs": "+", "type": item_annotations(wanted, 1)[0]}
    raise PluginError(
        f"The argument '{argument.name}' of {function.__module__}.{function.__qualname__} is {shown(wanted)}, which "
        "cannot be given on the command line. Use int, float, str, bool, Path, Literal, or a list of these."
    )
