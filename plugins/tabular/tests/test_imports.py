"""What is slow to import is imported by whoever needs it: a model of a table is opened and asked without."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys

def there():
    names = {name.partition(".")[0] for name in sys.modules}
    return sorted(names & {"polars", "narwhals", "sklearn", "scipy", "pandas"})

import pellucid_tabular, pellucid_tabular.plugin
print("numpy" in sys.modules, there())
import pellucid as pl
import pellucid_tabular.dataset
from pellucid_tabular.columns import Columns
columns = Columns([{"name": "a", "kind": "number"}, {"name": "b", "kind": "category", "categories": ["x", "y"]}])
model = pl.build("tabular/ensemble", outputs=1, categories=[4], members=2, input_shape=(2,), seed=0)
pl.trainer_for(model)
columns.fit(columns.read([{"a": 1.5, "b": "x"}, {"a": None, "b": "y"}]))
model.predict(columns.apply(columns.read({"a": 2.0, "b": "y"})))
print(there())
table = pellucid_tabular.dataset.Table({"a": ["x", "y"] * 9, "b": [1, 2] * 9}, target="b")
table.load(None)
print(there())
import pellucid_tabular.estimators
print("sklearn" in there())
"""


def test_what_is_slow_is_imported_where_it_is_needed() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["False []", "[]", "['narwhals', 'polars']", "True"]
