"""What a plugin subscribes in its hooks only looks: it is switched off where it raises, and the run goes on."""

from __future__ import annotations

from pathlib import Path

import pellucid as pl
import pytest
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry
from pellucid.testing.registries import use_registry

from tests.fake_plugins import install
from tests.saving.support import everything, small_data, small_trainer

WATCHING = """
from pellucid import hookimpl

seen = []

def look(run):
    seen.append(run.step)
    if run.step == 3:
        {fault}

@hookimpl
def pellucid_run_start(run):
    {subscription}

@hookimpl
def pellucid_epoch_end(run):
    seen.append("epoch")
    {at_the_end}
"""


@pytest.mark.parametrize("fault", ["1 / 0", "raise SystemExit(0)"])
@pytest.mark.parametrize("place", ["run.on_step(look)", "run.on_time(look, 0.0)", ""])
def test_what_a_hook_subscribes_is_switched_off_with_its_plugin(
    site: Path, registry: Registry, fault: str, place: str
) -> None:
    at_the_end = "pass" if place else fault
    source = WATCHING.format(fault=fault, subscription=place or "pass", at_the_end=at_the_end)
    install(site, "acme", source=source)
    with use_registry(Registry(Plugins(list))):
        known = small_trainer(callbacks=[])
        known.fit(small_data(), epochs=2, batch_size=16)
    with use_registry(registry):
        trainer = small_trainer(callbacks=[])
        with pytest.warns(pl.PellucidWarning, match="Plugin 'acme' .* is broken: .*switched off"):
            trainer.fit(small_data(), epochs=2, batch_size=16)
    from importlib import import_module

    assert import_module("plugin_acme").seen == ([1, 2, 3] if place else ["epoch"])
    assert everything(trainer) == everything(known)


def test_what_a_callback_subscribes_is_of_the_user_and_ends_the_run() -> None:
    class Mine(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_step(lambda run: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        small_trainer(callbacks=[Mine()]).fit(small_data())


def test_all_observers_of_a_step_have_seen_it_when_one_of_them_ends_the_run() -> None:
    steps: list[int] = []

    class Mine(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_step(lambda run: 1 / 0, every=2)
            run.on_step(lambda run: steps.append(run.step))

    with pytest.raises(ZeroDivisionError):
        small_trainer(callbacks=[Mine()]).fit(small_data(), batch_size=16)
    assert steps == [1, 2]
