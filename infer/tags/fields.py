"""Reads and writes genre and mood in a song's tags, and leaves everything else as it was.

ID3 (mp3, a chunk of wav and aiff), Vorbis comments (flac, ogg, opus), MP4 atoms (m4a), and the
copies that a file may have beside: APE and ID3v1 in mp3, ID3 in flac, RIFF's INFO in wav, free-form
atoms in m4a. The bytes decide what a file is, never its name.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from mutagen import MutagenError
from mutagen.mp4 import MP4, MP4FreeForm
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis

from melonnx.infer.errors import TagError
from melonnx.infer.tags.containers import ape, chunks, id3, id3v1, mp4, vorbis
from melonnx.infer.tags.containers.id3 import Style
from melonnx.infer.tags.containers.names import GENRE, Fields
from melonnx.infer.tags.containers.splice import Edit, View, mapped, splice
from melonnx.infer.tags.payload import audio_digest, tag_container

__all__ = ["Style", "read_fields", "read_genres", "write_fields", "write_genres"]

_OGG: dict[bytes, Callable[..., Any]] = {
    b"\x01vorbis": OggVorbis,
    b"OpusHead": OggOpus,
    b"\x7fFLAC": OggFLAC,
    b"Speex   ": OggSpeex,
}
_MP4_GENRE = "\xa9gen"
_BYTE_ORDER: dict[str, chunks.Order] = {"riff": "little", "aiff": "big"}

_Places = list[tuple[str, list[str]]]
"""The name of each place for a field, and the values that it has."""
_FREE_FORM = "----:com.apple.iTunes:"


def read_genres(path: Path) -> list[str]:
    """As :func:`read_fields` of the genre alone."""
    return read_fields(path, [GENRE])[GENRE]


def read_fields(path: Path, fields: Collection[str]) -> dict[str, list[str]]:
    """What the tags of ``path`` have in each field, in every copy, each value once.

    ``fields``: of :mod:`melonnx.infer.tags.containers.names`. Raises TagError, and OSError.
    """
    with path.open("rb") as file:
        kind = _kind(file)
    found: dict[str, list[str]] = {}
    with mapped(path) as view:
        for field in fields:
            values: dict[str, str] = {}
            for _, told in _guarded(lambda field=field: _places(kind, view, field)):
                for value in told:
                    values.setdefault(value.casefold(), value)
            found[field] = list(values.values())
    return found


def write_genres(path: Path, genres: Sequence[str], style: Style = Style()) -> None:  # noqa: B008
    """As :func:`write_fields` of the genre alone."""
    write_fields(path, {GENRE: genres}, style)


def write_fields(
    path: Path,
    fields: Mapping[str, Sequence[str]],
    style: Style = Style(),  # noqa: B008
) -> None:
    """Make the values of ``fields``, one or more each, the only ones in the tags of ``path``; a
    file without tags gets some.

    Each copy of a field that the file has beside gets them, too; an ID3v1 tag the first genre's
    number, if it has one. Works in place, so give it a copy. ID3 keeps its version unless
    ``style`` says otherwise, which is for tags that have no lists; new tags are 2.3. A mood is
    TMOO in 2.4 and TXXX:MOOD in 2.3, whichever was there.

    Raises TagError, also where the audio or another tag came out changed; and OSError.
    """
    wanted = {field: list(values) for field, values in fields.items()}
    with path.open("rb") as file:
        kind = _kind(file)
        digest = _digest(file, kind)
    with mapped(path) as view:
        others = _guarded(lambda: _others(kind, view, wanted, style))
        edits = _guarded(lambda: _edits(kind, view, wanted, style))
    if edits is None:
        _guarded(lambda: _write_by_mutagen(path, kind, wanted))
    else:
        splice(path, edits)
    with path.open("rb") as file:
        if _kind(file) != kind or _digest(file, kind) != digest:
            raise TagError("its audio would come out changed: left alone")
    with mapped(path) as view:
        _require_same(others, _guarded(lambda: _others(kind, view, wanted, style)))
        for field, values in wanted.items():
            places = _guarded(lambda field=field: _places(kind, view, field))
            _require_written(field, values, places, style)


def _require_written(field: str, values: list[str], places: _Places, style: Style) -> None:
    expected = (values, [style.join(values)], style.join(values).split("\0"))
    written = [found for place, found in places if found and place != "ID3v1"]
    if not written or any(found not in expected for found in written):
        raise TagError(f"its {field.lower()} would not come out as it should: left alone")


def _require_same(before: list[tuple[str, bytes]], after: list[tuple[str, bytes]]) -> None:
    """Every other frame has the bytes that it had, in whatever order."""
    left = list(after)
    for name, data in before:
        if (name, data) not in left:
            raise TagError(f"its {name} would not come out as it is: left alone")
        left.remove((name, data))
    if left:
        raise TagError(f"it would get a {left[0][0]} that it has not: left alone")


def _kind(file: BinaryIO) -> str:
    kind = tag_container(file)
    if not kind:
        raise TagError(
            "no tags can be written: it is no mp3, flac, ogg, opus, m4a, wav or aiff, or is damaged"
        )
    return kind


def _digest(file: BinaryIO, kind: str) -> str:
    try:
        return audio_digest(file, kind)
    except ValueError as error:
        raise TagError(str(error)) from None


def _guarded(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except TagError:
        raise
    except OSError as error:
        raise _of_disk(error) from None
    except MutagenError as error:
        if error.args and isinstance(error.args[0], OSError):
            raise _of_disk(error.args[0]) from None
        raise TagError(f"has tags that cannot be read ({error})") from None
    except Exception as error:  # damage takes mutagen to errors of any kind
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise TagError(f"has tags that cannot be read ({reason})") from None


def _of_disk(error: OSError) -> Exception:
    """Mutagen raises an OSError of no number, too, where a tag ends before its own length says."""
    if error.errno is None:
        return TagError("has tags that cannot be read (they are cut short)")
    return error


def _places(kind: str, view: View, field: str) -> _Places:
    """An ID3v1 tag's number counts where nothing else names a genre: it is the coarsest."""
    if kind in _BYTE_ORDER:
        return chunks.values(view, _BYTE_ORDER[kind], field)
    if kind == "mp4":
        return mp4.values(view, field)
    if kind == "ogg":
        return [("Vorbis", vorbis.ogg_values(view, field))]
    tags = id3.read_tags(view)
    places = [("ID3", id3.values(tag, field)) for tag in tags]
    if kind == "flac":
        places.insert(0, ("Vorbis", vorbis.flac_values(view, tags[-1].end if tags else 0, field)))
    elif found := ape.find(view):
        places.append(("APE", ape.values(found, field)))
    if field == GENRE and not any(values for _, values in places):
        places.append(("ID3v1", id3v1.genres(id3v1.find(view))))
    return places


