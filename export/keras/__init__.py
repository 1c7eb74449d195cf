"""Keras networks, a training run's or somebody's own, as ONNX of the file format.

Converted, proved equal on real patches, measured, and only then put in place.
"""
