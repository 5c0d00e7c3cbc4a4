"""A contestant's process: trains on command, one JSON message a line on standard input and output.

Messages in: {"case": name} builds the network and trains the first epoch, untimed; {"epochs": n} times n epochs more;
{"predict": n} times n predictions of one sample; {"end": true} drops the network. Between them the process sleeps.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from time import perf_counter
from typing import Any

from benchmarks.cases import CASES, LARGE
from benchmarks.environment import restrict_to_cores
from benchmarks.peer import CONTESTANTS, Peer


class EndOfCaseError(Exception):
    """Raised in ``train`` when the network is no longer needed."""


class Turns:
    """Stops the clock at the ends of epochs, and waits there for the next turn."""

    def __init__(self, peer: Peer, reply: Callable[[dict[str, Any]], None]) -> None:
        self.peer, self.reply = peer, reply
        self.started = False
        self.remaining = self.epochs = 0
        self.start = 0.0

    def epoch_done(self, loss: float) -> None:
        if self.remaining > 1:
            self.remaining -= 1
            return
        stop = perf_counter()
        if self.started:
            self.reply({"seconds": stop - self.start, "steps": self.epochs * self.peer.case.steps, "loss": loss})
        else:
            self.reply({"loss": loss, "note": self.peer.note})
            self.started = True
        self._next()

    def _next(self) -> None:
        for message in read_messages():
            if "predict" in message:
                self.reply({"seconds": self._predict(message["predict"])})
            elif "epochs" in message:
                self.epochs = self.remaining = message["epochs"]
                self.start = perf_counter()
                return
            else:
                raise EndOfCaseError
        raise SystemExit

    def _predict(self, times: int) -> float:
        predict, sample = self.peer.predictor(), self.peer.x[:1].copy()
        for _ in range(50):
            predict(sample)
        start = perf_counter()
        for _ in range(times):
            predict(sample)
        return perf_counter() - start


def read_messages() -> Any:
    """Messages until the pipe is closed."""
    while line := sys.stdin.readline():
        yield json.loads(line)


def main(contestant: str, threads: int) -> None:
    # What libraries print must not reach the pipe.
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def reply(message: dict[str, Any]) -> None:
        channel.write(json.dumps(message) + "\n")
        channel.flush()

    restrict_to_cores(threads)
    make = CONTESTANTS[contestant].load()
    reply({"versions": {name: version(name) for name in make.distributions}})
    for message in read_messages():
        peer = make((CASES | LARGE)[message["case"]], threads)
        try:
            peer.train(Turns(peer, reply).epoch_done)
        except EndOfCaseError:
            reply({"ended": True})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