def _others(
    kind: str, view: View, fields: Collection[str], style: Style
) -> list[tuple[str, bytes]]:
    """Name and bytes of every frame, item, atom, comment or block that is none of ``fields``."""
    if kind in _BYTE_ORDER:
        return chunks.others(view, _BYTE_ORDER[kind], fields, style)
    if kind == "mp4":
        return mp4.others(view, fields)
    if kind == "ogg":
        return vorbis.ogg_others(view, fields)
    tags = id3.read_tags(view)
    found = [other for tag in tags for other in id3.others(tag, fields, style)]
    tail = id3v1.find(view)
    found += id3v1.others(tail)
    if kind == "flac":
        return found + vorbis.flac_others(view, tags[-1].end if tags else 0, fields)
    if not tags and tail:
        found += id3.others(id3.new_tag(tail), fields, style)  # which the new tag repeats
    if tag := ape.find(view):
        found += ape.others(tag, fields)
    return found


def _edits(kind: str, view: View, fields: Fields, style: Style) -> list[Edit] | None:
    """What is to be changed; None where mutagen has to do it, since other things move, too."""
    if kind in _BYTE_ORDER:
        return chunks.edits(view, _BYTE_ORDER[kind], fields, style)
    if kind in {"ogg", "mp4"}:
        return None
    tags = id3.read_tags(view)
    edits = id3v1.edit(view, fields[GENRE]) if GENRE in fields else []
    if kind == "flac":
        edits += vorbis.flac_edit(view, tags[-1].end if tags else 0, fields)
        due = [(tag, _of_copy(tag, fields)) for tag in tags]
    else:
        if tag := ape.find(view):
            edits += ape.edit(tag, fields)
        first, *copies = tags or [id3.new_tag(id3v1.find(view))]
        due = [(first, fields), *((tag, _of_copy(tag, fields)) for tag in copies)]
    return edits + [
        Edit(tag.start, tag.end, id3.render(tag, wanted, style)) for tag, wanted in due if wanted
    ]


def _of_copy(tag: id3.Tag, fields: Fields) -> Fields:
    """A copy gets no field that it has not."""
    return {field: values for field, values in fields.items() if id3.values(tag, field)}


def _write_by_mutagen(path: Path, kind: str, fields: Fields) -> None:
    if kind == "ogg":
        song = _open_ogg(path)
        for field, values in fields.items():
            song[field] = values
        song.save()
        return
    song = MP4(path)
    if song.tags is None:
        song.add_tags()
    tags: Any = song.tags
    for field, values in fields.items():
        atoms = [MP4FreeForm(value.encode()) for value in values]
        there = [key for key in tags if key.startswith("----:") and _last(key).upper() == field]
        if field == GENRE:
            tags[_MP4_GENRE] = values
        else:
            for key in there[1:]:  # in another spelling
                del tags[key]
            there = there[:1] or [_FREE_FORM + field]
        for key in there:
            tags[key] = atoms
    song.save()


def _last(key: str) -> str:
    return key.rpartition(":")[2]


def _open_ogg(path: Path) -> Any:
    with path.open("rb") as file:
        head = file.read(64)
    first_packet = head[27 + head[26] :]
    for magic, kind in _OGG.items():
        if first_packet.startswith(magic):
            return kind(path)
    raise TagError("no tags can be written: it is Ogg of a kind unknown here")
