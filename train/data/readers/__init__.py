"""A reader for each layout of a data set, and the one that tells which it is.

Nothing else knows how a data set lies on disk.
"""
