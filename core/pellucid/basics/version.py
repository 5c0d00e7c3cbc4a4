"""The version of pellucid: that of the installed distribution, so that there is no second place to disagree.

It comes from git when the distribution is built (docs/decisions/releases.md), and stands in the name of the folder of
its metadata. ``importlib.metadata`` would look there, too; its import alone takes longer than ``import pellucid``.
"""

import os
import sys

# os.walk passes over what is no folder or cannot be read, as imports do.
_FOLDERS = (name for path in sys.path for name in next(os.walk(path or "."), ("", [], []))[1])
_OURS = (name for name in _FOLDERS if name.startswith("pellucid-") and name.endswith(".dist-info"))
__version__ = next(_OURS, "pellucid-0+uninstalled.dist-info").removeprefix("pellucid-").removesuffix(".dist-info")
