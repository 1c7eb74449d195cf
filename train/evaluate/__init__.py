"""What a model is worth on songs whose genre is known, and the report of it.

Scores carry intervals over artists and say how songs were parted.
"""
