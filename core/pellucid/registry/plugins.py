"""Plugins: which are installed, which are loaded, and how one that fails is kept from harming the others."""

from __future__ import annotations

import os
import threading
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from pellucid.basics.errors import ConfigError, PellucidWarning, PluginError, raised
from pellucid.basics.suggest import did_you_mean, listed as in_words
from pellucid.basics.version import __version__
from pellucid.registry.discovery import GROUP, Claim, find_claims
from pellucid.registry.manifest import NAME, Entry, Registrar

if TYPE_CHECKING:
    import pluggy

ALLOW_LIST = "PELLUCID_PLUGINS"
"""Environment variable: the vendors that may be loaded, separated by commas; unset allows all, empty only the core."""
STRICT = "PELLUCID_STRICT"
"""Environment variable: ``1`` makes a plugin that fails an error wherever plugins are loaded; ``0`` does not."""
CORE = "core"
REGISTER = "pellucid_register"
_YES, _NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")

Function = Callable[..., Any]
Status = Literal["found", "loading", "loaded", "broken", "incompatible", "conflict", "disabled"]
_LOADING: Status = "loading"


class Plugin:
    """One vendor.

    Attributes:
        vendor: its name, the first half of ``vendor/name``.
        module: the module that implements the hooks.
        distribution, version: the package that brings it.
        status: ``found`` until it is loaded; then ``loaded``, or why it is not:
            ``broken`` (its manifest or a hook raised), ``incompatible`` (made for another version of the interface),
            ``conflict`` (several packages claim the vendor), ``disabled`` (not in the allow-list).
        reason: what is wrong and what to do, or empty; of one that is loaded, what its import did beside registering.
        failed_in: the hook that raised, or empty.
        traceback: of the exception, or empty.
        entries: what it registered, by (kind, short name).
    """

    def __init__(self, vendor: str, claims: Sequence[Claim], status: Status = "found", reason: str = "") -> None:
        self.vendor = vendor
        self.module = claims[0].module
        self.distribution = ", ".join(dict.fromkeys(claim.distribution for claim in claims))
        self.version = ", ".join(claim.version for claim in claims)
        self.status: Status = status
        self.reason = reason
        self.failed_in = ""
        self.traceback = ""
        self.error: BaseException | None = None
        self.entries: dict[tuple[str, str], Entry] = {}

    def fail(self, error: BaseException, hook: str = REGISTER) -> None:
        """Take everything back that this plugin registered and remember why."""
        self.status = "broken"
        self.failed_in = hook
        self.reason = f"{raised(error):.2000}"
        self.traceback = f"Traceback: none can be shown of {self.reason}"
        with suppress(BaseException):  # its class may refuse to be looked at
            self.traceback = "".join(traceback.format_exception(error))
        self.error = error
        self.entries = {}

    def __str__(self) -> str:
        """``Plugin 'acme' (pellucid-acme 1.0) is broken: RuntimeError: no.``"""
        status = "in conflict" if self.status == "conflict" else self.status
        reason = self.reason.rstrip(".") or "A manifest registers names; it cannot build anything while it does"
        return f"Plugin '{self.vendor}' ({self.distribution} {self.version}) is {status}: {reason}."

    def unusable(self) -> PluginError:
        """The error for whoever asks for something of a plugin that is not loaded."""
        remedy = {"": "", REGISTER: " See: pellucid plugins --traceback."}  # which loads it again, and so fails again
        error = PluginError(str(self) + remedy.get(self.failed_in, f" It was switched off in {self.failed_in}."))
        error.__cause__ = self.error
        return error


_CALLER: ContextVar[tuple[Plugin, str] | None] = ContextVar("caller", default=None)
"""The plugin and the hook of it that is being called."""


