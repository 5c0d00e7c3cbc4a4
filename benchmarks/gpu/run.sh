#!/usr/bin/env bash
# Verifies and measures the GPU backend: benchmarks/gpu/run.sh OUT [--part N] [--small] [--limit SECONDS] [--show]
exec "$(dirname "$0")/python.sh" -m benchmarks.gpu "$@"
