"""Sections: an experiment as tables, read from a TOML file, changed by options, and written as TOML again."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomli_w

from pellucid.basics.errors import ConfigError
from pellucid.basics.suggest import listed
from pellucid.registry.config import names
from pellucid.registry.reader import MOST_LEVELS
from pellucid.standard.csv_files import reads_tables
from pellucid.standard.tables import SUFFIXES
from pellucid.workbench.experiments.reading import read_at_most

MOST_BYTES = 1 << 20
"""Of an experiment file."""

NAMES = ("data", "model", "loss", "objective", "optimizer", "schedule", "sampler", "train")
"""The sections of an experiment file."""
TABLES = (".csv", ".tsv", ".txt", ".data", ".dat", ".tab", ".parquet", ".feather", ".arrow", ".ipc")
"""Files that hold tables; the same may be packed, with .gz behind."""
Sections = dict[str, Any]
_TEXT = re.compile(r"""(?=.*[^\W\d_])[\w.~/\\][^"'\[\]{},]*""")
"""What is taken for a text if it is no TOML: a word or a path, not a number, a list or a table that is miswritten."""
_DOTTED = re.compile(r"(?:[^\s.,=]{1,99}[ \t]*\.[ \t]*){100}")
"""A key of more than a hundred parts, or nearly."""
_NUMBERS = "Whole numbers have at most 64 bits; larger ones are written with a decimal point or exponent, 1e30"
_CONSTANTS = ("inf", "nan", "true", "false")


