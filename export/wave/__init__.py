"""The waveform twin of a model file: from samples to the same answer, front end and all.

Written in ONNX's own operators, and proved against the runtime.
"""
