"""pellucid import-weights: arrays of others become a run folder, each accounted for; what is refused."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.testing.registries import use_registry
from pellucid.workbench.cli import main
from safetensors.numpy import save_file

from tests.fake_plugins import install, registry_of

REGISTER = """
registry.model("net", "{module}.m:net", summary="")
registry.model("plain", "{module}.m:plain", summary="")
registry.model("broken", "{module}.m:broken", summary="")
"""
MODULE = """
import numpy as np
from pellucid import Dense, Importing, Layer, MadeOf, Sequential

def net(hidden: int, outputs: int) -> Layer:
    return Sequential([Dense(hidden), Dense(outputs)])

def plain() -> Layer:
    return Dense(1)

def broken() -> Layer:
    return Dense(1)

def from_theirs(source):
    config = source.table("config.json")
    parameters = {"layers.1.weight": MadeOf(["left", "right"], lambda a, b: np.concatenate([a, b], 1))}
    for path, name in (("layers.0.weight", "in"), ("layers.0.bias", "in.bias"), ("layers.1.bias", "out.bias")):
        parameters[path] = MadeOf([name])
    return Importing(config, (3,), parameters, unused=["pooler.*"])

def bug(source):
    raise RuntimeError("bug")

net.import_weights = from_theirs
broken.import_weights = bug
"""
ARRAYS = {"in": (3, 4), "in.bias": (4,), "left": (4, 1), "right": (4, 1), "out.bias": (2,), "pooler.weight": (9,)}


@pytest.fixture(autouse=True)
def _registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    site = tmp_path / "site"
    site.mkdir()
    install(site, "acme", REGISTER, modules={"m": MODULE})
    monkeypatch.chdir(tmp_path)
    with registry_of(site) as registry, use_registry(registry):
        yield


def arrays(**others: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    made: dict[str, Any] = {name: rng.normal(size=shape).astype(np.float32) for name, shape in ARRAYS.items()}
    return made | others


def source(folder: Path, given: dict[str, Any] | None = None, **config: Any) -> Path:
    (folder / "deep").mkdir(parents=True)
    save_file(arrays() if given is None else given, folder / "deep" / "model.safetensors")
    (folder / "deep" / "config.json").write_text(json.dumps({"hidden": 4, "outputs": 2} | config))
    return folder


def told(capsys: Any, *words: object) -> dict[str, Any]:
    assert main([str(word) for word in ("import-weights", *words, "--json")]) == 0
    return dict(json.loads(capsys.readouterr().out))


def refused(capsys: Any, *words: object) -> str:
    assert main([str(word) for word in ("import-weights", *words, "--output", "run")]) == 2
    assert not Path("run").exists()
    return str(capsys.readouterr().err)


def test_arrays_become_a_run_that_predicts(tmp_path: Path, capsys: Any) -> None:
    out = told(capsys, "acme/net", source(tmp_path / "theirs"), "--output", "run")
    assert out["parameters"] == 26 and out["arrays"] == 5 and out["left_out"] == ["pooler.weight"]
    given, x = arrays(), np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    wanted = (x @ given["in"] + given["in.bias"]) @ np.hstack([given["left"], given["right"]]) + given["out.bias"]
    np.testing.assert_allclose(pl.open_run("run").model.predict(x), wanted, rtol=1e-5)
    np.save("x.npy", x)
    assert main(["predict", "run", "x.npy", "--json"]) == 0
    np.testing.assert_allclose([row["outputs"] for row in json.loads(capsys.readouterr().out)], wanted, rtol=1e-5)
    metadata = pl.open_run("run").model.runtime.metadata["imported"]  # type: ignore[union-attr]
    assert metadata == {"source": "theirs", "sha256": out["sha256"]}
    assert str(tmp_path) not in Path("run/summary.json").read_text()


def test_a_run_of_imported_weights_stands_beside_others(tmp_path: Path, capsys: Any) -> None:
    told(capsys, "acme/net", source(tmp_path / "theirs"), "--output", "run")
    assert main(["compare", "run", "run"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["run", "–", "26", "–"]


def test_a_file_or_an_archive_is_a_source_too(tmp_path: Path, capsys: Any) -> None:
    folder = source(tmp_path / "theirs")
    with zipfile.ZipFile("theirs.whl", "w") as archive:
        for file in folder.rglob("*.*"):
            archive.write(file, file.relative_to(tmp_path))
    first, second = "theirs.whl", folder / "deep" / "model.safetensors"
    assert told(capsys, "acme/net", first, "--output", "a")["sha256"] == told(
        capsys, "acme/net", second, "--output", "b"
    )["sha256"]  # fmt: skip


def test_half_precision_is_widened(tmp_path: Path, capsys: Any) -> None:
    given = arrays(**{"in": np.full((3, 4), 0.1, np.float16), "left": np.full((4, 1), 2, np.float64)})
    told(capsys, "acme/net", source(tmp_path / "theirs", given), "--output", "run")
    first = pl.open_run("run").model.parameters()[0].data
    assert first.dtype == np.float32 and (first == np.float32(np.float16(0.1))).all()


def test_bfloat16_is_widened(tmp_path: Path, capsys: Any) -> None:
    """NumPy has no such type: a file as other libraries write it, whose header is made by hand."""
    content = source(tmp_path / "theirs") / "deep" / "model.safetensors"
    tensors = {name: np.asarray(array, "<f4") for name, array in arrays().items()}
    header, data = {}, b""
    for name, array in tensors.items():
        halves = (array.view(np.uint32) >> 16).astype("<u2").tobytes()
        header[name] = {"dtype": "BF16", "shape": array.shape, "data_offsets": [len(data), len(data) + len(halves)]}
        data += halves
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    content.write_bytes(len(text).to_bytes(8, "little") + text + data)
    told(capsys, "acme/net", tmp_path / "theirs", "--output", "run")
    first = pl.open_run("run").model.parameters()[0].data
    np.testing.assert_array_equal(first, (tensors["in"].view(np.uint32) & 0xFFFF0000).view(np.float32))


def test_weights_of_another_architecture_are_listed_by_names_and_shapes(tmp_path: Path, capsys: Any) -> None:
    given = arrays(**{"left": np.zeros((5, 1), np.float32), "head.weight": np.zeros((2, 2), np.float32)})
    del given["in.bias"]
    said = refused(capsys, "acme/net", source(tmp_path / "theirs", given))
    for part in (
        "The weights of theirs are not those of acme/net: ",
        "layers.0.bias (4,) needs in.bias, which the source has not",
        "layers.1.weight (4, 2) cannot be made of left (5, 1), right (4, 1)",
        "head.weight (2, 2) of the source: nothing of acme/net takes it",
    ):
        assert part in said
    said = refused(capsys, "acme/net", source(tmp_path / "other", outputs=3))
    assert "layers.1.bias (3,) cannot be made of out.bias (2,)" in said


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, capsys: Any) -> None:
    folder = source(tmp_path / "theirs", arrays(**{"out.bias": np.array([0, np.nan], np.float32)}))
    assert "layers.1.bias would hold numbers that are not finite, of out.bias" in refused(capsys, "acme/net", folder)


class Executed:
    """Leaves a file behind where it is unpickled."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("executed"),)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pkl"])
