"""The commands that end in a model file: train, export, verify, wave, benchmark.

Each reads options and calls the rooms beside it.
"""
