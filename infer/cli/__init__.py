"""The ``melonnx`` command: each subcommand a file that reads options and calls the library.

Where a command is and which extra it needs is in one table, ``registry.py``.
"""
