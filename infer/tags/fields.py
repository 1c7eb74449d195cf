"""Reads and writes the genre in a song's tags, and leaves everything else as it was.

ID3 (mp3, and a chunk of wav and aiff), Vorbis comments (flac, ogg, opus), MP4 atoms (m4a), all
by mutagen, the ``tags`` extra. The bytes decide what a file is, never its name.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from mutagen import MutagenError
from mutagen.aiff import AIFF
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TCON, ID3NoHeaderError
from mutagen.mp4 import MP4
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from melonnx.infer.errors import TagError
from melonnx.infer.tags.payload import audio_digest, tag_container

__all__ = ["read_genres", "write_genre"]

_OGG: dict[bytes, Callable[..., Any]] = {
    b"\x01vorbis": OggVorbis,
    b"OpusHead": OggOpus,
    b"\x7fFLAC": OggFLAC,
    b"Speex   ": OggSpeex,
}
_MP4_GENRE = "\xa9gen"
_RAW_ID3 = {"translate": False, "load_v1": False}
"""Frames as the file has them: none renamed, none taken from an ID3v1 tag beside."""
_VERSION_OF_NEW_TAGS = (2, 3, 0)
"""Windows and car radios read it; 2.4 they may not."""
_V1_GENRE = -1
_V1_NONE = 255


def read_genres(path: Path) -> list[str]:
    """The genres in the tags of ``path``; none where there are no tags.

    Raises TagError, and OSError.
    """
    with path.open("rb") as file:
        kind = _kind(file)
    return _guarded(lambda: _genres(kind, _open(path, kind)))


def write_genre(path: Path, genre: str) -> None:
    """Make ``genre`` the only genre in the tags of ``path``; a file without tags gets some.

    Works in place, so give it a copy. ID3 keeps its version (2.2, which nothing writes any more,
    and none at all become 2.3), and an ID3v1 tag beside gets the genre's number, if it has one.

    Raises TagError, also where the audio or another tag came out changed; and OSError.
    """
    with path.open("rb") as file:
        kind = _kind(file)
        digest = _digest(file, kind)
        tail = _id3v1(file, kind)
    others = _guarded(lambda: _write(path, kind, genre))
    if tail:
        _keep_id3v1(path, tail, genre)
    with path.open("rb") as file:
        if _kind(file) != kind or _digest(file, kind) != digest:
            raise TagError("its audio would come out changed: left alone")
    song = _guarded(lambda: _open(path, kind))
    if _genres(kind, song) != [genre] or _others(kind, song) != others:
        raise TagError("its other tags would not come out as they are: left alone")


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
        raise TagError(f"has tags that cannot be read ({error!r})") from None


def _of_disk(error: OSError) -> Exception:
    """Mutagen raises an OSError of no number, too, where a tag ends before its own length says."""
    if error.errno is None:
        return TagError("has tags that cannot be read (they are cut short)")
    return error


def _open(path: Path, kind: str) -> Any:
    """Mutagen's object, with tags, though they may be empty."""
    if kind == "mpeg":
        return _open_id3(path)
    song: Any
    if kind == "ogg":
        song = _open_ogg(path)
    elif kind in {"riff", "aiff"}:
        song = {"riff": WAVE, "aiff": AIFF}[kind](path, **_RAW_ID3)
        if song.tags is not None and song.tags.version < (2, 3):
            song = type(song)(path, v2_version=3, load_v1=False)
    else:
        song = {"flac": FLAC, "mp4": MP4}[kind](path)
    if song.tags is None:
        song.add_tags()
        if kind in {"riff", "aiff"}:
            _tags(kind, song).version = _VERSION_OF_NEW_TAGS
    return song


def _open_id3(path: Path) -> Any:
    try:
        tags: Any = ID3(path, **_RAW_ID3)
        return ID3(path, v2_version=3, load_v1=False) if tags.version < (2, 3) else tags
    except ID3NoHeaderError:
        pass
    try:
        return ID3(path, v2_version=3)  # an ID3v1 tag alone: its fields, as frames
    except ID3NoHeaderError:
        tags = ID3()
        tags.version = _VERSION_OF_NEW_TAGS
        return tags


def _open_ogg(path: Path) -> Any:
    with path.open("rb") as file:
        head = file.read(64)
    first_packet = head[27 + head[26] :]
    for magic, kind in _OGG.items():
        if first_packet.startswith(magic):
            return kind(path)
    raise TagError("no tags can be written: it is Ogg of a kind unknown here")


def _tags(kind: str, song: Any) -> Any:
    return song if kind == "mpeg" else song.tags


def _genres(kind: str, song: Any) -> list[str]:
    tags = _tags(kind, song)
    if kind in {"mpeg", "riff", "aiff"}:
        found = [genre for frame in tags.getall("TCON") for genre in frame.genres]
    else:
        found = tags.get(_MP4_GENRE if kind == "mp4" else "genre", [])
    return [genre for genre in found if genre.strip()]


def _write(path: Path, kind: str, genre: str) -> Any:
    """Returns the other tags as they were."""
    song = _open(path, kind)
    tags = _tags(kind, song)
    others = _others(kind, song)
    if kind in {"mpeg", "riff", "aiff"}:
        version = 4 if tags.version >= (2, 4) else 3
        encoding = 0 if genre.isascii() else 3 if version == 4 else 1
        tags.setall("TCON", [TCON(encoding=encoding, text=[genre])])
        # Without a separator: the default joins the values of every frame to one.
        tags.save(path, v2_version=version, v23_sep=None)
    else:
        tags[_MP4_GENRE if kind == "mp4" else "GENRE"] = [genre]
        song.save()
    return others


def _others(kind: str, song: Any) -> Any:
    """All but the genre, as values that can be compared."""
    tags = _tags(kind, song)
    if kind in {"mpeg", "riff", "aiff"}:
        frames = [repr(frame) for frame in tags.values() if frame.FrameID != "TCON"]
        # UTF-8 was never allowed in 2.3, and is written there as UTF-16.
        plain = [re.sub(r"encoding=<[^>]*>", "", frame) for frame in frames]
        return sorted(plain), sorted(tags.unknown_frames)
    if kind == "mp4":
        return {key: repr(tags[key]) for key in tags if key != _MP4_GENRE}
    comments = [(key, value) for key, value in tags if key.lower() != "genre"]
    blocks = [
        block.write()
        for block in getattr(song, "metadata_blocks", [])
        if block.code not in {1, 4}  # padding; comments
    ]
    return comments, blocks


def _id3v1(file: BinaryIO, kind: str) -> bytes:
    """The last 128 bytes, where they are an ID3v1 tag behind MPEG audio."""
    if kind != "mpeg":
        return b""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - 128))
    tail = file.read()
    return tail if tail.startswith(b"TAG") and len(tail) == 128 else b""


def _keep_id3v1(path: Path, tail: bytes, genre: str) -> None:
    """Mutagen writes all fields anew, from frames that may lack them: only the genre is due."""
    number = TCON.GENRES.index(genre) if genre in TCON.GENRES else _V1_NONE
    with path.open("rb+") as file:
        file.seek(-128, 2)
        file.write(tail[:_V1_GENRE] + bytes([min(number, _V1_NONE)]))
