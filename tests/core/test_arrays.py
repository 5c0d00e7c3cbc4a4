"""What is asked of arrays and shapes everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from pellucid.basics.arrays import Shape, as_tuple, fits
from pellucid.basics.checks import check_float
from pellucid.basics.errors import ConfigError
from pellucid.standard.ops.base import ReferenceOps

from tests.strict_xp import strict_xp


def test_one_thing_becomes_a_tuple_and_a_tuple_stays_one() -> None:
    assert as_tuple(3) == (3,)
    assert as_tuple(None) == (None,)
    assert as_tuple([1, 2]) == ([1, 2],)
    assert as_tuple((1, 2)) == (1, 2)
    assert as_tuple(()) == ()


@pytest.mark.parametrize(
    ("shape", "declared", "expected"),
    [
        ((4, 3), (4, 3), True),
        ((4, 3), (None, 3), True),
        ((0, 3), (None, 3), True),
        ((4, 2), (None, 3), False),
        ((4,), (4, None), False),
        ((4, 3, 1), (4, 3), False),
        ((), (), True),
    ],
)
def test_a_shape_fits_what_is_declared(shape: tuple[int, ...], declared: Shape, expected: bool) -> None:
    assert fits(shape, declared) is expected


def test_any_backend_takes_the_arrays_of_any_other_to_the_host() -> None:
    host = ReferenceOps().to_host(strict_xp.asarray([1.0, 2.0]))
    assert type(host) is np.ndarray
    assert host.tolist() == [1.0, 2.0]


def test_an_owner_may_be_named_by_a_text() -> None:
    with pytest.raises(ConfigError, match=r"The 'lr' of optimizer\.groups\[1\] must be a float in \[0, inf\)"):
        check_float("optimizer.groups[1]", "lr", -1, "[0, inf)")
