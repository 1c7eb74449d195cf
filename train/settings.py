"""The settings of a training run: network, front end, split, schedule; everything but the data."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from melonnx.infer.frontend.mel import MelSpec
from melonnx.train.data.splits import TEST_SHARE, SplitMethod

__all__ = ["OPTIMIZERS", "ORIGINAL", "SCHEDULES", "Optimizer", "Schedule", "Settings"]

Optimizer = Literal["adamw", "adam"]
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
Schedule = Literal["cosine", "constant"]
SCHEDULES: tuple[Schedule, ...] = get_args(Schedule)


@dataclass(frozen=True)
class Settings:
    """All that decides a training run besides the data."""

    network: Literal[
        "six_convolutions",
        "transfer",
        "student",
        "heavy_student",
        "fine_tuned",
        "fine_tuned_deeper",
        "genre_tags",
    ] = "six_convolutions"
    """The light one (``network/cnn.py``), the heavy one (``network/transfer.py``), two that
    learn from it and from others, two that learn on from a model file (``network/student.py``), or
    one that learns nothing (``network/genre_tags.py``)."""
    mel_spec: MelSpec = field(default_factory=MelSpec)
    window: int = 130
    """Frames of a patch: 10 s."""
    window_hop: int = 130
    """Frames between patches at inference."""
    max_windows: int = 0
    """Patches of a track at inference; 0 for all."""
    pooling: str = "probabilities"
    """How a track's answer is made of those of its patches (``melonnx.infer.model.pooling``)."""
    split: SplitMethod = "artist"
    test_share: float = TEST_SHARE
    """Of the tracks of each label, where there is one split that nobody has made before."""
    folds: int = 0
    """0: one split. Otherwise so many, and a network of all tracks."""
    also_share: float = 0.3
    """Of what a track should get, the part that its other right genres have between them."""
    balance: float = 0.5
    """A label weighs by its share to the power of minus so much: 1, all labels count the same; 0,
    all tracks do."""
    copies: int = 3
    """Distorted copies of each track to learn from besides."""
    taught: float = 0.0
    """Share of the teacher's answer in what a labelled track should get."""
    windows_together: int = 5
    """Of a song, those that a student hears at a time: it is told what they say together."""
    unlabelled: float = 0.2
    """Share of unlabelled music in a batch, if there is any."""
    epochs: int = 60
    patience: int = 40
    """Epochs without a better validation loss before training stops; the last ones, at a low
    learning rate, are often the best, so it should be long."""
    batch_size: int = 32
    batches_per_epoch: int = 60
    """At least; as many as hold each track once where that is more."""
    optimizer: Optimizer = "adamw"
    schedule: Schedule = "cosine"
    """Of the learning rate: down to 0 at the last epoch, or as it is."""
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    """Of AdamW."""
    dropout: float = 0.2
    """Before the logits."""
    average_weights: bool = True
    """Whether a running mean of the weights is kept, or those of the last batch."""
    augment: bool = True
    """Whether crops are changed in tempo, pitch, spectrum and dynamics."""
    label_smoothing: float = 0.05
    mixup: float = 0.4
    """Both parameters of the Beta distribution; 0 turns mixup off."""
    seed: int = 0


ORIGINAL = Settings(
    split="random",
    test_share=0.1,
    copies=0,
    optimizer="adam",
    schedule="constant",
    learning_rate=1e-3,
    dropout=0.3,
    average_weights=False,
    augment=False,
    label_smoothing=0.0,
    mixup=0.0,
)
"""As the student's project that melonnx comes from did it: plain Adam, 30% dropout, and songs split
at random, whoever made them, which flatters."""
