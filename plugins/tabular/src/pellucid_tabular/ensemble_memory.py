"""What an ensemble's training needs to go on, beside the ensemble: how its members compare, and where each stands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
from pellucid import Callback, CheckpointError, HostArray, Trainer

_FACTS = "facts"
"""The array that holds what is no array, as the bytes of a JSON text: histories are too long for a header."""


class Compared:
    """How the members have done on the validation rows so far.

    Args:
        count: of members.
        rows: which rows these are, see :func:`which`.

    Attributes:
        best: of each member its least loss on them; infinite before the first.
        since: epochs since then.
        outputs: of each member at its best; None before the first.
        stopped: of each member why it trains no more, or None.
    """

    def __init__(self, count: int, rows: str) -> None:
        self.rows = rows
        self.best = np.full(count, np.inf)
        self.since = np.zeros(count, np.int64)
        self.outputs: list[HostArray | None] = [None] * count
        self.stopped: list[str | None] = [None] * count

    def goes_on(self) -> None:
        """All members train again, those too that had been stopped."""
        self.since[:] = 0
        self.stopped = [None] * len(self.stopped)


def which(parts: Sequence[tuple[HostArray, HostArray]]) -> str:
    """A hash of the parts that members are compared on."""
    found = sha256()
    for array in (np.ascontiguousarray(array) for part in parts for array in part):
        found.update(f"{array.dtype}{array.shape}".encode())
        found.update(array.data.cast("B") if array.size else b"")
    return found.hexdigest()


class Memory(Callback):
    """Keeps in checkpoints what the members of an ensemble need to go on with the same bits.

    Args:
        trainer: an :class:`pellucid_tabular.ensemble_trainer.EnsembleTrainer`.
    """

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer

    def state(self) -> dict[str, Any]:
        pack, compared = self._trainer.pack, self._trainer.compared
        if pack is None or compared is None:
            return {}
        arrays = dict[str, HostArray]()
        for k, member in enumerate(pack.trainers):
            arrays |= {f"{k}/{name}": array for name, array in _arrays(member).items()}
            for name, kept in (("best", compared.outputs[k]), ("ahead", pack._ahead.get(k))):
                arrays |= {} if kept is None else {f"{k}/{name}": kept}
        facts = {
            "rows": compared.rows, "best": compared.best.tolist(), "since": compared.since.tolist(),
            "stopped": compared.stopped, "ahead": sorted(pack._ahead),
            "members": [_facts(member) for member in pack.trainers],
        }  # fmt: skip
        return arrays | {_FACTS: np.frombuffer(json.dumps(facts).encode(), np.uint8)}

    def restore(self, state: Mapping[str, Any]) -> None:
        trainer, facts = self._trainer, json.loads(np.asarray(state[_FACTS]).tobytes())
        pack = trainer.new_pack()
        count = len(pack)
        if any(len(facts[name]) != count for name in ("best", "since", "stopped", "members")):
            raise CheckpointError(f"It must hold {count} members. Received: {len(facts['members'])}.")
        compared = Compared(count, str(facts["rows"]))
        compared.best[:], compared.since[:] = facts["best"], facts["since"]
        compared.stopped = [None if why is None else str(why) for why in facts["stopped"]]
        compared.outputs = [state.get(f"{k}/best") for k in range(count)]
        for k, (member, its) in enumerate(zip(pack.trainers, facts["members"], strict=True)):
            held = {name.partition("/")[2]: array for name, array in state.items() if name.startswith(f"{k}/")}
            _put(member, its, held)
        pack._ahead = {int(k): state.get(f"{k}/ahead") for k in facts["ahead"]}
        trainer.pack, trainer.compared = pack, compared


def _arrays(member: Trainer) -> dict[str, HostArray]:
    to_host = member.runtime.ops.to_host
    arrays = {"weights": to_host(member.slots.arena.data)}
    arrays |= {f"state/{i}": to_host(state.data) for i, state in enumerate(member.model.states())}
    return arrays | {f"optimizer/{name}": to_host(array) for name, array in member.slots.buffers.items()}


def _facts(member: Trainer) -> dict[str, Any]:
    to_host = member.runtime.ops.to_host
    return {
        "epochs": member.epochs, "position": member.position, "steps": member.steps, "plan": member.plan,
        "totals": {name: to_host(sums).tolist() for name, sums in member.totals.items()},
        "history": member.history.records,
    }  # fmt: skip


def _put(member: Trainer, facts: Mapping[str, Any], arrays: Mapping[str, HostArray]) -> None:
    """Put a new member where the saved one stood."""
    asarray = member.runtime.ops.asarray
    member.slots.arena.data[...] = asarray(arrays["weights"])
    for i, state in enumerate(member.model.states()):
        state.data[...] = asarray(arrays[f"state/{i}"])
    for name, values in arrays.items():
        if name.startswith("optimizer/"):
            member.slots.buffer(name.removeprefix("optimizer/"))[...] = asarray(values)
    member.slots.t[()] = int(facts["steps"])
    member.epochs, member.position = int(facts["epochs"]), int(facts["position"])
    member.plan = {name: int(count) for name, count in facts["plan"].items()}
    member.totals.update({name: asarray(np.array(sums, np.float64)) for name, sums in facts["totals"].items()})
    member.history.records[:] = facts["history"]
