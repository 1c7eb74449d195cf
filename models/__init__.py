"""The released model files, each with its card, and a sample clip with its licence."""
