"""The hooks: every point at which a plugin is called, with its exact signature (also in docs/plugins/hooks.md).

A plugin implements the hooks that it needs in the module that its entry point names::

    from pellucid import hookimpl

    @hookimpl
    def pellucid_register(registry):
        registry.layer("sine", "pellucid_acme.layers:Sine", summary="sin(ωx)")

Each hook passes one object, which may grow; signatures do not change within a major version of the interface. A hook
that raises is switched off together with its plugin, and never stops pellucid (unless ``PELLUCID_STRICT=1``).
"""

from __future__ import annotations

from typing import Any

import pluggy

from pellucid.registry.derivatives import Derivatives
from pellucid.registry.manifest import Registrar

Report = Any
Run = Any
"""``pellucid.workbench.report.Report`` and ``pellucid.training.run.Run``. The registry stands below them: hooks are
handed them and they are not imported here."""
hookspec = pluggy.HookspecMarker("pellucid")
hookimpl = pluggy.HookimplMarker("pellucid")
"""Marks a function of a plugin's module as the implementation of the hook of the same name."""

# -- registration ----------------------------------------------------------------------------------------------------


@hookspec
def pellucid_register(registry: Registrar) -> None:
    """Register components by name.

    Called once in a process, when a name of this plugin is looked up for the first time or when all names are listed.
    A manifest holds strings only, ``"package.module:attribute"``; do not import the implementations here, nor NumPy:
    ``pellucid --help`` waits for nobody. If the hook raises, none of what it registered counts.

    Args:
        registry: has one method per kind: ``registry.layer(name, target, summary=…)``, ``registry.model(…)``,
            ``registry.op(…)``, …; see :class:`pellucid.registry.manifest.Registrar`.
    """


@hookspec
def pellucid_derivatives(derivatives: Derivatives) -> None:
    """Add functions that ``pellucid.grad`` and a Composite differentiate.

    Called once in a process, when a Variable meets a function without a rule in the engine. The rules may be imported
    here.

    Args:
        derivatives: ``derivatives.add(function, meaning)`` says what a function means for Variables; see
            :class:`pellucid.registry.derivatives.Derivatives`.
    """


# -- diagnosis -------------------------------------------------------------------------------------------------------


@hookspec
def pellucid_doctor(report: Report) -> None:
    """Add what helps to diagnose an installation to the output of ``pellucid doctor``.

    Called by that command only. Here a plugin may import what it needs, and should catch nothing: an exception is
    shown as this plugin's finding.

    Args:
        report: ``report.fact(name, value)`` states something, ``report.warn(name, message)`` says what is wrong and how
            to mend it; see :class:`pellucid.workbench.report.Report`.
    """


# -- runs ------------------------------------------------------------------------------------------------------------


@hookspec
def pellucid_run_start(run: Run) -> None:
    """A training run is about to take its first step.

    Called once per run, a call of ``fit``, a loop over ``batches`` or the first of single steps, after the data has
    been checked. There is no hook per step, because nobody should pay for one that nobody uses: subscribe here, with
    ``run.on_step(function, every=n)`` or ``run.on_gradients(function)``. What looks on, ``on_step`` and ``on_time``, is
    isolated as this hook is; an ``on_gradients`` observer may change what it sees, and ends the run if it raises.

    Args:
        run: the run: ``run.model``, ``run.trainer``, ``run.history``; see :class:`pellucid.training.run.Run`.
    """


@hookspec
def pellucid_epoch_end(run: Run) -> None:
    """An epoch is over and has been evaluated.

    Called after the callbacks; ``run.history[-1]`` holds the figures of the epoch, and ``run.stop(reason)`` ends the
    run.

    Args:
        run: the run.
    """


@hookspec
def pellucid_run_end(run: Run) -> None:
    """The run is over: after its last epoch, when it was stopped, and when an error or Ctrl-C ended it.

    Args:
        run: the run; ``run.stop_reason`` is None if it went to its planned end.
    """
