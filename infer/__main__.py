"""``python -m melonnx.infer`` is ``melonnx``."""

from melonnx.infer.cli.main import main

main()
