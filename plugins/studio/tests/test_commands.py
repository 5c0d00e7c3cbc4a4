"""The command ``pellucid studio``: what is opened, said and begun, in which order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pellucid import ConfigError
from pellucid_studio import serving, starting
from pellucid_studio.commands import studio
from pellucid_studio.starting import First


@pytest.fixture
def did(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is done in place of a studio that answers; its note is the name of the table."""
    found: list[Any] = []

    class Serving:
        """A server that ends at once."""

        address = "http://127.0.0.1:1/x/"

        def __init__(self, port: int, runs: Any) -> None:
            found.append(("serving", port, runs))

        def begin(self, sections: Any, note: str) -> None:
            found.append(("begin", sections, note))

        def run(self) -> None:
            found.append("run")

    def first_sections(experiment: Path | None, table: Path | None) -> First:
        return First({"of": experiment}, "" if table is None else table.name)

    monkeypatch.setattr(serving, "Serving", Serving)
    monkeypatch.setattr(starting, "first_sections", first_sections)
    monkeypatch.setattr(starting, "opened_runs", lambda paths: [path.name for path in paths])
    monkeypatch.setattr(starting, "open_page", lambda address: found.append(("open", address)))
    return found


def test_the_address_is_said_before_the_page_is_opened_and_the_server_runs(did: list[Any]) -> None:
    said = studio()
    assert next(said) == "http://127.0.0.1:1/x/\n"
    assert did == [("serving", 0, []), ("begin", {"of": None}, "")]
    assert list(said) == [] and did[2:] == [("open", "http://127.0.0.1:1/x/"), "run"]


def test_of_its_files_one_is_the_experiment_and_all_others_are_looked_at(did: list[Any]) -> None:
    said = list(studio([Path("a"), Path("own.toml"), Path("b.safetensors")], port=7, data=Path("t.csv"), open=False))
    assert said == ["http://127.0.0.1:1/x/\n", "t.csv\n"]
    assert did == [
        ("serving", 7, ["a", "b.safetensors"]), ("begin", {"of": Path("own.toml")}, "t.csv"), "run",
    ]  # fmt: skip


def test_more_than_one_experiment_is_refused(did: list[Any]) -> None:
    with pytest.raises(ConfigError, match=r"The playground takes one experiment\. Received: a\.toml, b\.toml\."):
        next(studio([Path("a.toml"), Path("run"), Path("b.toml")]))
    assert did == []
