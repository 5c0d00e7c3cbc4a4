"""``python -m pellucid``: the same as the command ``pellucid``."""

import sys

from pellucid.cli import main

sys.exit(main())
