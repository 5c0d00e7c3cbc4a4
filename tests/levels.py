"""simd and threads: fixtures of tests of compiled kernels; the root's conftest.py has them, so that all may ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


def _native() -> Any:
    """The core's kernels, or None where they are not compiled; then who asks for these fixtures is skipped."""
    try:
        from pellucid.ops.kernels import native
    except ImportError:
        return None
    return native


_LEVELS = [] if (_found := _native()) is None else _found.simd_levels()


@pytest.fixture(params=_LEVELS)
def simd(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set that this machine has, in turn."""
    native = _native()
    before = native.simd_level()
    native.use_simd(request.param)
    yield request.param
    native.use_simd(before)


@pytest.fixture
def threads() -> Iterator[None]:
    """The test may set the number of threads as it likes."""
    native = _native()
    before = native.get_threads()
    yield
    native.set_threads(before)
