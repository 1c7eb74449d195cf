"""The commands ``data``, ``evaluate`` and ``features``.

Each reads options and calls the rooms beside it.
"""
