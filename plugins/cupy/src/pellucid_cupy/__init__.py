"""CUDA GPUs for pellucid through CuPy: a backend, registered as a stranger's would be."""
