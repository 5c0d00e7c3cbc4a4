"""Views of models with codes, which plugins of autoencoders complete: encode and decode are theirs."""
