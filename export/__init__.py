"""Turns a training run, or a network of somebody's own, into one self-describing ONNX file.

Nothing is put in place that was not proved equal to what it came from (extra ``train``). Start
reading at ``keras/run.py``.
"""
