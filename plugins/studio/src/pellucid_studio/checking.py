"""What a network would be, without building it in place of the present one."""

from __future__ import annotations

from typing import Any

from pellucid_studio.experiment import made_of
from pellucid_studio.frames import Frames


def network_of(sections: Any) -> dict[str, Any]:
    """NETWORK of the protocol for these sections.

    Raises:
        Refused: with the mistakes.
    """
    network, _ = Frames(made_of(sections)).described()
    return network
