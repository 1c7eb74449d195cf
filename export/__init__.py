"""Turns what was trained into self-describing ONNX files, each proved equal (extra ``train``).

A room for what is exported: ``keras``, ``sklearn``, and the waveform twin (``wave``); beside them
what every file needs: its form, its seal, its proof and its way into place.
"""
