"""Keras networks, a run's or somebody's own, as ONNX of the file format.

Taken in only if they are what the format needs; proved equal on real patches.
"""