class Plugins:
    """The plugins of one registry. Finding them imports nothing; each is imported when it is first asked for.

    Attributes:
        lenient: loading raises nothing, whatever ``PELLUCID_STRICT`` says: for commands that show what is wrong.
    """

    def __init__(self, claims: Callable[[], list[Claim]] = find_claims) -> None:
        self._claims = claims
        self._lock = threading.RLock()
        import pluggy  # slow: importlib.metadata comes with it; who only imports pellucid looks no name up

        from pellucid.registry import hookspecs

        self._manager = pluggy.PluginManager("pellucid")
        self._manager.add_hookspecs(hookspecs)
        self.lenient = False
        self._found: dict[str, Plugin] | None = None

    @property
    def found(self) -> dict[str, Plugin]:
        """All plugins by vendor, the core first; from metadata alone. Nobody waits for one that is loading."""
        if self._found is None:
            with self._lock:
                self._found = _judge(self._claims()) if self._found is None else self._found
        return self._found

    def load(self, vendor: str) -> Plugin:
        """Load this plugin's manifest, unless that was tried before. Never raises (unless ``PELLUCID_STRICT=1``):
        look at the status."""
        plugin = self.found[vendor]
        with self._lock if plugin.status in ("found", "loading") else nullcontext():
            if plugin.status == "found":
                self._import(plugin)
        if plugin.status not in ("loading", "loaded", "disabled") and not self.lenient and strict():
            raise plugin.unusable()
        return plugin

    def _import(self, plugin: Plugin) -> None:
        """Whatever a manifest does: afterwards its plugin is loaded or broken, and the process as it was."""
        try:
            plugin.status = _LOADING
            error, remarks = import_module(self.found[CORE].module).guarded(self._load, plugin)
            if error is not None:
                plugin.fail(error)
            plugin.reason = " ".join([plugin.reason, *remarks]).strip()
        finally:
            if plugin.status != "loaded":
                self._forget(plugin)
            if plugin.status == "loading":  # Ctrl-C: the next who asks begins anew
                plugin.status = "found"

    def load_all(self) -> list[Plugin]:
        """Load every manifest."""
        return [self.load(vendor) for vendor in self.found]

    def call(self, hook: str, of: Sequence[str] | None = None, **arguments: Any) -> None:
        """Call a hook of all plugins, or only of these vendors and those that are loaded. One that raises is switched
        off and reported; the others are still called."""
        for vendor, implementation in self.implementations(hook, of):
            self._isolated(self.found[vendor], hook, implementation)(**arguments)

    def observer(self, function: Function, ends_run: bool = False) -> Function:
        """A function that looks on, as it is to be called: where a hook subscribes it, isolated as the hook is. One
        that takes part ``ends_run`` if it raises, as nobody can use what it leaves half-done; its plugin is named."""
        caller = _CALLER.get()
        return function if caller is None else self._isolated(*caller, function, ends_run)

    def _isolated(self, plugin: Plugin, hook: str, function: Function, ends_run: bool = False) -> Function:
        """A function of a plugin that raises nothing (unless ``PELLUCID_STRICT=1``), and is not called any more once
        the plugin is switched off."""

        def call(*further: Any, **arguments: Any) -> None:
            if not plugin.failed_in:
                token = _CALLER.set((plugin, hook))
                try:
                    function(*further, **arguments)
                except KeyboardInterrupt:
                    raise
                except BaseException as error:  # what calls sys.exit must not end us either
                    self._forget(plugin)
                    plugin.fail(error, hook)
                    if ends_run or strict():
                        raise plugin.unusable() from error
                    last = traceback.extract_tb(error.__traceback__)[-1]
                    where = f"It raised this in {hook}, at {last.filename}:{last.lineno}, and is switched off for the"
                    how = f"The command line shows the traceback with --debug; {STRICT}=1 makes it an error."
                    warning = PellucidWarning(f"{plugin} {where} rest of this process. {how}")
                    warning.__cause__ = error
                    warnings.warn(warning, stacklevel=3)
                finally:
                    _CALLER.reset(token)

        return call

    def implementations(self, hook: str, of: Sequence[str] | None = None) -> list[tuple[str, Function]]:
        """(vendor, function) for each plugin that implements a hook, in pluggy's order: the last registered first."""
        for vendor in self.found if of is None else of:
            self.load(vendor)
        found = reversed(getattr(self._manager.hook, hook).get_hookimpls())
        return [(implementation.plugin_name, _with_its_arguments(implementation)) for implementation in found]

    # -- loading -------------------------------------------------------------------------------------------------

    def _load(self, plugin: Plugin) -> None:
        at, ours = f"The entry point of {plugin.distribution}", plugin.module.partition(".")[0] == "pellucid"
        if not NAME.fullmatch(plugin.vendor):
            rule = "A vendor's name must consist of lower-case letters, digits and _, and begin with a letter."
            raise PluginError(f"{at} is named {plugin.vendor!r}. {rule}")
        if ":" in plugin.module:
            right = f'{plugin.vendor} = "{plugin.module.partition(":")[0]}"'
            raise PluginError(f"{at} names {plugin.module!r}. It must name the module with the hooks: {right}.")
        if ours and plugin.vendor != CORE:
            raise PluginError(f"{at} names {plugin.module}, a module of pellucid. Name one of the plugin's own.")
        module = import_module(plugin.module)
        self._manager.register(module, plugin.vendor)
        self._check_hooks(plugin, module)
        registrar = Registrar(plugin.vendor, plugin.distribution, plugin.version)
        for implementation in self._manager.hook.pellucid_register.get_hookimpls():
            own = implementation.plugin is module
            if own and _with_its_arguments(implementation)(registry=registrar) is not None:
                raise PluginError(f"{plugin.module}.{REGISTER} must be a plain function that returns nothing.")
        plugin.entries, plugin.status = registrar.close(plugin.vendor), "loaded"

    def _check_hooks(self, plugin: Plugin, module: Any) -> None:
        callers = self._manager.get_hookcallers(module) or []
        if not callers:
            raise PluginError(f"The module {plugin.module} implements no hook. Mark its functions: @pellucid.hookimpl.")
        hooks = sorted(name for name, hook in vars(self._manager.hook).items() if hook.has_spec())
        for caller in callers:
            where = f"{plugin.module}.{caller.name}"
            if caller.name not in hooks:
                there = f"{did_you_mean(caller.name, hooks)} The hooks are: {', '.join(hooks)}."
                raise PluginError(f"{where} is marked as a hook, and there is no such hook.{there}")
            for implementation in caller.get_hookimpls():
                if implementation.plugin is module and (implementation.wrapper or implementation.hookwrapper):
                    raise PluginError(f"{where} is a hook wrapper. No plugin can wrap another's: use a plain hookimpl.")

    def _forget(self, plugin: Plugin) -> None:
        if self._manager.has_plugin(plugin.vendor):
            self._manager.unregister(name=plugin.vendor)


