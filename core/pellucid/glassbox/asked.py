"""asked: what a trace from a file cannot answer is the file's fault, and the error says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from pellucid.basics.errors import CheckpointError, PellucidError, raised
from pellucid.saving.container import AGAIN
from pellucid.saving.files import shown

Question = TypeVar("Question", bound=Callable[..., Any])


def asked(question: Question) -> Question:
    """A question to a trace. What a file says is checked when it is read, but no check knows all equations and all
    layers that its numbers may be given to: what these raise is one error that names the file.

    Raises:
        CheckpointError: the trace was read from a file, and what is in there does not fit together.
    """

    @wraps(question)
    def answer(trace: Any, *args: Any, **named: Any) -> Any:
        try:
            return question(trace, *args, **named)
        except PellucidError:
            raise
        except Exception as error:
            if trace.setting.file is None:
                raise
            raise CheckpointError(
                f"{question.__name__.strip('_')} has no answer from {shown(trace.setting.file)}: {raised(error):.500}. "
                "Expected: numbers, calls and configurations of one step, as trace.save(path) writes them. The file "
                "was changed since, or is of other versions of the plugins that it names. Copy it again from where it "
                f"came, or {AGAIN['trace']}."
            ) from error

    return cast("Question", answer)
