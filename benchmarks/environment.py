"""The environment of the contestants' processes: what of the caller's is cleared, what is set, what machine this is."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PEERS_PYTHON = ROOT / "benchmarks" / ".venv" / "bin" / "python"
_STEERING = re.compile(
    r"^(OMP|GOMP|KMP|MKL|OPENBLAS|GOTO|BLIS|ATLAS|VECLIB|NUMEXPR|XLA|JAX|TORCH|PYTORCH|ATEN|DNNL|ONEDNN|PELLUCID(?!_GPU_STAND_IN))_"
    r"|_NUM_THREADS$|^LD_PRELOAD$|^PYTHONDONTWRITEBYTECODE$"
)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PELLUCID_NUM_THREADS")


def steering_variables() -> dict[str, str]:
    """The variables of this shell that steer numerical libraries: a forgotten one can halve their speed. And the
    one that keeps Python from caching compiled modules, without which every start compiles them."""
    return {name: value for name, value in sorted(os.environ.items()) if _STEERING.search(name)}


def child_environment(threads: int | None, preload: Path | None = None) -> dict[str, str]:
    """This process's environment without these variables; the number of threads said to everyone, if it is given."""
    steering = steering_variables()
    environment = {name: value for name, value in os.environ.items() if name not in steering}
    environment["PYTHONPATH"] = str(ROOT)
    if threads is not None:
        environment |= dict.fromkeys(_THREADS, str(threads))
    if preload is not None:
        environment["LD_PRELOAD"] = str(preload)
    return environment


def restrict_to_cores(threads: int) -> None:
    """Let this process use as many processor cores as threads, where the system can tell: JAX knows no other way."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def compiled_preload(source: str) -> Path:
    """A shared library made of a few lines of C."""
    folder = Path(tempfile.mkdtemp(prefix="pellucid-bench-"))
    (folder / "preload.c").write_text(source)
    command = [os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "preload.c", "-o", "preload.so"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "preload.so"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    facts = _cpu_facts()
    flags = set(facts.get("flags", facts.get("Features", "")).split())
    levels = [name for name in ("avx512f", "avx2", "fma", "asimd") if name in flags]
    family = f" (family {facts['cpu family']}, model {facts['model']})" if "cpu family" in facts else ""
    return {
        "processor": facts.get("model name", platform.processor() or platform.machine()) + family,
        "vendor": facts.get("vendor_id", ""),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "vector_instructions": levels,
        "system": f"{platform.system()} on {platform.machine()}",
        "python": sys.version.split()[0],
    }


def _cpu_facts() -> dict[str, str]:
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    lines = path.read_text().split("\n\n")[0].splitlines()
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
