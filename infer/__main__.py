"""``python -m melonnx.infer`` is ``melonnx``."""

from melonnx.infer.cli import main

main()
