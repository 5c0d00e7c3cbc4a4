"""What is saved can be loaded, and what is loaded was checked: contents, not only forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.saving.container import MAX_HEADER
from pellucid.saving.documents import MAX_DEPTH, as_json

from tests.saving.support import edited, everything, parts, put, small_data, small_model, small_trainer

X, Y = small_data()


def deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


class Texts(str):
    __slots__ = ()


LOOP: list[Any] = []
LOOP.append(LOOP)


# -- what is refused when it is saved --------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [
    deep(300), deep(9_000), LOOP, {1: "a"}, {None: 1}, {(1, 2): 3}, {"a": {True: 1}}, {b"a": 1}, {1, 2}, object(),
    b"x", "\ud800", {"\udfff": 1}, 10**5000, 1j, np.complex64(1), np.datetime64("2026-01-01"), np.array([object()]),
], ids=lambda value: type(value).__name__)  # fmt: skip
def test_metadata_that_would_not_come_back_is_refused(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "m"
    pl.save(small_model(), path)
    before = path.read_bytes()
    model = small_model(seed=4)
    model.runtime.metadata["found"] = value
    with pytest.raises(pl.CheckpointError, match=r"A file can hold numbers, texts.* at metadata\.found"):
        pl.save(model, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("value", "read"), [
    (np.float32(0.5), 0.5), (np.int8(-3), -3), (np.bool_(True), True), (np.arange(3), [0, 1, 2]), ((1, (2,)), [1, [2]]),
    (np.str_("ü"), "ü"), (Texts("x"), "x"), ({"type": "acme/none"}, {"type": "acme/none"}), (10**4000, 10**4000),
    (-0.0, -0.0), ({"": None}, {"": None}), (deep(MAX_DEPTH - 2), deep(MAX_DEPTH - 2)), (float("inf"), float("inf")),
])  # fmt: skip
def test_metadata_that_comes_back(tmp_path: Path, value: Any, read: Any) -> None:
    model = small_model()
    model.runtime.metadata["found"] = value
    pl.save(model, tmp_path / "m")
    found = pl.load(tmp_path / "m", backend="reference").runtime.metadata["found"]
    assert found == read and type(found) is type(read)


@pytest.mark.parametrize("depth", [30, 75, 76])
def test_nested_layers_are_loaded_again_or_not_saved(tmp_path: Path, depth: int) -> None:
    layer: pl.Layer = pl.Dense(units=2)
    for _ in range(depth):
        layer = pl.Sequential([layer])
    model = pl.build(layer, input_shape=(2,), seed=0, backend="reference")
    try:
        pl.save(model, tmp_path / "m")
    except pl.CheckpointError as error:
        assert depth > 75 and "more than 150 levels" in str(error)
        assert not (tmp_path / "m").exists()
    else:
        assert depth < 76 and pl.load(tmp_path / "m", backend="reference").runtime.seed == 0


def test_a_header_stays_readable_at_its_limit() -> None:
    assert len(str(as_json(deep(MAX_DEPTH - 1)))) <= MAX_HEADER


class Keeps(pl.Callback):
    """Remembers what it is told to."""

    def __init__(self, kept: Any = None) -> None:
        self.kept: Any = kept

    def state(self) -> Any:
        return {} if self.kept is None else self.kept

    def restore(self, state: Mapping[str, Any]) -> None:
        self.kept = dict(state)


@pytest.mark.parametrize("kept", [
    {1: 2}, {"a": object()}, {"a": np.zeros(2, complex)}, {"a": np.array(["x"])}, {"\ud800": np.zeros(2)}, [1],
    {"a": deep(300)},
])  # fmt: skip
def test_a_memory_that_would_not_come_back_is_refused(tmp_path: Path, kept: Any) -> None:
    with pytest.raises(pl.CheckpointError):
        save_checkpoint(small_trainer(callbacks=[Keeps(kept)]), tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_arrays_of_every_order_come_back(tmp_path: Path) -> None:
    kept = {
        "big": np.arange(4, dtype=">f4"), "columns": np.asfortranarray(np.ones((2, 3))), "none": np.zeros((0, 3)),
        "one": np.array(3.0), "half": np.ones(2, np.float16), "truth": np.array([True, False]),
    }  # fmt: skip
    save_checkpoint(small_trainer(callbacks=[Keeps(kept)]), tmp_path / "c")
    again = small_trainer(callbacks=[Keeps()])
    restore_checkpoint(again, tmp_path / "c")
    for name, array in kept.items():
        assert np.array_equal(again.callbacks[0].kept[name], array), name


# -- two of one class ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [({"a": 1}, {"a": 2}), (None, {"a": 2}), ({"a": np.ones(2)}, None)])
def test_two_callbacks_of_one_class_keep_what_is_theirs(tmp_path: Path, kept: tuple[Any, Any]) -> None:
    save_checkpoint(small_trainer(callbacks=[Keeps(kept[0]), Keeps(kept[1])]), tmp_path / "c")
    again = small_trainer(callbacks=[Keeps(), Keeps()])
    restore_checkpoint(again, tmp_path / "c")
    for callback, mine in zip(again.callbacks, kept, strict=True):
        assert (callback.kept is None) == (mine is None)
        assert mine is None or np.array_equal(callback.kept["a"], mine["a"])
    if kept[1] is not None:
        with pytest.raises(pl.CheckpointError, match=r"memory of a callback 'Keeps' \(number 2 of them\)"):
            restore_checkpoint(small_trainer(callbacks=[Keeps()]), tmp_path / "c")


# -- what is refused when it is loaded -------------------------------------------------------------------------------


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    trainer = small_trainer()
    trainer.fit((X, Y), epochs=1, validation=(X[:40], Y[:40]), batch_size=16)
    save_checkpoint(trainer, tmp_path / "c")
    return tmp_path / "c"


@pytest.mark.parametrize("edit", [
    lambda d: d["progress"].update(steps=-1),
    lambda d: d["progress"].update(steps=True),
    lambda d: d["progress"].update(epochs=1 << 63),
    lambda d: d["progress"].update(position=104),
    lambda d: d["progress"].update(totals=[1.0, -1.0]),
    lambda d: d["progress"].update(totals=[float("nan"), 1.0]),
    lambda d: d["progress"]["plan"].update(rows=-1),
    lambda d: d["progress"]["plan"].update(batch_size="16"),
    lambda d: d["progress"]["plan"].update(more=1),
    lambda d: d["progress"].update(plan={"rows": 3}),
    lambda d: d["model"].update(frozen=["layers.9.weight"]),
    lambda d: d["model"].update(frozen=[3]),
    lambda d: d["model"].update(seed=-1),
    lambda d: d["model"].update(seed=1 << 64),
    lambda d: d.update(plugins={"acme": 3}),
    lambda d: d.update(classes=[1, 2]),
    lambda d: d["metadata"].update(objective=3),
    lambda d: d["callbacks"][0].update(number=-1),
    lambda d: d["callbacks"][0]["state"].update(epoch=0),
    lambda d: d["callbacks"][0]["state"].update(epoch=1.5),
    lambda d: d["callbacks"][0]["state"].update(figure="high"),
    lambda d: d["callbacks"][0]["state"].update(data=7),
    lambda d: d["callbacks"][0]["state"].update(more=7),
    lambda d: d["callbacks"].clear(),
    lambda d: d["settings"]["optimizer"].update(type="acme/adam"),
    lambda d: d.update(transforms=[{"type": "acme/whiten"}]),
])  # fmt: skip
def test_contents_that_make_no_sense_change_nothing(checkpoint: Path, edit: Callable[[Any], None]) -> None:
    trainer = small_trainer()
    before, kept = everything(trainer), dict(vars(trainer.callbacks[0]))
    with pytest.raises(pl.CheckpointError, match=str(checkpoint)):
        restore_checkpoint(trainer, edited(checkpoint, edit))
    assert everything(trainer) == before and vars(trainer.callbacks[0]) == kept


class Refuses(Keeps):
    """Takes its memory in, and then finds that it does not like it."""

    def restore(self, state: Mapping[str, Any]) -> NoReturn:
        super().restore(state)
        raise ZeroDivisionError("of a stranger")


def test_a_callback_that_refuses_leaves_everything_as_it_was(tmp_path: Path) -> None:
    def make(*callbacks: pl.Callback) -> pl.Trainer:
        return small_trainer(callbacks=["best_epoch", *callbacks])

    trainer = make(Refuses({"a": 1}))
    trainer.fit((X, Y), epochs=1, validation=(X[:40], Y[:40]))
    save_checkpoint(trainer, tmp_path / "c")
    other = make(Refuses())
    before = everything(other)
    with pytest.raises(pl.CheckpointError, match=r"Refuses does not take back its memory\. ZeroDivisionError: of a s"):
        restore_checkpoint(other, tmp_path / "c")
    assert everything(other) == before
    assert other.callbacks[0].epoch is None and other.callbacks[1].kept is None


def test_a_best_epoch_of_another_model_is_noticed(checkpoint: Path) -> None:
    trainer = small_trainer()
    restore_checkpoint(trainer, checkpoint)
    trainer.callbacks[0]._learned["parameters"] = np.zeros(3, np.float32)
    with pytest.raises(pl.CheckpointError, match="best epoch is of another model"):
        trainer.fit((X, Y), epochs=1, validation=(X[:40], Y[:40]), batch_size=16)


def test_a_tensor_that_belongs_to_nothing(tmp_path: Path) -> None:
    path = tmp_path / "m"
    model = small_model()
    pl.save(model, path)
    split = pl.Split(X, Y)
    pl.Trainer(model, loss="softmax_cross_entropy", seed=0).fit(
        pl.Splits(split, split, split, transforms=["standardize"]), epochs=1, verbose=False
    )
    pl.save(model, path)
    with pytest.raises(pl.CheckpointError, match=r"nothing in it belongs to its tensor 'transforms/0/"):
        pl.load(edited(path, lambda d: d.update(transforms=[])), backend="reference")


@pytest.mark.parametrize(("mean", "std"), [
    ([0.0, 0.0], [1.0]), ([0.0], [0.0]), ([0.0], [-1.0]), ([float("nan")], [1.0]), ([0.0], [float("inf")]), ([0], [1]),
])  # fmt: skip
def test_what_a_transform_learned_is_checked(mean: list[Any], std: list[Any]) -> None:
    transform = pl.Standardize()
    with pytest.raises(pl.CheckpointError, match="must hold a mean and a standard deviation above 0"):
        transform.restore({"mean": np.array(mean), "std": np.array(std)})
    assert transform.mean is None


def test_half_a_character_is_refused(tmp_path: Path) -> None:
    pl.save(small_model(), tmp_path / "m")
    path = edited(tmp_path / "m", lambda d: d.update(classes=["\ud800"] * 3))
    with pytest.raises(pl.CheckpointError, match="header is not JSON"):
        pl.load(path)


# -- one look --------------------------------------------------------------------------------------------------------


def test_what_was_opened_is_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process replaces the file between header and tensors: the old model is loaded, whole."""
    from pellucid.saving import model as saving

    path = tmp_path / "m"
    pl.save(small_model(seed=1), path)
    check = saving.check_tensors

    def meanwhile(*arguments: Any) -> None:
        pl.save(small_model(seed=2), path)
        check(*arguments)

    monkeypatch.setattr(saving, "check_tensors", meanwhile)
    loaded = pl.load(path, backend="reference")
    assert loaded.runtime.seed == 1
    assert (loaded.parameters()[0].data == small_model(seed=1).parameters()[0].data).all()


def test_what_is_copied_onto_it_meanwhile_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid.saving import model as saving

    path = tmp_path / "m"
    pl.save(pl.build("dense", units=100, input_shape=(100,), seed=0, backend="reference"), path)

    def meanwhile(*_: Any) -> None:
        path.write_bytes(path.read_bytes()[:-100])  # in place, shorter: mapped memory would end here

    monkeypatch.setattr(saving, "check_tensors", meanwhile)
    with pytest.raises(pl.CheckpointError, match="m was written to while it was read"):
        pl.load(path, backend="reference")


def test_a_whole_header_without_its_end(tmp_path: Path) -> None:
    pl.save(small_model(), tmp_path / "m")
    header, values = parts(tmp_path / "m")
    with pytest.raises(pl.CheckpointError, match=r"truncated or damaged.* s ago: if that goes on, load it when"):
        pl.load(put(tmp_path / "m", header, values[:-1]))
