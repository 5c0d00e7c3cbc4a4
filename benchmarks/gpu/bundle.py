"""The bundle: all that ``run.sh`` needs on a machine without network, in one archive: ``make gpu-bundle``.

Wheels of every distribution, without compiled kernels so that any Python takes them; the few wheels that the machine
may lack; the tests, the benchmarks and the experiments.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.environment import ROOT

MISSING = ("tomli-w",)
"""What pellucid requires and a machine with PyTorch and CuPy may lack; pure Python, one wheel for all."""
SOURCES = ("benchmarks", "studies", "tests", "plugins/*/experiments", "pyproject.toml")
LARGEST = 60 << 20


def main(arguments: Sequence[str]) -> int:
    target = Path(arguments[0] if arguments else "dist/pellucid-gpu.tar.gz")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pellucid-bundle-") as folder:
        wheels = Path(folder) / "wheels"
        wheels.mkdir()
        copy = Path(folder) / "copy"
        names = tracked()
        for name in names:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
        members = [copy, copy / "datasets", *sorted(path.parent for path in copy.glob("plugins/*/pyproject.toml"))]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda member: _wheel(member, wheels), members))
        if MISSING:
            _pip("download", "--no-deps", "--only-binary=:all:", "--dest", str(wheels), *MISSING)
        with tarfile.open(target, "w:gz") as archive:
            for name in names:
                if any(Path(name).match(f"{source}/*") or _under(name, source) for source in SOURCES):
                    archive.add(ROOT / name, f"pellucid-gpu/{name}")
            (Path(folder) / "COMMIT").write_text(_commit())
            archive.add(Path(folder) / "COMMIT", "pellucid-gpu/COMMIT")
            for wheel in sorted(wheels.iterdir()):
                archive.add(wheel, f"pellucid-gpu/wheels/{wheel.name}")
    size = target.stat().st_size
    if size > LARGEST:
        print(f"{target} has {size >> 20} MiB, and at the most {LARGEST >> 20} were meant.", file=sys.stderr)
        return 1
    print(f"{target}, {size / 2**20:.1f} MiB. There: tar xf {target.name} && pellucid-gpu/benchmarks/gpu/run.sh OUT")
    return 0


def tracked() -> list[str]:
    """The files of the repository, those not yet added among them."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"The bundle is made of what git lists, in a checkout, and git does not: {error}") from error
    return [name for name in listing.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def _commit() -> str:
    """What the bundle is made of: there is no git where it is unpacked."""
    asked = subprocess.run(["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return asked.stdout


def _under(name: str, source: str) -> bool:
    parts, pattern = Path(name).parts, Path(source).parts
    return len(parts) >= len(pattern) and all(p in ("*", part) for part, p in zip(parts, pattern, strict=False))


def _wheel(member: Path, wheels: Path) -> None:
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(member))


def _pip(*arguments: str) -> None:
    environment = os.environ | {"PELLUCID_SKIP_KERNELS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"pip {' '.join(arguments)}:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
