#!/usr/bin/env bash
# Sets up the peers in an environment of their own, once, then measures. Called by `make bench`.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=benchmarks/.venv
complete=$environment/.complete
if [[ ! $complete -nt benchmarks/requirements.txt ]]; then
    echo "Installing the peers into $environment: several hundred MB, once." >&2
    "${PYTHON:-python3}" -m venv "$environment"
    # PIP_* variables are respected; see benchmarks/README.md for the small CPU build of PyTorch.
    "$environment/bin/python" -m pip install --quiet --requirement benchmarks/requirements.txt
    touch "$complete"
fi

exec "${BENCH_PYTHON:-.venv/bin/python}" -m benchmarks "$@"
