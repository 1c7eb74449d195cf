"""Options of ``melonnx train`` that say how a network learns."""

from pathlib import Path
from typing import Annotated

import typer

from melonnx.infer.cli.shell import complete

__all__ = [
    "Augment",
    "AverageWeights",
    "BatchSize",
    "Deeper",
    "Dropout",
    "FineTune",
    "LearningRate",
    "Optimizer",
    "Preset",
    "Schedule",
    "TestShare",
]

_PANEL = "How our own network learns"

FineTune = Annotated[
    Path | None,
    typer.Option(
        help="A model file, or a released one's name: its network learns on, from its own weights, "
        "at a low rate; only its last layer and the head.",
        autocompletion=complete.models,
    ),
]
Deeper = Annotated[
    bool,
    typer.Option(
        "--deeper",
        help="With --fine-tune: the convolutions above its front learn, too.",
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        help="original: as the student's project that melonnx comes from did it; options beside "
        "it go before it.",
        rich_help_panel=_PANEL,
    ),
]
Optimizer = Annotated[
    str | None, typer.Option(help="adamw, by default, or adam.", rich_help_panel=_PANEL)
]
LearningRate = Annotated[
    float | None,
    typer.Option(
        min=1e-7,
        max=1,
        help="At the beginning; 0.002, and 0.0001 with --fine-tune.",
        rich_help_panel=_PANEL,
    ),
]
Schedule = Annotated[
    str | None,
    typer.Option(
        help="Of the learning rate: cosine, by default, down to 0 at the end; or constant.",
        rich_help_panel=_PANEL,
    ),
]
BatchSize = Annotated[
    int | None, typer.Option(min=1, help="Crops in a batch; 32.", rich_help_panel=_PANEL)
]
Dropout = Annotated[
    float | None,
    typer.Option(min=0, max=0.9, help="Of the embedding; 0.2.", rich_help_panel=_PANEL),
]
Augment = Annotated[
    bool | None,
    typer.Option(
        "--augment/--no-augment",
        help="Whether crops are changed in tempo, pitch and spectrum; they are, by default.",
        rich_help_panel=_PANEL,
    ),
]
AverageWeights = Annotated[
    bool | None,
    typer.Option(
        "--average-weights/--last-weights",
        help="Whether a running mean of the weights is kept, by default, or the last ones.",
        rich_help_panel=_PANEL,
    ),
]
TestShare = Annotated[
    float | None,
    typer.Option(
        min=0.02, max=0.5, help="Of each genre, kept for the test; 0.2.", rich_help_panel=_PANEL
    ),
]
