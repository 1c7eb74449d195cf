"""Answers many songs in the order they were given, with or without a journal.

What hears them is handed in: worker processes, or a cluster.
"""

from array import array
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice

from melonnx.infer.library.journal import Identity, Journal, Packed, file_identity, unpack
from melonnx.infer.library.workers import Answer, Job
from melonnx.infer.prediction import Prediction

__all__ = ["Digest", "Hear", "Identify", "Song", "answer_in_order", "match_journal"]

Song = str | Prediction
"""A path, or the failed row of what is none."""
Hear = Callable[[Iterator[Job | None]], Generator[Answer, None, None]]
"""Takes jobs, where None stands for "not now", and yields answers as they come."""
Identify = Callable[[str], Identity]
"""What tells that the file at a path is the one that was heard."""
Digest = Callable[[str], str | None]
"""What is the same of a file that was moved or tagged since it was heard."""

_NONE = Identity("", -1, -1)
_AHEAD = 1024
"""Answers that may wait for that of a song before them."""
_AT_ONCE = 64
"""Answers from a journal that are given between two new ones, so that nobody waits to be handed
a song while a hundred thousand are written."""


def match_journal(
    songs: Sequence[Song],
    journal: Journal,
    identify: Identify = file_identity,
    digest: Digest | None = None,
) -> "array[int]":
    """Where in the journal each song's answer begins; -1 for those to be heard."""
    identities = (_NONE if isinstance(song, Prediction) else identify(song) for song in songs)
    return journal.match(identities, len(songs), digest)


def answer_in_order(
    songs: Sequence[Song],
    hear: Hear,
    journal: Journal | None = None,
    offsets: "array[int] | None" = None,
    *,
    identify: Identify = file_identity,
    digest: Digest | None = None,
    progress: Callable[[], None] = lambda: None,
) -> Generator[Prediction, None, None]:
    """Yield each song's answer, in the order of ``songs``; if ``hear`` ends early, what there is.

    ``offsets``: of the answers in the journal (:func:`match_journal`), which are not heard again;
    new answers are added, with what ``digest`` says of the files. ``progress``: called after each
    song that was heard. Memory does not grow with the number of songs that were heard.
    """
    offsets = array("q", [-1]) * len(songs) if offsets is None else offsets
    identities: dict[int, tuple[Identity, str | None]] = {}
    waiting: dict[int, Packed] = {}
    at = 0

    def jobs() -> Iterator[Job | None]:
        for number, song in enumerate(songs):
            if isinstance(song, str) and offsets[number] < 0:
                while len(waiting) >= _AHEAD:
                    yield None
                if journal is not None:
                    # Before it is heard: what changes meanwhile is another file in the next run.
                    told = None if digest is None else digest(song)
                    identities[number] = identify(song), told
                yield Job(number, song)

    def answer(number: int) -> Prediction | None:
        song = songs[number]
        if isinstance(song, Prediction):
            return song
        if number in waiting:
            return unpack(waiting.pop(number), song)
        if journal is not None and offsets[number] >= 0:
            return unpack(journal.read(offsets[number]), song)
        return None

    def ready() -> Iterator[Prediction]:
        nonlocal at
        while at < len(songs) and (prediction := answer(at)) is not None:
            at += 1
            yield prediction

    with closing(hear(jobs())) as answers:
        for job, packed in answers:
            if journal is not None:
                offsets[job.number] = _add(journal, identities.pop(job.number), packed)
            waiting[job.number] = packed
            progress()
            # With many waiting, all that can go must: else nobody would be handed a song again.
            yield from islice(ready(), _AT_ONCE if len(waiting) < _AHEAD // 2 else None)
    for number in range(at, len(songs)):
        if (prediction := answer(number)) is not None:
            yield prediction


def _add(journal: Journal, found: tuple[Identity, str | None], packed: Packed) -> int:
    identity, digest = found
    return journal.add(identity, packed, digest)
