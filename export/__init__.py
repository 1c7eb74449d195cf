"""Turns a training run into one self-describing ONNX file (extra ``train``)."""
