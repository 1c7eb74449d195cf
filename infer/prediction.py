"""The answer for one song."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import mul
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.errors import MelonnxError, MissingExtraError
from melonnx.infer.model.certainty import is_unsure
from melonnx.infer.model.listener_tags import TAG_GROUPS, group_of
from melonnx.infer.units import clock

__all__ = [
    "MOODS",
    "MOSTLY_SILENCE",
    "MOST_QUADRANT",
    "NO_MUSIC",
    "SHORT",
    "SILENT",
    "Prediction",
    "Segment",
]

SHORT = "short:"
NO_MUSIC = "does not sound like music"
"""What a warning begins with after which no score is to be relied on."""
MOSTLY_SILENCE = "mostly silence:"
"""What the warning begins with that says how much was heard."""
SILENT = "silence"
"""In place of a genre: the label of a stretch in which there is nothing to hear."""

MOST_QUADRANT = 0.5
"""The chance of a quadrant of energy and valence from which on its word is a song's mood."""
_QUADRANTS = {
    (True, True): "happy",
    (True, False): "tense",
    (False, False): "sad",
    (False, True): "calm",
}
"""By energetic and pleasant: Russell's circumplex."""
MOODS = tuple(_QUADRANTS.values())
_DERIVED = {"end_s", "folder", "mood", *TAG_GROUPS}
"""What :meth:`Prediction.to_dict` tells that follows from the rest."""


