"""Reads and writes the genres in a song's tags, and leaves everything else as it was.

ID3 (mp3, a chunk of wav and aiff), Vorbis comments (flac, ogg, opus), MP4 atoms (m4a), and the
copies that a file may have beside: APE and ID3v1 in mp3, ID3 in flac, RIFF's INFO in wav, free-form
atoms in m4a. The bytes decide what a file is, never its name.
"""

from collections.abc import Callable, Sequence
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
from melonnx.infer.tags.containers.splice import Edit, View, mapped, splice
from melonnx.infer.tags.payload import audio_digest, tag_container

__all__ = ["Style", "read_genres", "write_genres"]

_OGG: dict[bytes, Callable[..., Any]] = {
    b"\x01vorbis": OggVorbis,
    b"OpusHead": OggOpus,
    b"\x7fFLAC": OggFLAC,
    b"Speex   ": OggSpeex,
}
_MP4_GENRE = "\xa9gen"
_BYTE_ORDER: dict[str, chunks.Order] = {"riff": "little", "aiff": "big"}

_Places = list[tuple[str, list[str]]]
"""The name of each place for genres, and those that it has."""


def read_genres(path: Path) -> list[str]:
    """The genres in the tags of ``path``, of every copy, each once; none where there are no tags.

    Raises TagError, and OSError.
    """
    with path.open("rb") as file:
        kind = _kind(file)
    with mapped(path) as view:
        places = _guarded(lambda: _places(kind, view))
    found: dict[str, str] = {}
    for _, genres in places:
        for genre in genres:
            found.setdefault(genre.casefold(), genre)
    return list(found.values())


def write_genres(path: Path, genres: Sequence[str], style: Style = Style()) -> None:  # noqa: B008
    """Make ``genres`` the only ones in the tags of ``path``; a file without tags gets some.

    Each copy of the genre that the file has beside gets them, too; an ID3v1 tag the first one's
    number, if it has one. Works in place, so give it a copy. ID3 keeps its version unless
    ``style`` says otherwise, which is for tags that have no lists; new tags are 2.3.

    Raises TagError, also where the audio or another tag came out changed; and OSError.
    """
    values = list(genres)
    with path.open("rb") as file:
        kind = _kind(file)
        digest = _digest(file, kind)
    with mapped(path) as view:
        others = _guarded(lambda: _others(kind, view, style))
        edits = _guarded(lambda: _edits(kind, view, values, style))
    if edits is None:
        _guarded(lambda: _write_by_mutagen(path, kind, values))
    else:
        splice(path, edits)
    with path.open("rb") as file:
        if _kind(file) != kind or _digest(file, kind) != digest:
            raise TagError("its audio would come out changed: left alone")
    with mapped(path) as view:
        places = _guarded(lambda: _places(kind, view))
        _require_same(others, _guarded(lambda: _others(kind, view, style)))
    expected = (values, [style.join(values)], style.join(values).split("\0"))
    written = [found for place, found in places if found and place != "ID3v1"]
    if not written or any(found not in expected for found in written):
        raise TagError("its genre would not come out as it should: left alone")


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


def _places(kind: str, view: View) -> _Places:
    """An ID3v1 tag's number counts where nothing else names a genre: it is the coarsest."""
    if kind in _BYTE_ORDER:
        return chunks.genres(view, _BYTE_ORDER[kind])
    if kind == "mp4":
        return mp4.genres(view)
    if kind == "ogg":
        return [("Vorbis", vorbis.ogg_genres(view))]
    tags = id3.read_tags(view)
    places = [("ID3", id3.genres(tag)) for tag in tags]
    if kind == "flac":
        places.insert(0, ("Vorbis", vorbis.flac_genres(view, tags[-1].end if tags else 0)))
    elif found := ape.find(view):
        places.append(("APE", ape.genres(found)))
    if not any(genres for _, genres in places):
        places.append(("ID3v1", id3v1.genres(id3v1.find(view))))
    return places


def _others(kind: str, view: View, style: Style) -> list[tuple[str, bytes]]:
    """Name and bytes of every frame, item, atom, comment or block that is no genre."""
    if kind in _BYTE_ORDER:
        return chunks.others(view, _BYTE_ORDER[kind], style)
    if kind == "mp4":
        return mp4.others(view)
    if kind == "ogg":
        return vorbis.ogg_others(view)
    tags = id3.read_tags(view)
    found = [other for tag in tags for other in id3.others(tag, style)]
    tail = id3v1.find(view)
    found += id3v1.others(tail)
    if kind == "flac":
        return found + vorbis.flac_others(view, tags[-1].end if tags else 0)
    if not tags and tail:
        found += id3.others(id3.new_tag(tail), style)  # which the new tag repeats
    if tag := ape.find(view):
        found += ape.others(tag)
    return found


def _edits(kind: str, view: View, values: list[str], style: Style) -> list[Edit] | None:
    """What is to be changed; None where mutagen has to do it, since other things move, too."""
    if kind in _BYTE_ORDER:
        return chunks.edits(view, _BYTE_ORDER[kind], values, style)
    if kind in {"ogg", "mp4"}:
        return None
    tags = id3.read_tags(view)
    edits = id3v1.edit(view, values)
    if kind == "flac":
        edits += vorbis.flac_edit(view, tags[-1].end if tags else 0, values)
        due = [tag for tag in tags if id3.genres(tag)]
    else:
        if tag := ape.find(view):
            edits += ape.edit(tag, values)
        due = [tag for n, tag in enumerate(tags) if not n or id3.genres(tag)]
        due = due or [id3.new_tag(id3v1.find(view))]
    return edits + [Edit(tag.start, tag.end, id3.render(tag, values, style)) for tag in due]


def _write_by_mutagen(path: Path, kind: str, values: list[str]) -> None:
    if kind == "ogg":
        song = _open_ogg(path)
        song["GENRE"] = values
        song.save()
        return
    song = MP4(path)
    if song.tags is None:
        song.add_tags()
    tags: Any = song.tags
    for key in list(tags):
        if key.startswith("----:") and key.rpartition(":")[2].lower() == "genre":
            tags[key] = [MP4FreeForm(value.encode()) for value in values]
    tags[_MP4_GENRE] = values
    song.save()


def _open_ogg(path: Path) -> Any:
    with path.open("rb") as file:
        head = file.read(64)
    first_packet = head[27 + head[26] :]
    for magic, kind in _OGG.items():
        if first_packet.startswith(magic):
            return kind(path)
    raise TagError("no tags can be written: it is Ogg of a kind unknown here")