def _with_its_arguments(implementation: pluggy.HookImpl) -> Function:
    """The function of a plugin, which may take fewer arguments than its hook offers."""

    def call(**arguments: Any) -> Any:
        return implementation.function(**{name: arguments[name] for name in implementation.argnames})

    return call


def strict() -> bool:
    """Whether a plugin that cannot be loaded is an error: ``PELLUCID_STRICT=1``.

    Raises:
        ConfigError: the variable says neither yes nor no.
    """
    value = os.environ.get(STRICT, "").strip().lower()
    if value not in (*_YES, *_NO):
        raise ConfigError(f"The environment variable {STRICT} must be 1 or 0. Received: {value!r}.")
    return value in _YES


def allowed() -> set[str] | None:
    """The vendors of the allow-list, or None if there is none."""
    listed = os.environ.get(ALLOW_LIST)
    return None if listed is None else {name.strip() for name in listed.split(",") if name.strip()}


def _judge(claims: Sequence[Claim]) -> dict[str, Plugin]:
    """What can be said of each vendor before anything is imported."""
    by_vendor: dict[str, list[Claim]] = {}
    for claim in claims:
        by_vendor.setdefault(claim.vendor, []).append(claim)
    plugins = {CORE: Plugin(CORE, [Claim(CORE, "pellucid.standard.manifest", GROUP, "pellucid", __version__)])}
    listed = allowed()
    for claim in by_vendor.pop(CORE, []):
        if claim.distribution != "pellucid":
            reason = f"{claim.distribution} claims the vendor 'core', which is pellucid's own. Uninstall it."
            status: Status = "conflict" if listed is None or CORE in listed else "disabled"
            plugins[f"{CORE} of {claim.distribution}"] = Plugin(CORE, [claim], status, reason)
    for vendor, claimed in by_vendor.items():
        plugins[vendor] = Plugin(vendor, *_verdict(vendor, claimed))
    for name in sorted((listed or set()) - set(plugins)):
        absent = f"{ALLOW_LIST}={os.environ[ALLOW_LIST]} allows '{name}', and no such plugin is installed."
        there = f"{did_you_mean(name, plugins)} Installed: {in_words(plugins)}."
        warnings.warn(absent + there, PellucidWarning, stacklevel=3)
    return plugins


def _verdict(vendor: str, claims: list[Claim]) -> tuple[list[Claim], Status, str]:
    """(the claims that matter, status, reason) of one vendor."""
    listed = allowed()
    packages = sorted({claim.distribution for claim in claims})
    ours = [claim for claim in claims if claim.group == GROUP]
    if listed is not None and vendor not in listed:
        return ours or claims, "disabled", f"It is not in {ALLOW_LIST}={os.environ[ALLOW_LIST]}."
    if len(packages) > 1:
        reason = f"The packages {' and '.join(packages)} both claim the vendor '{vendor}'. Uninstall all but one."
        return claims, "conflict", reason
    if not ours:
        reason = f"It is made for the plugin interface {claims[0].group}; this pellucid offers {GROUP}."
        remedy = f"Install a version of {packages[0]} for {GROUP}, or the pellucid that it was made for."
        return claims, "incompatible", f"{reason} {remedy}"
    return ours, "found", ""
