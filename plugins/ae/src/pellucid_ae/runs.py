"""What the verbs share: samples by their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pellucid import ConfigError

if TYPE_CHECKING:
    from pellucid.model import HostArray


def chosen(samples: HostArray, rows: Sequence[int], option: str) -> HostArray:
    """The samples of these rows.

    Raises:
        ConfigError: a row that is not there.
    """
    wrong = [row for row in rows if not 0 <= row < len(samples)]
    if wrong:
        raise ConfigError(f"--{option} must lie in 0 … {len(samples) - 1}, as the samples do. Received: {wrong[0]}.")
    return samples[list(rows)]
