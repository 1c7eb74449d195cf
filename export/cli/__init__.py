"""The commands ``export``, ``wave`` and ``verify``: a model file in, or one out.

Each reads options and calls the rooms beside it; ``train`` and ``benchmark`` are in ``train/cli``.
"""
