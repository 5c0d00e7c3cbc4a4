"""What callbacks keep in a checkpoint is what they go on with; what cannot be theirs, or read again, is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import CheckpointError
from pellucid.saving import container
from pellucid.saving.checkpoint import not_finite
from pellucid.saving.model import plugins_of

from tests.saving.support import small_data, small_trainer

KEPT: dict[str, Any] = {
    "reduce_on_plateau": {"monitor": "loss", "patience": 1, "min_delta": 10.0},
    "early_stopping": {"monitor": "loss", "patience": 9}, "best_epoch": {"monitor": "loss"}, "ema": {"decay": 0.5},
    "swa": {"start": 0.0},
}  # fmt: skip


def state_of(name: str) -> dict[str, Any]:
    """What it keeps after three epochs."""
    callback = pl.create("callback", name, **KEPT[name])
    small_trainer(callbacks=[callback]).fit(small_data(), epochs=3, batch_size=32, verbose=False)
    return callback.state()  # type: ignore[attr-defined, no-any-return]


def fresh(name: str) -> Any:
    return pl.create("callback", name, **KEPT[name])


def plain(state: dict[str, Any]) -> dict[str, Any]:
    return {name: part.tolist() if isinstance(part, np.ndarray) else part for name, part in state.items()}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_is_gone_on_with(name: str) -> None:
    state, callback = state_of(name), fresh(name)
    assert state and plain(state) != plain(callback.state())
    callback.restore(state)
    assert plain(callback.state()) == plain(state)
    callback.restore({})
    assert plain(callback.state()) == plain(fresh(name).state()), "of a run that kept nothing"


WRONG: dict[str, dict[str, list[Any]]] = {
    "reduce_on_plateau": {
        "falls": [3, [-1], [1.0], [True], ["3"], None, (4, 8)], "best": ["0.5", [0.5], (1,)],
        "waited": [1.0, None, "1", True],
    },
    "early_stopping": {"better": [[1], [1, "a"], [1.0, 0.5], (1, 0.5), [1, 0.5, 2], "ab", [True, 0.5], 3]},
    "best_epoch": {
        "epoch": [0, -1, 1.0, True, "1", None], "figure": ["a", None, True, [0.5]], "data": [3, ["a"], b"a"],
    },
    "ema": {"count": [-1, 1.0, True, None, "1"], "average": [None, [1.0], "a", np.zeros(3)]},
    "swa": {
        "count": [-1, 1.0, True, None], "average": [None, [1.0], np.zeros(3)], "epoch": [-1, 1.0, True, "1", None],
    },
}  # fmt: skip
CASES = [(name, key, value) for name, keys in WRONG.items() for key, values in keys.items() for value in values]


@pytest.fixture(scope="module")
def states() -> dict[str, dict[str, Any]]:
    return {name: state_of(name) for name in KEPT}


@pytest.mark.parametrize(("name", "key", "wrong"), CASES)
def test_what_cannot_be_theirs_is_refused(name: str, key: str, wrong: Any, states: Any) -> None:
    callback = fresh(name)
    with pytest.raises(CheckpointError, match=rf"^{name} remembers "):
        callback.restore({**states[name], key: wrong})
    assert plain(callback.state()) == plain(fresh(name).state()), "nothing of it was taken over"


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    for document in ({}, {"model": 3}):
        with pytest.raises(CheckpointError) as caught:
            container.write(path, "model", document, {})
        said = f"{path} is not written, because it could not be read again. The reader would say: "
        assert said in str(caught.value) and len(str(caught.value)) > len(said) + 20
        assert [*tmp_path.iterdir()] == []
    path.write_bytes(b"what was there")
    with pytest.raises(CheckpointError, match="could not be read again"):
        container.write(path, "checkpoint", {}, {"a": np.zeros(2)})
    assert path.read_bytes() == b"what was there" and [*tmp_path.iterdir()] == [path]


def test_a_header_is_no_longer_than_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    monkeypatch.setattr(container, "check_header", lambda *given: None)
    container.write(path, "model", {}, {})
    length = int.from_bytes(path.read_bytes()[:8], "little")
    monkeypatch.setattr(container, "MAX_HEADER", length)
    container.write(path, "model", {}, {})
    monkeypatch.setattr(container, "MAX_HEADER", length - 1)
    before = path.read_bytes()
    for kind, remedy in (("model", "The configuration or the metadata is too large."), ("trace", "keep=…")):
        with pytest.raises(CheckpointError, match=rf"and at most {length - 1} are read again\. .*{remedy}"):
            container.write(path, kind, {}, {})  # type: ignore[arg-type]
    assert path.read_bytes() == before


def test_the_first_array_that_is_not_finite_is_named() -> None:
    good, large = np.ones(3), np.full(3, 1e200)  # whose squares add up to infinity
    numbers, masks = np.array([1, 2]), np.array([True])
    assert not_finite({}) == not_finite({"a": good, "b": large, "c": numbers, "d": masks, "e": np.zeros(0)}) == ""
    for bad in (np.nan, np.inf, -np.inf):
        one = good.copy()
        one[2] = bad
        assert not_finite({"a": good, "b": one, "c": one}) == "b"
        assert not_finite({"a": one.astype("f4")}) == "a"
        assert not_finite({"a": one}, lambda array: False) == "a" and not_finite({"a": one}, lambda array: True) == ""
        assert not_finite({"a": one}, lambda array: False, lambda array: np.zeros(3)) == ""


def test_plugins_are_found_wherever_their_components_stand() -> None:
    cnn, ann = {"type": "cnn/conv2d", "filters": 1}, {"type": "ann/ann"}
    for config in ({"layers": [{"type": "core/dense"}, cnn]}, {"a": {"b": [[cnn]]}}, [cnn, {"type": "dense"}], cnn):
        ((vendor, package),) = plugins_of(config)
        assert vendor == "cnn" and package.startswith("pellucid-cnn ")
    assert [vendor for vendor, _ in plugins_of({"x": [ann, 3, "cnn/conv2d"], "type": "cnn/lenet"})] == ["cnn", "ann"]
    for none in ({"type": "core/dense"}, {"type": "nobody/any"}, {"type": 3}, "cnn/conv2d", 3, None, {"kind": "cnn/a"}):
        assert [*plugins_of(none)] == []
