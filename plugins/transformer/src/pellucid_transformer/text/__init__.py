"""Text as numbers: tokenizers, windows of long texts."""
