"""Tells how many of the songs that a model is measured on it has learnt from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from melonnx.infer.audio.digest import audio_digest
from melonnx.infer.model.learnt import Learnt
from melonnx.infer.predictor import Predictor
from melonnx.train.data.tracks import Track

__all__ = ["LearntSongs", "learnt_from", "learnt_songs"]


@dataclass(frozen=True)
class LearntSongs:
    """What a model file knows of the songs that it is asked about."""

    name: str
    """The model's."""
    songs: int
    """Asked about."""
    told: int | None
    """Of these, those that the file can tell of; None where it says nothing of any."""
    known: int = 0
    """Of these, those that it has learnt from."""

    def line(self) -> str:
        """In one sentence."""
        if self.told is None:
            return (
                f"Whether {self.name} has learnt from some of these {self.songs} songs its file "
                "does not say; if it has, the figures flatter."
            )
        of_whom = f"these {self.songs} songs"
        if self.told < self.songs:
            of_whom = f"the {self.told} of these {self.songs} songs that its file can tell of"
        if not self.known:
            return (
                f"{self.name} has learnt from none of {of_whom}, by their audio as it is; other "
                "encodings of them, or their artists, it may know."
            )
        return f"{self.name} has learnt from {self.known} of {of_whom}: THESE FIGURES FLATTER."


def learnt_from(tracks: Iterable[Track]) -> Learnt:
    """The entry of a model that has learnt from ``tracks``; those without audio are left out."""
    digests = (audio_digest(str(path)) for path in {track.path for track in tracks})
    return Learnt.of(digest for digest in digests if digest is not None)


def learnt_songs(asked: Sequence[tuple[Predictor, Sequence[Track]]]) -> LearntSongs:
    """Of models of one kind, each with its songs: how many of its own each has learnt from."""
    info = asked[0][0].info
    name, songs = f"{info.name} {info.version}", sum(len(tracks) for _, tracks in asked)
    if any(predictor.learnt is None for predictor, _ in asked):
        return LearntSongs(name, songs, None)
    said: list[bool] = []
    for predictor, tracks in asked:
        for track in tracks:
            digest = audio_digest(str(track.path))
            known = predictor.learnt.has(digest) if predictor.learnt and digest else None
            said += [] if known is None else [known]
    return LearntSongs(name, songs, len(said), sum(said))
