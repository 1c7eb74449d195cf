"""What a network says of a song besides its genre: named heads, each its own output of the file."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

__all__ = ["HEAD_KINDS", "HeadInfo", "read_heads", "song_values", "window_values"]

HEAD_KINDS = ("multi", "scale")
_TEMPERATURES = 0.01, 100
_UNPRINTABLE = {"Cc", "Cs"}


@dataclass(frozen=True)
class HeadInfo:
    """What the model file says of one further head.

    Its output gives logits [windows, labels]; a song's values are the sigmoid of their mean over
    windows, divided by ``temperature``.
    """

    kind: str
    """"multi": each label is true or not, by itself. "scale": one number from 0 to 1."""
    labels: tuple[str, ...]
    """In the order of the output; of a scale one, its name."""
    temperature: float = 1.0
    bars: dict[str, float] = field(default_factory=dict)
    """By label, the value from which on it is said of a song; an absent one is never said."""
    dataset: str = ""
    """What it learnt from."""
    split: str = ""
    """How that was parted for ``metrics``."""
    metrics: dict[str, Any] = field(default_factory=dict)
    license: str = ""
    """Of these weights, where it is another than the model's."""

    def __post_init__(self) -> None:
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels {self.labels} of a head must be one or more, all different")
        if self.kind == "scale" and len(self.labels) != 1:
            raise ValueError(f"a scale has one label, not {len(self.labels)}")
        if not _TEMPERATURES[0] <= self.temperature <= _TEMPERATURES[1]:
            raise ValueError(f"temperature={self.temperature} of a head must be 0.01 to 100")
        if strange := sorted(self.bars.keys() - set(self.labels)):
            raise ValueError(f"bars name {strange}, which are none of the head's labels")
        if not all(0 <= bar <= 1 for bar in self.bars.values()):
            raise ValueError(f"bars {self.bars} of a head must be 0 to 1")
        for text in self.labels:
            if any(category(letter) in _UNPRINTABLE for letter in text):
                raise ValueError(f"{text!a} holds characters that cannot be printed")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Of JSON values. Raises ValueError on missing, unknown or bad fields."""
        known = {entry.name for entry in fields(cls)}
        if values.keys() != known:
            raise ValueError(f"fields {sorted(values.keys() ^ known)} are missing or unknown")
        texts = [values[name] for name in ("kind", "dataset", "split", "license")]
        labels, bars = values["labels"], values["bars"]
        if not isinstance(labels, list) or not all(isinstance(t, str) for t in [*texts, *labels]):
            raise ValueError("a text of the head has the wrong type")
        numbers = [values["temperature"], *(bars.values() if isinstance(bars, dict) else [None])]
        if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
            raise ValueError("a number of the head has the wrong type")
        if not isinstance(values["metrics"], dict):
            raise ValueError("metrics of the head have the wrong type")
        return cls(
            **{
                **values,
                "labels": tuple(labels),
                "temperature": float(values["temperature"]),
                "bars": {name: float(bar) for name, bar in bars.items()},
            }
        )


def read_heads(values: Mapping[str, Any]) -> dict[str, HeadInfo]:
    """The heads of a file's metadata by name; one of a kind that is not known is passed over,
    with a warning. Raises ValueError.
    """
    heads: dict[str, HeadInfo] = {}
    for name, about in values.items():
        if not isinstance(about, dict):
            raise ValueError(f"head {name!a} is no object")
        if about.get("kind") not in HEAD_KINDS:
            warnings.warn(
                f"the head {name!a} is of the kind {about.get('kind')!a:.40}, which this melonnx "
                "does not know; it is passed over",
                stacklevel=2,
            )
            continue
        try:
            heads[name] = HeadInfo.from_dict(about)
        except ValueError as error:
            raise ValueError(f"head {name!a}: {error}") from None
    return heads


def song_values(logits: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """A song's values (labels,), 0 to 1, from its windows' logits [windows, labels]."""
    return window_values(logits.mean(axis=0, dtype=np.float64), temperature)


def window_values(logits: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """The values 0 to 1 of each window by itself, in the shape of ``logits``."""
    means = logits.astype(np.float64) / temperature
    return 1 / (1 + np.exp(-np.clip(means, -500, 500)))
