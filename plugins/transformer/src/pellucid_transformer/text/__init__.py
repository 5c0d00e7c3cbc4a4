"""From texts to numbers: tokenizers, files of text, windows of a long text."""
