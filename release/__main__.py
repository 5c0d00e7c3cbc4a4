"""``make release-check``: everything of a release but the upload.

The commit is built from a copy, so that what is not committed plays no part. ``dist/release`` then holds what may be
uploaded.
"""

from __future__ import annotations

import shutil
import sys

from release.build import ROOT, build, version
from release.check import check, unready
from release.command import Failed
from release.install import install_each, run_readme
from release.pages import PLACEHOLDER, home


def main() -> int:
    dist = ROOT / "dist/release"
    try:
        missing = unready(ROOT, version())
        if missing:  # said before the minutes that the rest takes
            raise Failed("\n".join(["to be set before a release:", *missing, "See docs/decisions/releases.md."]))
        shutil.rmtree(dist, ignore_errors=True)
        build(dist)
        check(dist)
        install_each(dist)
        run_readme(dist)
    except Failed as error:
        print(f"release-check: {error}", file=sys.stderr)
        return 1
    print(f"Nothing was uploaded. What was checked lies in {dist.relative_to(ROOT)}: twine upload dist/release/*")
    if PLACEHOLDER in home(ROOT):
        print(f"Before a release [project.urls] has to name the project's address instead of {PLACEHOLDER}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
