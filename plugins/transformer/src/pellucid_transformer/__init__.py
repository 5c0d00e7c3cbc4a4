"""Transformers for pellucid: attention with compiled kernels, language models, sentences as vectors."""
