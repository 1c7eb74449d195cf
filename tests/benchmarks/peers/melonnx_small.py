"""melonnx with the small model, which the librosa script runs too."""

from timed import report

from melonnx.infer import Predictor

report(Predictor("genre-small").predict)
