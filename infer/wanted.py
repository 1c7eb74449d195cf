"""Answers among the genres that somebody wants, or by families of genres.

A song's probabilities are then those of the wanted genres, renormalised, and its answer is the
likeliest of them; styles that name another genre are not said of it. Its score stays the chance
that the answer is right, of any music that the model knows: a symphony is no surer to be jazz
because classical music was not asked for. So the model's bars keep what they promise, for any
choice of genres.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.errors import ResultsFileError, UnknownGenreError
from melonnx.infer.model.acceptance import chances_accepted
from melonnx.infer.model.certainty import is_unsure
from melonnx.infer.model.listener_tags import group_of
from melonnx.infer.model.metadata import DEFAULT_SURE, ModelInfo
from melonnx.infer.prediction import Prediction
from melonnx.infer.spelling import fold, nearest

__all__ = ["Wanted", "find_genres", "read_genre_list"]


@dataclass(frozen=True)
class Wanted:
    """Which genres of a model may be answers, and which of them count as one.

    Made by :meth:`of_model`, which checks the names.
    """

    info: ModelInfo
    genres: tuple[str, ...]
    """In the model's order."""
    families: tuple[tuple[str, ...], ...]
    """Each genre of ``genres`` is in one."""
    sure: int = DEFAULT_SURE

    @classmethod
    def of_model(
        cls,
        info: ModelInfo,
        genres: Sequence[str] | None = None,
        names: Mapping[str, str] | None = None,
        sure: int = DEFAULT_SURE,
    ) -> Self:
        """``genres``: those wanted, however they are spelt; None for all that ``info`` tells.

        ``names``: genres with the same name are a family. ``sure``: as of ``Predictor``.
        Raises UnknownGenreError, which names the nearest, and UnknownRateError.
        """
        info.bars_at(sure)
        chosen = set(info.genres if genres is None else find_genres(genres, info.genres, info.name))
        if not chosen:
            raise UnknownGenreError("no genre is wanted: name one or more")
        kept = tuple(genre for genre in info.genres if genre in chosen)
        families: dict[str, list[str]] = {}
        for genre in kept:
            # A NUL parts what has no name of its own from the names of others.
            families.setdefault((names or {}).get(genre) or f"\0{genre}", []).append(genre)
        return cls(info, kept, tuple(map(tuple, families.values())), sure)

    @property
    def changes_nothing(self) -> bool:
        """All genres are wanted, each by itself."""
        return len(self.families) == len(self.info.genres)

    def among(self, probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probabilities [..., genres of the model] with 0 for all but the wanted ones, which sum
        to 1; the likeliest of a family has that of all its members.
        """
        wanted = np.zeros(probabilities.shape)
        for family in self.families:
            columns = np.array([self.info.genres.index(genre) for genre in family])
            members = probabilities[..., columns]
            best = columns[members.argmax(axis=-1)][..., None]
            np.put_along_axis(wanted, best, members.sum(axis=-1, keepdims=True), axis=-1)
        return wanted / np.maximum(wanted.sum(axis=-1, keepdims=True), np.finfo(float).tiny)

    def answer(self, whole: Prediction) -> Prediction:
        """``whole``, all of whose genres have their probabilities, as the wanted ones have it.

        It has no timeline: of a stretch, only the likeliest of all genres is known by then.
        Raises ResultsFileError where genres are missing.
        """
        return whole if not whole.ok or self.changes_nothing else self.judge(whole)

    def require_all(self, whole: Prediction) -> None:
        """Raises ResultsFileError where a genre of the model has no probability in ``whole``."""
        genres = self.info.genres
        if whole.probabilities.keys() != set(genres):
            raise ResultsFileError(
                f"{whole.path}: {len(whole.probabilities)} of {len(genres)} genres have their "
                "probabilities there, and all are needed: melonnx classify -o library.jsonl writes "
                "them, and hears nothing again where its journal is"
            )

    def judge(self, whole: Prediction) -> Prediction:
        """The label, score and so on that follow from the probabilities in ``whole``.

        Raises ResultsFileError where genres are missing.
        """
        info = self.info
        self.require_all(whole)
        before = np.array([whole.probabilities[genre] for genre in info.genres])
        after = self.among(before)
        order = [int(i) for i in np.argsort(-after, kind="stable") if after[i] > 0]
        label = info.genres[order[0]]
        family = next(one for one in self.families if label in one)
        score = self._chance(before, family)
        kept = {leaf: info.parents[leaf] for leaf in whole.subgenres}
        subgenres = {
            leaf: chance * after[at] / max(before[at], np.finfo(float).tiny)
            for leaf, chance in whole.subgenres.items()
            for at in (info.genres.index(kept[leaf]),)
            if after[at] > 0
        }
        return replace(
            whole,
            label=label,
            score=score,
            unsure=is_unsure(
                score,
                info.bars_at(self.sure).get(label, 0.0),
                is_short=whole.is_short,
                is_music=whole.is_music,
            ),
            probabilities={info.genres[i]: float(after[i]) for i in order},
            subgenre=next((leaf for leaf in subgenres if kept[leaf] == label), None),
            subgenres=subgenres,
            timeline=(),
            said=tuple(tag for tag in whole.said if not self._is_of_unwanted(tag)),
        )

    def _is_of_unwanted(self, tag: str) -> bool:
        """A style that names a genre which is not wanted: jazz, and heavy metal of metal."""
        if group_of(tag) != "styles":
            return False
        unwanted = {fold(genre) for genre in self.info.genres if genre not in self.genres}
        return not unwanted.isdisjoint(map(fold, [tag, *tag.split()]))

    def _chance(self, probabilities: NDArray[np.float64], family: tuple[str, ...]) -> float:
        """That a member of ``family`` is accepted: its own songs, and of each other genre's
        songs as many as may be called by the member that suits it best.
        """
        info = self.info
        by_member = np.stack(
            [
                chances_accepted(np.eye(len(info.genres)), info.genres, info.accepts)[:, column]
                for column in map(info.genres.index, family)
            ]
        )
        return min(float(probabilities @ by_member.max(axis=0)), 1.0)


def find_genres(names: Iterable[str], genres: Sequence[str], model: str) -> list[str]:
    """The genres of ``model`` that are meant: "Hip-Hop" is hiphop.

    Raises UnknownGenreError, which names the nearest.
    """
    by_fold = {fold(genre): genre for genre in genres}
    found: list[str] = []
    for name in names:
        if fold(name) not in by_fold:
            near = nearest(name, genres)
            hint = f"; did you mean {near}?" if near else ""
            raise UnknownGenreError(
                f'"{name}" is no genre of {model}, which tells {", ".join(genres)}{hint}'
            )
        found.append(by_fold[fold(name)])
    return found


def read_genre_list(text: str) -> list[str]:
    """Genres with commas between, or the name of a file that holds them, in lines too.

    In a file, what follows ``#`` is a remark. Raises ResultsFileError.
    """
    path = Path(text)
    try:
        if path.is_file():
            lines = path.read_text("utf-8-sig").splitlines()
            text = ",".join(line.partition("#")[0] for line in lines)
    except OSError as error:
        raise ResultsFileError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError:
        raise ResultsFileError(f"{path}: is no text") from None
    return [name for part in text.split(",") if (name := part.strip())]
