"""What the server of the page answers: songs, sound, decisions, and what is written of them."""

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import Any

import numpy as np

from melonnx.demo.review import writing
from melonnx.demo.review.aside import Aside, Layout, Overtaken, draw_evidence, stretch_about
from melonnx.demo.review.columns import columns_of
from melonnx.demo.review.facts import Facts, FactsReader
from melonnx.demo.review.files import open_song, settle
from melonnx.demo.review.hearing import FolderHearing
from melonnx.demo.review.ledger import Ledger
from melonnx.demo.review.songs import Songs
from melonnx.infer.errors import MelonnxError
from melonnx.infer.results.decisions import Decision, Undo, is_name

__all__ = ["Refused", "Review", "Sound"]

_MOST_BYTES = 1 << 20
"""Of one answer with sound."""
_MOST_FACTS = 5000
"""Songs whose tags one answer tells."""
_MOST_GENRES = 10
_MOST_PICTURES = 200
"""Kept, of some 80 kB each."""
_NEWS_S = 1.5
"""Between two lists of songs that are still being heard."""
_SHARE = 0.1
"""Of the time, at most, that goes into making such lists."""
_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})")
_ID = re.compile(r"[0-9a-f]{8,40}")


class Refused(MelonnxError):  # noqa: N818
    """What was asked cannot be answered; ``status`` is HTTP's."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Sound:
    """A stretch of a song's file."""

    data: bytes
    media_type: str
    first: int
    size: int
    """Of the whole file."""


