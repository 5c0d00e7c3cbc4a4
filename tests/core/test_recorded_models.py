"""Ready models are recorded, and what was recorded is replayed: that the bits are equal either way shows neither."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import pellucid as pl
import pytest

from tests.unrecorded import wrong

pytest.importorskip("pellucid.ops.kernels.native")

IMAGE: Any = (12, 12, 1)
READY: dict[str, tuple[Any, Any, bool, bool]] = {
    "ann": ({"type": "ann/ann", "outputs": 3, "hidden": [8]}, IMAGE, True, True),
    "lenet": ({"type": "cnn/lenet", "outputs": 3}, IMAGE, True, True),
    "autoencoder": ({"type": "ae/autoencoder", "latent": 2, "hidden": [8]}, IMAGE, True, True),
    # Array code, which has no kernel, is among the ops of these.
    "vae": ({"type": "vae/vae", "latent": 2, "hidden": [8]}, IMAGE, False, False),
    "diffusion": ({"type": "diffusion/mlp_denoiser", "hidden": 8, "blocks": 1}, [(2,), ()], False, False),
}
"""The model, the shapes of its inputs, whether its steps are recorded and whether its predictions are."""
ROWS, BATCH, EPOCHS = 40, 16, 3
STEPS = {16: 6, 8: 3}
"""By their rows: in each epoch two of 16, and one of the rest."""
AS_RECORDED = dict.fromkeys(STEPS, 2)
"""How often Python runs the code of each: as it is recorded, and as the plan is put to the proof."""


@contextmanager
def counted(part: Any, method: str) -> Iterator[list[int]]:
    """The rows of each call that Python makes; a replayed plan makes none."""
    rows: list[int] = []
    native = getattr(type(part), method)

    def called(self: Any, ctx: Any, *given: Any) -> Any:
        rows.append(len(given[-1]))
        return native(self, ctx, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(part), method, called)
        yield rows


def times(rows: list[int]) -> dict[int, int]:
    return {n: rows.count(n) for n in rows}


class ByCode(pl.Callback):
    """Each step is taken by its code, whatever has been recorded of it."""

    def on_run_start(self, run: pl.Run) -> None:
        run.on_trace(lambda step: nullcontext())


def trained(name: str, *callbacks: Any) -> tuple[pl.Trainer, dict[int, int]]:
    config, shape, _, _ = READY[name]
    rng = np.random.default_rng(0)
    x = rng.random((ROWS, *(shape if shape is IMAGE else shape[0]))).astype(np.float32)
    model = pl.build(config, input_shape=shape, seed=0, backend="cython")
    trainer = pl.Trainer(model, seed=1, callbacks=callbacks)
    y = rng.integers(0, 3, ROWS) if "outputs" in config else None
    with counted(trainer.objective, "forward") as rows:
        trainer.fit((x, y), epochs=EPOCHS, batch_size=BATCH, verbose=False)
    return trainer, times(rows)


@pytest.mark.parametrize("name", READY)
def test_steps_are_replayed_and_give_the_bits_of_their_code(name: str) -> None:
    kept = READY[name][2]
    (trainer, ran), (by_code, all_steps) = trained(name), trained(name, ByCode())
    assert [step.recorded for step in trainer._stepper._steps.values()] == [kept, kept]
    assert ran == (AS_RECORDED if kept else STEPS)
    assert all_steps == STEPS
    assert trainer.runtime.arena.data.tobytes() == by_code.runtime.arena.data.tobytes()
    assert trainer.history.records == by_code.history.records


@pytest.mark.parametrize("name", READY)
def test_predictions_are_replayed(name: str) -> None:
    config, shape, _, kept = READY[name]
    model = pl.build(config, input_shape=shape, seed=0, backend="cython")
    shapes = [shape] if shape is IMAGE else shape
    with counted(model, "forward") as rows:
        for number in range(5):
            inputs = tuple(np.full((3, *each), number, "float32" if each else "int64") for each in shapes)
            model.predict(inputs if len(inputs) > 1 else inputs[0])
    (prediction,) = model.runtime.idle_predictions.values()  # type: ignore[union-attr]
    assert prediction._forward.recorded is kept
    # As it is recorded, and as the plan is put to the proof: by numbers that are made up, and by those of this call.
    assert times(rows) == {3: 3 if kept else 5}


@pytest.mark.parametrize(
    ("name", "outcome", "reason", "said"),
    [
        ("core/dense[0]-recorded_plan", "skipped", "no plan on 'cython': …", "promises to be capturable"),
        ("core/prelu[0]-recorded_plan", "skipped", "no plan on 'cython': …", None),
        ("core/prelu[0]-recorded_plan", "passed", "", "is recorded now"),
        ("core/dense[0]-recorded_plan", "skipped", "there is no other backend here", None),
        ("core/dense[0]-recorded_plan", "passed", "", None),
        ("core/dense[0]-parity", "skipped", "no plan on 'cython': …", None),
    ],
)
def test_what_is_not_recorded_is_named(name: str, outcome: str, reason: str, said: str | None) -> None:
    found = wrong(f"tests/testing/test_conformance.py::test_core[{name}]", outcome, reason)
    assert (found is None) if said is None else (said in str(found))
