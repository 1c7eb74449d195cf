"""Fits a network to crops of log-mels: augmentation, batches, losses, epochs.

Given the same seed it ends the same, also where it was stopped and gone on with.
"""
