"""The beets plugin: ``beet melonnx`` gives the library's songs their genres, and imports too.

Installed as ``beetsplug.melonnx``. An unsure answer or a genre that is there already changes
nothing unless asked for, and what does not sound like music gets none; an album without genres gets
the one that its songs together are sure of, or else that most of them have. Of a model that tells
them, songs get ``mood``, ``energy`` and ``valence`` as flexible fields, which queries know.
"""

import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import confuse
from beets.dbcore import types
from beets.importer import ImportSession, ImportTask
from beets.library import Item, Library
from beets.plugins import BeetsPlugin
from beets.ui import Subcommand, UserError, print_, should_write  # type: ignore[attr-defined]

from melonnx.infer import MelonnxError, Prediction, Predictor
from melonnx.infer.groups import pool as pool_answers
from melonnx.infer.model.metadata import DEFAULT_SURE
from melonnx.infer.tags.genre_names import genre_name
from melonnx.infer.tags.moods import MOST
from melonnx.infer.wanted import Wanted, find_genres

__all__ = ["MelonnxPlugin"]

_DEFAULTS: dict[str, Any] = {
    "auto": True,  # on import
    "write": None,  # into the files too; None: as beets' own import.write
    "overwrite": False,
    "unsure": False,
    "sure": DEFAULT_SURE,  # so many percent of the answers that are not unsure are right
    "map": {},  # label: what to call it; "" leaves it out, and those of one name add up
    "genres": [],  # the only ones that may be answers; none: all
    "threads": None,  # songs at a time; None: one for each core
    "model": None,
    "moods": True,  # songs that are heard get mood, energy and valence, too
}
_FIELDS = {"mood": types.STRING, "energy": types.FLOAT, "valence": types.FLOAT}
_SCALES = ("energy", "valence")


