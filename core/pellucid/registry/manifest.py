"""What a plugin says of itself: Entry, one registered name; Registrar, the object that a manifest fills.

A manifest holds strings only. ``"package.module:attribute"`` is imported when the component is first built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn, Protocol, Required, TypedDict, Unpack

from pellucid.basics.errors import PluginError

KINDS = (
    "layer", "loss", "objective", "optimizer", "schedule", "initializer", "regularizer", "metric", "transform",
    "model", "dataset", "feed", "sampler", "backend", "callback", "view", "op", "command",
)  # fmt: skip
"""Everything that can be registered; see docs/plugins for what each of them must implement."""
_WORDS = "train sweep evaluate predict import-weights compare trace why certify list show show-data plugins doctor new"
COMMANDS = tuple(_WORDS.split())
"""The command line's own words, which no verb of a model and no command of a plugin may be."""
FUNCTIONS = ("op", "command")
"""Kinds that are no components, but functions."""
NAME = re.compile(r"[a-z][a-z0-9_]*")
"""Vendors and names: lower-case letters, digits and underscores."""
_TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One registered name.

    Attributes:
        kind: one of ``KINDS``.
        name: the canonical name, ``vendor/name``; saved files hold this one.
        target: ``"module:attribute"`` of the class or factory function. Of an op: of its reference implementation.
        summary: one line for ``pellucid list``.
        version: version of the component's configuration, raised when its arguments change their meaning.
        migrate: ``"module:function"`` that turns the configuration of an older version into today's:
            ``function(config, version) -> config``; or None.
        verbs: of a model: what its trained form can do, name -> ``"module:function"``; of a command: what may follow.
        backends: of an op: backend -> ``"module:function"``.
        distribution, distribution_version: where it comes from.
    """

    kind: str
    name: str
    target: str
    summary: str
    version: int = 1
    migrate: str | None = None
    verbs: Mapping[str, str] = field(default_factory=dict)
    backends: Mapping[str, str] = field(default_factory=dict)
    distribution: str = ""
    distribution_version: str = ""

    @property
    def vendor(self) -> str:
        return self.name.partition("/")[0]

    @property
    def short_name(self) -> str:
        return self.name.partition("/")[2]


class Details(TypedDict, total=False):
    """What can be said of every entry; see :class:`Entry`."""

    summary: Required[str]
    version: int
    migrate: str


class Registers(Protocol):
    """Registers one name of a kind."""

    def __call__(self, name: str, target: str, **details: Unpack[Details]) -> None: ...


class _Kind:
    """A method of :class:`Registrar` for a kind of which no more is said than of every entry."""

    def __set_name__(self, owner: type, kind: str) -> None:
        self._kind = kind

    def __get__(self, registrar: Registrar, owner: type) -> Registers:
        return partial(registrar._add, self._kind)


class Registrar:
    """Collects what one plugin registers; ``pellucid_register`` receives it as ``registry``.

    Names are given without the vendor, which is the plugin's entry-point name: ``registry.layer("sine", …)`` in the
    plugin ``acme`` registers ``acme/sine``. Nothing counts until the whole manifest has gone through, so a plugin
    that fails half-way leaves no trace.
    """

    def __init__(self, vendor: str, distribution: str = "", distribution_version: str = "") -> None:
        self.vendor = vendor
        self.entries: dict[tuple[str, str], Entry] = {}
        self.distribution, self.version = distribution, distribution_version
        self._closed = False

    layer = _Kind()
    """A differentiable function: :class:`pellucid.Layer` or :class:`pellucid.Composite`."""
    loss = _Kind()
    """Compares prediction and target: :class:`pellucid.Loss`."""
    objective = _Kind()
    """What one training step minimises: :class:`pellucid.Objective`."""
    optimizer = _Kind()
    """Turns gradients into steps: :class:`pellucid.Optimizer`."""
    schedule = _Kind()
    """The learning rate over the steps: :class:`pellucid.Schedule`."""
    initializer = _Kind()
    """First values of a parameter: :class:`pellucid.Initializer`."""
    regularizer = _Kind()
    """A penalty on a parameter: :class:`pellucid.Regularizer`."""
    metric = _Kind()
    """A figure for evaluation: :class:`pellucid.Metric`."""
    transform = _Kind()
    """Changes the data before the model sees it: :class:`pellucid.Transform`."""
    dataset = _Kind()
    """A named collection of samples: :class:`pellucid.Dataset`."""
    feed = _Kind()
    """Batches that come one after the other: :class:`pellucid.Feed`."""
    sampler = _Kind()
    """In which order an epoch visits samples: :class:`pellucid.Sampler`."""
    backend = _Kind()
    """A table of array operations: :class:`pellucid.Ops`."""
    callback = _Kind()
    """Is told of epochs and runs: :class:`pellucid.Callback`."""
    view = _Kind()
    """A way to look at a trained model in the studio: :class:`pellucid.View`."""

    def model(
        self, name: str, target: str, *, verbs: Mapping[str, str] | None = None, **details: Unpack[Details]
    ) -> None:
        """A whole architecture: a Layer class, or a function that returns a Layer.

        Args:
            verbs: what the command line can do with a trained one beyond train, evaluate and predict:
                ``{"encode": "pellucid_acme.verbs:encode"}``; see docs/plugins.
        """
        self._add("model", name, target, verbs=self._checked(name, verbs), **details)

    def command(
        self, name: str, target: str, *, verbs: Mapping[str, str] | None = None, **details: Unpack[Details]
    ) -> None:
        """A command of ``pellucid``, a function: its arguments before the ``*`` become words, the others options.

        Args:
            verbs: words that may follow it, and what is called in its place: ``pellucid NAME export`` calls that of
                ``{"export": "pellucid_acme.pages:export"}``.
        """
        self._checked(name, {name: target})
        self._add("command", name, target, verbs=self._checked(name, verbs), **details)

    def op(
        self, name: str, *, reference: str, summary: str, version: int = 1, migrate: str | None = None,
        **backends: str | None,
    ) -> None:  # fmt: skip
        """A kernel of the plugin's own, called by layers as ``ctx.op("vendor/name")(…)``.

        Each implementation is ``"module:function"`` with ``function(ops, …)``. The reference is plain array code over
        ``ops.xp`` and serves every backend that has none of its own; a faster one, given under the name of its backend
        (``cython="…"``), returns ``NotImplemented`` for arguments that it does not cover, such as another dtype, and
        the reference is called instead.
        """
        given = {"reference": reference, **backends}
        targets = {backend: target for backend, target in given.items() if target is not None}
        for backend, target in targets.items():
            self._check_target("op", f"{name} ({backend})", target)
        self._add("op", name, reference, backends=targets, summary=summary, version=version, migrate=migrate)

    def close(self, vendor: str) -> dict[tuple[str, str], Entry]:
        """The hook of this vendor has returned; what is registered later would escape isolation. Returns what it has
        registered."""
        self._closed = True
        if any((e.kind, e.name) != (kind, f"{vendor}/{name}") for (kind, name), e in self.entries.items()):
            raise PluginError(f"Plugin '{vendor}' has put entries in by hand. Use the methods of registry.")
        return dict(self.entries)

    # -- checks --------------------------------------------------------------------------------------------------

    def _add(
        self, kind: str, name: str, target: str, *, summary: str, migrate: str | None = None, **details: Any
    ) -> None:
        version = details.get("version", 1)
        one_line = isinstance(summary, str) and len(summary) <= 500 and len(summary.splitlines()) < 2
        if self._closed:
            self._refuse(kind, name, " after its pellucid_register hook has returned. Register inside of the hook.")
        if not (isinstance(name, str) and one_line and type(version) is int and version > 0):
            given = f" with summary={summary!r:.99} and version={version!r:.99}"
            self._refuse(kind, name, f"{given}. Expected: a str; one line, of at most 500 letters; an int from 1.")
        if "/" in name:
            right = f"registry.{kind}('{name.rpartition('/')[2]}', …)"
            self._refuse(kind, name, f". A plugin registers names of its own vendor, without it: {right}.")
        if not NAME.fullmatch(name):
            self._refuse(kind, name, ". A name must consist of lower-case letters, digits and _, a letter first.")
        if (kind, name) in self.entries:
            self._refuse(kind, name, " twice. Remove one of the two.")
        self._check_target(kind, name, target)
        if migrate is not None:
            self._check_target(kind, f"{name} (migrate)", migrate)
        details |= {"migrate": migrate, "distribution": self.distribution, "distribution_version": self.version}
        self.entries[kind, name] = Entry(kind, f"{self.vendor}/{name}", target, summary, **details)

    def _check_target(self, kind: str, name: str, target: object) -> None:
        if not isinstance(target, str) or not _TARGET.fullmatch(target):
            expected = "Expected a string 'package.module:attribute': a manifest imports no implementation."
            self._refuse(kind, name, f" with {target!r:.99}. {expected}")

    def _refuse(self, kind: str, name: object, why: str) -> NoReturn:
        raise PluginError(f"Plugin '{self.vendor}' registers the {kind} {name!r:.99}{why}")

    def _checked(self, name: str, verbs: Mapping[str, str] | None) -> dict[str, str]:
        for verb, function in (verbs or {}).items():
            if verb in COMMANDS or not NAME.fullmatch(verb):
                what = "is a command of pellucid itself" if verb in COMMANDS else "is not a name in lower-case letters"
                raise PluginError(
                    f"Plugin '{self.vendor}' gives '{name}' the verb {verb!r}, which {what}. Choose another."
                )
            self._check_target("verb", f"{name}.{verb}", function)
        return dict(verbs or {})
