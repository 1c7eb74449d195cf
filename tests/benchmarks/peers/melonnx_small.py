"""melonnx with the small model 1.0, which the librosa script runs too."""

import sys

from timed import report

from melonnx.infer import Predictor

report(Predictor(sys.argv[3]).predict)
