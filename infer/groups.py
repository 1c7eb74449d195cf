"""One answer for songs that belong together: an album, a folder, an artist.

The group's log-probabilities are the mean of its songs', sharpened by the fourth root of their
number: songs of one artist are no independent witnesses. A song says of no genre that it is less
likely than a thousandth, so that an odd one has no veto. Both numbers are those at which the
songs of artists with several songs were likeliest, and the bars of single songs keep their
promise (``python -m tests.benchmarks.groups``).
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.prediction import SHORT, Prediction
from melonnx.infer.wanted import Wanted

__all__ = [
    "DIFFERS",
    "Verdict",
    "Witness",
    "agree",
    "answer_by_group",
    "grouped",
    "pool",
    "witness",
]

DIFFERS = "differs"
"""What the warning begins with of a song that is sure of another genre than its group."""
_LEAST = 1e-3
_SHARPENING = 0.25


class Witness(NamedTuple):
    """What a song says for its group: a few hundred bytes, so that all of a library fit."""

    group: Hashable | None
    """None for a song that stands alone."""
    label: str | None
    """Its own, among the wanted genres."""
    is_music: bool
    """It is heard, and no speech or noise."""
    is_short: bool
    duration_s: float
    logs: NDArray[np.float64] | None
    """Log-probabilities, (genres,); None where it is no music."""


class Verdict(NamedTuple):
    """What a group says of its songs."""

    together: Prediction
    agree: int
    """Songs that say so by themselves."""
    songs: int
    """Of so many that are music."""


def pool(songs: Sequence[Prediction], wanted: Wanted) -> Prediction | None:
    """The answer for ``songs`` together; None where fewer than two of them can be counted.

    ``songs``: whole answers, with the probabilities of all genres. Songs that failed or are no
    music do not count, and those that are short only where all are. ``duration_s`` is their sum.
    Raises ResultsFileError where probabilities are missing.
    """
    return _together([witness(song, "", wanted) for song in songs], wanted)


def witness(song: Prediction, group: Hashable | None, wanted: Wanted) -> Witness:
    """What ``song`` says for ``group``. Raises ResultsFileError where probabilities are missing."""
    is_music = song.ok and song.is_music
    logs = None
    if is_music and group is not None:
        wanted.require_all(song)
        chances = [song.probabilities[genre] for genre in wanted.info.genres]
        logs = np.log(np.maximum(chances, _LEAST))
    own = wanted.answer(song).label
    return Witness(group, own, is_music, song.is_short, song.duration_s, logs)


def agree(witnesses: Sequence[Witness], wanted: Wanted) -> list[Verdict | None]:
    """The verdict for each song; None where it keeps its own answer."""
    groups: dict[Hashable, list[int]] = {}
    for at, song in enumerate(witnesses):
        if song.group is not None and song.is_music:
            groups.setdefault(song.group, []).append(at)
    verdicts: list[Verdict | None] = [None] * len(witnesses)
    for rows in groups.values():
        together = _together([witnesses[at] for at in rows], wanted)
        if together is None:
            continue
        same = sum(witnesses[at].label == together.label for at in rows)
        verdict = Verdict(together, same, len(rows))
        for at in rows:
            verdicts[at] = verdict
    return verdicts


def grouped(song: Prediction, verdict: Verdict | None, wanted: Wanted) -> Prediction:
    """``song`` with the answer of its group.

    A song that by itself is sure of another genre has a warning, ``differs: …``, with the share of
    songs that agree. What failed or is no music stays as it is.
    """
    own = wanted.answer(song)
    if verdict is None:
        return own
    together, warnings = verdict.together, own.warnings
    if own.label != together.label and not own.unsure:
        warnings += (
            f"{DIFFERS}: by itself {own.label} ({own.score:.2f}); {verdict.agree} of "
            f"{verdict.songs} songs beside it are {together.label}",
        )
    return replace(
        own,
        label=together.label,
        score=together.score,
        unsure=together.unsure,
        probabilities=together.probabilities,
        subgenre=None,
        subgenres={},
        warnings=warnings,
    )


def answer_by_group(
    songs: Iterable[Prediction], key: Callable[[str], Hashable | None], wanted: Wanted
) -> list[Prediction]:
    """Each song with the answer of its group, in their order.

    ``key``: of a song's path, what is the same for all songs of a group; None for one that stands
    alone.
    """
    songs = list(songs)
    witnesses = [witness(song, key(song.path) if song.ok else None, wanted) for song in songs]
    return [
        grouped(song, verdict, wanted)
        for song, verdict in zip(songs, agree(witnesses, wanted), strict=True)
    ]


def _together(witnesses: Sequence[Witness], wanted: Wanted) -> Prediction | None:
    music = [one for one in witnesses if one.is_music]
    counted = [one for one in music if not one.is_short] or music
    if len(counted) < 2:
        return None
    every = np.array([one.logs for one in counted])
    logs = every.mean(axis=0) * len(counted) ** _SHARPENING
    powers = np.exp(logs - logs.max())
    genres = wanted.info.genres
    together = dict(zip(genres, (powers / powers.sum()).tolist(), strict=True))
    return wanted.judge(
        Prediction(
            path="",
            probabilities=together,
            duration_s=sum(one.duration_s for one in counted),
            model=f"{wanted.info.name} {wanted.info.version}",
            warnings=(f"{SHORT} as all of its songs",) if counted[0].is_short else (),
        )
    )
