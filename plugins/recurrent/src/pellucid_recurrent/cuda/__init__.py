"""Kernels for CUDA devices, for backends that launch CUDA C (``ops.launch``, ``ops.product``): the backend ``cupy``.

A step of a sequence is one product and one kernel, forward and backward; products over all steps at once are made where
they can be.
"""
