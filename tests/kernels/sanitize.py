"""The kernel tests under the address and undefined-behaviour sanitizers.

    python tests/kernels/sanitize.py [PYTEST ARGUMENT …]

The extensions, the core's and those of the plugins, are built once more, into temporary copies of the packages, with
gcc's sanitizers; the tests of this folder and the plugins' test_kernels.py run on these copies. On a CPU without
AVX-512 the code for it is built from AVX2 instructions, so that it is tested too: the same source, the same vectors of
16 floats, the same tiles.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
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


def copy(project: Path, target: Path, *folders: str) -> None:
    """What building a project in place needs."""
    for name in folders:
        shutil.copytree(project / name, target / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for name in ("setup.py", "build_backend.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        if (project / name).exists():
            shutil.copy(project / name, target)


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="pellucid-sanitize-") as folder:
        source = Path(folder, "source")
        source.mkdir()
        plugins = [path.parent.relative_to(ROOT) for path in sorted(ROOT.glob("plugins/*/setup.py"))]
        copy(ROOT, source, "ext", "core")
        for plugin in plugins:
            copy(ROOT / plugin, source / plugin, "ext", "src")
        emulate = "" if has_avx512() else " -DPELLUCID_EMULATE_AVX512"
        # Not measured by coverage: this copy of the sources is gone when the report is written.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        environment = inherited | {
            # -O0 is compiled in a third of the time of -O1, the tests take as long, nothing is optimized away unseen.
            "PELLUCID_EXT_CFLAGS": f"{SANITIZERS} -O0{emulate}",
            "PELLUCID_EXT_LDFLAGS": SANITIZERS,
            "PELLUCID_REQUIRE_KERNELS": "1",
        }
        packages = [source / "core", *(source / plugin / "src" for plugin in plugins)]
        environment["PYTHONPATH"] = os.pathsep.join(map(str, packages))
        build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        for folder in (source, *(source / plugin for plugin in plugins)):
            subprocess.run(build, cwd=folder, env=environment, check=True)
        environment |= {
            "LD_PRELOAD": f"{library('libasan.so')} {library('libubsan.so')}",
            "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter itself never frees everything
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        for module in ("pellucid.ops.kernels", *(f"pellucid_{plugin.name}.kernels" for plugin in plugins)):
            check = f"from {module} import native; print(native.__file__)"
            used = subprocess.check_output([sys.executable, "-c", check], env=environment, text=True)
            if not used.startswith(str(source)):
                raise SystemExit(f"The sanitized copy would not be tested: {used} is imported, not {source}.")
        tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--capture=sys"]
        if not any(argument.startswith(("tests/", "plugins/")) for argument in arguments):
            tests += ["tests/kernels", *(f"{plugin}/tests/test_kernels.py" for plugin in plugins)]
        # capture=sys leaves the sanitizers' own reports, which end the process, to be seen.
        return subprocess.run([*tests, *arguments], cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
