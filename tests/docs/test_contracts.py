"""Every kind has its contract in docs/contracts: what its base class has, and the code that `pellucid new` writes."""

from __future__ import annotations

import re
from pathlib import Path

import pellucid as pl
import pytest
from pellucid.registry.manifest import KINDS
from pellucid.workbench.cli.commands.new import PLACEHOLDER, TEMPLATE

PAGES = Path(__file__).parents[2] / "docs" / "contracts"
BASES = {
    "layer": pl.Layer, "loss": pl.Loss, "objective": pl.Objective, "optimizer": pl.Optimizer, "schedule": pl.Schedule,
    "initializer": pl.Initializer, "regularizer": pl.Regularizer, "metric": pl.Metric, "transform": pl.Transform,
    "dataset": pl.Dataset, "callback": pl.Callback, "feed": pl.Feed, "sampler": pl.Sampler,
    "view": pl.View,
}  # fmt: skip
OF_THE_KIND = {"kind", "part_of_step"}
"""What a component does not set."""


def page_of(kind: str) -> str:
    return (PAGES / f"{kind}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [*KINDS, "state"])
def test_every_kind_has_a_page_that_the_index_names(kind):
    assert page_of(kind).startswith(
        f"# Contract of a{'n' * (kind[0] in 'aeiou')} {kind.replace('dataset', 'data set')}\n"
    )
    assert f"({kind}.md)" in page_of("README")


@pytest.mark.parametrize("kind", BASES)
def test_the_page_names_all_that_the_base_class_has(kind):
    code = " ".join(re.findall(r"`[^`]+`", page_of(kind)))
    ours = [cls for cls in BASES[kind].__mro__ if cls.__module__.startswith("pellucid") and cls is not pl.Component]
    names = {name for cls in ours for name in vars(cls) if name == "__call__" or not name.startswith("_")}
    missing = sorted(name for name in names - OF_THE_KIND if not re.search(rf"(?<![\w]){name}\b", code))
    assert not missing, f"docs/contracts/{kind}.md does not say what these are: {missing}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_shows_the_code_that_new_plugin_writes(kind):
    package = TEMPLATE / "src" / f"pellucid_{PLACEHOLDER}"
    manifest = (package / "__init__.py").read_text(encoding="utf-8")
    section = re.search(rf"# kind: {kind}\n(.*?)(?:# kind|\Z)", manifest, re.DOTALL)
    assert section is not None, f"the template has nothing of the kind {kind}"
    for module in set(re.findall(rf"pellucid_{PLACEHOLDER}\.(\w+):", section[1])):
        code = (package / f"{module}.py").read_text(encoding="utf-8").replace(PLACEHOLDER, "acme")
        assert f"```python\n{code}```" in page_of(kind), f"docs/contracts/{kind}.md shows another {module}.py"
