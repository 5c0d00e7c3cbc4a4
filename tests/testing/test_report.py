"""What the kit says: one cause, one failure; the author's own lines; a verdict that names what is unchecked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pellucid as pl
import pytest
from pellucid.glassbox.quality import LEVELS, Quality, keep, kept, stamp
from pellucid.registry.registry import default_registry
from pellucid.testing import ConformanceError, Report, conformance_cases, run_conformance
from pellucid.testing.__main__ import main
from pellucid.testing.quality import level_of, measure, own_tests, undocumented
from pellucid.testing.registries import use_registry
from pellucid.testing.report import tried
from pellucid.workbench.cli.commands.plugins import as_data, as_text

from tests.fake_plugins import install, registry_of
from tests.testing.test_kit import GOOD, REGISTER

TANH = GOOD.replace('        Equation("period", r"p = 2 \\\\pi / \\\\omega"),\n', "").replace(
    '"""``y = sin(omega x)``."""', '"""``y = sin(omega x)``; omega is the number of waves."""'
)
DENSE = '''
from pellucid import Equation, Example, Layer

class Sine(Layer):
    """A layer whose weights begin as nobody knows."""

    equations = (Equation("y", "y = x W", "x @ W"),)
    symbols = {"W": "weight"}
    examples = (Example(), Example({}, ((3,),)), Example({}, ((7,),)))

    def build(self, input_shape):
        self.weight = self.param("weight", (input_shape[0], 2), init="hee")

    def output_shape(self, input_shape):
        return (2,)

    def forward(self, ctx, *inputs):
        ctx.x = inputs[0]
        return ctx.x @ self.weight.data

    def backward(self, ctx, *dy):
        self.weight.grad += ctx.x.T @ dy[0]
        return dy[0] @ self.weight.data.T
'''


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A registry of plugins that are good, fail, or fail everywhere; and a cache of its own."""
    monkeypatch.setenv("PELLUCID_CACHE", str(tmp_path / "cache"))
    both = f"{REGISTER}\n{REGISTER.replace('sine', 'twin')}"
    install(tmp_path, "good", REGISTER, modules={"layers": TANH})
    install(tmp_path, "vague", REGISTER, modules={"layers": GOOD})
    install(tmp_path, "lost", both, modules={"layers": DENSE})
    install(tmp_path, "fails", REGISTER, modules={"layers": GOOD.replace("return np.sin(", "return np.sinus(")})
    install(tmp_path, "slip", REGISTER, modules={"layers": TANH.replace("dy[0] * self.omega *", "dy[0] *")})
    with registry_of(tmp_path) as registry, use_registry(registry):
        yield tmp_path


def test_a_wrong_initializer_is_one_failure_of_each_component_and_one_cause() -> None:
    cases = [str(case) for case in conformance_cases("lost")]
    assert cases == [f"lost/{name}[0]-{case}" for name in ("sine", "twin") for case in
                     ("built_by_name", "arguments_kept", "works")]  # fmt: skip
    report = tried("lost")
    assert len(report.failed) == 2 and report.problem == "2 of 6 cases failed, of 1 cause."
    assert "For the same cause: lost/twin[0]-works" in str(report)
    assert len(str(report).splitlines()) < 25


def test_the_lines_of_the_author_are_shown(site: Path) -> None:
    with pytest.raises(ConformanceError) as caught:
        run_conformance("fails", verbose=False)
    message = str(caught.value)
    assert 'plugin_fails/layers.py", line 23, in Sine.forward\n      return np.sinus(self.omega * ctx.x)' in message
    assert "module 'numpy' has no attribute 'sinus'" in message
    assert "pellucid/testing" not in message


def test_a_failure_inside_of_pellucid_shows_where_it_was_called_from() -> None:
    ((_, error), _) = tried("lost").failed
    assert 'self.weight = self.param("weight", (input_shape[0], 2), init="hee")' in str(error)
    assert "Did you mean 'he'" in str(error)


def test_a_module_that_cannot_be_imported_shows_its_line(site: Path) -> None:
    install(site, "typo", REGISTER, modules={"layers": "import numpy as np\nx = np.zeroes(3)\n"})
    with registry_of(site) as registry, use_registry(registry):
        (case,) = conformance_cases("typo")
        with pytest.raises(ConformanceError) as caught:
            case.run()
    assert "line 2, in <module>\n      x = np.zeroes(3)" in str(caught.value)


def test_the_verdict_is_green_only_where_all_is_checked_or_explained() -> None:
    assert tried("good").verdict == "green"
    assert tried("vague").verdict == (
        "yellow: nothing failed, and not checked without a reason were the equations vague/sine: period."
    )
    assert tried("slip").verdict.startswith("red: ")
    told = Report(passed=tried("good").passed, unchecked={"good/sine: period": "it is only a word"})
    assert told.verdict == "green" and "good/sine: period (it is only a word)" in str(told)


# -- quality ---------------------------------------------------------------------------------------------------------


def test_levels_follow_from_what_fails() -> None:
    qualities = {vendor: measure(vendor)[0] for vendor in ("good", "vague", "slip", "fails", "lost")}
    assert {vendor: quality.level for vendor, quality in qualities.items()} == {
        "good": "gold", "vague": "silver", "slip": "bronze", "fails": "none", "lost": "none",
    }  # fmt: skip
    assert qualities["good"].lacking == ["tests of its own were not run"]
    assert qualities["vague"].lacking[0] == "the equation vague/sine: period has no expression, and no reason why"
    assert "gradients" in qualities["slip"].lacking[0]
    assert qualities["lost"].components == {"layer lost/sine": "none", "layer lost/twin": "none"}
    assert qualities["good"].backends[0] == "reference"


