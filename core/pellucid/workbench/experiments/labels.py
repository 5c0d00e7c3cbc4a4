"""class_number: the class that a command line names, as the number that a model knows it by."""

from __future__ import annotations

from pellucid.basics.errors import ConfigError
from pellucid.basics.suggest import did_you_mean, listed
from pellucid.interfaces.layer import Layer, require_runtime


def class_number(model: Layer, label: str, count: int) -> int:
    """The number of a class of the data that the model was trained on.

    Args:
        model: its runtime has the names of the classes, if they have any.
        label: a name, such as ``"Sandal"`` or ``"7"``; the number itself where classes have no names.
        count: how many classes the model knows.

    Raises:
        ConfigError: there is no such class.
    """
    names = require_runtime(model).classes or ()
    if label in names:
        return names.index(label)
    if not names and label.isdecimal() and int(label) < count:
        return int(label)
    known = f"Its classes: {listed(names)}." if names else f"Its classes are the numbers 0 to {count - 1}."
    raise ConfigError(f"The model knows no class {label!r}.{did_you_mean(label, names)} {known}")
