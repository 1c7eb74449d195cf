"""What melonnx can do on this machine: whether all of it works, and how fast it is.

For bug reports and for choosing a machine; no answer rests on it.
"""
