"""What a function means for Variables, and in an explanation, has the defaults that NumPy's has."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pellucid.glassbox.why.functions
import pytest
from pellucid.glassbox.why.operations import FUNCTIONS
from pellucid.standard.derivatives import TABLE

assert pellucid.glassbox.why.functions  # which fills the table


def defaults(meanings: Mapping[Any, Callable[..., Any]]) -> Iterator[tuple[str, Any, Any]]:
    """Function and argument, our default and NumPy's."""
    for function, meaning in meanings.items():
        try:
            theirs, ours = (inspect.signature(each).parameters for each in (function, meaning))
        except (TypeError, ValueError):  # a ufunc, or one that C defines
            continue
        for name in ours.keys() & theirs.keys():
            given, default = ours[name].default, theirs[name].default
            if inspect.Parameter.empty not in (given, default) and default is not np._NoValue:
                yield f"{function.__name__}({name})", given, default


@pytest.mark.parametrize(("meanings", "least"), [(TABLE, 40), (FUNCTIONS, 50)])
def test_defaults_are_numpys(meanings: Any, least: int) -> None:
    found = list(defaults(meanings))
    assert len(found) > least
    assert [each for each in found if each[1] is not each[2] and each[1] != each[2]] == []
