"""Files that are missing, foreign, cut off, tampered with or of another version: one error, with the remedy."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.checkpoint import save_checkpoint
from pellucid.saving.container import MAX_HEADER
from pellucid.standard.layers.dense import Dense
from safetensors.numpy import save_file

from tests.saving.support import edited, parts, put, small_model, small_trainer, with_facts


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    pl.save(small_model(), path)
    return path


def refused(path: Path, message: str) -> None:
    with pytest.raises(pl.CheckpointError, match=message) as caught:
        pl.load(path, backend="reference")
    assert str(path) in str(caught.value)


def test_missing(tmp_path: Path) -> None:
    refused(tmp_path / "none.safetensors", "Cannot read .*No such file.*Check the path")


def test_folder(tmp_path: Path) -> None:
    refused(tmp_path, "Cannot read .*directory")


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 60, b"PK\x03\x04 a pickle in a zip", b"{}"])
def test_foreign(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "photo.safetensors"
    path.write_bytes(content)
    refused(path, "not a safetensors file, or it is truncated|has a header of|not JSON")


def test_a_foreign_file_is_not_quoted_as_a_number(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b'[data]\ntype = "iris"\n')
    refused(path, "truncated: 21 bytes. Copy it again")
    path.write_bytes((100).to_bytes(8, "little") + b"{}")
    refused(path, "truncated: 10 bytes, and its header alone takes 108. Copy it again")


def test_pickle_is_not_executed(tmp_path: Path) -> None:
    import pickle

    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "executed",))

    path = tmp_path / "trap.safetensors"
    path.write_bytes(pickle.dumps(Trap()))
    refused(path, "safetensors")
    assert not (tmp_path / "executed").exists()


def test_safetensors_of_someone_else(tmp_path: Path) -> None:
    path = tmp_path / "bert.safetensors"
    save_file({"weight": np.zeros((3, 4), np.float32)}, path)
    refused(path, "pellucid did not write it")


def test_every_truncation(saved: Path) -> None:
    whole = saved.read_bytes()
    for size in [0, 1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 1]:
        saved.write_bytes(whole[:size])
        refused(saved, "truncated|not JSON")


def test_every_flipped_byte_of_a_small_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    pl.save(pl.build("dense", units=1, input_shape=(1,), seed=0, backend="reference"), path)
    whole = path.read_bytes()
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        with pytest.raises(pl.CheckpointError):
            pl.load(path, backend="reference")


def test_tampered_values(saved: Path) -> None:
    whole = bytearray(saved.read_bytes())
    whole[-1] ^= 1
    saved.write_bytes(whole)
    refused(saved, "damaged or was changed.*hash of its values")


def test_tampered_document(saved: Path) -> None:
    refused(edited(saved, lambda d: d["model"].update(seed=4), sealed=False), "damaged or was changed.*hash")


@pytest.mark.parametrize("version", [2, 0, "1", 1.0, True])
def test_newer_format(saved: Path, version: object) -> None:
    refused(with_facts(saved, format_version=version), f"version {version!r} of the format.*Upgrade pellucid")


def test_checkpoint_is_not_a_model(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(small_trainer(callbacks=[]), path)
    refused(path, "must hold a model. Received: a checkpoint.*--resume")


def test_missing_plugin(saved: Path) -> None:
    def edit(document):
        document["model"]["config"]["layers"][1]["type"] = "acme/batch_norm"
        document["plugins"] = {"acme": "pellucid-acme 1.2"}

    refused(edited(saved, edit), "layers.1.*'acme'.*written with pellucid-acme 1.2: install it")


def test_name_of_a_package_cannot_carry_a_command(saved: Path) -> None:
    def edit(document):
        document["model"]["config"]["type"] = "acme/x"
        document["plugins"] = {"acme": "x; rm -rf / 1.2"}

    with pytest.raises(pl.CheckpointError) as caught:
        pl.load(edited(saved, edit), backend="reference")
    assert "rm -rf" not in str(caught.value)


def test_nor_can_a_version(saved: Path) -> None:
    def edit(document):
        document["model"]["config"]["layers"][0]["units"] = 9
        document["pellucid"] = "1.0; rm -rf /"
        document["plugins"] = {"acme": "pellucid-acme $(rm)", "bolt": "pellucid-bolt 1.2"}

    with pytest.raises(pl.CheckpointError, match=r"written \(by pellucid-bolt 1\.2\)") as caught:
        pl.load(edited(saved, edit), backend="reference")
    assert "rm -rf" not in str(caught.value).replace(str(saved), "")


def test_a_wrong_fact_is_found_before_anything_is_built(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dense, "build", lambda *_: pytest.fail("a layer was built"))
    refused(edited(saved, lambda d: d.update(classes=3)), "its 'classes' must be of type list . None, and is 3")


@pytest.mark.parametrize("target", ["os:system", "builtins:eval", "pellucid.standard.layers.dense:Dense", "../dense"])
def test_nothing_is_imported_by_path(saved: Path, target: str) -> None:
    refused(edited(saved, lambda d: d["model"]["config"].update(type=target)), "cannot be loaded")


def test_other_shapes_than_the_configuration_builds(saved: Path) -> None:
    def edit(document):
        document["model"]["config"]["layers"][0]["units"] = 9

    refused(edited(saved, edit), r"does not fit.*parameters/layers\.0\.weight.*\(6, 8\) here.*\(6, 9\)")


def test_small_file_cannot_ask_for_a_large_model(saved: Path) -> None:
    def edit(document):
        document["model"]["config"]["layers"][0]["units"] = 10**9

    path = edited(saved, edit)
    tracemalloc.start()
    try:
        refused(path, "does not fit")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


def test_header_length_is_checked_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:  # sparse: it takes no room
        file.write((MAX_HEADER + 1).to_bytes(8, "little"))
        file.truncate(MAX_HEADER + 100)
    refused(path, "has a header of 16777217 bytes. Expected: at most 16777216")


def test_depth_of_json(saved: Path) -> None:
    header, values = parts(saved)
    deep = json.dumps(header)[:-1] + ', "x": ' + "[" * 100_000 + "]" * 100_000 + "}"
    refused(put(saved, deep, values), "not JSON")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"shape": [-1]}, "shape of tensor"),
        ({"shape": [2**60, 2**60]}, "shape of tensor"),
        ({"shape": [1] * 40}, "shape of tensor"),
        ({"shape": "8"}, "shape of tensor"),
        ({"shape": [9]}, "cannot have 32 bytes"),
        ({"dtype": "OBJECT"}, "dtype of tensor"),
        ({"data_offsets": [0, 31]}, "cannot have 31 bytes"),
        ({"data_offsets": [0, 1 << 62]}, "truncated"),
        ({"data_offsets": [4, 36]}, "overlap or leave a gap"),
        ({"data_offsets": None}, "cannot have -1 bytes"),
    ],
)
def test_lying_tensor_table(saved: Path, entry: dict, message: str) -> None:
    header, values = parts(saved)
    name = "parameters/layers.0.bias"
    assert header[name]["shape"] == [8]
    header[name] |= entry
    refused(put(saved, header, values), message)


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d.pop("model"),
        lambda d: d["model"].pop("input_shapes"),
        lambda d: d["model"].update(input_shapes=[["a"]]),
        lambda d: d["model"].update(dtype="int8"),
        lambda d: d["model"].update(seed=None),
        lambda d: d["model"].update(config=[]),
        lambda d: d["model"]["config"].pop("layers"),
        lambda d: d["model"]["config"]["layers"][0].update(units="many"),
        lambda d: d["model"]["config"]["layers"][0].update(colour="red"),
        lambda d: d.update(transforms=[{"type": "core/standardize"}]),
        lambda d: d.update(transforms="none"),
        lambda d: d.update(metadata=None),
        lambda d: d["metadata"].update(features=3),
        lambda d: d["metadata"].update(features=[3]),
        lambda d: d.update(classes=3),
        lambda d: d["model"].update(frozen=None),
        lambda d: d.update(plugins=["pellucid-acme 1.2"]),
    ],
)
def test_document_that_makes_no_sense(saved: Path, edit) -> None:
    refused(edited(saved, edit), "cannot be loaded|is damaged|saved state of")


@pytest.mark.parametrize("seed", [-1, 1 << 64, 0.5, 3.0, True, "3", [3]])
def test_a_seed_that_is_none(saved: Path, seed: object) -> None:
    refused(
        edited(saved, lambda d: d["model"].update(seed=seed)), r"must be an int in \[0, 2\*\*64\)|must be of type int"
    )


@pytest.mark.parametrize("seed", [0, (1 << 64) - 1])
def test_the_least_and_the_largest_seed(saved: Path, seed: int) -> None:
    assert pl.load(edited(saved, lambda d: d["model"].update(seed=seed))).runtime.seed == seed


@pytest.mark.parametrize("name", ["kind", "sha256", "tensors_sha256", "document"])
def test_missing_key_in_the_metadata(saved: Path, name: str) -> None:
    refused(with_facts(saved, **{name: None}), f"its header lacks {name}")
