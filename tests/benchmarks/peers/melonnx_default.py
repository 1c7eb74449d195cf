"""melonnx with its default model."""

from timed import report

from melonnx.infer import Predictor

report(Predictor().predict)
