"""What ends before a closed page: an array like any other, and the end of whoever reads behind it."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pellucid.glassbox.failure import ConformanceError
from pellucid.testing.guarded import Fences

from tests import page_ends

resource = pytest.importorskip("resource", reason="Windows has other limits")

pytestmark = pytest.mark.skipif(not page_ends.POSSIBLE, reason="pages are closed as Linux does it")
ROOT = Path(__file__).resolve().parents[2]
READ = """
import ctypes
from pellucid.testing.guarded import Fences
from tests import page_ends
array = page_ends.empty(Fences(), {size}, "float32")
print(array[-1], flush=True)
ctypes.c_float.from_address(array.ctypes.data + array.nbytes + 4 * ({by})).value
"""


def without_core() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@pytest.mark.parametrize(("by", "code"), [(-1, 0), (0, -signal.SIGSEGV)])
@pytest.mark.parametrize("size", [1, 1000, 1024, 1025])
def test_who_reads_behind_the_last_number_ends(size: int, by: int, code: int) -> None:
    done = subprocess.run([sys.executable, "-c", READ.format(size=size, by=by)], capture_output=True, text=True,
                          check=False, cwd=ROOT, preexec_fn=without_core)  # fmt: skip
    assert (done.stdout, done.returncode) == ("nan\n", code)


@pytest.mark.parametrize("shape", [3, (0, 5), (2, 3), (), np.int64(4)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_an_array_is_as_asked_for_and_holds_what_is_seen(shape: int | tuple[int, ...], dtype: str) -> None:
    array = page_ends.empty(Fences(), shape, dtype)
    assert (array.shape, array.dtype) == (np.empty(shape, dtype).shape, dtype)
    assert array.flags.writeable and array.flags.c_contiguous
    assert np.all(np.isnan(array) if array.dtype.kind == "f" else array == (True if dtype == "bool" else -1))


def test_what_is_written_before_it_is_seen() -> None:
    fences = Fences()
    array = page_ends.empty(fences, 5, "float32")
    array[:] = 1
    fences.require_whole("now")
    array = page_ends.empty(fences, 5, "float32")
    ctypes.c_float.from_address(array.ctypes.data - 4).value = 1
    with pytest.raises(ConformanceError, match="20 bytes"):
        fences.require_whole("now")
