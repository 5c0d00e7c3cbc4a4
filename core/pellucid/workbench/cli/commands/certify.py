"""pellucid certify RUN: hold a step's gradients against central differences, and its equations against its numbers."""

from __future__ import annotations

import argparse

from pellucid.workbench.cli.commands.trace import opened, which_step
from pellucid.workbench.cli.console import Output


def configure(parser: argparse.ArgumentParser) -> None:
    which_step(parser)
    parser.add_argument("--cells", metavar="N", type=int, default=1000, help="how many cells in all; default: 1000")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="chooses the cells; default: 0")


def run(args: argparse.Namespace, output: Output) -> int:
    certificate = opened(args, output).certify(args.cells, args.seed)
    output.result({"run": str(args.run), **certificate.as_dict()}, str(certificate))
    return 0 if certificate.passed else 1
