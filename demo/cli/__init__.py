"""The commands ``demo``, ``picture`` and ``gallery``.

Each reads options and calls the rooms beside it.
"""
