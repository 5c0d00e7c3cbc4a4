"""Autoencoders for pellucid: plain, tied and denoising."""