def test_a_pickle_is_refused_and_not_executed(tmp_path: Path, capsys: Any, name: str) -> None:
    (tmp_path / "theirs").mkdir()
    file = tmp_path / "theirs" / name
    file.write_bytes(pickle.dumps(Executed()))
    for place in (file, file.parent):
        said = refused(capsys, "acme/net", place)
        assert f"holds {name}, a pickle: to read it may execute" in said and f"torch.load('{name}'" in said
    assert not Path("executed").exists()


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: Any) -> None:
    assert "nowhere does not exist" in refused(capsys, "acme/net", "nowhere")
    folder = source(tmp_path / "theirs")
    weights = folder / "deep" / "model.safetensors"
    whole = weights.read_bytes()
    for content in (whole[:-4], whole[:5], b"", b"\xff" * 64):
        weights.write_bytes(content)
        assert "model.safetensors is damaged, truncated or no safetensors file" in refused(capsys, "acme/net", folder)
    weights.write_bytes(whole)
    (folder / "deep" / "config.json").write_text("{")
    assert "config.json of theirs is damaged: it is no JSON" in refused(capsys, "acme/net", folder)
    (folder / "deep" / "config.json").unlink()
    assert "theirs has no config.json beside its arrays" in refused(capsys, "acme/net", folder)
    (folder / "model.safetensors").write_bytes(whole)
    assert "holds arrays in several folders, ., deep" in refused(capsys, "acme/net", folder)
    (tmp_path / "empty").mkdir()
    assert "holds no arrays in .safetensors" in refused(capsys, "acme/net", tmp_path / "empty")
    Path("bad.whl").write_bytes(b"PK")
    assert "bad.whl is damaged, or no archive" in refused(capsys, "acme/net", "bad.whl")


def test_an_architecture_without_an_importer_and_one_with_a_bug(tmp_path: Path, capsys: Any) -> None:
    folder = source(tmp_path / "theirs")
    assert "acme/plain has no importer of weights" in refused(capsys, "acme/plain", folder)
    assert "The importer of the model 'acme/broken' (pellucid-acme 1.0) raised RuntimeError: bug" in refused(
        capsys, "acme/broken", folder
    )


def test_nothing_is_overwritten(tmp_path: Path, capsys: Any) -> None:
    folder = source(tmp_path / "theirs")
    told(capsys, "acme/net", folder, "--output", "run")
    assert main(["import-weights", "acme/net", str(folder), "--output", "run"]) == 2
    said = capsys.readouterr().err
    assert "The run folder run exists already and is not empty. Choose another --output." in said


@pytest.mark.parametrize("count", [12, 13])
def test_of_very_many_that_do_not_fit_twelve_are_listed(tmp_path: Path, capsys: Any, count: int) -> None:
    strays = {f"z{n:02}": np.zeros(2, np.float32) for n in range(count)}
    said = refused(capsys, "acme/net", source(tmp_path / "theirs", arrays(**strays)))
    assert said.count("of the source: nothing of acme/net takes it") == 12 and "z11 (2,)" in said and "z12" not in said
    assert ("takes it; and 1 more. Give the architecture" in said) == (count == 13)


def test_what_was_imported_is_told_in_a_table(tmp_path: Path, capsys: Any) -> None:
    wide = arrays(**{name: np.zeros(shape, np.float32) for name, shape in
                     {"in": (3, 400), "in.bias": (400,), "left": (400, 1), "right": (400, 1)}.items()})  # fmt: skip
    folder = source(tmp_path / "theirs", wide, hidden=400)
    assert main(["import-weights", "acme/net", str(folder), "--output", "run"]) == 0
    shown = dict(line.split(None, 1) for line in capsys.readouterr().out.replace("left out", "left_out").splitlines())
    assert len(shown.pop("sha256")) == 64
    assert shown == {
        "architecture": "acme/net", "parameters": "2,402", "arrays": "5", "left_out": "pooler.weight",
        "source": "theirs", "output": "run",
    }  # fmt: skip
    kept = json.loads(Path("run/summary.json").read_text())
    assert kept["parameters"] == kept["imported"]["parameters"] == 2402
    assert Path("run/experiment.toml").read_text().startswith("# Weights that were imported, not trained here.")
