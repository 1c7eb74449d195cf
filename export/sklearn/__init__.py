"""Fitted scikit-learn pipelines as one ONNX file each.

Proved equal on the rows that they learnt from before they are in place.
"""