class MelonnxPlugin(BeetsPlugin):
    """Asks one Predictor, from several threads, of the songs that beets hands over."""

    item_types = _FIELDS

    def __init__(self) -> None:
        super().__init__()
        self._fill_moods = False
        self.config.add(_DEFAULTS)
        if self.config["auto"].get(bool):
            self.import_stages = [self.imported]

    def commands(self) -> list[Subcommand]:
        """Add ``beet melonnx [QUERY]``."""
        command = Subcommand("melonnx", help="tell the genres of songs from their sound")
        command.parser.usage = "%prog [options] [QUERY]"
        add = command.parser.add_option
        add("-p", "--pretend", action="store_true", help="say what would be set, set nothing")
        add("-o", "--overwrite", action="store_true", help="replace genres that are there")
        add("-u", "--unsure", action="store_true", help="take the answers marked unsure too")
        add("-m", "--moods", action="store_true", help="hear songs for their mood alone, too")
        command.func = self.command
        return [command]

    def command(self, library: Library, options: Any, query: list[str]) -> None:
        """Run ``beet melonnx``: a line for each song, and one that counts them."""
        for name in ("overwrite", "unsure"):
            if getattr(options, name):
                self.config[name] = True
        if options.moods:
            if not set(_SCALES) <= self._predictor.info.heads.keys():
                name = f"{self._predictor.info.name} {self._predictor.info.version}"
                raise UserError(f"melonnx: {name} tells no mood; genre-base and genre-small do")
            self.config["moods"] = self._fill_moods = True
        counts = self._set_genres(
            library,
            library.items(query),
            write=should_write(self._option("write", bool)),
            pretend=bool(options.pretend),
            say=print_,
        )
        print_(", ".join(f"{count} {what}" for what, count in counts.items()) or "no songs")

    def imported(self, session: ImportSession, task: ImportTask) -> None:
        """Set the genres of what is being imported; beets itself writes them to the files."""
        self._set_genres(
            session.lib,
            task.imported_items(),
            write=False,
            say=lambda line: self._log.info("{}", line),  # a title may hold braces
        )

    def _set_genres(
        self,
        library: Library,
        items: Iterable[Item],
        *,
        write: bool,
        say: Any,
        pretend: bool = False,
    ) -> Counter[str]:
        overwrite = self.config["overwrite"].get(bool)
        counts: Counter[str] = Counter()
        asked: list[Item] = []
        for item in items:
            lacks_moods = self._fill_moods and not all(name in item for name in _SCALES)
            if item.genres and not overwrite and not lacks_moods:
                counts["have a genre"] += 1
            else:
                asked.append(item)
        albums: dict[int, list[Prediction]] = {}
        touched: set[int] = set()
        verb = "would be set" if pretend else "set"
        # Here, not in the threads: beets knows its music folder in this one only.
        paths = [os.fsdecode(item.path) for item in asked]
        if paths:
            _ = self._wanted
        with ThreadPoolExecutor(self._option("threads", int) or os.cpu_count()) as pool:
            for item, whole in zip(asked, pool.map(self._predict, paths), strict=True):
                answer = self._wanted.answer(whole)
                if item.album_id:
                    albums.setdefault(item.album_id, []).append(whole)
                if not answer.ok:
                    counts["failed"] += 1
                    self._log.warning("{}", answer.error)
                    continue
                if not answer.is_music:
                    counts["no music"] += 1
                    say(f"{item}: no music, left as it is")
                    continue
                if moods := self._moods(item, answer, overwrite=overwrite):
                    counts[f"moods {verb}"] += 1
                    say(f"{item}: {_shown(moods)}")
                    if not pretend:
                        item.update(moods)
                        item.store()
                if item.genres and not overwrite:  # heard for its mood alone
                    counts["have a genre"] += 1
                    continue
                genre, percent = self._genre(answer), f"{answer.score:.0%}"
                if genre and answer.unsure and not self.config["unsure"].get(bool):
                    counts["unsure"] += 1
                    say(f"{item}: {genre}? {percent}, left as it is")
                    continue
                if not genre:
                    counts["left out by the map"] += 1
                    continue
                counts[verb] += 1
                say(f"{item}: {genre} {percent}")
                if pretend:
                    continue
                item.genres = [genre]
                item.store()
                if write:
                    item.try_write()
                if item.album_id:
                    touched.add(item.album_id)
        for album_id in touched:
            together = pool_answers(albums[album_id], self._wanted)
            usable = together and (not together.unsure or self.config["unsure"].get(bool))
            genre = self._genre(together) if together and usable else ""
            _set_album_genre(library, album_id, len(albums[album_id]), genre, overwrite=overwrite)
        return counts

    def _predict(self, path: str) -> Prediction:
        try:
            return self._predictor.predict(path)
        except MelonnxError as error:
            return Prediction.failed(path, error)

    def _moods(self, item: Item, answer: Prediction, *, overwrite: bool) -> dict[str, Any]:
        """The flexible fields that a song gets; those that it has stay, unless asked otherwise."""
        if not self.config["moods"].get(bool):
            return {}
        words = "; ".join((answer.mood_words() or ())[:MOST])
        found = {"mood": words or None, "energy": answer.energy, "valence": answer.valence}
        return {
            name: value
            for name, value in found.items()
            if value is not None and (overwrite or name not in item)
        }

    def _genre(self, answer: Prediction) -> str:
        """As ``melonnx tag`` writes it; "" where the map leaves it out."""
        return genre_name(answer.label or "", self._names)

    @cached_property
    def _names(self) -> dict[str, str]:
        names = self._option("map", dict) or {}
        return {str(label): str(name) for label, name in names.items()}

    @cached_property
    def _wanted(self) -> Wanted:
        info, genres = self._predictor.info, self.config["genres"].as_str_seq()
        try:
            find_genres(self._names, info.genres, info.name)
            spelt = {label: genre_name(label, self._names) for label in info.genres}
            return Wanted.of_model(info, genres or None, spelt, self._predictor.sure)
        except MelonnxError as error:
            raise UserError(f"melonnx: {error}") from None

    def _option(self, name: str, kind: Any) -> Any:
        """The setting, of the wanted type, or None where it is left open."""
        return self.config[name].get(confuse.Optional(kind))

    @cached_property
    def _predictor(self) -> Predictor:
        try:
            sure = self.config["sure"].get(int)
            return Predictor(self._option("model", str), threads=1, sure=sure)
        except MelonnxError as error:
            raise UserError(f"melonnx: {error}") from None


def _shown(moods: dict[str, Any]) -> str:
    """Like ``mood calm; mellow, energy 20%``."""
    return ", ".join(
        f"{name} {value:.0%}" if isinstance(value, float) else f"{name} {value}"
        for name, value in moods.items()
    )


def _set_album_genre(
    library: Library, album_id: int, heard: int, genre: str, *, overwrite: bool
) -> None:
    """``genre``: what the ``heard`` songs together say, where they are sure; it counts where they
    are most of the album. Else the genre that most of its songs have.
    """
    album = library.get_album(album_id)
    if album is None or (album.genres and not overwrite):
        return
    items = list(album.items())
    if not genre or 2 * heard <= len(items):
        genres = Counter(genre for item in items for genre in item.genres)
        genre = genres.most_common(1)[0][0]
    album.genres = [genre]
    album.store(inherit=False)  # the songs have their own