def test_every_case_has_a_level() -> None:
    levels = {case.check.name: level_of(case) for case in conformance_cases("core/dense")}
    assert levels["works"] == "bronze" and levels["gradients"] == "silver"
    assert levels["equations"] == levels["arguments_read"] == "gold"
    assert levels["parity"] == levels["recorded_plan"] == "platinum"
    assert set(levels.values()) == set(LEVELS[1:])


def test_arguments_that_no_docstring_mentions_are_named() -> None:
    entry = default_registry().find("layer", "good/sine")
    assert list(undocumented(entry)) == []
    target = default_registry().load(entry)
    target.__doc__ = "y = sin"
    assert list(undocumented(entry)) == ["the docstring of good/sine does not mention its argument 'omega'"]


def test_what_was_found_is_kept_and_shown_until_something_changes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = default_registry().plugins.load("good")
    assert as_data(plugin)["quality"] is None and "not measured" in as_text([plugin])
    assert main(["good"]) == 0
    printed = capsys.readouterr().out
    assert "Quality: gold. For the next level it lacks:\n  tests of its own were not run" in printed
    found = kept("good")
    assert found is not None and found.stale(plugin.version, plugin.module) == ""
    assert f"gold, {found.when[:10]}\n" in as_text([plugin])
    assert replace(found, version="0.1").stale(plugin.version, plugin.module) == "of 0.1"
    assert replace(found, pellucid="0").stale(plugin.version, plugin.module) == "with pellucid 0"
    keep(replace(found, files="other"))
    assert f"gold, {found.when[:10]} (changed since)" in as_text([plugin])
    assert main(["good", "--badge"]) == 0  # computed anew, as it is stale
    line = f"**pellucid: gold** ({found.passed} of {found.passed} cases of 1 component;"
    assert capsys.readouterr().out.startswith(line)
    monkeypatch.setattr("pellucid.testing.__main__.measure", lambda *_, **__: pytest.fail("it is kept"))
    assert main(["good", "--badge"]) == 0


def test_a_failure_and_a_mistake_have_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["slip", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["level"] == "bronze"
    assert main(["nobody"]) == 2
    assert "No plugin 'nobody' is installed" in capsys.readouterr().err
    assert main(["core/tanh"]) == 2
    assert "'core/tanh' is one component; judged is a whole plugin" in capsys.readouterr().err
    assert main(["vague", "--skip", "vague/sine: parity=it rounds", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["excused"] == {"vague/sine: parity": "it rounds"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "level": "diamond"}'])
def test_a_file_that_is_none_of_ours_counts_as_none(text: str, site: Path) -> None:
    folder = site / "cache" / "quality"
    folder.mkdir(parents=True)
    (folder / "good.json").write_text(text)
    assert kept("good") is None and kept("../good") is None


def test_a_stamp_tells_of_a_changed_module(site: Path) -> None:
    before = stamp("pellucid_nowhere")
    assert before == stamp("pellucid_nowhere") and stamp("json") != before


@pytest.fixture
def project(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The source of a plugin with tests, which can be imported."""
    folder = site / "source"
    (folder / "src" / "pellucid_sourced").mkdir(parents=True)
    (folder / "src" / "pellucid_sourced" / "__init__.py").write_text("")
    (folder / "pyproject.toml").write_text('[project]\nname = "pellucid-sourced"\n')
    (folder / "tests").mkdir()
    monkeypatch.syspath_prepend(folder / "src")
    return folder


@pytest.mark.parametrize(
    ("code", "printed", "outcome"),
    [
        (0, "..\n2 passed, 9 deselected in 0.1s\n", (2, "")),
        (5, "9 deselected in 0.1s\n", (0, "it has no tests of its own, besides those of the kit")),
        (1, "1 failed, 1 passed in 0.1s\n", (0, "its tests fail: 1 failed, 1 passed in 0.1s")),
    ],
)
def test_tests_of_its_own_are_counted(
    code: int, printed: str, outcome: tuple[int, str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], **options: Any) -> Any:
        assert options["cwd"] == project and command[-3:] == ["-k", "not conformance", "tests"]
        return subprocess.CompletedProcess(command, code, printed, "")

    monkeypatch.setattr("pellucid.testing.quality.subprocess.run", run)
    assert own_tests("pellucid_sourced", "pellucid_sourced.plugin") == outcome
    assert own_tests("pellucid_other", "pellucid_sourced") == (
        0, "its tests are not here: it is not installed from its source",
    )  # fmt: skip


@pytest.mark.slow
def test_tests_of_its_own_are_run(project: Path) -> None:
    (project / "tests" / "test_it.py").write_text("def test_it():\n    pass\ndef test_conformance():\n    assert 0\n")
    assert own_tests("pellucid_sourced", "pellucid_sourced") == (1, "")


def test_a_line_for_a_readme_says_on_what_it_was_computed() -> None:
    quality = Quality("acme", "pellucid-acme", "1.0", "silver", passed=3, failed=1, backends=["reference"],
                      pellucid="2.0", when="2026-01-02T03:04:05+00:00")  # fmt: skip
    assert str(quality) == (
        "**pellucid: silver** (3 of 4 cases of 0 components; pellucid-acme 1.0, pellucid 2.0, reference, 2026-01-02)"
    )
    assert pl.names("layer")
