"""The kit itself: what it lists, what it says when something fails, and that silence is never taken for success."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import ClassVar
from unittest import SkipTest

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, PluginError
from pellucid.glassbox.equations import Activation, evaluate
from pellucid.glassbox.failure import require_close
from pellucid.registry.registry import default_registry
from pellucid.standard.ops.base import ReferenceOps
from pellucid.testing import Case, ConformanceError, Report, conformance_cases, run_conformance
from pellucid.testing.fingerprint import difference, fingerprint
from pellucid.testing.registries import use_registry
from pellucid.testing.subject import Backends

from tests.fake_plugins import install, registry_of

GOOD = '''
import numpy as np
from pellucid import Equation, Example, Layer

class Sine(Layer):
    """``y = sin(omega x)``."""

    equations = (
        Equation("y", r"y = \\\\sin \\\\omega x", "np.sin(omega * x)"),
        Equation("dx", r"dx = dy \\\\omega \\\\cos \\\\omega x", "dy * omega * np.cos(omega * x)"),
        Equation("period", r"p = 2 \\\\pi / \\\\omega"),
    )
    examples = (Example(), Example({"omega": 3.0}, ((2, 3),)))

    def __init__(self, omega: float = 1.0) -> None:
        self.omega = omega

    def output_shape(self, input_shape):
        return input_shape

    def forward(self, ctx, *inputs):
        ctx.x = inputs[0]
        return np.sin(self.omega * ctx.x)

    def backward(self, ctx, *dy):
        return dy[0] * self.omega * np.cos(self.omega * ctx.x)
'''
REGISTER = 'registry.layer("sine", "{module}.layers:Sine", summary="sin(ωx)")'


@pytest.fixture(autouse=True)
def acme(tmp_path: Path) -> Iterator[Path]:
    """A registry in which acme/sine is right, wrong/sine has one mistake, void registers nothing, bad is broken."""
    install(tmp_path, "acme", REGISTER, modules={"layers": GOOD})
    install(tmp_path, "wrong", REGISTER, modules={"layers": GOOD.replace("dy[0] * self.omega *", "dy[0] *")})
    install(tmp_path, "bare", REGISTER, modules={"layers": GOOD.replace("examples = (", "examples = () and (")})
    install(tmp_path, "void", "pass")
    install(tmp_path, "bad", "raise RuntimeError('no')")
    install(tmp_path, "kernels", 'registry.op("twice", reference="{module}.layers:twice", summary="2x")')
    with registry_of(tmp_path) as registry, use_registry(registry):
        yield tmp_path


def test_a_right_plugin_passes_and_the_report_says_how_many_cases_ran(capsys: pytest.CaptureFixture[str]) -> None:
    report = run_conformance("acme")
    printed = capsys.readouterr().out
    assert report.ran == len(report.passed) > 50 and report.problem is None
    assert f"{report.ran} cases ran: {report.ran} passed, 0 failed; 0 skipped." in printed
    assert "layer        acme/sine" in printed
    assert "not checked, the equation has no expression: acme/sine: period" in printed
    assert "Verdict: yellow: nothing failed, and not checked without a reason were the equations acme/sine: " in printed


def test_verbose_false_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run_conformance("acme", verbose=False)
    assert capsys.readouterr().out == ""


def test_cases_name_what_they_try() -> None:
    names = [str(case) for case in conformance_cases("acme")]
    assert len(names) == len(set(names))
    assert "acme/sine[0]-gradients" in names and "acme/sine[1]-equations" in names
    assert {str(case) for case in conformance_cases("acme/sine")} == set(names)
    entry = default_registry().find("layer", "acme/sine")
    assert {str(case) for case in conformance_cases([entry])} == set(names)


def test_a_module_stands_for_its_vendor() -> None:
    (entry,) = default_registry().plugins.load("acme").entries.values()
    module = ModuleType(entry.target.partition(".")[0])
    assert len(conformance_cases(module)) == len(conformance_cases("acme"))
    with pytest.raises(ConfigError, match="No installed plugin has the entry point 'unknown'"):
        conformance_cases(ModuleType("unknown"))


def test_a_failure_says_what_where_expected_received_remedy() -> None:
    with pytest.raises(ConformanceError) as caught:
        run_conformance("wrong", verbose=False)
    message = str(caught.value)
    assert "cases failed" in message and "conformance of 'wrong'" in message
    for part in (
        "wrong/sine(omega=3.0), case 'gradients' (In training, the gradients of inputs",
        "The gradient of x is wrong at (0, 0, 0).",
        "The equation of 'dx' and the code differ",
        "by central differences",
        "from backward",
        "Remedy: ",
    ):
        assert part in message


def test_an_exception_in_the_component_is_a_failure_with_its_cause() -> None:
    (case,) = (c for c in conformance_cases("acme") if str(c) == "acme/sine[0]-repeats")
    layer = case.subject.target
    forward, layer.forward = layer.forward, lambda *_: 1 / 0
    try:
        with pytest.raises(ConformanceError, match="It raised ZeroDivisionError") as caught:
            case.run()
    finally:
        layer.forward = forward
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    ("vendor", "message"),
    [
        ("void", "There is nothing to test: 'void' registers nothing"),
        ("acme/cosine", "There is nothing to test: 'acme/cosine'"),
        ("acne", "No plugin 'acne' is installed. Did you mean 'acme'?"),
    ],
)
def test_nothing_to_test_is_no_success(vendor: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        run_conformance(vendor, verbose=False)


def test_a_broken_plugin_is_no_success() -> None:
    with pytest.raises(PluginError, match=r"Plugin 'bad'.*is broken: RuntimeError: no"):
        run_conformance("bad", verbose=False)


def test_kinds_without_cases_alone_are_no_success() -> None:
    with pytest.raises(ConformanceError, match="No case ran, so nothing has been shown") as caught:
        run_conformance("kernels", verbose=False)
    assert "no cases of their own, tried by what uses them: kernels/twice (op)" in str(caught.value)


def test_a_component_without_examples_fails() -> None:
    with pytest.raises(ConformanceError, match="It has no example, so nothing can be shown"):
        run_conformance("bare", verbose=False)
    with pytest.raises(ConformanceError, match="No case ran"):
        run_conformance("bare", skips={"bare/sine: has_example": "it is shy"}, verbose=False)


def test_a_skip_needs_a_reason_and_a_case() -> None:
    report = run_conformance("acme", skips={"acme/sine: parity": "it rounds to half precision"}, verbose=False)
    assert [reason for _, reason in report.skipped] == ["it rounds to half precision"] * 2
    assert "skipped acme/sine[0]-parity, acme/sine[1]-parity: it rounds to half precision" in str(report)
    with pytest.raises(ConfigError, match="'acme/sine: parity' is not explained"):
        conformance_cases("acme", skips={"acme/sine: parity": " "})
    with pytest.raises(ConfigError, match=r"there is no case 'acme/sine: party'\. Did you mean 'acme/sine: parity'"):
        conformance_cases("acme", skips={"acme/sine: party": "why not"})


def test_an_unexplained_skip_is_a_problem_even_if_all_else_passes() -> None:
    case = conformance_cases("acme")[0]
    assert "Skipped without an explanation" in str(Report(passed=[case], skipped=[(case, "")]).problem)


def test_a_skipped_case_raises_what_pytest_shows_as_a_skip() -> None:
    case = conformance_cases("acme")[0]
    with pytest.raises(SkipTest, match="because"):
        Case(case.subject, case.check, "because").run()


def test_without_a_second_backend_the_comparison_is_skipped_with_the_reason() -> None:
    report = run_conformance("acme", backends=Backends(why_none="only one here"), verbose=False)
    assert {reason for _, reason in report.skipped} == {"only one here"}
    compared = {"parity", "sizes", "laid_out", "parts", "sums", "at_the_same_time"}
    assert {case.check.name for case, _ in report.skipped} == compared


def test_capture_is_tried_only_where_it_is_promised() -> None:
    checks = {case.check.name for case in conformance_cases("acme")}
    assert "parity" in checks and "recorded_plan" not in checks
    assert "recorded_plan" in {case.check.name for case in conformance_cases("core/dense")}


def first_failure(vendor: str) -> ConformanceError:
    """The failure that a plugin's author reads first."""
    for case in conformance_cases(vendor):
        try:
            case.run()
        except ConformanceError as error:
            return error
        except SkipTest:
            continue
    raise AssertionError(f"no case of {vendor} failed")


