"""What sections would make, without putting it in place of the present network."""

from __future__ import annotations

from secrets import randbits
from typing import Any

from pellucid.registry.reader import Reader

from pellucid_studio.allowed import mistakes_in
from pellucid_studio.described import data_of
from pellucid_studio.experiment import Refused, made_of, refusing
from pellucid_studio.frames import Frames


def checked(sections: dict[str, Any]) -> dict[str, Any]:
    """NETWORK and DATA of the protocol for these sections; DATA alone where they have no model.

    Raises:
        Refused: with the mistakes.
    """
    if "model" in sections:
        ready = made_of(sections)
        with refusing():
            network, data = Frames(ready).described()
        return {"network": network, "data": data}
    if mistakes := mistakes_in(sections):
        raise Refused(mistakes)
    with refusing():
        section = sections.get("data", {})
        section = {"type": section} if isinstance(section, str) else section
        reader = Reader()
        dataset = reader.read("dataset", {k: v for k, v in section.items() if k != "seed"}, "data")
        reader.finish()
        seed = section.get("seed", sections.get("train", {}).get("seed"))
        splits = dataset.splits(randbits(32) if seed is None else seed)
        return {"data": data_of(section["type"], splits)}
