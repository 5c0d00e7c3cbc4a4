"""The compiled kernels (ext/) as functions that the manifest names; where none are built, references do the work."""

from pellucid import Compiled

kernels = Compiled(__name__, "Transformers use")
__getattr__ = kernels.op
