"""What is asked of answers before they are used: some genres only, families, one for a group."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from melonnx.infer.errors import ResultsFileError
from melonnx.infer.groups import answer_by_group
from melonnx.infer.model.listener_tags import group_of
from melonnx.infer.model.metadata import DEFAULT_SURE, ModelInfo
from melonnx.infer.model.session import load_model, released_models
from melonnx.infer.prediction import Prediction
from melonnx.infer.wanted import Wanted, find_genres, read_genre_list

__all__ = ["Wishes", "model_that_made"]


@dataclass(frozen=True)
class Wishes:
    """Of one command."""

    genres: str | None = None
    """The only ones that may be answers, as :func:`read_genre_list` takes them."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What the user calls some of the labels."""
    spell: Callable[[str], str] = str
    """What every label is called; labels of one name are a family, whose chances add up."""
    sure: int = DEFAULT_SURE
    group: Callable[[str], Hashable | None] | None = None
    """What songs have in common that get one answer; None where each has its own."""
    styles: bool = False
    """``names`` may be of styles, too."""

    @property
    def need_a_model(self) -> bool:
        """Its file tells what the names are, and when an answer is sure."""
        return self.genres is not None or bool(self.names) or self.group is not None

    def answers(self, songs: Iterable[Prediction], wanted: Wanted) -> Iterator[Prediction]:
        """The songs as they are wished for, in their order; with groups, when all are heard."""
        if self.group is None:
            yield from map(wanted.answer, songs)
        else:
            yield from answer_by_group(list(songs), self.group, wanted)

    def of_model(self, info: ModelInfo) -> Wanted:
        """Raises UnknownGenreError, also for names of labels that the model does not tell."""
        named = [name for name in self.names if not (self.styles and group_of(name) == "styles")]
        find_genres(named, info.genres, info.name)
        wanted = None if self.genres is None else read_genre_list(self.genres)
        spelt = {label: self.spell(label) for label in info.genres}
        return Wanted.of_model(info, wanted, spelt, self.sure)


def model_that_made(made_by: Set[str], model: Path | None) -> ModelInfo | None:
    """The model of the name and version ``made_by``: a released one, or the file ``model``; None
    where it is neither.

    Raises ResultsFileError where ``model`` is another one.
    """
    files = released_models().values() if model is None else [model]
    for file in files:
        info = load_model(file, device="cpu", threads=1).info
        if made_by == {f"{info.name} {info.version}"}:
            return info
    if model is not None:
        raise ResultsFileError(
            f"{model}: is not what made the results, which is {' and '.join(sorted(made_by))}"
        )
    return None
