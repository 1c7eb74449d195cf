"""Many songs: which files they are, heard in other processes, in order, and none heard twice.

A file that cannot be heard costs itself alone; a run that was killed goes on where it was.
"""
