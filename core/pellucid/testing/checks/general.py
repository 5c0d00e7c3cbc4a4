"""What holds for every component: built by name, arguments kept, configuration round trip, copies."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Mapping
from typing import Any

from pellucid.basics.component import Component
from pellucid.glassbox.equations import check_text
from pellucid.glassbox.failure import require
from pellucid.registry.config import create, to_config
from pellucid.testing.check import Check, checks
from pellucid.testing.subject import Subject


def built_by_name(subject: Subject) -> None:
    """The registered name and the example's arguments make a component of its kind."""
    made = subject.create()
    kind = "layer" if subject.entry.kind == "model" else subject.entry.kind
    require(
        isinstance(made, Component) and made.kind == kind, "The name makes something else.",
        expected=f"a Component of kind '{kind}'", received=type(made).__name__,
        remedy=f"Derive the class from the abstract class of the kind '{kind}', or register it as what it is.",
    )  # fmt: skip


def arguments_kept(subject: Subject) -> None:
    """A constructor stores its arguments unchanged, under their own names."""
    made = subject.create()
    remedy = "In __init__, write self.name = name for every argument, and nothing that changes it."
    try:
        stored = made.arguments()
    except AttributeError as error:
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


CHECKS = (
    Check(built_by_name, basic=True),
    Check(arguments_kept, applies=lambda subject: isinstance(subject.target, type), basic=True),
    *checks(configuration, copied),
)
EQUATIONS = (Check(equations_given, every_example=False),)
