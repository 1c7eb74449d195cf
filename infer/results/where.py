"""Conditions on an answer's columns, such as ``energy<0.3 and voice=instrumental``.

A grammar of its own, which can do nothing but compare::

    condition  = part { "or" part }
    part       = factor { "and" factor }
    factor     = "not" factor | "(" condition ")" | column sign value
    sign       = "=" | "!=" | "<" | "<=" | ">" | ">="
    value      = number [ "%" ] | word | text in quotes

What a song lacks meets no comparison. Case and signs of words do not matter: "Hip-Hop" is hiphop.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from melonnx.infer.errors import ConditionError
from melonnx.infer.model.listener_tags import TAG_GROUPS
from melonnx.infer.prediction import MOODS, Prediction
from melonnx.infer.spelling import did_you_mean, fold

__all__ = [
    "COLUMNS",
    "Condition",
    "columns_of",
    "holds",
    "parse_where",
    "require_genres",
    "require_tags",
]

_Get = Callable[[Prediction], Any]


@dataclass(frozen=True)
class _Column:
    get: _Get
    """A number, a truth, a text, or several texts of which one is enough; None where it lacks."""
    kind: type
    known: tuple[str, ...] = ()
    """All texts that there can be; empty where they are not known beforehand."""


def _of_group(group: str) -> _Column:
    return _Column(lambda song: tuple(song.said_of(group)), tuple, TAG_GROUPS[group])


COLUMNS = {
    "path": _Column(lambda song: song.path, str),
    "genre": _Column(lambda song: song.label, str),
    "score": _Column(lambda song: song.score, float),
    "unsure": _Column(lambda song: song.unsure, bool),
    "music": _Column(lambda song: song.music, float),
    "seconds": _Column(lambda song: song.duration_s or None, float),
    "energy": _Column(lambda song: song.energy, float),
    "valence": _Column(lambda song: song.valence, float),
    "mood": _Column(lambda song: song.mood_words(), tuple, (*MOODS, *TAG_GROUPS["moods"])),
    "style": _of_group("styles"),
    "voice": _of_group("voices"),
    "era": _of_group("eras"),
}
_ALIASES = {
    "label": "genre", "duration_s": "seconds", "moods": "mood", "styles": "style",
    "voices": "voice", "eras": "era",
}  # fmt: skip
"""As the columns of CSV are called."""

_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign><=|>=|!=|==|=|<|>)|(?P<bracket>[()])|(?P<quoted>"[^"]*"|'[^']*')"""
    r"""|(?P<word>[^\s()<>=!"']+))"""
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)%?")
_DEEPEST = 50
"""Brackets and "not" in each other: what nobody types, and Python's stack need not hold."""


@dataclass(frozen=True)
class Comparison:
    """``column sign value``."""

    column: str
    sign: str
    value: float | bool | str


@dataclass(frozen=True)
class Not:
    """The opposite."""

    part: "Condition"


