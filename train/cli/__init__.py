"""The commands ``data``, ``features``, ``benchmark``, ``train`` and ``evaluate``, a file each.

Each reads options and calls the rooms beside it; what writes a model file is handed in.
"""
