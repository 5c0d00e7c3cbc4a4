"""gcc and clang: all kernel tests run on what one of them compiled; here the other compiles them, for some more."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from pellucid.ops.kernels import native

from tests.kernels.rebuild import ROOT, kernel_tests, libraries, rebuilt

SHORT = "(random_shapes and 17) or (test_dense and relu) or bits or concurrent or (every_op and not compared)"
SHORT += " or (is_the_reference and 2) or (sizes_of_real and 0-)"  # of pellucid-cnn
BUILDING = "not test_sanitizers and not test_compilers"  # which build by themselves


def compiled_by(library: Path) -> str:
    """What the compiler wrote into a library."""
    return "clang" if b"clang version" in library.read_bytes() else "gcc"


HERE = compiled_by(Path(native.__file__))
OTHER = "gcc" if HERE == "clang" else "clang"
pytestmark = [
    pytest.mark.skipif("LD_PRELOAD" in os.environ, reason="this is the sanitized run"),
    pytest.mark.skipif(shutil.which(OTHER) is None, reason=f"{OTHER} is not installed; {HERE} built the kernels here"),
]


def by_the_other(folder: Path, flags: str) -> dict[str, str]:
    """Build on a machine that has the other compiler only, every warning an error; the environment that imports it.

    The compiler that Python was built with, and names, is not in the folder that stands for this machine's programs.
    """
    source, tools = folder / "source", folder / "bin"
    source.mkdir()
    tools.mkdir()
    for tool in (OTHER, "as", "ld"):
        if found := shutil.which(tool):
            (tools / tool).symlink_to(found)
    try:
        made = rebuilt(source, {"CC": "", "PATH": str(tools), "PELLUCID_EXT_CFLAGS": f"-Werror {flags}"})
    except subprocess.CalledProcessError as error:
        pytest.fail(f"{OTHER} does not compile the kernels:\n{error.stderr[-4000:]}")
    for library in libraries(source, made):
        assert compiled_by(library) == OTHER
    return made


def run(environment: dict[str, str], chosen: str) -> None:
    command = kernel_tests("-x", "-k", f"({chosen}) and {BUILDING}")
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert " passed" in done.stdout


def bits_of_results(environment: Mapping[str, str]) -> set[str]:
    made = subprocess.check_output([sys.executable, "-m", "tests.kernels.bits"], cwd=ROOT, env=environment, text=True)
    return set(made.splitlines())


@pytest.mark.slow
def test_a_short_run_on_its_kernels(tmp_path: Path) -> None:
    """All that it makes has the same bits as what the compiler of the other tests made."""
    environment = by_the_other(tmp_path, "-O1")  # compiled in a third of the time
    asked = [sys.executable, "-c", "from pellucid.ops.kernels import native; print(*native.simd_levels())"]
    found = subprocess.check_output(asked, env=environment, text=True).split()
    assert tuple(found) == native.simd_levels()
    ours = bits_of_results(os.environ)
    assert len(ours) > 1000 and sorted(ours ^ bits_of_results(environment)) == []
    run(environment, SHORT)


@pytest.mark.slow
def test_all_tests_on_its_kernels(tmp_path: Path) -> None:
    run(by_the_other(tmp_path, "-O3"), "test")
