"""One answer for songs that belong together: an album, a folder, an artist.

The group's log-probabilities are the mean of its songs', sharpened by the fourth root of their
number: songs of one artist are no independent witnesses. A song says of no genre that it is less
likely than a thousandth, so that an odd one has no veto. Both numbers are those at which the
songs of artists with several songs were likeliest, and the bars of single songs keep their
promise (``python -m tests.benchmarks.groups``).
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

import numpy as np

from melonnx.infer.prediction import Prediction
from melonnx.infer.wanted import Wanted

__all__ = ["DIFFERS", "answer_by_group", "pool"]

DIFFERS = "differs"
"""What the warning begins with of a song that is sure of another genre than its group."""
_LEAST = 1e-3
_SHARPENING = 0.25


def pool(songs: Sequence[Prediction], wanted: Wanted) -> Prediction | None:
    """The answer for ``songs`` together; None where fewer than two of them can be counted.

    ``songs``: whole answers, with the probabilities of all genres. Songs that failed or are no
    music do not count, and those that are short only where all are. ``duration_s`` is their sum.
    Raises ResultsFileError where probabilities are missing.
    """
    counted = _counted(songs)
    if len(counted) < 2:
        return None
    info = wanted.info
    for song in counted:
        wanted.require_all(song)
    chances = np.array([[song.probabilities[genre] for genre in info.genres] for song in counted])
    logs = np.log(np.maximum(chances, _LEAST)).mean(axis=0) * len(counted) ** _SHARPENING
    powers = np.exp(logs - logs.max())
    together = dict(zip(info.genres, (powers / powers.sum()).tolist(), strict=True))
    return wanted.judge(
        Prediction(
            path="",
            probabilities=together,
            duration_s=sum(song.duration_s for song in counted),
            model=counted[0].model,
            warnings=() if any(not song.is_short for song in counted) else counted[0].warnings,
        )
    )


def answer_by_group(
    songs: Sequence[Prediction], key: Callable[[str], Hashable | None], wanted: Wanted
) -> list[Prediction]:
    """Each song with the answer of its group, in their order.

    ``key``: of a song's path, what is the same for all songs of a group; None for one that stands
    alone. A song that by itself is sure of another genre has a warning, ``differs: …``, with the
    share of songs that agree. What failed or is no music stays as it is.
    """
    groups: dict[Hashable, list[int]] = {}
    for at, song in enumerate(songs):
        found = key(song.path) if song.ok else None
        if found is not None:
            groups.setdefault(found, []).append(at)
    answers = [wanted.answer(song) for song in songs]
    for rows in groups.values():
        together = pool([songs[at] for at in rows], wanted)
        if together is None:
            continue
        of_music = [at for at in rows if answers[at].is_music]
        agree = sum(answers[at].label == together.label for at in of_music)
        for at in of_music:
            own, warnings = answers[at], answers[at].warnings
            if own.label != together.label and not own.unsure:
                warnings += (
                    f"{DIFFERS}: by itself {own.label} ({own.score:.2f}); {agree} of "
                    f"{len(of_music)} songs beside it are {together.label}",
                )
            answers[at] = replace(
                own,
                label=together.label,
                score=together.score,
                unsure=together.unsure,
                probabilities=together.probabilities,
                subgenre=None,
                subgenres={},
                warnings=warnings,
            )
    return answers


def _counted(songs: Sequence[Prediction]) -> list[Prediction]:
    music = [song for song in songs if song.ok and song.is_music]
    return [song for song in music if not song.is_short] or music
