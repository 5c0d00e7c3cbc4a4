"""The conformance kit over some registered names, up to the first failure: ``python -m tests.mistakes.kit NAME …``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pellucid.registry.registry import default_registry
from pellucid.testing import conformance_cases
from pellucid.testing.cases import covered


def main(names: Sequence[str]) -> int:
    entries = [entry for entry in default_registry().entries() if entry.name in names and covered(entry)]
    for case in conformance_cases(entries) if entries else ():
        error = case.failure()
        if error is not None:
            print(f"{case}: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
