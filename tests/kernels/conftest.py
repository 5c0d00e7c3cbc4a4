"""Every kernel test runs on one thread and on two, and restores what it changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

native = pytest.importorskip("pellucid.ops.kernels", reason="the kernels are not compiled").native


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = native.get_threads()
    native.set_threads(request.param)
    yield request.param
    native.set_threads(before)
