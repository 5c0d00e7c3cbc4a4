"""Denoising diffusion for pellucid: noise schedules, samplers, classifier-free guidance."""
