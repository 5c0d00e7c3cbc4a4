"""Sections: an experiment as tables, read from a TOML file, changed by options, and written as TOML again."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomli_w

from pellucid.basics.errors import ConfigError
from pellucid.standard.tables import SUFFIXES

NAMES = ("data", "model", "loss", "objective", "optimizer", "schedule", "train")
"""The sections of an experiment file."""
Sections = dict[str, Any]
_TEXT = re.compile(r"""(?=.*[^\W\d_])[\w.~/\\][^"'\[\]{},]*""")
"""What is taken for a text if it is no TOML: a word or a path, not a number, a list or a table that is miswritten."""
_CONSTANTS = ("inf", "nan", "true", "false")


def read_sections(path: Path) -> Sections:
    """The tables of an experiment file; what they mean is not looked at yet."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # editors may begin it with a mark
    except OSError as error:
        raise ConfigError(f"Cannot read the experiment {path}: {error.strerror}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text in UTF-8 (byte {error.start}). An experiment is a TOML file.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f'{path} is not valid TOML: {error}. Texts stand in quotes: type = "ann".') from error


def choose(sections: Sections, section: str, name: str | None) -> None:
    """Let a section name another component; the arguments of the one before do not belong to it. A file in the place of
    a data set is one of its samples."""
    if name is None:
        return
    if section == "data" and Path(name).suffix.lower() in SUFFIXES:
        sections[section] = {"type": "files", "train": name}
        return
    if section in ("loss", "objective"):
        sections.pop("objective" if section == "loss" else "loss", None)
    if not isinstance(sections.get(section), dict) or sections[section].get("type") != name:
        sections[section] = {"type": name}


def change(sections: Sections, settings: Iterable[str]) -> None:
    """Apply settings as they stand on a command line: ``train.epochs=3``, ``model.hidden=[64, 32]``.

    The value is TOML. A word or a path that is none is taken as a text, so that a shell needs no second pair of quotes:
    ``model.activation=tanh``, ``data.train=./samples.csv``.
    """
    for setting in settings:
        path, equals, text = setting.partition("=")
        keys = path.strip().split(".")
        if not equals or not all(keys):
            raise ConfigError(f"--set {setting}: expected SECTION.KEY=VALUE, such as --set train.epochs=3.")
        if keys[0] == "optimizer":
            sections.setdefault("optimizer", {"type": "adam"})
        _put(sections, keys, _value(setting, text.strip()), setting)


def to_toml(sections: Mapping[str, Any]) -> str:
    """The sections as the text of an experiment file. TOML has no None: such arguments are left at their default.

    Raises:
        ConfigError: there is a text that is no Unicode, such as a file's name in an old encoding: no TOML holds it.
    """
    text = tomli_w.dumps(_without_none(sections))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"This experiment cannot be written to a file and read again: {error}. Texts must be Unicode; rename "
            "a file whose name is none."
        ) from error
    return text


def _value(setting: str, text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        if _TEXT.fullmatch(text) and text.lower() not in _CONSTANTS:
            return text
        raise ConfigError(
            f"--set {setting}: the value is not valid TOML ({error}). Examples: train.epochs=3, optimizer.lr=1e-3, "
            "'model.hidden=[64, 32]', model.activation=tanh, data.train=samples.csv."
        ) from error


def _put(table: Any, keys: list[str], value: Any, setting: str) -> None:
    for i, key in enumerate(keys[:-1]):
        if isinstance(table, dict):
            if isinstance(table.get(key), str):  # a component given by its bare name
                table[key] = {"type": table[key]}
            table = table.setdefault(key, {})
        elif isinstance(table, list) and key.isdigit() and int(key) < len(table):
            table = table[int(key)]
        else:
            table = None
        if not isinstance(table, dict | list):
            raise ConfigError(f"--set {setting}: {'.'.join(keys[: i + 1])} is not a table with keys.")
    if isinstance(table, dict):
        table[keys[-1]] = value
    elif keys[-1].isdigit() and int(keys[-1]) < len(table):
        table[int(keys[-1])] = value
    else:
        raise ConfigError(
            f"--set {setting}: {'.'.join(keys[:-1])} is a list of {len(table)} items, counted from 0; "
            f"it has no item {keys[-1]!r}."
        )


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value
