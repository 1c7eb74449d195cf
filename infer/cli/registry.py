"""Every command: where it is, what it does in a line, and what it needs.

Nothing is imported here; the module of a command is when it is called.
"""

from dataclasses import dataclass

__all__ = ["COMMANDS", "EXTRA_OF", "Command"]

_EVERYDAY, _LIBRARY, _OWN, _PROGRAMS = (
    "Everyday",
    "A library of music",
    "Your own models",
    "For programs, and to look under the hood",
)


@dataclass(frozen=True)
class Command:
    """One command of ``melonnx``."""

    module: str
    """Its typer ``app`` has the command."""
    section: str = ""
    """Of ``melonnx --help``."""
    summary: str = ""
    """The first sentence of its own help, so that ``melonnx --help`` need not import it."""
    extra: str = ""
    """Brings all of its libraries; where empty, ``EXTRA_OF`` tells of the one that is missing."""
    algebra: bool = True
    """Multiplies large matrices, and is worth the threads of a BLAS."""
    exporter: tuple[str, str] = ("", "")
    """Module and function that the command's own folder may not import: ``Context.obj`` imports
    it when it is called."""


COMMANDS = {
    "classify": Command(
        "melonnx.infer.cli.classify",
        _EVERYDAY,
        "Tell the genre of each song, in the order they were given.",
        algebra=False,
    ),
    "explain": Command(
        "melonnx.infer.cli.explain",
        _EVERYDAY,
        "Tell which seconds and bands of a song spoke for its genre, and against another.",
        algebra=False,
    ),
    "picture": Command(
        "melonnx.demo.cli.picture",
        _EVERYDAY,
        "Draw what the model hears of a song, and where it found its evidence.",
    ),
    "listen": Command(
        "melonnx.infer.cli.listen",
        _EVERYDAY,
        "Tell the genre of what is playing, as it plays.",
        algebra=False,
    ),
    "demo": Command(
        "melonnx.demo.cli.demo",
        _EVERYDAY,
        "Serve the page: drop a song, see its genre, and ask why.",
    ),
    "review": Command(
        "melonnx.demo.cli.review",
        _LIBRARY,
        "Hear the songs that the model is unsure of, and decide with a key; on this machine only.",
        "demo",
    ),
    "tag": Command(
        "melonnx.infer.cli.tag",
        _LIBRARY,
        "Write each song's genre and mood into its tags; shows what it would do until --write.",
    ),
    "organize": Command(
        "melonnx.infer.cli.organize",
        _LIBRARY,
        "Sort songs by genre or mood into playlists, copies or links; only shown until --write.",
    ),
    "similar": Command(
        "melonnx.infer.cli.similar",
        _LIBRARY,
        "Find the songs of an index that sound most like SONG, or like several between them.",
    ),
    "map": Command(
        "melonnx.demo.cli.map",
        _LIBRARY,
        "Draw a library as a map: near songs sound alike, colours are genres.",
        "map",
    ),
    "gallery": Command(
        "melonnx.demo.cli.gallery",
        _LIBRARY,
        "Draw two mel spectrograms of each genre side by side.",
    ),
    "data": Command(
        "melonnx.train.cli.data",
        _OWN,
        "Take stock of a data set: counts, hours, files that are broken or there twice.",
        "train",
    ),
    "train": Command(
        "melonnx.train.cli.train",
        _OWN,
        "Train the network on a folder of music; the same command goes on where it was stopped.",
        "train",
        exporter=("melonnx.export.head_makers", "HEAD_MAKERS"),
    ),
    "evaluate": Command(
        "melonnx.train.cli.evaluate",
        _OWN,
        "Measure a model file on songs whose genre is known, through the runtime.",
        "train",
    ),
    "export": Command(
        "melonnx.export.cli.export",
        _OWN,
        "Write a run's network as one ONNX file, proved equal to Keras on real music.",
        "train",
    ),
    "features": Command(
        "melonnx.train.cli.features",
        _OWN,
        "Compute FMA's 518 features of every song, for melonnx benchmark.",
        "train",
    ),
    "benchmark": Command(
        "melonnx.train.cli.benchmark",
        _OWN,
        "Compare classical classifiers on hand-made features, with networks on the same songs.",
        "train",
        exporter=("melonnx.export.sklearn.pipeline", "export_best"),
    ),
    "info": Command(
        "melonnx.infer.cli.info",
        _PROGRAMS,
        "Show what a model file says of itself; without MODEL, the default one.",
        algebra=False,
    ),
    "wave": Command(
        "melonnx.export.cli.wave",
        _PROGRAMS,
        "Write the waveform twin of a finished model: samples in, the final answer out.",
    ),
    "verify": Command(
        "melonnx.export.cli.verify",
        _PROGRAMS,
        "Repeat the proof of an export here: form, checksum, waveform twin, and Keras.",
    ),
    "doctor": Command(
        "melonnx.infer.cli.doctor",
        _PROGRAMS,
        "Check that all of melonnx works here: paste this into a bug report.",
        algebra=False,
    ),
    "bench": Command(
        "melonnx.infer.cli.bench",
        _PROGRAMS,
        "Time a song on this machine: from the prompt, warm, and where the time goes.",
        algebra=False,
    ),
    "man": Command(
        "melonnx.infer.cli.shell.man",
        _PROGRAMS,
        "Print the manual page, made of what --help shows.",
        algebra=False,
    ),
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
