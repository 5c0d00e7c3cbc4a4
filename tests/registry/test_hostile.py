"""Beside packages that misbehave, each command does its work and says who it was."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.registry.children import SAMPLE
from tests.registry.hostile import METADATA, MISDEEDS

ROOT = Path(__file__).resolve().parents[2]
EVERY = [*MISDEEDS, *METADATA]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Name -> what came of the commands beside it; by one process that forks."""
    command = [sys.executable, "-m", "tests.registry.children", str(tmp_path_factory.mktemp("hostile"))]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        asked, answers = process.stdin, process.stdout

        @cache
        def of(name: str) -> Any:
            print(name, file=asked, flush=True)
            return json.loads(answers.readline())["outcomes"]

        yield of
        asked.close()


def expected(name: str) -> tuple[str, str, str]:
    """(status, part of what is said, part of what a training says)."""
    if name in MISDEEDS:
        return MISDEEDS[name].status, MISDEEDS[name].said, MISDEEDS[name].trains
    return "", METADATA[name][1], ""


def check(told: dict[str, dict[str, Any]], clean: dict[str, dict[str, Any]]) -> list[str]:
    """What of the core's work was not done."""
    wrong = [f"{command}: {each['code']}: {each['err'][-500:]}" for command, each in told.items() if each["code"] != 0]
    if told["train"]["out"].splitlines()[-1:] != clean["train"]["out"].splitlines():  # os.write passes by sys.stdout
        wrong.append("train: other bits")
    wrong += [f"{command}: an escape" for command, each in told.items() if {"\x1b", "\r", "\x07"} & set(each["out"])]
    if wrong:
        return wrong
    for command in ("list", "plugins", "doctor", "train by file"):
        try:
            json.loads(told[command]["out"] if command in told else "{}")
        except ValueError:
            wrong.append(f"{command}: not one document: {told[command]['out'][:200]}")
    if not wrong:
        listed = {entry["name"] for entry in json.loads(told["list"]["out"])}
        wrong += [name for name in (e["name"] for e in json.loads(clean["list"]["out"])) if name not in listed]
    return wrong


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in SAMPLE[::7] else pytest.mark.kit) for n in EVERY])
def test_alone(name: str, outcomes: Any) -> None:
    told = outcomes(name)
    assert not check(told, outcomes(""))
    status, said, in_training = expected(name)
    plugins = {plugin["vendor"]: plugin for plugin in json.loads(told["plugins"]["out"])}
    if status:
        plugin = plugins[name]
        assert (plugin["status"], said in plugin["reason"]) == (status, True), plugin
        findings = json.loads(told["doctor"]["out"])["findings"]
        warned = [f for f in findings if f["warning"] and name in (f["name"], f["section"])]
        assert bool(warned) == bool(plugin["reason"] or name == "doctor"), findings
    else:
        assert any(said in f"{p['vendor']} {p['distribution']} {p['version']} {p['reason']}" for p in plugins.values())
    if in_training:
        assert f"Plugin '{name}'" in told["train"]["err"] and in_training in told["train"]["err"]


@pytest.mark.parametrize("name", ["sample", pytest.param("all", marks=pytest.mark.kit)])
def test_all_at_once(name: str, outcomes: Any) -> None:
    told = outcomes(name)
    assert not check(told, outcomes(""))
    plugins = {plugin["vendor"]: plugin for plugin in json.loads(told["plugins"]["out"])}
    for vendor in (each for each in (SAMPLE if name == "sample" else EVERY) if each in MISDEEDS):
        assert MISDEEDS[vendor].said in plugins[vendor]["reason"], plugins[vendor]


def test_there_are_enough_kinds() -> None:
    assert len(EVERY) >= 100
    assert set(SAMPLE) <= set(EVERY)
