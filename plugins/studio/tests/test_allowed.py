"""What a page may have built, over all that is registered: nothing that takes a path, a function, code."""

from __future__ import annotations

import builtins
import copy
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pellucid as pl
import pytest
from pellucid.registry.manifest import KINDS as ALL_KINDS
from pellucid.registry.reader import FAILED, Reader
from pellucid.registry.registry import default_registry
from pellucid.registry.signature import component_kind, is_mapping, is_sequence, options, signature_of
from pellucid_studio.allowed import DATA, KINDS, _component, mistakes_in, settable, why_not, words_of
from pellucid_studio.catalogue import catalogue
from pellucid_studio.experiment import Refused, made_of

SECTIONS: dict[str, Any] = {
    "data": {"type": "half_moons", "n": 40}, "model": {"type": "dense", "units": 2}, "loss": "softmax_cross_entropy",
    "optimizer": "adam", "train": {"epochs": 1},
}  # fmt: skip
OFFERED = [entry for kind in KINDS for entry in default_registry().entries(kind) if not why_not(entry)]
STRANGE = ("/etc/passwd", "../secret", "file", "os:system", "os.system", "__import__('os')", "~", "a.csv", "C:\\x", "")


def refusals(**changed: Any) -> list[str]:
    return [mistake.path for mistake in mistakes_in({**copy.deepcopy(SECTIONS), **changed})]


def test_the_sections_of_the_tests_are_allowed() -> None:
    assert refusals() == []


# -- all that is registered --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", OFFERED, ids=lambda entry: f"{entry.kind} {entry.name}")
def test_of_what_is_offered_only_numbers_words_and_components_can_be_set(entry: Any) -> None:
    """Each argument is tried with what could do harm; what is let through is a number, a known word or a component."""
    section = "model" if entry.kind in ("layer", "model") else entry.kind
    for argument in signature_of(default_registry().load(entry)).arguments.values():
        for value in (*STRANGE, ["/etc/passwd"], {"path": "/etc/passwd"}, [["/etc/passwd"]], {"type": "core/files"},
                      {"type": "core/function", "function": "os.system"}, [{"type": "core/files",
                      "train": "/etc"}]):  # fmt: skip
            config = {"type": entry.name, argument.name: value}
            if section in SECTIONS or section == "schedule":
                changed: dict[str, Any] = {section: config}
            elif entry.kind in ("metric", "transform"):
                changed = {"train": {"metrics": [config]}} if entry.kind == "metric" else {
                    "data": {"type": "half_moons", "transforms": [config]}}  # fmt: skip
            else:
                name = {"initializer": "init", "regularizer": "regularizer"}[entry.kind]
                changed = {"model": {"type": "dense", "units": 2, name: config}}
            if not mistakes_in({**SECTIONS, **changed}) and value not in words_of(entry, argument):
                with pytest.raises(Refused, match="expected"):  # a text for a number: pellucid says what it expects
                    made_of({**SECTIONS, **changed})


@pytest.mark.parametrize("entry", OFFERED, ids=lambda entry: f"{entry.kind} {entry.name}")
def test_every_argument_of_what_is_offered_is_of_a_known_kind(entry: Any) -> None:
    """An annotation that is new here has to be thought about: it is not settable until it is."""
    for argument in signature_of(default_registry().load(entry)).arguments.values():
        members = options(argument.annotation)
        harmless = all(
            member in (int, float, bool, type(None), None) or component_kind(member) in KINDS or is_sequence(member)
            or (getattr(member, "__origin__", None) is not None and not is_mapping(member))
            for member in members
        )  # fmt: skip
        if not harmless and settable(entry, argument):
            assert words_of(entry, argument) or any(component_kind(m) in KINDS or is_sequence(m) or m in (int, float)
                                                    for m in members), argument  # fmt: skip


def test_words_that_may_be_given_are_words() -> None:
    """No default and no example of ours names a place; some name a component."""
    known = {entry.name for kind in KINDS for entry in default_registry().entries(kind)}
    for entry in OFFERED:
        for argument in signature_of(default_registry().load(entry)).arguments.values():
            for word in words_of(entry, argument):
                assert word in known or not set(word) & set("/\\.~:"), (entry.name, word)


