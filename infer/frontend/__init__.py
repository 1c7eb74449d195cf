"""Log-mel spectrograms and the windows of them that a network takes.

Knows arrays alone: no file, no decoder, no model.
"""
