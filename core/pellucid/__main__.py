"""``python -m pellucid``: the same as the command ``pellucid``."""

import sys

from pellucid.workbench.cli import main

sys.exit(main())
