"""What pellucid sweep and pellucid plugins say, whole: plans, searches, what was stopped, what was installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from signal import SIGHUP, SIGINT
from typing import Any

import pytest
from pellucid.basics.errors import ConfigError
from pellucid.workbench import requirements
from pellucid.workbench.cli.commands import plugins, sweep
from pellucid.workbench.cli.console import Output
from pellucid.workbench.requirements import Requirement, _needs_us_for_building, read, restore
from pellucid.workbench.sweeps.folder import Failure, SweepFolder, write_failure
from pellucid.workbench.sweeps.plan import Plan, PlannedRun, made, make_plan

BASE: dict[str, Any] = {"data": {"type": "iris"}, "model": {"type": "ann"}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepFolder:
    monkeypatch.chdir(tmp_path)
    return SweepFolder(Path("many"))


def said(capsys: pytest.CaptureFixture[str], tell: Any, *, code: int = 0) -> tuple[str, Any]:
    """(the text, the document) of what a function says."""
    capsys.readouterr()
    for as_json in (False, True):
        with Output(as_json=as_json) as output:
            assert tell(output) == code
        if not as_json:
            text = capsys.readouterr().out
    return text, json.loads(capsys.readouterr().out)


def grid(folder: SweepFolder) -> Plan:
    plan = make_plan({**BASE, "sweep": {"grid": {"optimizer.lr": [0.5, -1.0]}, "seeds": [0, 1]}})
    run = folder.run(PlannedRun(plan.settings[0], 1))
    run.create()
    run.write_summary({})
    write_failure(folder.run(PlannedRun(plan.settings[1], 0)).path, Failure("DataError", "no"))
    return plan


def test_a_plan(folder: SweepFolder, capsys: pytest.CaptureFixture[str]) -> None:
    plan = grid(folder)
    refused = {plan.settings[1].folder: ConfigError("Too small.\n" + "more")}
    text, told = said(capsys, lambda output: sweep._show(plan, refused, folder, output))
    assert text == (
        "setting              seeds  finished\noptimizer.lr = 0.5   2      1\n"
        "optimizer.lr = -1.0  2      0         refused: Too small.\n\n2 settings × 2 seeds = 4 runs, in many\n"
    )
    states = {"finished": 1, "failed": 0, "begun": 0, "open": 1}
    assert told == {
        "sweep": "many", "runs": 4, "seeds": [0, 1],
        "settings": [
            {"setting": "optimizer.lr = 0.5", "settings": {"optimizer.lr": 0.5}, "refused": None, "runs": states,
             "folder": f"many/{plan.settings[0].folder}"},
            {"setting": "optimizer.lr = -1.0", "settings": {"optimizer.lr": -1.0}, "refused": "Too small.\nmore",
             "runs": {"finished": 0, "failed": 1, "begun": 0, "open": 1}, "folder": f"many/{plan.settings[1].folder}"},
        ],
    }  # fmt: skip
    long = {plan.settings[0].folder: ConfigError("x" * 300)}
    assert f"refused: {'x' * 200}\n" in said(capsys, lambda output: sweep._show(plan, long, folder, output))[0]


def search(folder: SweepFolder) -> Plan:
    ranges = {"optimizer.lr": {"log_uniform": [0.1, 1.0]}, "model.hidden": {"choice": [[8], [4]]}}
    plan = make_plan({**BASE, "sweep": {"search": {"trials": 7, **ranges}}})
    setting = made(plan.base, "trial 0000", {}, {"optimizer.lr": 0.5})
    folder.write_setting(setting)
    run = folder.run(PlannedRun(setting, plan.seeds[0]))
    run.create()
    run.write_summary({})
    return plan


def test_a_plan_of_a_search(folder: SweepFolder, capsys: pytest.CaptureFixture[str]) -> None:
    plan = search(folder)
    text, told = said(capsys, lambda output: sweep._show(plan, {}, folder, output))
    assert text == (
        "setting       drawn from\noptimizer.lr  log_uniform [0.1, 1.0]\nmodel.hidden  choice [[8], [4]]\n\n"
        "7 trials, of which 1 are finished, in many\n"
    )
    assert told == {
        "sweep": "many", "trials": 7, "runs": {"finished": 1, "failed": 0, "begun": 0, "open": 0},
        "ranges": {"optimizer.lr": {"log_uniform": [0.1, 1.0]}, "model.hidden": {"choice": [[8], [4]]}},
    }  # fmt: skip


def test_a_sweep_that_was_stopped(folder: SweepFolder, capsys: pytest.CaptureFixture[str]) -> None:
    plan = grid(folder)
    text, told = said(capsys, lambda output: sweep._interrupted(SIGINT, plan, folder, output), code=130)
    again = "and those under way are saved. Go on with:\n  pellucid sweep many\n"
    assert text == f"Stopped: 1 of 4 runs are finished, {again}"
    assert told == {
        "sweep": "many", "stopped_by": "SIGINT", "resume": "pellucid sweep many",
        "runs": {"finished": 1, "failed": 1, "begun": 0, "open": 2},
    }  # fmt: skip
    whole = folder.found(search(folder))
    text, told = said(capsys, lambda output: sweep._interrupted(SIGHUP, whole, folder, output), code=129)
    assert text == f"Stopped: 1 of 7 runs are finished, {again}" and told["stopped_by"] == "SIGHUP"


# -- plugins ---------------------------------------------------------------------------------------------------------


def test_plugins_each_in_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []
    outcomes = {"core": "a line\ncore loaded\n", "odd": "odd x\nodd   broken \n", "dies": "nothing", "hangs": None}

    def run(command: list[str], *, env: dict[str, str], timeout: float, **how: Any) -> Any:
        vendor = command[3]
        asked.append((vendor, command[4:], env["PELLUCID_PLUGINS"], env["PELLUCID_STRICT"], timeout, how))
        if outcomes[vendor] is None:
            raise subprocess.TimeoutExpired(command, timeout)
        return subprocess.CompletedProcess(command, -11 if vendor == "dies" else 0, outcomes[vendor], "")

    monkeypatch.setattr(subprocess, "run", run)
    fake = Namespace(plugins=Namespace(found=outcomes))
    monkeypatch.setattr(plugins, "default_registry", lambda: fake)
    monkeypatch.setattr(plugins, "ACTIVE", {"mine": Path("mine.py")})
    text, told = said(capsys, plugins._apart)
    assert text == (
        "core   loaded\nodd    broken\ndies   ends the process, with -11\nhangs  does not come back within 20 s\n"
    )
    assert told == {"core": "loaded", "odd": "broken", "dies": "ends the process, with -11",
                    "hangs": "does not come back within 20 s"}  # fmt: skip
    how = {"capture_output": True, "text": True, "check": False}
    assert asked[:4] == [(vendor, ["mine.py"], vendor, "0", 20.0, how) for vendor in outcomes]


def test_what_was_frozen_and_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [Requirement("pellucid-a==1.0"), Requirement("pellucid-b==2.0")]
    monkeypatch.setattr(requirements, "installed", lambda: lines)
    text, told = said(capsys, lambda output: plugins._freeze(Path("p.txt"), output))
    assert text == ("Wrote p.txt:\n  pellucid-a==1.0\n  pellucid-b==2.0\nBack again: pellucid plugins restore p.txt\n")
    assert told == {"file": "p.txt", "plugins": ["pellucid-a==1.0", "pellucid-b==2.0"]}
    first, second, *rest = Path("p.txt").read_text().splitlines()
    assert (
        first.startswith("# Plugins of pellucid ") and second == "# Install them again: pellucid plugins restore p.txt"
    )
    assert rest == ["pellucid-a==1.0", "pellucid-b==2.0"]
    outcome = iter(["installed", "failed", "installed", "failed"])
    monkeypatch.setattr(requirements, "restore", lambda wanted, upgrade: ((each, next(outcome)) for each in wanted))
    with Output(as_json=False) as output:
        assert plugins._restore(Path("p.txt"), True, output) == 1
    shown = capsys.readouterr()
    assert shown.out == "installed  pellucid-a==1.0\nfailed     pellucid-b==2.0\n"
    assert shown.err.startswith("Not installed: pellucid-b==2.0. What the installer said stands above.")
    Path("p.txt").write_text("# nothing\n\n")
    text, told = said(capsys, lambda output: plugins._restore(Path("p.txt"), False, output))
    assert text == "p.txt names no plugins.\n" and told == {} and not capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words", "newest"),
    [
        ("a==1.0", ["a==1.0"], "a"), ("a == 1.0", ["a == 1.0"], "a"), ("a", ["a"], None),
        ("-e /home/a b", ["-e", "/home/a b"], None), ("a @ git+https://h/x@1", ["a @ git+https://h/x@1"], None),
    ],
)  # fmt: skip
def test_a_line_as_an_installer_takes_it(tmp_path: Path, line: str, words: list[str], newest: str | None) -> None:
    assert Requirement(line).words == words and Requirement(line).newest.line == (newest or line)
    (tmp_path / "p.txt").write_text(f"\n  {line}  \n# a remark\n")
    assert read(tmp_path / "p.txt") == [Requirement(line)]


def test_what_is_no_requirement_is_told_with_its_line(tmp_path: Path) -> None:
    for wrong in ("--index-url x", "a==", "-a==1", "a @ b", "-e", "a>=1", "a==1 # x"):
        (tmp_path / "p.txt").write_text(f"# remark\n\na==1\n{wrong}\n")
        with pytest.raises(ConfigError, match=r"p\.txt, line 4: expected a package"):
            read(tmp_path / "p.txt")
    (tmp_path / "p.txt").write_bytes(b"\xff")
    for name in ("p.txt", "none.txt"):
        with pytest.raises(ConfigError, match="Cannot read the list of plugins"):
            read(tmp_path / name)


@pytest.mark.parametrize(
    ("requires", "needs"),
    [
        ('["setuptools", "pellucid>=0.1"]', True), ('["Pellucid"]', True), ('["pellucid [x]"]', True),
        ('["pellucid-a"]', False), ('["pellucidx"]', False), ("[]", False), ("[1]", False), ('"pellucid"', False),
        ('[" pellucid @ file:///x "]', True),
    ],
)  # fmt: skip
def test_who_needs_pellucid_for_building(tmp_path: Path, requires: str, needs: bool) -> None:
    folder = tmp_path / "my plugin"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(f"[build-system]\nrequires = {requires}\n")
    assert _needs_us_for_building(Requirement(f"-e {folder}")) is needs
    assert _needs_us_for_building(Requirement(f"a @ {folder.as_uri()}")) is needs
    assert not _needs_us_for_building(Requirement(f"a @ https://h{folder}".replace(" ", "")))
    assert not _needs_us_for_building(Requirement("a==1.0"))
    (folder / "pyproject.toml").write_text("[")
    assert not _needs_us_for_building(Requirement(f"-e {folder}"))


@pytest.mark.parametrize("upgrade", [False, True])
def test_each_way_of_installing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, upgrade: bool) -> None:
    (tmp_path / "pyproject.toml").write_text('[build-system]\nrequires = ["pellucid"]\n')
    ours, there, new = Requirement(f"-e {tmp_path}"), Requirement("there==1.0"), Requirement("new==1.0")
    asked: list[Any] = []

    def run(command: list[str], *, stdout: int, check: bool) -> Any:
        asked.append((command, stdout, check))
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(requirements, "_installer", lambda: ["pip"])
    monkeypatch.setattr(requirements, "installed", lambda: [there, ours])
    outcome = list(restore([there, ours, new], upgrade=upgrade))
    alone, kept = ["--no-build-isolation"], ["--upgrade"]
    ways = [[*kept, "there"], [*alone, *kept, "there"], [*kept, "new"], [*alone, *kept, "new"]]
    expected = [["pip", *way] for way in (ways if upgrade else (["new==1.0"], [*alone, "new==1.0"]))]
    assert asked == [(command, 2, False) for command in expected]
    assert outcome == [(there, "failed" if upgrade else "is there"), (ours, "is there"), (new, "failed")]
    asked.clear()
    monkeypatch.setattr(requirements, "installed", list)
    assert dict(restore([ours])) == {ours: "failed"}
    assert [command for command, _, _ in asked] == [["pip", *alone, *ours.words], ["pip", *ours.words]]


def test_who_installs(monkeypatch: pytest.MonkeyPatch) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    monkeypatch.setattr(requirements, "find_spec", lambda name: object() if name == "pip" else None)
    assert requirements._installer() == pip
    monkeypatch.setattr(requirements, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    assert requirements._installer() == ["/bin/uv", "pip", "install", "--python", sys.executable]
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match="There is neither pip nor uv"):
        requirements._installer()