MISTAKES = {
    "an input is written": ("ctx.x = inputs[0]", "inputs[0][...] *= 2; ctx.x = inputs[0]", "inputs_untouched"),
    "dy is written": ("return dy[0] *", "dy[0][...] *= 2; return dy[0] *", "inputs_untouched"),
    "global randomness": ("return np.sin(", "return np.random.rand() * np.sin(", "repeats"),
    "a cache on self": ("ctx.x = inputs[0]", "ctx.x = self.cache = inputs[0]", "nothing_kept"),
    "an argument is lost": ("self.omega = omega", "self.frequency = omega", "arguments_kept"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_the_first_failure_has_the_right_remedy(acme: Path, what: str) -> None:
    old, new, case = MISTAKES[what]
    install(acme, "slip", REGISTER, modules={"layers": GOOD.replace(old, new)})
    assert f"case '{case}'" in str(first_failure("slip"))


def test_what_python_notes_on_a_class_at_its_first_copy_is_no_change_of_a_component() -> None:
    """Else the first test that copies one fails, and passes behind any other that did."""

    class Fresh(pl.Dense):
        shared: ClassVar = [1]

    layer = Fresh(2)
    before = fingerprint(layer)
    copy.deepcopy(layer)
    assert "__slotnames__" in vars(Fresh) and fingerprint(layer) == before
    Fresh.shared.append(2)
    assert fingerprint(layer) != before


def test_an_attribute_that_is_set_and_taken_back_is_named(acme: Path) -> None:
    new = "self.cache = 1; object.__delattr__(self, 'cache'); ctx.x = inputs[0]"
    install(acme, "slip", REGISTER, modules={"layers": GOOD.replace("ctx.x = inputs[0]", new)})
    error = first_failure("slip")
    assert (error.what, error.received) == ("A call sets an attribute of a component.", "Sine.cache")


def test_a_component_stops_at_a_basic_mistake_and_the_others_go_on(acme: Path) -> None:
    both = f"{REGISTER}\n{REGISTER.replace('sine', 'lost').replace('Sine', 'Lost')}"
    lost = GOOD.partition("class Sine")[2].replace("self.omega = omega", "self.frequency = omega")
    install(acme, "slip", both, modules={"layers": f"{GOOD}\nclass Lost{lost}"})
    cases = conformance_cases("slip", skips={"slip/lost: gradients": "never reached, and no mistake to name"})
    names = [str(case) for case in cases if case.subject.entry.name == "slip/lost"]
    assert names == ["slip/lost[0]-built_by_name", "slip/lost[0]-arguments_kept"]  # not again for the second example
    assert len(cases) - len(names) == len(conformance_cases("acme"))


@pytest.mark.parametrize(
    ("source", "received"),
    [
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("class Sine: ...", "Expected: a subclass of pellucid.Layer. Received: <class"),
    ],
)
def test_what_cannot_be_loaded_is_one_failure_among_others(acme: Path, source: str, received: str) -> None:
    both = f"{REGISTER}\n{REGISTER.replace('sine', 'bad').replace('layers', 'bad')}"
    install(acme, "slip", both, modules={"layers": GOOD, "bad": source})
    with pytest.raises(ConformanceError, match=r"1 of \d+ cases failed") as caught:
        run_conformance("slip", verbose=False)
    assert "slip/bad(), case 'can_be_loaded'" in str(caught.value)
    assert received in str(caught.value)
    assert "reinstall" not in str(caught.value), "this is said to the plugin's own author"


def test_equations_reach_nothing_but_numpy() -> None:
    for expression in ("open('/etc/passwd')", "__import__('os').getcwd()", "().__class__.missing", "y +"):
        with pytest.raises(ConformanceError, match="cannot be evaluated"):
            evaluate((pl.Equation("y", "y", expression),), {})
    value = evaluate((pl.Equation("a", "a", "x.mean()"), pl.Equation("b", "b", "a + erf(0.0)")), {"x": np.ones(3)})
    assert value == {"a": 1.0, "b": 1.0}


def test_an_activation_is_computed_from_its_equations() -> None:
    z = np.linspace(-2, 2, 9)
    np.testing.assert_array_equal(Activation("relu")(z), np.maximum(z, 0))
    np.testing.assert_array_equal(Activation("relu").derivative(z), (z > 0).astype(float))
    np.testing.assert_array_equal(Activation(None).derivative(z), np.ones(9))


def test_comparisons_name_the_worst_element() -> None:
    expected = np.zeros((2, 3))
    received = expected.copy()
    received[1, 2], received[0, 1] = 1e-3, 1e-6
    with pytest.raises(ConformanceError, match=r"y is wrong at \(1, 2\) \(2 of 6 elements differ\)"):
        require_close("y", received, expected, 1e-9, "look")
    with pytest.raises(ConformanceError, match="y has the wrong shape"):
        require_close("y", received[0], expected, 1e-9, "look")
    for value in (np.nan, np.inf):
        with pytest.raises(ConformanceError, match="y is wrong"):
            require_close("y", np.array([value]), np.zeros(1), 1e300, "look")
        require_close("y", np.array([value]), np.array([value]), 0, "look")


def test_a_fingerprint_sees_every_way_of_keeping_something() -> None:
    layer = pl.create("layer", "sequential", layers=["relu", {"type": "dense", "units": 2}])
    before = fingerprint(layer)
    assert difference(before, fingerprint(layer)) == ""
    inner = layer.layers[1]
    changes = (
        lambda: setattr(inner, "cache", 1),
        lambda: setattr(inner, "units", 3),
        lambda: layer.layers.append("more"),
        lambda: vars(inner).update(hidden=np.zeros(2)),
    )
    for change in changes:
        before = fingerprint(layer)
        change()
        assert difference(before, fingerprint(layer)) != ""
    before = fingerprint(layer)
    inner.hidden[0] = 1.0
    assert difference(before, fingerprint(layer)) == "layers"


LOSS = '''
import numpy as np
from pellucid import DataError, Equation, Example, Loss

class Away(Loss):
    """``l = |prediction - target|²/2``."""

    equations = (Equation("loss", r"L", "np.sum(w[:, None] * (z - t) ** 2) / 2 / np.sum(w)"),)
    examples = (Example({}, ((1,), (1,))),)

    def check(self, target, output_shape):
        if target.shape[1:] != output_shape or not np.isfinite(target).all():
            raise DataError("Away needs a number a sample; NaN or another shape in row 3.")

    def forward(self, ctx, prediction, target, weight=None):
        ctx.w = np.ones(len(prediction)) if weight is None else weight
        ctx.count = float(ctx.w.sum())
        ctx.away = prediction - target
        return np.asarray((ctx.w[:, None] * ctx.away**2).sum() / 2 / max(ctx.count, 1e-9), "float64")

    def backward(self, ctx):
        return (ctx.w[:, None] * ctx.away / max(ctx.count, 1e-9)).astype(ctx.dtype)
'''
SLIPS = {
    "kept on self": ("ctx.away = prediction", "ctx.away = self.kept = prediction", "A call changes Away.kept."),
    "an input is written": ("ctx.away = prediction", "prediction[...] += 1; ctx.away = prediction", "The prediction"),
    "a count of its own": ("ctx.count = float(ctx.w.sum())", "ctx.count = 2.0", "ctx.count"),
}


@pytest.mark.parametrize("what", SLIPS)
def test_the_cases_of_calls_speak_of_a_loss_in_its_own_words(acme: Path, what: str) -> None:
    old, new, said = SLIPS[what]
    for vendor, source in (("right", LOSS), ("slip", LOSS.replace(old, new))):
        install(acme, vendor, 'registry.loss("away", "{module}.losses:Away", summary="|z−t|²/2")',
                modules={"losses": source})  # fmt: skip
    assert run_conformance("right", verbose=False).ran > 20
    with pytest.raises(ConformanceError) as caught:
        run_conformance("slip", verbose=False)
    assert said in str(caught.value)


def test_the_kit_leaves_the_backends_as_they_were() -> None:
    reference = pl.get_ops("reference")
    case = next(case for case in conformance_cases("core") if str(case) == "core/dense[0]-context_used_again")
    case.run()
    assert type(reference) is ReferenceOps and pl.get_ops("reference") is reference
