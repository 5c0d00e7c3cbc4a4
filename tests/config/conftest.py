"""Fixtures for the tests of configurations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pellucid.registry.registry import Registry
from pellucid.testing.registries import use_registry

from tests.fake_plugins import install, registry_of

PARTS = '''
"""Components that take arguments of every type."""
from __future__ import annotations
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from pellucid import Initializer, Layer, Loss, Schedule
from pellucid.standard.layers.dense import Dense
from pellucid.standard.layers.containers import Sequential

if TYPE_CHECKING:
    from pellucid import Regularizer
    from nowhere import Unknown

T = TypeVar("T", bound=int)

class Everything(Schedule):
    """Takes one argument of every type."""
    def __init__(
        self, *, integer: int = 1, number: float = 1.0, truth: bool = False, text: str = "a",
        choice: Literal["low", "high", 3] = "low", maybe: int | None = None, either: int | str = 0,
        pair: tuple[int, float] = (1, 2.0), many: tuple[int, ...] = (), sizes: Sequence[int] = (),
        names: list[str] | None = None, table: Mapping[str, float] | None = None, where: Path = Path("x"),
        noted: Annotated[int, "units"] = 1, bound: T = 1, anything: Any = None, untyped=None,
        function: Callable[[int], int] | None = None, init: Initializer | None = None, loss: Loss | str | None = None,
        schedules: Sequence[Schedule] = (), by_name: dict[str, Layer] | None = None, dense: Dense | None = None,
    ) -> None:
        for name, value in dict(locals()).items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)

    def __call__(self, step, total):
        return 1.0

class Open(Schedule):
    """Takes any further keyword."""
    def __init__(self, **others: int) -> None:
        self.others = others

    def arguments(self):
        return self.others

    def __call__(self, step, total):
        return 1.0

class Positional(Schedule):
    def __init__(self, *values: int) -> None: ...
    def __call__(self, step, total): return 1.0

class Reserved(Schedule):
    def __init__(self, type: str) -> None: ...
    def __call__(self, step, total): return 1.0

class Unresolved(Schedule):
    def __init__(self, value: Unknown) -> None: ...
    def __call__(self, step, total): return 1.0

class ForCheckersOnly(Schedule):
    def __init__(self, penalty: Regularizer) -> None: ...
    def __call__(self, step, total): return 1.0

def stack(hidden: Sequence[int], outputs: int, activation: str = "relu", init: Initializer | None = None) -> Layer:
    """Dense layers on top of each other."""
    if outputs < 2:
        raise ValueError("outputs must be at least 2")
    model = Sequential([*(Dense(n, activation) for n in hidden), Dense(outputs, init=init)])
    model.default_objective = {"type": "supervised", "loss": "mse"}
    return model

def twice(layer: Layer) -> Layer:
    return Sequential([layer, layer])

def same(layer: Layer) -> Layer:
    return layer

def greedy(hidden: list[int]) -> Layer:
    return Sequential([Dense(hidden.pop()) for _ in range(len(hidden))])
'''
MANIFEST = """
parts = "{module}.parts"
registry.schedule("everything", f"{parts}:Everything", summary="every type")
registry.schedule("open", f"{parts}:Open", summary="further keywords")
registry.schedule("positional", f"{parts}:Positional", summary="cannot be configured")
registry.schedule("reserved", f"{parts}:Reserved", summary="cannot be configured")
registry.schedule("unresolved", f"{parts}:Unresolved", summary="cannot be configured")
registry.schedule("for_checkers_only", f"{parts}:ForCheckersOnly", summary="cannot be configured")
registry.model("same", f"{parts}:same", summary="a factory function that returns what it is given")
registry.model("greedy", f"{parts}:greedy", summary="a factory function that changes its argument")
registry.model("twice", f"{parts}:twice", summary="a factory function that is given a layer")
registry.model("stack", f"{parts}:stack", summary="a factory function")
"""


@pytest.fixture(autouse=True)
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry of the core and of the plugin ``acme``, in the place of the default one."""
    for name in ("PELLUCID_PLUGINS", "PELLUCID_STRICT", "PELLUCID_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    install(tmp_path, "acme", MANIFEST, modules={"parts": PARTS})
    with registry_of(tmp_path) as registry, use_registry(registry):
        yield registry
