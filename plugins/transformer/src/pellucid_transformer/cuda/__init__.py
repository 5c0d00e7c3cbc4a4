"""Kernels for CUDA devices, for backends that launch CUDA C (``ops.launch``, ``ops.product``): the backend ``cupy``."""
