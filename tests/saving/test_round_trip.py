"""What is saved is what is loaded: parameters, states, transforms, classes, objective, sharing, dtype, shapes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.reading import read_header
from safetensors.numpy import load_file

from tests.saving.support import small_data, small_model, small_trainer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predicts_the_same_bits_after_training(path: Path, dtype: str) -> None:
    trainer = small_trainer(small_model(dtype=dtype))
    x, y = small_data()
    trainer.fit((x, y), validation=(x, y), epochs=2, batch_size=16)
    pl.save(trainer.model, path)

    loaded = pl.load(path, backend="reference")

    assert loaded.predict(x).tobytes() == trainer.model.predict(x).tobytes()
    assert loaded.runtime.dtype == np.dtype(dtype)
    assert loaded.runtime.seed == 3
    assert loaded.runtime.input_shapes == ((6,),)


def test_names_of_tensors_are_the_paths(path: Path) -> None:
    pl.save(small_model(), path)
    assert set(load_file(path)) == {
        "parameters/layers.0.weight", "parameters/layers.0.bias", "parameters/layers.1.gamma",
        "parameters/layers.1.beta", "parameters/layers.3.weight", "parameters/layers.3.bias",
        "states/layers.1.running_mean", "states/layers.1.running_var",
    }  # fmt: skip


def test_transforms_and_classes_come_from_the_training_data(path: Path) -> None:
    x, y = small_data()
    names = ("rose", "tulip", "iris")
    train = pl.Split(x * 7 + 3, y, names)
    empty = train.take(np.arange(0))
    trainer = small_trainer(callbacks=[])
    trainer.fit(pl.Splits(train, empty, empty, ["standardize"]), epochs=1)
    pl.save(trainer.model, path)

    loaded = pl.load(path, backend="reference")

    assert loaded.runtime.classes == names
    assert loaded.predict(train.x).tobytes() == trainer.model.predict(train.x).tobytes()


def test_objective_is_remembered(path: Path) -> None:
    trainer = small_trainer(callbacks=[])
    x, y = small_data()
    trainer.fit((x, y), verbose=False)
    pl.save(trainer.model, path)

    again = pl.Trainer(pl.load(path, backend="reference"), seed=1, metrics=["accuracy"])

    assert again.evaluate((x, y)) == trainer.evaluate((x, y))


def test_training_goes_on_from_a_loaded_model(path: Path) -> None:
    model = small_model()
    model.parameters()[0].trainable = False
    pl.save(model, path)
    loaded = pl.load(path, backend="reference")
    before = [p.data.copy() for p in loaded.parameters()]

    small_trainer(loaded, callbacks=[]).fit(small_data(), epochs=1)

    changed = [bool((p.data != b).any()) for p, b in zip(loaded.parameters(), before, strict=True)]
    assert changed == [False, True, True, True, True, True]


def test_shared_layers_stay_shared(path: Path) -> None:
    shared = {"type": "dense", "units": 6, "activation": "tanh"}
    model = pl.build(
        {"type": "sequential", "layers": [shared, {"ref": "layers.0"}, {"type": "dense", "units": 2}]},
        input_shape=(6,), seed=0, backend="reference",
    )  # fmt: skip
    pl.save(model, path)

    loaded = pl.load(path, backend="reference")

    assert loaded.layers[0] is loaded.layers[1]
    assert len(loaded.parameters()) == len(model.parameters()) == 4
    x, _ = small_data(5)
    assert loaded.predict(x).tobytes() == model.predict(x).tobytes()


def test_tied_and_transposed_weights_stay_tied(path: Path) -> None:
    model = pl.build(
        {"type": "sequential", "layers": [{"type": "dense", "units": 3}, {"ref": "layers.0", "transpose": True}]},
        input_shape=(6,), seed=0, backend="reference",
    )  # fmt: skip
    pl.save(model, path)
    loaded = pl.load(path, backend="reference")
    x, _ = small_data(5)
    assert loaded.predict(x).tobytes() == model.predict(x).tobytes()
    assert [p.path for p in loaded.parameters()] == [p.path for p in model.parameters()]


def test_model_made_of_objects(path: Path) -> None:
    from pellucid.standard.layers.activations import ReLU
    from pellucid.standard.layers.containers import Sequential
    from pellucid.standard.layers.dense import Dense

    model = pl.build(Sequential([Dense(4), ReLU(), Dense(2)]), input_shape=(6,), seed=0, backend="reference")
    pl.save(model, path)
    x, _ = small_data(5)
    assert pl.load(path, backend="reference").predict(x).tobytes() == model.predict(x).tobytes()


def test_file_holds_canonical_names_only(path: Path) -> None:
    pl.save(small_model(), path)
    config = read_header(path, "model").document["model"]["config"]
    assert [layer["type"] for layer in config["layers"]] == [
        "core/dense", "core/batch_norm", "core/dropout", "core/dense",
    ]  # fmt: skip


def test_equal_models_give_equal_files(tmp_path: Path) -> None:
    for name in "abcd":
        pl.save(small_model(), tmp_path / name)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_changed_argument_is_saved_as_it_is_now(path: Path) -> None:
    model = small_model()
    model.layers[2].rate = 0.5
    pl.save(model, path)
    assert pl.load(path, backend="reference").layers[2].rate == 0.5


def test_unregistered_layer_is_refused_with_the_remedy(path: Path) -> None:
    class Double(pl.Layer):
        def output_shape(self, *shapes):
            return shapes[0]

        def forward(self, ctx, x):
            return 2 * x

        def backward(self, ctx, dy):
            return 2 * dy

    model = pl.build(Double(), input_shape=(3,), seed=0, backend="reference")
    with pytest.raises(pl.CheckpointError, match=r"cannot be saved.*not registered.*pellucid new plugin"):
        pl.save(model, path)
    assert not path.exists()


def test_model_that_would_not_load_is_not_written(path: Path) -> None:
    model = small_model()
    model.layers[0].units = 9  # the parameters still have 8 columns
    with pytest.raises(pl.CheckpointError, match=r"cannot be saved.*parameters/layers\.0\.weight.*\(6, 8\).*\(6, 9\)"):
        pl.save(model, path)
    assert not path.exists()


def test_saving_again_replaces_the_file_and_leaves_nothing_else(path: Path) -> None:
    pl.save(small_model(seed=1), path)
    pl.save(small_model(seed=2), path)
    assert pl.load(path, backend="reference").runtime.seed == 2
    assert [p.name for p in path.parent.iterdir()] == [path.name]


ANYBODY = """
import os, sys
import pellucid as pl
model = pl.build("dense", units=1, input_shape=(1,), seed=0, backend="reference")
pl.save(model, "m.safetensors")  # nothing is left to be imported, perhaps from where nobody else may read
if os.geteuid() == 0:  # who may write anywhere
    os.chown(".", 65534, 65534)
    os.chown("m.safetensors", 65534, 65534)
    os.setuid(65534)
    pl.save(model, "m.safetensors")
os.chmod(".", 0o500)
for name in ("m.safetensors", "other.safetensors"):
    try:
        pl.save(model, name)
    except pl.CheckpointError as error:
        print(error)
"""


def test_folder_without_permission() -> None:
    with TemporaryDirectory() as folder:  # pytest's own lie in one that nobody else may enter
        done = subprocess.run([sys.executable, "-c", ANYBODY], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        first, second = done.stdout.splitlines()
        assert first.startswith("Cannot write m.safetensors") and second.startswith("Cannot write other.safetensors")
        assert "Permission denied" in first and [each.name for each in Path(folder).iterdir()] == ["m.safetensors"]


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(pl.CheckpointError, match=r"Cannot write .*nowhere/m\.safetensors.*folder exists"):
        pl.save(small_model(), tmp_path / "nowhere" / "m.safetensors")


def test_symbolic_link_is_followed(tmp_path: Path) -> None:
    real, link = tmp_path / "real.safetensors", tmp_path / "link.safetensors"
    pl.save(small_model(seed=1), real)
    link.symlink_to(real)
    pl.save(small_model(seed=2), link)
    assert link.is_symlink()
    assert pl.load(real, backend="reference").runtime.seed == 2
