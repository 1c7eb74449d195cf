"""Fitted scikit-learn pipelines as one ONNX file each.

Proved equal on real rows.
"""
