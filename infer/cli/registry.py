"""Every command: where it is, which extra it needs, and whether it multiplies large matrices.

Nothing is imported here; the module of a command is when it is called.
"""

from dataclasses import dataclass

__all__ = ["COMMANDS", "EXTRA_OF", "Command"]


@dataclass(frozen=True)
class Command:
    """One command of ``melonnx``."""

    module: str
    """Its typer ``app`` has the command."""
    extra: str = ""
    """Brings all of its libraries; where empty, ``EXTRA_OF`` tells of the one that is missing."""
    algebra: bool = True
    """Multiplies large matrices, and is worth the threads of a BLAS."""
    exporter: tuple[str, str] = ("", "")
    """Module and function that the command's own folder may not import: ``Context.obj`` imports
    it when it is called."""


COMMANDS = {
    "info": Command("melonnx.infer.cli.info", algebra=False),
    "classify": Command("melonnx.infer.cli.classify", algebra=False),
    "explain": Command("melonnx.infer.cli.explain", algebra=False),
    "picture": Command("melonnx.demo.cli.picture"),
    "gallery": Command("melonnx.demo.cli.gallery"),
    "demo": Command("melonnx.demo.cli.demo"),
    "listen": Command("melonnx.infer.cli.listen", algebra=False),
    "data": Command("melonnx.train.cli.data", "train"),
    "train": Command(
        "melonnx.train.cli.train",
        "train",
        exporter=("melonnx.export.head_makers", "HEAD_MAKERS"),
    ),
    "evaluate": Command("melonnx.train.cli.evaluate", "train"),
    "export": Command("melonnx.export.cli.export", "train"),
    "wave": Command("melonnx.export.cli.wave"),
    "verify": Command("melonnx.export.cli.verify"),
    "features": Command("melonnx.train.cli.features", "train"),
    "benchmark": Command(
        "melonnx.train.cli.benchmark",
        "train",
        exporter=("melonnx.export.sklearn.pipeline", "export_best"),
    ),
    "tag": Command("melonnx.infer.cli.tag"),
    "organize": Command("melonnx.infer.cli.organize"),
    "similar": Command("melonnx.infer.cli.similar"),
    "doctor": Command("melonnx.infer.cli.doctor", algebra=False),
    "bench": Command("melonnx.infer.cli.bench", algebra=False),
}
"""By name, in the order of ``melonnx --help``."""

EXTRA_OF = {
    "tensorflow": "train",
    "keras": "train",
    "tf2onnx": "train",
    "onnx": "verify",
    "sklearn": "train",
    "matplotlib": "demo",
    "gradio": "demo",
    "fastapi": "demo",
    "starlette": "demo",
    "uvicorn": "demo",
    "librosa": "train",
    "scipy": "train",
    "pyarrow": "parquet",
    "skl2onnx": "train",
    "threadpoolctl": "train",
    "mutagen": "tags",
    "usearch": "search",
    "dask": "cluster",
    "distributed": "cluster",
    "fsspec": "cluster",
}
"""Package that is missing: the extra that brings it."""