@dataclass
class Review:
    """One session: songs, their tags, and the decisions on them."""

    songs: Songs
    ledger: Ledger
    facts: FactsReader
    hearing: FolderHearing | None = None
    """Of the songs that are not there yet."""
    model: Path | None = None
    """The file of the model that has heard the songs; None where it is a released one."""
    _places: list[str] = field(default_factory=list)
    _logs: dict[str, Path] = field(default_factory=dict)
    _writing: Lock = field(default_factory=Lock)
    _coming: Lock = field(default_factory=Lock)
    _next_s: float = 0.0
    _drawing: Aside = field(default_factory=Aside)
    _layout: Layout = field(default_factory=Layout)
    _pictures: dict[tuple[str, bool], bytes] = field(default_factory=dict)

    def open(self) -> None:
        """Settle where the songs lie, make the list, and begin to read their tags."""
        self._take_in(self.songs)
        assert self.listed()
        self.facts.start()
        if self.hearing is not None:
            self.hearing.start()

    def close(self) -> None:
        """Stop what runs in the background; what was heard is kept."""
        if self.hearing is not None:
            self.hearing.stop()
        self.drop_pictures()
        self.facts.stop()

    def drop_pictures(self) -> None:
        """Draw and lay out no more; what is under way ends without a result."""
        self._drawing.stop()
        self._layout.stop()

    def _take_in(self, songs: Songs) -> None:
        new = range(len(self._places), len(songs.paths))
        self._places += settle(songs.paths[new.start :])
        self.songs = songs
        order = np.argsort(-songs.worth, kind="stable")
        self.facts.ask(songs.paths, order[order >= new.start].tolist())

    def _look_for_more(self) -> None:
        """Take in what was heard meanwhile, now and then."""
        if self.hearing is None or not self._coming.acquire(blocking=False):
            return
        try:
            began = time.monotonic()
            if began >= self._next_s and len(self.hearing.songs) > len(self.songs.paths):
                self._take_in(self.hearing.songs.songs())
                took_s = time.monotonic() - began
                self._next_s = began + max(_NEWS_S, took_s / _SHARE)
        finally:
            self._coming.release()

    def listed(self) -> bytes:
        """The songs of the list, in columns, as JSON."""
        self._look_for_more()
        return self._lasting if self.hearing is None else self._as_listed()

    @cached_property
    def _lasting(self) -> bytes:
        return self._as_listed()

    def _as_listed(self) -> bytes:
        told = {
            "results": Path(self.songs.name).name,
            "decisions": str(self.ledger.file),
            "hearing": self._heard(),
            **columns_of(self.songs),
        }
        return json.dumps(told, separators=(",", ":")).encode()

    def _heard(self) -> dict[str, Any] | None:
        """How far the hearing is; None where everything was heard before."""
        return None if self.hearing is None else self.hearing.told()

    def song(self, name: str) -> dict[str, Any]:
        """All that is shown of one song."""
        row = self._row(name)
        detail, facts = self.songs.detail(row), self.facts.of(row)
        return {
            "id": name,
            "path": self.songs.paths[row],
            "shares": [[label, round(share, 4)] for label, share in detail.shares],
            "timeline": [
                [round(one.start_s, 2), round(one.end_s, 2), one.label, round(one.score, 3)]
                for one in detail.timeline
            ],
            "duration": detail.duration_s,
            "start": detail.loudest_s,
            "warnings": list(detail.warnings),
            "facts": _listed(facts),
        }

    def sound(self, name: str, wanted: str | None) -> Sound:
        """A stretch of the song's file: what ``wanted`` (a Range header) begins, at most 1 MiB."""
        row = self._row(name)
        try:
            file, media_type, size = open_song(self._places[row])
        except MelonnxError as error:
            raise Refused(404, str(error)) from None
        with file:
            first, last = 0, size - 1
            if wanted is not None:
                match = _RANGE.fullmatch(wanted.strip())
                if match is None or int(match[1]) >= size:
                    raise Refused(416, f"one range of the file's {size} bytes, please")
                first = int(match[1])
                last = min(int(match[2] or size - 1), size - 1)
                if last < first:
                    raise Refused(416, "the range ends before it begins")
            file.seek(first)
            data = file.read(min(last - first + 1, _MOST_BYTES))
        return Sound(data, media_type, first, size)

    def picture(self, name: str, *, dark: bool) -> bytes:
        """A PNG of what spoke for the song's genre where it spoke loudest, and what against."""
        row, songs = self._row(name), self.songs
        known = self._pictures.get((name, dark))
        if known is not None:
            return known
        detail = songs.detail(row)
        stretch = stretch_about(detail.loudest_s, detail.duration_s)
        asked = self._places[row], stretch, songs.labels[songs.answer[row]], dark
        try:
            made: bytes = self._drawing.run(draw_evidence, self.model, songs.model, *asked)
        except Overtaken as error:
            raise Refused(409, str(error)) from None
        except MelonnxError as error:
            raise Refused(404, f"there is no picture: {error}") from None
        with suppress(KeyError, StopIteration, RuntimeError):  # another thread may be at it
            while len(self._pictures) >= _MOST_PICTURES:
                del self._pictures[next(iter(self._pictures))]
        self._pictures[name, dark] = made
        return made

    def map(self) -> dict[str, Any]:
        """Where the songs lie on the map, once all are heard and laid out."""
        heard = self._heard()
        self._look_for_more()
        if heard is not None and not heard["done"]:
            return {"waiting": "The map is drawn once all songs are heard.", "again": True}
        if self.hearing is not None and len(self.hearing.songs) > len(self.songs.paths):
            return {"waiting": "The last songs come in …", "again": True}
        return self._layout.told(self.songs)

    def changes(self, lines: int, facts: int, known: int) -> dict[str, Any]:
        """What is new since the page has asked: decisions, tags that were read, and songs that
        were heard, of which it has ``known``.
        """
        decided, lines = self.ledger.changes(lines)
        read, facts = self.facts.news(facts, _MOST_FACTS)
        heard = self._heard()
        self._look_for_more()
        songs = self.songs  # which has all that the others name
        told = {song: one for song, one in decided.items() if song in songs.places}
        new = songs.paths[known:]
        if new:
            of_all = self.ledger.decided()
            told |= {song: of_all[song] for song in new if song in of_all}
        return {
            "lines": lines,
            "facts": facts,
            "done": self.facts.is_done,
            "hearing": heard,
            "songs": columns_of(songs, known) if new else None,
            "decided": {songs.ids[songs.places[song]]: _told(one) for song, one in told.items()},
            "tags": {songs.ids[row]: _listed(found) for row, found in read.items()},
        }

    def decide(self, asked: Mapping[str, Any]) -> None:
        """Write a decision, once, however often it is asked for."""
        match asked:
            case {"id": str(name), "songs": list(ids), "genres": list(genres)}:
                songs = tuple(self.songs.paths[self._row(one)] for one in dict.fromkeys(ids))
                is_right = songs and len(genres) <= _MOST_GENRES and all(map(is_name, genres))
                if is_right and _ID.fullmatch(name):
                    self.ledger.add(Decision(name, songs, tuple(dict.fromkeys(genres))))
                    return
        raise Refused(400, "that is no decision")

    def undo(self, asked: Mapping[str, Any]) -> None:
        """Take a decision back, once, however often it is asked for."""
        match asked:
            case {"id": str(name), "undo": str(undone)}:
                if _ID.fullmatch(name) and _ID.fullmatch(undone):
                    self.ledger.add(Undo(name, undone))
                    return
        raise Refused(400, "that undoes nothing")

    def plan(self) -> dict[str, Any]:
        """What writing would do to each decided song."""
        writing.require_tags()
        return {"rows": [self._change(row) for row in writing.plan(self._ours())]}

    def write(self) -> dict[str, Any]:
        """Write what was decided; what is told has the name of the log, for :meth:`restore`."""
        writing.require_tags()
        with self._writing:
            rows, log = writing.write(self._ours())
        name = token_hex(8)
        self._logs[name] = log
        for row in rows:
            if row.outcome == "tagged" and row.path in self.songs.places:
                self.facts.again(self.songs.places[row.path])
        told = [self._change(row) for row in rows]
        return {"rows": told, "log": name, "command": f"melonnx tag --undo {log}"}

    def restore(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Undo what :meth:`write` has written."""
        log = self._logs.get(str(asked.get("log")))
        if log is None:
            raise Refused(404, "nothing was written so")
        with self._writing:
            done = writing.undo(log)
        by_place = {place: row for row, place in enumerate(self._places)}
        for path in done.paths:
            if path in by_place:
                self.facts.again(by_place[path])
        return {"restored": len(done.paths) - done.failed, "failed": done.failed}

    def _ours(self) -> dict[str, Decision]:
        """Decisions on songs of other results stay out of it."""
        decided = self.ledger.decided()
        return {song: one for song, one in decided.items() if song in self.songs.places}

    def _change(self, row: writing.Change) -> dict[str, Any]:
        name = self.songs.ids[self.songs.places[row.path]]
        return {
            "id": name, "name": Path(row.path).name, "old": "; ".join(row.old), "new": row.new,
            "outcome": row.outcome, "error": row.error,
        }  # fmt: skip

    def _row(self, name: Any) -> int:
        row = self.songs.rows.get(name) if isinstance(name, str) else None
        if row is None:
            raise Refused(404, "there is no such song")
        return row


def _told(decision: Decision | None) -> dict[str, Any] | None:
    return None if decision is None else {"by": decision.id, "genres": decision.genres}


def _listed(facts: Facts) -> list[str]:
    return [facts.title, facts.artist, facts.album, "; ".join(facts.genres)]
