"""pellucid doctor: versions, backends, threads, environment and plugins, and how to mend what is wrong with them."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import traceback
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby

from pellucid.basics.errors import PellucidError, raised
from pellucid.basics.suggest import did_you_mean
from pellucid.basics.version import __version__
from pellucid.ops.backends import check_variable, get_ops
from pellucid.ops.threads import get_num_threads
from pellucid.registry.plugins import ALLOW_LIST, allowed
from pellucid.registry.registry import Registry, default_registry
from pellucid.workbench.cli.console import Output, lenient, table
from pellucid.workbench.leftovers import leftovers
from pellucid.workbench.report import Finding, Report

PACKAGES = ("numpy", "pluggy", "safetensors", "scipy-openblas32", "tqdm", "matplotlib", "pellucid-cupy")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "MKL_NUM_THREADS")
HARMFUL = {
    "OPENBLAS_CORETYPE": "It makes OpenBLAS use the kernels of another processor, often at half the speed.",
    "OPENBLAS_L2_SIZE": "It makes OpenBLAS cut matrices for a cache of another size.",
    "OPENBLAS_VERBOSE": "It makes OpenBLAS print in the middle of everybody's output.",
    **dict.fromkeys(
        THREAD_VARIABLES,
        "It limits the threads of every library in this process; pellucid's own are set by PELLUCID_NUM_THREADS.",
    ),
}
"""Environment variables that are inherited unnoticed and slow the hot path down, or change what runs there."""


def configure(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments of its own."""


def run(args: argparse.Namespace, output: Output) -> None:
    report = examine()
    output.result({"findings": report.as_data(), "warnings": len(report.warnings)}, as_text(report))


def as_text(report: Report) -> str:
    parts = []
    for section, findings in groupby(report.findings, key=lambda finding: finding.section):
        rows = [("! " if f.warning else "  ", f.name, f.value) for f in findings]
        parts.append(f"{section}\n{table(rows)}")
    n = len(report.warnings)
    parts.append(f"{n} warning(s), marked !." if n else "Nothing is wrong.")
    return "\n\n".join(parts)


def examine(registry: Registry | None = None) -> Report:
    """Examine this installation."""
    registry = default_registry() if registry is None else registry
    report = Report()
    _versions(report)
    _machine(report)
    with lenient(registry.plugins):
        _backends(report, registry)
        _kernels(report)
        _environment(report)
        _plugins(report, registry)
    return report


def _versions(report: Report) -> None:
    report.section("versions")
    report.fact("pellucid", __version__)
    report.fact("python", f"{platform.python_version()} ({sys.executable})")
    for package in PACKAGES:
        try:
            report.fact(package, version(package))
        except PackageNotFoundError:
            report.fact(package, "not installed")
        except Exception as error:  # its metadata may be damaged
            report.warn(package, f"Its metadata cannot be read: {raised(error)}. Reinstall it.")


def _machine(report: Report) -> None:
    report.section("machine")
    report.fact("system", platform.platform())
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    report.fact("processors", f"{available} available of {os.cpu_count()}")


def _backends(report: Report, registry: Registry) -> None:
    """Which backends work here; each is really made, for only that tells."""
    report.section("backends")
    try:
        check_variable()
    except PellucidError as error:
        report.warn("PELLUCID_BACKEND", f"Nothing can be trained or evaluated. {error}")
    for entry in registry.entries("backend"):
        name = entry.short_name if entry.vendor == "core" else entry.name
        try:
            get_ops(name)
        except Exception as error:  # a plugin's backend may raise anything when it is made
            report.fact(name, f"not available: {error if isinstance(error, PellucidError) else raised(error)}")
            if name == "cython":
                report.warn(name, f"Everything runs on the reference backend, several times slower. {error}")
        else:
            report.fact(name, "available")


def _kernels(report: Report) -> None:
    """What the compiled kernels run on."""
    report.section("kernels")
    try:
        import scipy_openblas32

        from pellucid.ops.kernels import native
    except ImportError as error:
        report.fact("kernels", f"not there: {error}")
        return
    report.fact("instruction set", f"{native.simd_level()} (available: {', '.join(native.simd_levels())})")
    report.fact("threads", get_num_threads())
    report.fact("BLAS", scipy_openblas32.get_openblas_config())


def _environment(report: Report) -> None:
    report.section("environment")
    for name in sorted(name for name in os.environ if name.startswith("PELLUCID_")):
        report.fact(name, os.environ[name])
    for name, harm in HARMFUL.items():
        if name in os.environ:
            report.warn(name, f"{name}={os.environ[name]} is set. {harm} Unset it unless you mean it.")


def _plugins(report: Report, registry: Registry) -> None:
    report.section("plugins")
    plugins = registry.plugins
    for plugin in plugins.load_all():
        report.fact(plugin.vendor, f"{plugin.status}, {plugin.distribution} {plugin.version}")
        if plugin.reason and plugin.status != "disabled":
            report.warn(plugin.vendor, plugin.reason + (" See: pellucid plugins --traceback." * bool(plugin.traceback)))
    for package, message in leftovers():
        report.warn(package, message)
    for name in sorted((allowed() or set()) - set(plugins.found)):
        near = did_you_mean(name, plugins.found)
        report.warn(ALLOW_LIST, f"'{name}' is in the allow-list, and no such plugin is installed.{near}")
    for vendor, hook in plugins.implementations("pellucid_doctor"):
        own = Report()
        own.section(vendor)
        report.section(vendor)
        try:
            hook(report=own)
        except KeyboardInterrupt:
            raise
        except BaseException:  # sys.exit, too
            report.warn("pellucid_doctor", f"The hook of plugin '{vendor}' raised:\n{traceback.format_exc()}")
        found = [each for each in own.findings if isinstance(each, Finding)]
        report.findings += [Finding(vendor, str(f.name), str(f.value), bool(f.warning)) for f in found]
