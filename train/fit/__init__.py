"""Fits a network to crops of log-mels: augmentation, batches, losses, epochs.

Stops, goes on and ends the same, given the same seed.
"""
