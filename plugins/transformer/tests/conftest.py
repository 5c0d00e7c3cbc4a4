"""What the tests of compiled kernels share: every instruction set, and the number of threads put back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

try:
    from pellucid.ops.kernels import native as core
except ImportError:  # the tests that need it skip themselves
    core = None  # type: ignore[assignment]


@pytest.fixture(params=() if core is None else core.simd_levels())
def simd(request: pytest.FixtureRequest) -> Iterator[str]:
    before = core.simd_level()
    core.use_simd(request.param)
    yield request.param
    core.use_simd(before)


@pytest.fixture
def threads() -> Iterator[None]:
    before = core.get_threads()
    yield
    core.set_threads(before)