def read_sections(path: Path) -> Sections:
    """The tables of an experiment file; what they mean is not looked at yet.

    Raises:
        ConfigError: it cannot be read, is no TOML, or is larger, deeper or of larger numbers than any experiment.
    """
    try:
        content = read_at_most(path, MOST_BYTES, pipes=True)
        text = content.decode("utf-8-sig")  # editors may begin it with a mark
        if len(content) > MOST_BYTES:
            raise ConfigError(
                f"{path} is longer than {MOST_BYTES:,} bytes. An experiment is a TOML file of some lines."
            )
        return _parsed(text.replace("\r\n", "\n").replace("\r", "\n"), f"{path}: ")
    except OSError as error:
        raise ConfigError(f"Cannot read the experiment {path}: {error.strerror}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text in UTF-8 (byte {error.start}). An experiment is a TOML file.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f'{path} is not valid TOML: {error}. Texts stand in quotes: type = "ann".') from error


def _parsed(text: str, where: str) -> Sections:
    """The tables of a TOML text, held against the limits of the machine.

    Raises:
        ConfigError: brackets or tables in each other by the hundred, a whole number of more than 64 bits, a text with
            a character that no file can have in its name.
    """
    too_deep = f"more than {MOST_LEVELS} levels of lists or tables in each other. Put layers side by side, in one list"
    if _DOTTED.search(text):  # for which the parser takes time that grows with the square of their number
        raise ConfigError(f"{where}{too_deep}.")
    try:
        sections = tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{where}{too_deep}.") from None
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:  # Python's own limit of digits
        raise ConfigError(f"{where}a number has too many digits: {error}. {_NUMBERS}.") from error
    check_values(sections, where)
    return sections


def check_values(sections: Mapping[str, Any], where: str = "") -> None:
    """Raise ConfigError where tables stand too deep in each other, a whole number has more than 64 bits, or a text has
    the character U+0000: nothing could be made of these."""
    values: list[tuple[str, int, Any]] = [("", 0, sections)]
    while values:  # a loop, as what it looks for may be too deep for anything else
        path, level, value = values.pop()
        if isinstance(value, dict | list):
            if level > MOST_LEVELS:
                raise ConfigError(f"{where}{path:.80}…: stands more than {MOST_LEVELS} levels deep.")
            items = value.items() if isinstance(value, dict) else enumerate(value)
            values += [(f"{path}.{key}" if path else str(key), level + 1, item) for key, item in items]
        elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
            raise ConfigError(f"{where}{path}: a number of {value.bit_length()} bits. {_NUMBERS}.")
        elif isinstance(value, str) and "\0" in value:
            raise ConfigError(f"{where}{path}: a text cannot hold the character U+0000. Remove it.")


def choose(sections: Sections, section: str, name: str | None, reader: str | None = None) -> None:
    """Let a section name another component; the arguments of the one before do not belong to it. A file in the place of
    a data set is one of its samples, which ``reader`` reads, or whoever reads such files."""
    if name is None:
        return
    if section == "data" and (reader := reader or reader_of(name)):
        sections[section] = {"type": reader, "train": name}
        return
    if section == "data" and Path(name).suffix and Path(name).is_file():
        raise ConfigError(
            f"{name}: expected a file of samples: {listed((*SUFFIXES, *TABLES[1:]))}, or the name of a data set. "
            f"Received: a file that ends in {Path(name).suffix!r}. Save it as .csv, as any spreadsheet can; in Python, "
            "data frames and arrays are read as they are."
        )
    if section in ("loss", "objective"):
        sections.pop("objective" if section == "loss" else "loss", None)
    if not isinstance(sections.get(section), dict) or sections[section].get("type") != name:
        sections[section] = {"type": name}


def reader_of(name: str) -> str | None:
    """The data set that reads a file of samples, or a folder of images; None: this is the name of none.

    A registered data set of this name comes before a folder: that is ``./mnist``.

    A table is read by ``table`` of pellucid-tabular, which knows more of them than the core's ``files``. Where that is
    not installed, ``files`` reads a .csv of numbers, and for other tables the message says what to install.
    """
    if Path(name).is_dir() and not any(name in (known, known.partition("/")[2]) for known in names("dataset")):
        return "image_folder"
    plain = Path(name).suffix.lower() in SUFFIXES
    if is_table(name) and (reads_tables() or not plain):
        return "table"
    return "files" if plain else None


def is_table(name: str | Path) -> bool:
    """Whether a path ends as that of a table does."""
    return Path(str(name).lower().removesuffix(".gz")).suffix in TABLES


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
        put(sections, keys, _value(setting, text.strip()), f"--set {setting}")


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
        return _parsed(f"value = {text}", f"--set {setting:.80}: ")["value"]
    except tomllib.TOMLDecodeError as error:
        if _TEXT.fullmatch(text) and text.lower() not in _CONSTANTS:
            return text
        raise ConfigError(
            f"--set {setting}: the value is not valid TOML ({error}). Examples: train.epochs=3, optimizer.lr=1e-3, "
            "'model.hidden=[64, 32]', model.activation=tanh, data.train=samples.csv."
        ) from error


def put(table: Any, keys: list[str], value: Any, where: str) -> None:
    """Put a value at a path of the sections; a component on the way that is given by its bare name becomes a table.

    Args:
        where: begins the message of an error.

    Raises:
        ConfigError: something on the way is no table, or a list that has no such item.
    """
    for i, key in enumerate(keys[:-1]):
        if isinstance(table, dict):
            if isinstance(table.get(key), str):
                table[key] = {"type": table[key]}
            table = table.setdefault(key, {})
        elif isinstance(table, list) and _is_place(key, table):
            table = table[int(key)]
        else:
            table = None
        if not isinstance(table, dict | list):
            raise ConfigError(f"{where}: {'.'.join(keys[: i + 1])} is not a table with keys.")
    if isinstance(table, dict):
        table[keys[-1]] = value
    elif _is_place(keys[-1], table):
        table[int(keys[-1])] = value
    else:
        raise ConfigError(
            f"{where}: {'.'.join(keys[:-1])} is a list of {len(table)} items, counted from 0; "
            f"it has no item {keys[-1]!r}."
        )


def _is_place(key: str, items: list[Any]) -> bool:
    """Whether this is the number of one of the items; ² is a digit, and no number."""
    return key.isdecimal() and len(key) < 10 and int(key) < len(items)


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value
