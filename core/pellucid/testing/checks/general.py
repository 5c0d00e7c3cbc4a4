"""What holds for every component: built by name and of use, arguments kept and read, configuration round trip, copies,
equations."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
from collections.abc import Mapping
from typing import Any

from pellucid.basics.component import Component
from pellucid.basics.errors import ConfigError
from pellucid.glassbox.equations import check_text
from pellucid.glassbox.failure import require
from pellucid.interfaces.transform import Augmentation
from pellucid.registry.config import create, to_config
from pellucid.registry.registry import default_registry
from pellucid.testing.check import Check, checks
from pellucid.testing.checks.using import use
from pellucid.testing.reading import unread
from pellucid.testing.subject import Subject

VALUE = {
    "optimizer": ("theta",), "schedule": ("factor",), "initializer": ("theta", "variance"), "regularizer": ("penalty",),
    "metric": (), "transform": ("y",),
}  # fmt: skip
"""What a component of a kind is for: one of these, of a metric its last equation."""


def built_by_name(subject: Subject) -> None:
    """The registered name and the example's arguments make a component of its kind."""
    made = subject.create()
    kind = "layer" if subject.entry.kind == "model" else subject.entry.kind
    require(
        isinstance(made, Component) and made.kind == kind, "The name makes something else.",
        expected=f"a Component of kind '{kind}'", received=type(made).__name__,
        remedy=f"Derive the class from the abstract class of the kind '{kind}', or register it as what it is.",
    )  # fmt: skip


def works(subject: Subject) -> None:
    """It can be used as components of its kind are used, once, with its example."""
    use(subject)


def arguments_stay(subject: Subject) -> None:
    """What it is made with is the same after it has been used: another run begins with the same configuration."""
    before, after = to_config(subject.create()), to_config(use(subject))
    require(after == before, "Its use changes its arguments.", expected=before, received=after,
            remedy="Keep what changes under names of its own, beside the arguments.")  # fmt: skip


def arguments_read(subject: Subject) -> None:
    """Every argument of the constructor is read by something, and not only stored."""
    names = [p.name for p in inspect.signature(subject.target).parameters.values()
             if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]  # fmt: skip
    plugin = default_registry().plugins.found.get(subject.entry.vendor)
    package = subject.entry.target.partition(":")[0] if plugin is None else plugin.module
    left = unread(subject.entry.kind, subject.target, names, lambda: use(subject), package)
    require(
        not left, f"Nothing reads the argument{'s' * (len(left) > 1)} {', '.join(map(repr, left))}.",
        expected="an argument that changes something", received="it is stored, and that is all",
        remedy="Use it, or leave it out. If only some examples use it, begin with one of these.",
    )  # fmt: skip


def arguments_kept(subject: Subject) -> None:
    """A constructor stores its arguments unchanged, under their own names."""
    made = subject.create()
    remedy = "In __init__, write self.name = name for every argument, and nothing that changes it."
    try:
        stored = made.arguments()
    except ConfigError as error:
        require(False, "An argument of the constructor is not stored.", expected="an attribute of the same name",
                received=str(error), remedy=remedy)  # fmt: skip
    for name, given in subject.example.arguments.items():
        if isinstance(given, str | int | float | bool | None) and not isinstance(stored.get(name), Component):
            require(name in stored and stored[name] == given and type(stored[name]) is type(given),
                    f"The constructor changes its argument '{name}'.", expected=repr(given),
                    received=repr(stored.get(name)), remedy=remedy)  # fmt: skip


def configuration(subject: Subject) -> None:
    """The configuration of a component fits into JSON and makes the same component again."""
    made = subject.create()
    config = to_config(made)
    require(
        config.get("type") == subject.entry.name, "The configuration has another name.", expected=subject.entry.name,
        received=config.get("type"), remedy="Register each class under one name, and give each name its own class.",
    )  # fmt: skip
    read = json.loads(json.dumps(config))
    again = create(subject.entry.kind, read)
    require(type(again) is type(made), "The configuration makes another class.", expected=type(made),
            received=type(again), remedy="Register each class under one name.")  # fmt: skip
    require(to_config(again) == config, "The configuration of the component that was made again differs.",
            expected=config, received=to_config(again), remedy="Store every argument unchanged.")  # fmt: skip
    for name, given in subject.example.arguments.items():
        if not isinstance(given, str | Mapping | list | tuple):
            require(
                name in config and config[name] == given, f"The configuration does not hold '{name}'.",
                expected=repr(given), received=repr(config.get(name)), remedy="Store every argument unchanged.",
            )  # fmt: skip


def copied(subject: Subject) -> None:
    """Pickle and deepcopy give the same component."""
    made = subject.create()
    for how, clone in (("copy.deepcopy", copy.deepcopy(made)), ("pickle", pickle.loads(pickle.dumps(made)))):
        require(
            clone is not made and _described(clone) == _described(made), f"{how} gives another component.",
            expected=_described(made), received=_described(clone),
            remedy="Keep no lambdas, open files, locks or class-level caches on self.",
        )  # fmt: skip


def _described(component: Any) -> Any:
    return type(component).__qualname__, to_config(component)


def equations_given(subject: Subject) -> None:
    """Every component carries its equations as data: LaTeX, and an expression that parses."""
    equations = getattr(subject.target, "equations", ())
    require(
        equations, "It carries no equations.", expected="equations = (Equation(of, latex, python), …)",
        received=repr(equations), remedy="Write down what it computes, and beside it a Python expression of the same.",
    )  # fmt: skip
    check_text(equations)


def value_checked(subject: Subject) -> None:
    """The equation of what it is for has an expression that can be held against the code, or the reason why not."""
    equations = getattr(subject.target, "equations", ())
    wanted = VALUE[subject.entry.kind]
    told = [equation for equation in equations if equation.of in wanted] if wanted else list(equations[-1:])
    named = " or ".join(map(repr, wanted)) or "the figure"
    require(
        any(equation.python is not None or equation.why for equation in told),
        f"Nothing that it computes can be checked: there is no expression of {named}.",
        expected=f"Equation(…, python=…) of {named}, or with why=…",
        received=", ".join(repr(equation.of) for equation in equations) or "no equations",
        remedy="Write beside the LaTeX what it computes, in Python; or why no short expression exists.",
    )  # fmt: skip


def _has_value(subject: Subject) -> bool:
    return not (isinstance(subject.target, type) and issubclass(subject.target, Augmentation))


CHECKS = (
    Check(built_by_name, basic=True),
    Check(arguments_kept, applies=lambda subject: isinstance(subject.target, type), basic=True),
    Check(works, applies=lambda subject: subject.entry.kind != "dataset", basic=True),  # which may take long to load
    *checks(configuration, copied), Check(arguments_read, every_example=False),
    Check(arguments_stay, applies=lambda subject: subject.entry.kind != "dataset", every_example=False),
)  # fmt: skip
EQUATIONS = (Check(equations_given, every_example=False),)
VALUES = (Check(value_checked, applies=_has_value, every_example=False),)
