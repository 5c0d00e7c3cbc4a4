#!/usr/bin/env bash
# Python with all that is needed on a card: benchmarks/gpu/python.sh -m MODULE ARGUMENTS …
#
# Run it in the repository, whose environment then needs CuPy; or in an unpacked bundle (make gpu-bundle), which brings
# its wheels along: they are installed without network into an environment that sees what PYTHON has installed.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [[ -d wheels ]]; then
    python=${PYTHON:-python3}
    if [[ ! -e environment/.complete ]]; then
        rm -rf environment
        "$python" -m venv --without-pip environment
        # An environment of an environment sees the packages of neither: they are named to it.
        "$python" - > environment/parent.txt <<'PYTHON'
import sys
print(*(path for path in sys.path if path.endswith("-packages")), sep="\n")
PYTHON
        site=$(environment/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
        cp environment/parent.txt "$site/parent.pth"
        "$python" -m pip install --quiet --no-index --no-deps --no-compile --disable-pip-version-check \
            --target "$site" wheels/*.whl
        touch environment/.complete
    fi
    python=environment/bin/python
else
    python=${PYTHON:-.venv/bin/python}
fi

# Where a kernel is missing the reference serves; nothing here is about the processor's speed.
export PELLUCID_BACKEND=${PELLUCID_BACKEND:-reference}
exec "$python" "$@"
