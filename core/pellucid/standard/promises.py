"""Promises: a recorded plan is held against the code that it was recorded from before it takes that code's place."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from pellucid.basics.errors import PellucidWarning
from pellucid.model.predict import Prediction
from pellucid.standard.proofs import OfPrediction, OfStep, Proof
from pellucid.standard.streams import outside
from pellucid.standard.suspects import guilty
from pellucid.training.run import Callback

REMEDY = (
    "What is capturable makes calls of ctx.ops and of ops that remember themselves, on ctx.scratch, parameters and "
    "states, and nothing else; which calls depends on shapes alone. Remove the promise, capturable = True, or what "
    "breaks it; the conformance kit shows where (case 'recorded_plan')."
)


class Promises(Callback):
    """Whoever records a plan has it stand the proof, once, at the first call after the recording: the plan is replayed,
    everything is put back, the code is run, and what both have left must be equal, bit for bit. That call is of another
    step, on other data than the recording; where they are alike, other data are made for one more comparison. What
    remains is what the code has done.

    A plan that does something else is not used, and a warning says whose promise was broken: from then on the code is
    run at every call, which is slower and right.
    """

    def proof(self, method: Callable[[], Any], replay: Callable[[], Any]) -> tuple[Any, bool | None]:
        """The method's result, and whether the replay of its plan does the same; None if both were stopped on the way,
        by a number that is not finite."""
        owner: Any = method.__self__  # type: ignore[attr-defined]
        proof = OfPrediction(owner) if isinstance(owner, Prediction) else OfStep(owner, method.__name__)
        same, before = True, proof.copies()
        for other in proof.other_numbers():
            with other:
                same = same and _same_at_odd_numbers(proof, replay, method)
            proof.put_back(before)
        made, also = _compared(proof, replay, method)
        if made is False and also:
            return made, None
        asked = proof.asked()
        if same and also and not asked:
            proof.keep_results()
            return made, True
        made, after = proof.kept_result(made), proof.copies()
        proof.put_back(before)
        try:
            who = asked or guilty(proof, method)
        finally:
            proof.put_back(after)
        warnings.warn(
            f"{who} A recorded {proof.word} would do something else than the code, so the code is run every time: "
            f"slower, and right. {REMEDY}", PellucidWarning, stacklevel=outside(),
        )  # fmt: skip
        return made, False


def _same_at_odd_numbers(proof: Proof, replay: Callable[[], Any], method: Callable[[], Any]) -> bool:
    """Whether they do the same where the numbers were made up; what these are too odd for shows nothing."""
    before = proof.copies()
    try:
        return _compared(proof, replay, method)[1]
    except Exception:
        return True
    finally:
        proof.put_back(before)


def _compared(proof: Proof, replay: Callable[[], Any], method: Callable[[], Any]) -> tuple[Any, bool]:
    """The method's result, and whether the replay has left the same."""
    before, replayed = proof.copies(), None
    proof.forget_asked()
    try:
        made = replay()
        replayed = [proof.seen(array) for array in proof.results(made)]
    except Exception:  # if the data are to blame, so will the code say
        made = None
    finally:
        proof.put_back(before)
    ran = method()
    found = [proof.seen(array) for array in proof.results(ran)]
    stopped_alike = (made is False) == (ran is False)
    return ran, replayed is not None and stopped_alike and proof.alike(replayed, found, before)
