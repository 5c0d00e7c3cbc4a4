"""The kit catches kernels that are wrong beside their example, and promises of capture that are not kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from unittest import SkipTest

import numpy as np
import pellucid as pl
import pytest
from pellucid.registry.discovery import GROUP, Claim, find_claims
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry
from pellucid.testing import Case, ConformanceError, conformance_cases
from pellucid.testing.registries import use_registry

from tests.testing.wrong import centre
from tests.testing.wrong.promises import KINDS

pytest.importorskip("pellucid.ops.kernels.native")
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
SOURCE = Path(centre.__file__).with_name("centre.c")
PROMISED = [(kind, cls.__name__) for kind, classes in KINDS.items() for cls in classes]


@pytest.fixture(scope="module", autouse=True)
def _registered() -> Iterator[None]:
    """A registry of what is installed, and of the wrong components under the vendor ``wrong``."""
    claim = Claim("wrong", "tests.testing.wrong", GROUP, "pellucid-wrong", "1.0")
    with use_registry(Registry(Plugins(lambda: [*find_claims(), claim]))):
        yield


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The kernel with all mistakes, compiled once."""
    if COMPILER is None:
        pytest.skip("there is no C compiler")
    library = tmp_path_factory.mktemp("centre") / f"centre{sysconfig.get_config_var('EXT_SUFFIX')}"
    includes = [f"-I{pl.get_include()}", f"-I{sysconfig.get_paths()['include']}"]
    command = [COMPILER, "-shared", "-fPIC", "-O1", "-Wall", *includes, str(SOURCE), "-o", str(library)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    spec = spec_from_file_location("centre", library)
    assert spec is not None and spec.loader is not None
    centre.native = module_from_spec(spec)
    spec.loader.exec_module(centre.native)
    yield
    centre.native = None


def caught(name: str) -> tuple[Case, ConformanceError] | None:
    """The first case that fails."""
    for case in conformance_cases(name):
        try:
            case.run()
        except SkipTest:
            continue
        except ConformanceError as error:
            return case, error
    return None


def test_what_is_not_written_is_not_taken_for_right(native: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that is new may be that of the call before, with its right numbers: malloc keeps what was freed."""
    taken: dict[int, list[np.ndarray]] = {}
    real = np.empty

    def used_again(shape: Any, dtype: Any = float, *_: Any, **__: Any) -> np.ndarray:
        wanted = real(shape, dtype)
        blocks = taken.setdefault(wanted.nbytes, [])
        for block in blocks:
            if sys.getrefcount(block) <= 3:  # the list, this loop, the call: no array stands in it
                return block.view(dtype).reshape(wanted.shape)
        blocks.append(np.zeros(wanted.nbytes, np.uint8))
        return blocks[-1].view(dtype).reshape(wanted.shape)

    monkeypatch.setattr(np, "empty", used_again)
    with centre.make("last row of three parts"):
        assert caught("wrong/centre") is not None


def test_nothing_is_found_in_the_kernel_as_it_should_be(native: None) -> None:
    found = caught("wrong/centre")
    assert found is None, str(found and found[1])


@pytest.mark.parametrize("mistake", [*centre.IN_C, *centre.IN_PYTHON])
def test_a_wrong_kernel_is_caught(native: None, mistake: str) -> None:
    with centre.make(mistake):
        assert caught("wrong/centre") is not None


@pytest.mark.parametrize(("kind", "name"), PROMISED)
def test_a_promise_that_is_not_kept_is_caught(kind: str, name: str) -> None:
    cases = [case for case in conformance_cases(f"wrong/{name.lower()}") if case.check.name.startswith("recorded_")]
    assert cases
    with pytest.raises(ConformanceError, match=r"replay|asks for|no plan comes"):
        for case in cases:
            case.run()


def test_as_calls_that_tells_the_truth_passes() -> None:
    (case,) = [case for case in conformance_cases("wrong/gated") if case.check.name == "as_calls"]
    case.run()


@pytest.mark.parametrize(("name", "said"), [
    ("Forgets", "What as_calls gives in training, against forward, is wrong"),
    ("AlwaysDrawn", "as_calls cannot be run in evaluation"),
    ("Elsewhere", "What as_calls gives 'inner' in training, against forward, is wrong"),
    ("Stopped", "The gradient of 'scale' by as_calls in training, against backward, is wrong"),
    ("Twice", "as_calls cannot be run in training"),
    ("NeverCalled", "as_calls does not call 'inner' in training"),
    ("Unread", "as_calls cannot be run in training"),
])  # fmt: skip
def test_as_calls_that_tells_something_else_is_caught(name: str, said: str) -> None:
    (case,) = [case for case in conformance_cases(f"wrong/{name.lower()}") if case.check.name == "as_calls"]
    with pytest.raises(ConformanceError) as error:
        case.run()
    assert said in str(error.value) and "Remedy: Write in as_calls(ctx, *inputs) what forward does" in str(error.value)


@pytest.mark.parametrize("mistake", ["forgets remember", "bias of the recording", "NumPy for few columns"])
def test_what_such_a_kernel_would_train_wrongly_is_noticed(native: None, mistake: str) -> None:
    """Without the kit, too: the trainer names the layer, and its numbers are those of the kernel that is run."""
    found = []
    x = np.random.default_rng(0).normal(size=(40, 5)).astype("float32")
    for promise in (True, False):
        own = type("Centre", (centre.Centre,), {"capturable": promise})()
        layers = [pl.create("layer", "dense", units=5), own, pl.create("layer", "dense", units=1)]
        model = pl.build(pl.create("layer", "sequential", layers=layers), input_shape=(5,), seed=0, backend="cython")
        trainer = pl.Trainer(model, loss="mse", seed=0)
        with centre.make(mistake), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            trainer.fit((x, x[:, :1]), epochs=3, batch_size=16, verbose=False)
        assert any("Centre at 'layers.1' promises capture" in str(warning.message) for warning in caught) is promise
        found.append(trainer.runtime.arena.data.copy())
    np.testing.assert_array_equal(*found)
