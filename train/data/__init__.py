"""What a data set is, as it is read, split, cached and degraded.

Tracks in, log-mels and their parts out; no network is known here.
"""