@pytest.mark.parametrize("kind", [kind for kind in ALL_KINDS if kind not in KINDS])
def test_other_kinds_are_refused(kind: str) -> None:
    entries = default_registry().entries(kind)
    for entry in entries:
        assert bool(why_not(entry)) == (entry.name not in DATA), entry.name


@pytest.mark.parametrize("name", ["core/function", "diffusion/latent_diffusion", "core/by_path"])
def test_what_needs_a_function_or_a_table_is_refused_by_name(name: str) -> None:
    kinds = [kind for kind in KINDS if any(entry.name == name for entry in default_registry().entries(kind))]
    for kind in kinds:
        assert name in why_not(default_registry().find(kind, name))


# -- what adversaries would try ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"data": {"type": "files", "train": "/etc/passwd"}}, "data.type"),
        ({"data": {"type": "image_folder", "train": "/"}}, "data.type"),
        ({"data": {"type": "mapped", "x": "/etc/passwd"}}, "data.type"),
        ({"data": {"type": "tabular/table", "train": "/etc/passwd"}}, "data.type"),
        ({"data": {"type": "transformer/running_text", "train": "/etc/passwd"}}, "data.type"),
        ({"data": {"type": "datasets/emnist"}}, "data.type"),
        ({"data": "/etc/passwd"}, "data.type"),
        ({"data": "data.csv"}, "data.type"),
        ({"data": {"type": "half_moons", "n": 10_000_000}}, "data.n"),
        ({"data": {"type": "half_moons", "transforms": [{"type": "transformer/bpe", "definition": "/etc/passwd"}]}},
         "data.transforms.0.definition"),
        ({"data": {"type": "half_moons", "transforms": [{"type": "diffusion/latents", "autoencoder": "/etc/passwd"}]}},
         "data.transforms.0.autoencoder.type"),
        ({"data": {"type": "studio/points", "x": [[0, 0]] * 2001, "y": [0] * 2001}}, "data.x"),
        ({"model": {"type": "../../etc/passwd"}}, "model.type"),
        ({"model": {"type": "os:system"}}, "model.type"),
        ({"model": {"type": "core/function", "function": "os.system"}}, "model.type"),
        ({"model": {"type": "sequential", "layers": [{"type": "function", "function": "x"}]}}, "model.layers.0.type"),
        ({"model": {"type": "dense", "units": 2, "init": {"type": "core/files"}}}, "model.init.type"),
        ({"model": {"type": "dense", "units": 2, "activation": "/etc/passwd"}}, "model.activation"),
        ({"model": {"type": "dense", "units": 1 << 40}}, "model.units"),
        ({"model": {"type": "dense", "units": 1e400}}, "model.units"),
        ({"model": {"type": ["dense"]}}, "model.type"),
        ({"model": {"type": "ann", "hidden": [4096] * 5}}, "model"),
        ({"model": {"ref": "layers.0", "source": "/etc"}}, "model.source"),
        ({"model": {"ref": ["x"]}}, "model.ref"),
        ({"model": [1]}, "model"),
        ({"model": {"type": "dense", "units": 2, "input_shape": [1 << 30]}}, "model.input_shape"),
        ({"model": {"type": "dense", "units": 2, "callback": {"type": "core/checkpoint", "path": "/tmp/x"}}},
         "model.callback"),
        ({"loss": {"type": "core/function", "function": "f"}}, "loss.type"),
        ({"optimizer": {"type": "adam", "groups": [{"match": "*"}]}}, "optimizer.groups.0"),
        ({"optimizer": {"type": "core/by_path", "optimizers": {"*": "adam"}}}, "optimizer.type"),
        ({"train": {"callbacks": [{"type": "checkpoint", "path": "/tmp/x"}]}}, "train.callbacks"),
        ({"train": {"metrics": [{"type": "core/function", "function": "f"}]}}, "train.metrics.0.type"),
        ({"train": {"backend": "cupy"}}, "train.backend"),
        ({"train": {"batch_size": 100_000}}, "train.batch_size"),
        ({"train": {"threads": 256}}, "train.threads"),
        ({"train": []}, "train"),
        ({"objective": {"type": "supervised", "loss": "mse"}}, "objective"),
        ({"sampler": "balanced"}, "sampler"),
        ({"sweep": {}}, "sweep"),
        ({"__class__": {}}, "__class__"),
    ],
)  # fmt: skip
def test_it_is_refused_at_its_place(changed: dict[str, Any], path: str) -> None:
    assert path in refusals(**changed)


