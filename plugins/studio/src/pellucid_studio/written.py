"""Written: the experiment that a page shows as TOML for ``pellucid train``, and as a Python program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pellucid.workbench.experiments.sections import reader_of, to_toml

from pellucid_studio.experiment import Ready, Sections, seeded_of

WIDTH = 100
PARTS = {"validation": 0.2, "test": 0.2}
"""Of a table of one's own, whatever its reader would take."""
COMPONENTS = ("loss", "optimizer", "schedule")
OF_TRAINER = ("accumulate", "clip_norm", "clip_value", "metrics")


def toml_of(sections: Mapping[str, Any]) -> str:
    """The experiment as it was asked for; a table of one's own is named by its file, which is to lie beside."""
    return to_toml(seeded_of(_with_file(sections)))


def python_of(ready: Ready) -> str:
    """A program that trains the same network on the same data, from the same first weights.

    What follows from the data, such as the number of outputs, is written out.
    """
    sections, resolved = _with_file(ready.sections), ready.resolved
    train, seed = {"metrics": None, **sections.get("train", {})}, ready.trainer.seed
    data, model = _table(sections["data"]), _table(sections["model"])
    model |= {key: resolved["model"][key] for key in ("outputs", "vocabulary") if key in _missing(resolved, model)}
    build = {**{key: value for key, value in model.items() if key not in ("type", "input_shape")}}
    build |= {"input_shape": resolved["model"]["input_shape"], "seed": seed}
    build |= {"dtype": train["dtype"]} if "dtype" in train else {}
    given = {name: _short(sections[name]) for name in COMPONENTS if sections.get(name) is not None}
    train["metrics"] = resolved["train"]["metrics"]
    given |= {name: _short(train[name]) for name in OF_TRAINER if train.get(name)} | {"seed": seed}
    load = {"seed": data.pop("seed", resolved["data"]["seed"]), **{k: v for k, v in data.items() if k != "type"}}
    lines = [
        "import pellucid as pl",
        "",
        f"data = {_called('pl.load_dataset', data['type'], load)}",
        f"model = {_called('pl.build', model['type'], build)}",
        f"trainer = {_called('pl.Trainer', None, given, 'model')}",
        f"trainer.fit(data, epochs={ready.epochs}, batch_size={ready.batch_size})",
        "print(trainer.evaluate(data))" if len(ready.splits.test) else "print(trainer.history[-1])",
    ]
    return "\n".join(lines) + "\n"


def _missing(resolved: Sections, model: Mapping[str, Any]) -> set[str]:
    return set(resolved["model"]) - set(model)


def _with_file(sections: Mapping[str, Any]) -> Sections:
    """A table that was given to the studio as the data set that reads its file."""
    made = {name: section for name, section in sections.items() if section is not None}
    data = made.get("data")
    if isinstance(data, dict) and data.get("type") == "studio/own_table":
        rest = {key: value for key, value in data.items() if key not in ("type", "name")}
        made["data"] = {
            "type": reader_of(data["name"]) or "files",
            "train": data["name"],
            "target": -1,
            **PARTS,
            **rest,
        }
    return made


def _table(section: Any) -> dict[str, Any]:
    return {"type": section} if isinstance(section, str) else dict(section)


def _short(config: Any) -> Any:
    """A component without arguments by its name."""
    if isinstance(config, list | tuple):
        return [_short(each) for each in config]
    return config["type"] if isinstance(config, dict) and list(config) == ["type"] else config


def _called(function: str, first: str | None, given: Mapping[str, Any], word: str = "") -> str:
    """A call, in one line where it fits."""
    parts = [word] if word else []
    parts += [] if first is None else [_code(first)]
    parts += [f"{name}={_code(value, 1)}" for name, value in given.items() if value is not None]
    line = f"{function}({', '.join(parts)})"
    if len(line) <= WIDTH and "\n" not in line:
        return line
    return f"{function}(\n" + "".join(f"    {part},\n" for part in parts) + ")"


def _code(value: Any, level: int = 0) -> str:
    """A value as Python writes it, in several lines where one is too long."""
    line = (
        f'"{value}"' if isinstance(value, str) and value.isprintable() and not set(value) & {'"', "\\"} else repr(value)
    )
    inside, end = "    " * (level + 1), "    " * level
    if isinstance(value, dict):
        pairs = [f"{_code(key)}: {_code(item, level + 1)}" for key, item in value.items() if item is not None]
        line, items, brackets = "{" + ", ".join(pairs) + "}", pairs, "{}"
    elif isinstance(value, list | tuple):
        items = [_code(item, level + 1) for item in value]
        line, brackets = f"[{', '.join(items)}]", "[]"
    else:
        return line
    if len(line) + 4 * level <= WIDTH - 20 and "\n" not in line:
        return line
    return brackets[0] + "\n" + "".join(f"{inside}{item},\n" for item in items) + end + brackets[1]
