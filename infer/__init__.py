"""Tells the genre of music from one small ONNX file: decode, mel, network, answer.

Needs numpy, onnxruntime, soundfile and soxr, and imports none of the other folders.
Start reading at ``predictor.py``.
"""

from melonnx.infer.errors import MelonnxError
from melonnx.infer.mel import MelSpec
from melonnx.infer.prediction import Prediction, Segment
from melonnx.infer.predictor import Predictor

__all__ = ["MelSpec", "MelonnxError", "Prediction", "Predictor", "Segment"]