@dataclass(frozen=True)
class All:
    """Every one of its parts."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Some:
    """One of its parts, or more."""

    parts: tuple["Condition", ...]


Condition = Comparison | Not | All | Some


class _Token(NamedTuple):
    kind: str
    """"sign", "bracket", "quoted", "word", or "end"."""
    text: str


def parse_where(text: str) -> Condition:
    """Read a condition.

    Raises ConditionError, in one line: what is expected, or which columns or words there are.
    """
    tokens = _Tokens(text)
    condition = _condition(tokens, 0)
    if tokens.now.kind != "end":
        raise tokens.error('"and", "or" or the end', "a text of several words stands in quotes")
    return condition


def holds(condition: Condition, song: Prediction) -> bool:
    """Whether the answer meets it."""
    match condition:
        case Not(part):
            return not holds(part, song)
        case All(parts):
            return all(holds(part, song) for part in parts)
        case Some(parts):
            return any(holds(part, song) for part in parts)
        case Comparison(column, sign, value):
            return _compare(COLUMNS[column].get(song), sign, value)


def columns_of(condition: Condition) -> set[str]:
    """The names of the columns that it compares."""
    return {one.column for one in _comparisons(condition)}


def require_genres(condition: Condition, genres: Iterable[str]) -> None:
    """Raises ConditionError where it compares with a genre that is none of ``genres``."""
    there = sorted(set(genres))
    names = [str(one.value) for one in _comparisons(condition) if one.column == "genre"]
    for name in names:
        if fold(name) not in map(fold, there):
            raise ConditionError(
                f'--where: "{name}" is no genre there; there are {", ".join(there) or "none"}'
                f"{did_you_mean(name, there)}"
            )


def require_tags(condition: Condition, tags: Iterable[str]) -> None:
    """Raises ConditionError where it compares with a word that a model of ``tags`` never says."""
    there = {fold(tag) for tag in tags} | set(MOODS)
    for one in _comparisons(condition):
        known = COLUMNS[one.column].known
        if known and fold(str(one.value)) not in there:
            told = [word for word in known if fold(word) in there]
            raise ConditionError(
                f'--where: "{one.value}" is no {one.column} that the model tells; there are '
                f"{', '.join(told) or 'none'}"
            )


def _comparisons(condition: Condition) -> Iterator[Comparison]:
    match condition:
        case Comparison():
            yield condition
        case Not(part):
            yield from _comparisons(part)
        case All(parts) | Some(parts):
            for one in parts:
                yield from _comparisons(one)


def _compare(has: Any, sign: str, value: Any) -> bool:
    if has is None:
        return False
    if isinstance(has, tuple):
        return (fold(value) in map(fold, has)) == (sign == "=")
    if isinstance(has, str):
        return (fold(has) == fold(value)) == (sign == "=")
    return _SIGNS[sign](has, value)


class _Tokens:
    """The words of a condition, and which is next."""

    def __init__(self, text: str) -> None:
        self._tokens = [*_tokens(text), _Token("end", "")]
        self._at = 0

    @property
    def now(self) -> _Token:
        return self._tokens[self._at]

    def take(self) -> _Token:
        token = self.now
        self._at += token.kind != "end"
        return token

    def take_word(self, word: str) -> bool:
        """Step over a word of the grammar, or a bracket, if it is next."""
        is_next = self.now.kind in {"word", "bracket"} and self.now.text.lower() == word
        self._at += is_next
        return is_next

    def error(self, expected: str, hint: str = "") -> ConditionError:
        found = f'"{self.now.text}"' if self.now.text else "the end"
        return ConditionError(
            f"--where: {expected} is expected, not {found}{'; ' * bool(hint)}{hint}"
        )


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ConditionError(
                f"--where: {text[at:].strip()[:20]!r} cannot be read: a quote is not closed?"
            )
        found = match[match.lastgroup]
        yield _Token(match.lastgroup, found[1:-1] if match.lastgroup == "quoted" else found)
        at = match.end()


def _condition(tokens: _Tokens, depth: int) -> Condition:
    parts = [_part(tokens, depth)]
    while tokens.take_word("or"):
        parts.append(_part(tokens, depth))
    return parts[0] if len(parts) == 1 else Some(tuple(parts))


def _part(tokens: _Tokens, depth: int) -> Condition:
    parts = [_factor(tokens, depth)]
    while tokens.take_word("and"):
        parts.append(_factor(tokens, depth))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _factor(tokens: _Tokens, depth: int) -> Condition:
    if depth > _DEEPEST:
        raise ConditionError(f"--where: more than {_DEEPEST} brackets in each other")
    if tokens.take_word("not"):
        return Not(_factor(tokens, depth + 1))
    if tokens.take_word("("):
        inner = _condition(tokens, depth + 1)
        if not tokens.take_word(")"):
            raise tokens.error('")"')
        return inner
    return _comparison(tokens)


def _comparison(tokens: _Tokens) -> Comparison:
    if tokens.now.kind != "word":
        raise tokens.error("a column", f"there are {', '.join(COLUMNS)}")
    name = tokens.take().text
    column = _ALIASES.get(name.lower(), name.lower())
    if column not in COLUMNS:
        raise ConditionError(
            f"--where: {name} is no column; there are {', '.join(COLUMNS)}"
            f"{did_you_mean(name, (*COLUMNS, *_ALIASES))}"
        )
    if tokens.now.kind != "sign":
        raise tokens.error(f"= != < <= > or >= behind {name}")
    sign = tokens.take().text
    if tokens.now.kind not in {"word", "quoted"}:
        raise tokens.error(f"a value behind {name}{sign}")
    sign = "=" if sign == "==" else sign
    return Comparison(column, sign, _value(column, sign, tokens.take().text))


def _value(column: str, sign: str, text: str) -> float | bool | str:
    about = COLUMNS[column]
    if about.kind is float:
        if not _NUMBER.fullmatch(text):
            raise ConditionError(f'--where: {column} is a number, and "{text}" is none')
        return float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
    if sign not in {"=", "!="}:
        raise ConditionError(
            f"--where: {column} is no number: it goes with = and !=, not with {sign}"
        )
    if about.kind is bool:
        truths = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in truths:
            raise ConditionError(f'--where: {column} is yes or no, not "{text}"')
        return truths[text.lower()]
    if about.known and fold(text) not in map(fold, about.known):
        raise ConditionError(
            f'--where: "{text}" is no {column}; there are {", ".join(_distinct(about.known))}'
            f"{did_you_mean(text, about.known)}"
        )
    return text


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
