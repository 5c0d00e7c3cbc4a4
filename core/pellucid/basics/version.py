"""The version of pellucid: that of the installed distribution, so that there is no second place to disagree.

It comes from git when the distribution is built (docs/decisions/releases.md).
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("pellucid")
except PackageNotFoundError:
    __version__ = "0+uninstalled"  # a source tree on sys.path