class Segment(NamedTuple):
    """The label of one stretch of a song; "silence", with the score 0, where it has none."""

    start_s: float
    end_s: float
    label: str
    score: float
    energy: float | None = None
    """As of ``Prediction``, of this stretch; None in silence too."""
    valence: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; ``energy`` and ``valence`` are there if the model tells them."""
        return {name: value for name, value in self._asdict().items() if value is not None}


@dataclass(frozen=True, repr=False)
class Prediction:
    """What one source of audio was found to be, or why it could not be told."""

    path: str
    """As given; "<bytes>", "<stream>" or "<array>" for what has none."""
    status: str = "ok"
    """"ok", or the error's ``status`` word."""
    error: str | None = None
    label: str | None = None
    score: float | None = None
    """The chance that ``label`` is right: its probability, and of each other genre's as much as
    the model's ``accepts`` says of songs that may be called ``label`` too."""
    unsure: bool = False
    """``score`` is below the bar that the model's file sets for ``label``, the audio is shorter
    than what the model hears at a time (bars are set on longer ones), or it is no music."""
    music: float | None = None
    """How much it sounds like music, 0 to 1; None where the model does not say. Below the model's
    ``music_bar`` a warning says so."""
    probabilities: dict[str, float] = field(default_factory=dict)
    """Most probable label first; they sum to 1 unless fewer were asked for."""
    subgenre: str | None = None
    """The likeliest of ``label``'s sub-genres, which may be ``label`` itself: none of the
    others. None where the model tells genres only."""
    subgenres: dict[str, float] = field(default_factory=dict)
    """Most probable first, of the genres in ``probabilities``: those of a genre sum to its
    probability. Empty where the model tells genres only."""
    tags: dict[str, float] = field(default_factory=dict)
    """What listeners would tag it with, each 0 to 1 by itself, highest first; empty where the model
    has no head "tags"."""
    said: tuple[str, ...] = ()
    """The tags that are not below the bar of the model's file."""
    energy: float | None = None
    """0 to 1: the chance that it is energetic; None where the model does not say."""
    valence: float | None = None
    """0 to 1: the chance that its mood is a pleasant one; None where the model does not say."""
    heads: dict[str, dict[str, float]] = field(default_factory=dict)
    """What the model's other heads say: values by label, by the head's name."""
    timeline: tuple[Segment, ...] = ()
    """One segment a window, and one for each silence of 2.5 s or more, in order."""
    embedding: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    """float32 (d,): the mean over windows of the network's last layer before the labels."""
    duration_s: float = 0.0
    """Seconds of audio that the answer rests on."""
    skimmed: bool = False
    """Of a long song, only the places that the model listens to were decoded, and moments between
    them for its level."""
    start_s: float | None = None
    """Seconds from the start of a ``Stream`` to that audio; None where it is no stream's."""
    model: str = ""
    """Name and version of the model."""
    warnings: tuple[str, ...] = ()
    """What a reader should know: "truncated: …", "short: …", "does not sound like music …",
    "mostly silence: …"."""
    decided: tuple[str, ...] = ()
    """The genres that somebody decided on, hearing it, ``label`` first; empty where the answer is
    the model's."""

    def __repr__(self) -> str:
        """One short line."""
        if not self.ok:
            return f"<{self.error or f'{self.path}: {self.status}'}>"
        sure = "?" if self.unsure else ""
        others = "".join(f", {label} {share:.0%}" for label, share in self.top(3)[1:])
        return (
            f"<{self.path}: {self.label}{sure} {self.score or 0:.0%}{others}; "
            f"{clock(self.duration_s)}, {self.model}>"
        )

    def _repr_html_(self) -> str:
        """Bars and timeline, for a notebook."""
        from melonnx.infer.notebook import as_html  # a cold start has no use for it

        return as_html(
            *(repr(self)[1:-1], self.probabilities),
            [(one.label, one.end_s - one.start_s) for one in self.segments()],
        )

    def plot(self, *, dark: bool = False) -> Any:
        """The genres' bars and the timeline, as a matplotlib Figure.

        Raises MissingExtraError where matplotlib is not there, and ValueError where there is no
        answer.
        """
        from importlib import import_module  # the room of pictures is above this one

        try:
            pictures = import_module("melonnx.demo.pictures.answer")
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "matplotlib":
                raise
            raise MissingExtraError("demo", "matplotlib") from None
        return pictures.draw_answer(self, dark=dark)

    @property
    def ok(self) -> bool:
        """There is an answer."""
        return self.status == "ok"

    @property
    def is_music(self) -> bool:
        """False where the model has said that it does not sound like music."""
        return not any(one.startswith(NO_MUSIC) for one in self.warnings)

    @property
    def is_short(self) -> bool:
        """It rests on less than the model hears at a time."""
        return any(one.startswith(SHORT) for one in self.warnings)

    def said_of(self, group: str) -> dict[str, float]:
        """The tags of ``TAG_GROUPS``' group that are said of it, highest first."""
        return {tag: self.tags[tag] for tag in self.said if group_of(tag) == group}

    @property
    def styles(self) -> dict[str, float]:
        """The tags that are said of it, and are styles of music (alternative rock, house)."""
        return self.said_of("styles")

    @property
    def moods(self) -> dict[str, float]:
        """The tags that are said of it, and are moods (mellow, party)."""
        return self.said_of("moods")

    @property
    def voices(self) -> dict[str, float]:
        """The tags that are said of it, and are of voice or instrument (instrumental)."""
        return self.said_of("voices")

    @property
    def eras(self) -> dict[str, float]:
        """The tags that are said of it, and are decades (80s)."""
        return self.said_of("eras")

    @property
    def mood(self) -> str | None:
        """The word for energy and valence: happy, tense, sad or calm.

        None where the quadrant's chance, as if the two were independent, is below
        ``MOST_QUADRANT``, or the model does not say.
        """
        if self.energy is None or self.valence is None:
            return None
        energetic, pleasant = self.energy >= 0.5, self.valence >= 0.5
        chance = max(self.energy, 1 - self.energy) * max(self.valence, 1 - self.valence)
        return _QUADRANTS[energetic, pleasant] if chance >= MOST_QUADRANT else None

    def mood_words(self) -> tuple[str, ...] | None:
        """``mood``, where it is sure, and ``moods``, each word once; None where the model does not
        say.
        """
        if self.energy is None and not self.tags:
            return None
        word = [self.mood] if self.mood else []
        return tuple(dict.fromkeys([*word, *(tag.lower() for tag in self.moods)]))

    @property
    def end_s(self) -> float | None:
        """Seconds from the start of a ``Stream`` to the end of what was heard; else None."""
        return None if self.start_s is None else self.start_s + self.duration_s

    @classmethod
    def failed(cls, path: str, error: MelonnxError, model: str = "") -> Self:
        """The row for a source that raised ``error``."""
        return cls(path, status=error.status, error=str(error), model=model)

    def top(self, k: int) -> list[tuple[str, float]]:
        """The ``k`` most probable labels with their probabilities."""
        return list(self.probabilities.items())[:k]

    def to_dict(self, *, embedding: bool = False) -> dict[str, Any]:
        """The prediction as JSON values, the embedding only if asked for.

        ``subgenre`` and ``subgenres`` are there if the model tells them, ``skimmed`` if it was,
        ``start_s`` and ``end_s`` in the predictions of a stream; of a model with further heads
        ``tags`` with ``styles``, ``moods``, ``voices`` and ``eras``, ``energy``, ``valence`` and
        ``mood``, and ``heads``; ``decided`` where somebody did.
        """
        values: dict[str, Any] = {
            "path": self.path,
            "status": self.status,
            "error": self.error,
            "label": self.label,
            "score": self.score,
            "unsure": self.unsure,
            "music": self.music,
            "probabilities": self.probabilities,
            "timeline": [segment.to_dict() for segment in self.timeline],
            "duration_s": self.duration_s,
            "model": self.model,
            "warnings": list(self.warnings),
        }
        if self.subgenres:
            values |= {"subgenre": self.subgenre, "subgenres": self.subgenres}
        if self.tags:
            values |= {"tags": self.tags, "said": list(self.said)}
            values |= {group: self.said_of(group) for group in TAG_GROUPS}
        for name in ("energy", "valence"):
            if (value := getattr(self, name)) is not None:
                values[name] = value
        if self.energy is not None and self.valence is not None:
            values["mood"] = self.mood
        if self.heads:
            values["heads"] = self.heads
        if self.decided:
            values["decided"] = list(self.decided)
        if self.skimmed:
            values["skimmed"] = True
        if self.start_s is not None:
            values |= {"start_s": self.start_s, "end_s": self.end_s}
        if embedding:
            values["embedding"] = None if self.embedding is None else self.embedding.tolist()
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Inverse of :meth:`to_dict`; segments may also be lists of their values."""
        embedding = values.get("embedding")
        return cls(
            **{
                **{n: value for n, value in values.items() if n not in _DERIVED},
                "timeline": tuple(
                    Segment(**segment) if isinstance(segment, dict) else Segment(*segment)
                    for segment in values["timeline"]
                ),
                "embedding": None if embedding is None else np.array(embedding, np.float32),
                "warnings": tuple(values["warnings"]),
                "said": tuple(values.get("said", ())),
                "decided": tuple(values.get("decided", ())),
            }
        )

    def shown(
        self,
        top: int | None = None,
        min_score: float | None = None,
        parents: Mapping[str, str] | None = None,
    ) -> Self:
        """The prediction with the ``top`` genres only.

        ``min_score``: takes the place of every genre's bar, be it higher or lower; what is short
        or no music stays unsure.

        ``parents``: genre by sub-genre, as the model's file has it.
        """
        if self.score is None:
            return self
        unsure = self.unsure
        if min_score is not None:
            unsure = is_unsure(
                self.score, min_score, is_short=self.is_short, is_music=self.is_music
            )
        probabilities = dict(self.top(len(self.probabilities) if top is None else top))
        return replace(
            self,
            unsure=unsure,
            probabilities=probabilities,
            subgenres={
                leaf: probability
                for leaf, probability in self.subgenres.items()
                if (parents or {}).get(leaf) in probabilities
            },
        )

    def segments(self) -> tuple[Segment, ...]:
        """The timeline with neighbours of one label made one; numbers are means over time."""
        merged: list[Segment] = []
        for label, run in groupby(self.timeline, key=lambda segment: segment.label):
            parts = list(run)
            start_s, end_s = parts[0].start_s, parts[-1].end_s
            score = _mean(parts, [part.score for part in parts]) or 0.0
            energy = _mean(parts, [part.energy for part in parts])
            valence = _mean(parts, [part.valence for part in parts])
            merged.append(Segment(start_s, end_s, label, score, energy, valence))
        return tuple(merged)


def _mean(parts: Sequence[Segment], values: Sequence[float | None]) -> float | None:
    """Over time; None where a part has none. Parts without length count alike."""
    told = [value for value in values if value is not None]
    if len(told) < len(parts):
        return None
    lengths = [part.end_s - part.start_s for part in parts]
    if sum(lengths) <= 0:
        return told[0]
    return sum(map(mul, told, lengths)) / sum(lengths)
