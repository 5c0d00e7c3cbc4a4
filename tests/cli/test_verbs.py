"""Verbs: what a model's manifest adds to the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pellucid as pl
import pytest
from pellucid.basics.errors import PluginError
from pellucid.testing.registries import use_registry
from pellucid.workbench.cli.function_parser import add_options, documented

from tests.cli.conftest import Command
from tests.fake_plugins import install, registry_of

REGISTER = """
verbs = {name: "{module}.m:" + name for name in ("sample", "encode", "fall", "tell")}
registry.model("net", "{module}.m:net", summary="", verbs=verbs)
registry.model("other", "{module}.m:other", summary="", verbs={"sample": "{module}.m:quiet"})
registry.model("third", "{module}.m:other", summary="")
registry.command("greet", "{module}.m:greet", verbs={"leave": "{module}.m:leave"}, summary="says a word")
"""
MODULE = '''
from __future__ import annotations
from pathlib import Path
from typing import Literal
from pellucid import Layer, ConfigError
from pellucid.standard.layers.dense import Dense

def net(units: int) -> Layer:
    return Dense(units)

def other() -> Layer:
    return Dense(1)

def sample(
    run: Path, *, count: int, scale: float = 1.0, mode: Literal["fast", "good"] = "fast", clean: bool = False,
    classes: list[int] | None = None, out_file: Path = Path("out.png"),
) -> dict[str, object]:
    """Draw samples
    from a model.

    Args:
        run: ignored.
        count: how many, 100 % of them
            new.
        scale: how large.

    Returns:
        what was asked for.
    """
    if count < 1:
        raise ConfigError("The 'count' of sample must be at least 1.")
    return {"run": run.name, "count": count, "scale": scale, "mode": mode, "clean": clean, "classes": classes,
            "out": str(out_file)}

def quiet(run: Path) -> None:
    """Nothing to say."""

def encode(run: Path) -> str:
    """Encode."""
    return "encoded " + run.name

def fall(run: Path) -> None:
    """Raise."""
    raise RuntimeError("bug")

def tell(run: Path, words: list[str], *, times: int = 1, end: Literal["well", "bug", "ctrl-c"] = "well"):
    """Say words.

    Args:
        words: what to say.
        times: how often.
    """
    import sys
    for _ in range(times):
        yield from words
    sys.stderr.write("after the last word")
    if end == "bug":
        raise RuntimeError("bug")
    if end == "ctrl-c":
        raise KeyboardInterrupt
    return {"words": words * times}

def greet(names: list[str] = (), *, loud: bool = False):
    """Greet whom one meets.

    Args:
        names: who is met.
    """
    return {"names": list(names), "loud": loud}

def leave(name: str, *, words: str = "bye"):
    """Take leave."""
    yield words
    return {"name": name, "words": words}
'''


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """There are no verbs but those of this file, whatever is installed."""
    return {**environment, "PELLUCID_PLUGINS": "acme"}


@pytest.fixture(autouse=True)
def models(tmp_path: Path, site: Path) -> None:
    """A trained model of each kind, and a run folder."""
    install(site, "acme", REGISTER, modules={"m": MODULE})
    with registry_of(site) as registry, use_registry(registry):
        for name, arguments in (("net", {"units": 2}), ("other", {}), ("third", {})):
            model = pl.build(f"acme/{name}", input_shape=(3,), backend="reference", **arguments)
            pl.save(model, tmp_path / f"{name}.safetensors")
            (tmp_path / "run").mkdir(exist_ok=True)
            if name == "net":
                pl.save(model, tmp_path / "run" / "model.safetensors")


def test_a_verb_is_dispatched_to_the_model_of_the_run(pellucid: Command):
    words = ("sample", "net.safetensors", "--count", "3", "--mode", "good", "--clean", "--classes", "1", "2", "--json")
    assert json.loads(pellucid(*words).stdout) == {
        "run": "net.safetensors", "count": 3, "scale": 1.0, "mode": "good", "clean": True, "classes": [1, 2],
        "out": "out.png",
    }  # fmt: skip
    assert "count    3" in pellucid("sample", "run", "--count", "3").stdout
    assert pellucid("sample", "other.safetensors").stdout == "Done.\n"
    assert pellucid("encode", "run").stdout == "encoded run\n"


def test_help_comes_from_the_signature_and_the_docstring(pellucid: Command):
    shown = " ".join(pellucid("sample", "net.safetensors", "--help").stdout.split())
    for part in (
        "usage: pellucid sample", "Draw samples from a model.", "--count COUNT how many, 100 % of them new.",
        "how large. (default: 1.0)", "--mode {fast,good}", "--clean, --no-clean", "--out-file",
    ):  # fmt: skip
        assert part in shown
    assert "(default: None)" not in shown
    said = pellucid("sample", "--help").stdout
    assert "a RUN: a run folder or saved model of acme/net, acme/other. Its options depend on the model" in said
    assert "Encode." in pellucid("encode", "--help").stdout, "only one model has it, so no run is needed to explain it"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("smple run", "pellucid has no command 'smple'. Did you mean 'sample'? Commands: "),
        ("smple run", "Verbs of the installed models: encode, fall, sample, tell."),
        ("sample", "needs a RUN: a run folder or saved model of acme/net, acme/other."),
        ("sample third.safetensors", "holds a model acme/third, which has no verb 'sample'. It is a verb of: acme/"),
        ("encode other.safetensors", "holds a model acme/other, which has no verb 'encode'. It is a verb of: acme/n"),
        ("sample absent.safetensors", "absent.safetensors"),
        ("sample run", "the following arguments are required: --count"),
        ("sample run --count x", "invalid int value: 'x'"),
        ("sample run --count 1 --mode bad", "there is no 'bad'. Choose from: "),
        ("sample run --count 0", "The 'count' of sample must be at least 1."),
        ("sample run --count 1 --scal 2", "Did you mean '--scale'?"),
    ],
)
def test_what_is_wrong_is_said(pellucid: Command, words: str, message: str):
    done = pellucid(*words.split(), code=2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_verb_that_yields_is_shown_as_it_comes_and_json_is_the_whole(pellucid: Command):
    assert pellucid("tell", "run", "ab", "c\x1b", "--times", "2").stdout == "abc\\x1babc\\x1b\n"
    assert json.loads(pellucid("tell", "run", "ab", "c", "--json").stdout) == {"words": ["ab", "c"]}
    said = pellucid("tell", "run", "--help").stdout
    assert "RUN WORDS [WORDS ...]" in said and "what to say." in said
    assert "the following arguments are required: WORDS" in pellucid("tell", "run", code=2).stderr


def test_a_verb_that_yields_ends_its_line_before_an_error_or_ctrl_c(pellucid: Command):
    done = pellucid("tell", "run", "ab", "--end", "bug", code=2)
    assert done.stdout == "ab\n" and "(pellucid-acme 1.0) raised RuntimeError: bug" in done.stderr
    done = pellucid("tell", "run", "ab", "--end", "ctrl-c", code=130)
    assert done.stdout == "ab\n" and done.stderr.endswith("Interrupted.\n")


def test_an_error_before_the_first_piece_leaves_standard_output_empty(pellucid: Command):
    assert pellucid("tell", "run", "a", "--times", "0", "--end", "bug", code=2).stdout == ""


def test_the_run_may_stand_behind_options(pellucid: Command):
    """Two models have this verb, so whose options these are says the run alone."""
    assert json.loads(pellucid("sample", "--count", "3", "run", "--json").stdout)["count"] == 3
    assert json.loads(pellucid("sample", "--json", "--clean", "run", "--count=3").stdout)["clean"] is True
    said = pellucid("sample", "--count", "3", "absent", code=2).stderr
    assert "absent" in said and "Cannot read" in said


def test_a_verb_that_yields_stops_where_nobody_reads(environment: dict[str, str], tmp_path: Path):
    """A million words would take longer than the test may; what stands behind the last is never reached."""
    words = [sys.executable, "-m", "pellucid", "tell", "run", "ab" * 100, "--times", str(10**9)]
    with subprocess.Popen(words, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as job:
        assert job.stdout is not None and job.stderr is not None
        assert job.stdout.read(2) == b"ab"
        job.stdout.close()
        assert job.stderr.read() == b""
        assert job.wait(60) == 0


def test_a_verb_that_raises_is_its_packages_fault(pellucid: Command):
    said = "The verb 'fall' of the model 'acme/net' (pellucid-acme 1.0) raised RuntimeError: bug."
    assert pellucid("fall", "run", code=2).stderr.startswith(f"pellucid: {said}")
    error = json.loads(pellucid("fall", "run", "--json", code=2).stderr)["error"]
    assert error["type"] == "PluginError"
    assert error["message"].startswith(said)
    traceback = pellucid("fall", "run", "--debug", code=2).stderr
    assert 'raise RuntimeError("bug")' in traceback


def test_a_signature_that_has_no_place_on_a_command_line_is_the_plugins_fault():
    from pellucid.workbench.cli.console import new_parser

    def verb(run: Path, *, options: dict[str, int]) -> None: ...

    with pytest.raises(PluginError, match=r"The argument 'options' of .*verb is a table, which cannot be given"):
        add_options(new_parser("verb", ""), verb, {})


def test_a_function_without_docstring_is_explained_by_its_signature_alone():
    assert documented(lambda run: None) == ("", {})


def test_a_plugin_brings_a_command_of_its_own(pellucid: Command) -> None:
    assert json.loads(pellucid("greet", "--json").stdout) == {"names": [], "loud": False}
    assert json.loads(pellucid("greet", "ann", "ben", "--loud", "--json").stdout) == {
        "names": ["ann", "ben"],
        "loud": True,
    }
    assert json.loads(pellucid("acme/greet", "ann", "--json").stdout) == {"names": ["ann"], "loud": False}
    told = pellucid("greet", "--help").stdout
    assert "Greet whom one meets." in told and "who is met." in told and "pellucid greet leave" in told


def test_a_word_of_a_command_calls_another_function(pellucid: Command) -> None:
    assert pellucid("greet", "leave", "ann").stdout == "bye\n"
    assert json.loads(pellucid("greet", "leave", "ann", "--words", "ciao", "--json").stdout) == {
        "name": "ann",
        "words": "ciao",
    }
    assert pellucid("greet", "leave", code=2).stderr.count("NAME") >= 1


def test_commands_of_plugins_are_listed_and_shown(pellucid: Command) -> None:
    assert "acme/greet  says a word  [verbs: leave]" in pellucid("list", "command").stdout
    shown = pellucid("show", "acme/greet").stdout
    assert "acme/greet (command): says a word" in shown and "loud" in shown and "leave" in shown


def test_an_unknown_command_names_those_of_plugins(pellucid: Command) -> None:
    assert "Did you mean 'greet'?" in pellucid("gret", code=2).stderr
