"""A process that is forked after a table was read says so where it would wait for ever for the threads of polars."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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
