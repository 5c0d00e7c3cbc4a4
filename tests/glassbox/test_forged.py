"""Files whose hash is right and whose contents are not: all that is asked has an answer, or an error of pellucid's."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pellucid as pl
import pytest

from tests.glassbox.forged import Forger

MEMORY = "optimizer.m.layers.0.weight"
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def forger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forger]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)  # no file need outlive a loss of power
        yield Forger(tmp_path_factory.mktemp("forged"))


def test_hundreds_of_forgeries_are_answered_or_refused(forger: Forger) -> None:
    found = Counter(forger.forged(seed, share=0.05) for seed in range(200))
    assert found["answered"] > 40 and found["refused"] > 80 and found["answered in part"], found


@pytest.mark.slow
def test_thousands_of_forgeries_are_answered_or_refused(forger: Forger) -> None:
    for seed in range(200, 1400):
        forger.forged(seed)


def test_what_does_not_fit_together_is_told_with_the_file(forger: Forger) -> None:
    path = forger.write(lambda document, tensors: tensors.update({MEMORY: tensors[MEMORY].reshape(-1)}))
    with pytest.raises(pl.CheckpointError) as caught:
        pl.load_trace(path).replay()
    for part in (str(path), "replay has no answer", "Expected: ", "trace.save(path)", "trainer.trace_step"):
        assert part in str(caught.value)


def test_an_equation_that_cannot_be_evaluated_is_told_with_the_file(forger: Forger) -> None:
    path = forger.write(lambda document, tensors: tensors.update(x=tensors["x"][:, :2]))
    with pytest.raises(pl.DataError) as caught:
        pl.load_trace(path).why("layers.0.weight.grad", (0, 0))
    assert str(path) in str(caught.value) and "Remedy" in str(caught.value)


def test_a_small_file_does_not_ask_for_much_memory(forger: Forger) -> None:
    for units, told in ((1 << 40, "would take 4,096.0 GiB"), (2000, r"'layers\.0\.weight' of shape \(4, 2000\)")):
        path = forger.write(lambda document, _, n=units: document["setting"]["model"]["layers"][0].update(units=n))
        with pytest.raises(pl.PellucidError, match=told) as caught:
            pl.load_trace(path).replay()
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("what", ["no file", "empty", "model", "damaged", "folder"])
def test_the_errors_speak_of_a_trace(what: str, tmp_path: Path, forger: Forger) -> None:
    path = tmp_path / "step.safetensors"
    content = forger.content
    if what == "empty":
        path.write_bytes(b"")
    elif what == "model":
        pl.save(pl.build("dense", units=2, input_shape=(2,), seed=0), path)
    elif what == "damaged":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif what == "folder":
        path = f"{tmp_path}/"  # type: ignore[assignment]
    with pytest.raises(pl.CheckpointError) as caught:
        pl.load_trace(path)
    assert "trace" in str(caught.value)
    assert "save(model" not in str(caught.value) and "earlier checkpoint" not in str(caught.value)
