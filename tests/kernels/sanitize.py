"""The kernel tests under the address and undefined-behaviour sanitizers.

    python tests/kernels/sanitize.py [PYTEST ARGUMENT …]

The extensions are built once more (rebuild.py), with gcc's sanitizers. On a CPU without AVX-512 the code for it is
built from AVX2 instructions, so that it is tested too: the same source, the same vectors of 16 floats, the same tiles.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from rebuild import ROOT, kernel_tests, libraries, rebuilt  # beside this script

SANITIZERS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1"


def library(name: str) -> str:
    """Where gcc keeps a sanitizer's library; the interpreter must load it first."""
    asked = ["gcc", f"-print-file-name={name}"]
    found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    if not Path(found).is_absolute():
        raise SystemExit(f"gcc has no {name}. Install its sanitizer libraries (Debian: libgcc-12-dev).")
    return found


def has_avx512() -> bool:
    from pellucid.ops.kernels import native

    return "avx512" in native.simd_levels()


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="pellucid-sanitize-") as folder:
        source = Path(folder, "source")
        source.mkdir()
        emulate = "" if has_avx512() else " -DPELLUCID_EMULATE_AVX512"
        settings = {
            "CC": "gcc",
            # -O0 is compiled in a third of the time of -O1, the tests take as long, nothing is optimized away unseen.
            "PELLUCID_EXT_CFLAGS": f"{SANITIZERS} -O0{emulate}",
            "PELLUCID_EXT_LDFLAGS": SANITIZERS,
        }
        try:
            environment = rebuilt(source, settings)
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"The sanitized copy cannot be built:\n{error.stderr}") from error
        environment |= {
            "LD_PRELOAD": f"{library('libasan.so')} {library('libubsan.so')}",
            "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter itself never frees everything
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        libraries(source, environment)
        # capture=sys leaves the sanitizers' own reports, which end the process, to be seen.
        tests = kernel_tests("--capture=sys", *arguments)
        return subprocess.run(tests, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
