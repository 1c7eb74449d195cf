"""basic-pitch's ONNX path: another task (notes), the same kind of runtime."""

from basic_pitch import FilenameSuffix, build_icassp_2022_model_path
from basic_pitch.inference import Model, predict
from timed import report

model = Model(build_icassp_2022_model_path(FilenameSuffix.onnx))
report(lambda path: predict(path, model))