def test_layers_in_each_other_without_end_are_refused() -> None:
    model: dict[str, Any] = {"type": "dense", "units": 2}
    for _ in range(60):
        model = {"type": "residual", "layer": model}
    assert refusals(model=model)


def test_sizes_are_held_before_memory_is_taken() -> None:
    wide = {"type": "sequential", "layers": [{"type": "dense", "units": 4096}] * 12}
    with pytest.raises(Refused, match="at most 5,000,000"):
        made_of({**SECTIONS, "model": wide})
    pytest.importorskip("pellucid_cnn")
    tall = [{"type": "reshape", "shape": [1, 2, 1]}, *[{"type": "cnn/upsample", "factor": 4000}] * 3]
    with pytest.raises(Refused, match="numbers"):
        made_of({**SECTIONS, "model": {"type": "sequential", "layers": tall}})


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Which files are opened from here on, but for those of Python and its packages."""
    found: list[str] = []
    before = builtins.open

    def noted(file: Any, *rest: Any, **how: Any) -> Any:
        if isinstance(file, str | os.PathLike) and Path(file).suffix not in (".py", ".pyc", ".so"):
            found.append(str(file))
        return before(file, *rest, **how)

    monkeypatch.setattr(builtins, "open", noted)
    monkeypatch.setattr(io, "open", noted)
    yield found


def test_a_page_that_tries_everything_opens_no_file(opened: list[str], tmp_path: Path) -> None:
    """Every component that there is, asked for with a path in each of its arguments."""
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    opened.clear()
    for kind in ALL_KINDS:
        for entry in default_registry().entries(kind):
            try:
                arguments = [] if kind in ("op", "command") else signature_of(default_registry().load(entry)).arguments
            except pl.PellucidError:
                continue
            config = {"type": entry.name, **dict.fromkeys(arguments, str(secret))}
            for section in ("data", "model", "loss", "optimizer", "schedule"):
                if config != {"type": entry.name}:
                    with pytest.raises(Refused):
                        made_of({**SECTIONS, section: config})
    assert str(secret) not in opened


def test_no_text_in_place_of_a_number_reaches_any_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pellucid's reader says what is expected, and it does so before anything is called with the text: tried with every
    argument of all that is offered, alone, in a list and in a list of lists."""
    secret, given = "pellucid_secret:path", []
    construct = Reader._construct

    def watched(self: Any, entry: Any, target: Any, arguments: dict[str, Any], path: str) -> Any:
        if secret in repr(arguments):
            given.append((entry.name, arguments))
        return construct(self, entry, target, arguments, path)

    monkeypatch.setattr(Reader, "_construct", watched)
    let_through = 0
    for entry in [*OFFERED, *(default_registry().find("dataset", name) for name in DATA)]:
        for argument in signature_of(default_registry().load(entry)).arguments.values():
            for value in (secret, [secret], [[secret]], [1, secret]):
                config = {"type": entry.name, argument.name: value}
                if entry.name == "studio/own_table" or list(_mistakes(entry, config)):
                    continue
                let_through += 1
                reader = Reader()
                assert reader.read(entry.kind, config, "here") is FAILED
                assert any("expected" in each.message for each in reader.mistakes), (config, reader.mistakes)
    assert let_through > 100, "texts for numbers are pellucid's to word"
    assert not given


def _mistakes(entry: Any, config: dict[str, Any]) -> Iterator[Any]:
    return _component((entry.kind,), config, "here", 0)


def test_the_catalogue_is_what_is_allowed() -> None:
    told = catalogue()
    assert {(each["kind"], each["name"]) for each in told["components"]} == {(e.kind, e.name) for e in OFFERED}
    assert {each["name"] for each in told["data"]} <= set(DATA)
    dense = next(each for each in told["components"] if each["name"] == "core/dense")
    arguments = {each["name"]: each for each in dense["arguments"]}
    assert arguments["units"]["required"] and arguments["units"]["type"] == "int"
    assert "relu" in arguments["activation"]["choices"] and arguments["init"]["kind"] == "initializer"
    assert any("x W" in each["latex"] for each in dense["equations"])
    for preset in told["presets"]:
        assert mistakes_in(preset["sections"]) == [], preset["name"]
