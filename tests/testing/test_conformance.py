"""The kit run over everything that is built in, (plugins run it over what they bring)."""

from __future__ import annotations

import pytest
from pellucid.basics.component import Example
from pellucid.registry.registry import default_registry
from pellucid.standard.layers.containers import Sequential
from pellucid.standard.losses.softmax_cross_entropy import SoftmaxCrossEntropy
from pellucid.testing import Case, conformance_cases
from pellucid.testing.cases import covered
from pellucid.testing.check import Check
from pellucid.testing.checks import CHECKS
from pellucid.testing.registries import use_registry
from pellucid.testing.subject import Backends, Subject, installed_backends

from tests.components.support import StrictOps
from tests.testing.mutation import registry

SKIPS = {
    "core/transposed: has_example": "it shares another layer's weight and cannot stand alone; test_tied_weights has it",
    "core/course: has_example": "every call of fit makes its own, over data; tests/data/test_feeds.py has it",
    "core/masked: has_example": "no layer of the core takes a mask; tests/core/test_sequences.py has it",
    "core/function: configuration": "no file can hold a function of Python's",
    "core/function: arguments_stay": "they are compared by their configurations, and a function is in none",
    "core/function: copied": "copies are compared by their configurations, and a function is in none",
    "core/files: has_example": "it reads files that the user names; tests/data tries it",
    "core/image_folder: has_example": "it reads a folder that the user names; tests/photos tries it",
    "core/mapped: has_example": "it reads files that the user names; tests/data tries it",
}
DENSE = {"type": "core/dense", "units": 3, "activation": "tanh"}
TIED = Example({"layers": [DENSE, {"ref": "layers.0", "transpose": True, "activation": "gelu"}]})


@pytest.mark.parametrize("case", conformance_cases("core", skips=SKIPS), ids=str)
def test_core(case: Case) -> None:
    if case.subject.entry.name == "core/tensorboard":
        pytest.importorskip("tensorboardX", reason='the extra: pip install "pellucid[tensorboard]"')
    case.run()


@pytest.mark.parametrize("check", CHECKS["layer"], ids=lambda check: check.name)
def test_tied_weights(check: Check) -> None:
    entry = default_registry().find("layer", "core/sequential")
    subject = Subject(entry, Sequential, TIED, installed_backends())
    Case(subject, check).run()


def test_weights_of_classes_whose_sums_are_rounded() -> None:
    entry = default_registry().find("loss", "core/softmax_cross_entropy")
    example = Example({"class_weight": [0.1, 0.3, 0.7, 0.9]}, ((4,), ("int", 4)))
    subject = Subject(entry, SoftmaxCrossEntropy, example, installed_backends())
    for check in CHECKS["loss"]:
        if check.name in ("weights", "splits_add_up"):
            Case(subject, check).run()


with use_registry(registry()):
    ODD = conformance_cases("odd")


@pytest.mark.parametrize("case", ODD, ids=str)
def test_components_out_of_the_ordinary(case: Case) -> None:
    with use_registry(registry()):
        case.run()


COMPARED = (
    "accumulation", "extremes", "frozen", "input_gradient_not_needed", "inputs_untouched", "large_inputs", "parity",
    "threads",
)  # fmt: skip
DEVICE = Backends(fast=StrictOps())


@pytest.mark.parametrize(
    "case", [c for c in conformance_cases("core", skips=SKIPS, backends=DEVICE) if c.check.name in COMPARED], ids=str
)
def test_core_on_a_device_whose_arrays_refuse_numpy(case: Case) -> None:
    case.run()


def test_every_component_of_the_core_is_tried() -> None:
    tried = {case.subject.entry.name for case in conformance_cases("core", skips=SKIPS)}
    registered = {entry.name for entry in default_registry().entries() if entry.vendor == "core" and covered(entry)}
    assert tried == registered
