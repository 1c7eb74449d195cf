"""Says what became of the songs of a run, why some were left, and what to type for these."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from melonnx.infer.tags.tagging import Tagged

__all__ = ["Summary"]

_DIFFERING = 10
"""Songs named that differ from their group; of more, their number."""
_PAIRS = 3
"""Pairs of genres named between which the model was torn."""

_OUTCOMES = {
    "tag": "would get {gets} (--write does it)",
    "tagged": "got {gets}",
    "same": "have it already",
    "kept": "keep the genre that they have (--overwrite or --add)",
    "spoken": "are left alone: audiobooks or podcasts, as their genre says",
    "unsure": "are left alone: unsure (--unsure)",
    "no music": "are left alone: no music",
    "unnamed": "are left alone: the map has no genre for them",
    "failed": "failed",
}
_FAULTS = {
    "": "that cannot be opened or changed",
    "tags": "whose tags cannot be read or written",
    "sound": "that cannot be heard",
}
"""What is wrong with those that failed."""


@dataclass
class Summary:
    """What is known of a run so far."""

    gets: str = "a genre"
    """What is written into a song."""
    counts: Counter[str] = field(default_factory=Counter[str])
    """Songs by what became of them."""
    torn: Counter[str] = field(default_factory=Counter[str])
    """Unsure songs by the two genres that they may be of."""
    faults: Counter[str] = field(default_factory=Counter[str])
    """Failed songs by what is wrong with them."""
    linked: int = 0
    """Songs written that have other names."""
    differing: list[str] = field(default_factory=list[str])
    """A line for each song that differs from its album, artist or folder."""

    def add(self, row: Tagged) -> None:
        """Count one song."""
        self.counts[row.outcome] += 1
        self.linked += row.other_links and row.outcome in {"tag", "tagged"}
        self.torn.update([row.torn] * bool(row.torn))
        self.faults.update([row.fault] * (row.outcome == "failed"))
        self.differing.extend([f"{row.path} {row.differs}"] * bool(row.differs))

    def lines(self, asked: Sequence[str], log: Path | None) -> Iterator[str]:
        """``asked``: the command as it was given, word by word, for those that take more.

        ``log``: what undoes the run; None where nothing is written.
        """
        yield from self.differing[:_DIFFERING]
        if len(self.differing) > _DIFFERING:
            more = len(self.differing) - _DIFFERING
            yield f"{more} more songs differ so from what they are grouped with"
        yield "; ".join(self._said()) or "no songs"
        if self.torn:
            pairs = ", ".join(f"{pair} ({count})" for pair, count in self.torn.most_common(_PAIRS))
            others = len(self.torn) - _PAIRS
            more = f", {others} other pairs" if others > 0 else ""
            yield f"the unsure ones are {pairs}{more}; --unsure takes the first"
        if self.linked:
            yield f"{self.linked} have other hard links, which keep the old tags"
        yield from self._commands(asked)
        if log is not None and self.counts["tagged"]:
            yield f"undo it with: melonnx tag --undo {log}"

    def _said(self) -> Iterator[str]:
        for outcome, what in _OUTCOMES.items():
            if count := self.counts[outcome]:
                why = ", ".join(f"{n} {_FAULTS[one]}" for one, n in self.faults.items())
                more = f" ({why})" if outcome == "failed" else ""
                yield f"{count} {what.format(gets=self.gets)}{more}"

    def _commands(self, asked: Sequence[str]) -> Iterator[str]:
        """What to type for songs that this run leaves; for no music there is nothing."""
        took = {
            "tag": ("write what is shown", ()),
            "unsure": ("take the unsure ones, too", ("--unsure",)),
            "kept": ("add to the genres that are there", ("--add",)),
        }
        for outcome, (what, options) in took.items():
            if self.counts[outcome]:
                write = () if "--write" in asked else ("--write",)
                command = shlex.join(["melonnx", *asked, *options, *write])
                yield f"to {what}: {command}"
