"""A process that is forked after a table was read says so where it would wait for ever for the threads of polars."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pellucid import PellucidError
from pellucid_tabular import forks
from pellucid_tabular.dataset import Table
from pellucid_tabular.frames import columns_of
from pellucid_tabular.reading.file import read_file
from pellucid_tabular.schema import Schema

PROGRAM = """
import os, sys
import numpy as np
from pellucid import PellucidError
from pellucid_tabular.schema import Column, Schema

def in_child(what):
    pid = os.fork()
    if pid == 0:
        try:
            what()
        except PellucidError as error:
            print(error, flush=True)
            os._exit(3)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

table = {"a": ["x", "y"] * 9, "b": ["1,5", "2,5"] * 9}
numbers = Schema((Column("a", "number"), Column("b", "number")))
first = in_child(lambda: Schema.of(table).coded(table))
schema = Schema.of(table)
print(first, in_child(lambda: schema.coded(table)), in_child(lambda: numbers.coded(np.ones((3, 2)))))
schema.coded(table)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing can be forked here")
def test_a_forked_process_says_that_it_cannot_read_tables() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said, codes = done.stdout.splitlines()
    assert "was forked after a table had been read" in said and "get_context('spawn')" in said
    assert codes == "0 3 0", "before the first table and with arrays it works"


@pytest.mark.parametrize("lost", [False, True])
def test_whatever_reads_a_table_says_so(lost: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"a": ["x", "y"] * 9, "b": ["1,5", "2,5"] * 9}
    (tmp_path / "t.csv").write_text("a,b\nx,1\ny,2\nx,3\n")
    (tmp_path / "t.arrow").write_bytes(b"ARROW1")
    schema = Schema.of(table)
    monkeypatch.setattr(forks, "_lost", lost)
    for reads in (
        lambda: read_file(tmp_path / "t.csv"), lambda: columns_of(table, None, "t"), lambda: Schema.of(table),
        lambda: schema.coded(table), lambda: Table(table, target="a").load(np.random.default_rng(0)),
        lambda: Table(str(tmp_path / "t.csv")).load(np.random.default_rng(0)),
    ):  # fmt: skip
        if lost:
            with pytest.raises(PellucidError, match="was forked after a table had been read"):
                reads()
        else:
            reads()
    with pytest.raises(PellucidError, match="forked" if lost else "truncated or damaged"):
        read_file(tmp_path / "t.arrow")


def test_a_fork_is_lost_where_threads_were_there_and_so_are_its_own_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_lost", "_began", "_used"):
        monkeypatch.setattr(forks, name, False)
    for has, lost in ((False, False), (True, True), (False, True)):
        monkeypatch.setattr(forks, "_has_threads", lambda has=has: has)
        forks._before()
        forks._in_child()
        assert forks._lost is lost


@pytest.mark.parametrize(
    ("name", "are"),
    [("polars-0", True), ("polars-12", True), ("async-executor", True), ("async-executor-3", True), ("python", False),
     ("polars", False), ("my-polars-1", False), ("polars-1x", False)],
)  # fmt: skip
def test_threads_of_polars_are_known_by_their_names(
    name: str, are: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for task, called in (("1", "python"), ("2", name), ("4", "python")):
        (tmp_path / task).mkdir()
        (tmp_path / task / "comm").write_text(f"{called}\n")
    (tmp_path / "3").mkdir()  # it has ended
    monkeypatch.setattr(forks, "_TASKS", tmp_path)
    assert forks._has_threads() is are
    monkeypatch.setattr(forks, "_TASKS", tmp_path / "none")
    for used in (False, True):
        monkeypatch.setattr(forks, "_used", used)
        assert forks._has_threads() is used
    monkeypatch.setattr(forks, "_used", False)
    columns_of({"a": [1]}, None, "t")
    assert forks._used
