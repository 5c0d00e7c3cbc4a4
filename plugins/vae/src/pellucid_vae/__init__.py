"""Variational autoencoders for pellucid: vae and conditional_vae, trained on the evidence lower bound."""
