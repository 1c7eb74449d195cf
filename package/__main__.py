"""``python -m melonnx`` is ``melonnx``."""

from melonnx.infer.cli.main import main

main()
