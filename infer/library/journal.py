"""Keeps every answer of a long run on disk as it comes, so that no kill loses work.

A journal is lines of JSON: a header that names the model, then a row for each file that this
model has heard: absolute path (or URL), size, time of change, status, the packed answer, the
embedding, where one was asked for, and a digest of the audio, by which a file that was renamed,
moved or tagged is found again. Rows are only ever added. Answers are whole, so what is
shown of them (format, ``top``, segments) may change from run to run; what another model said, or
said of other bytes, is never taken. A torn line is none.
"""

import base64
import errno
import hashlib
import json
import os
import time
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from melonnx.infer.errors import JournalError
from melonnx.infer.prediction import Prediction
from melonnx.infer.system import flush_to_disk, lock

__all__ = [
    "Identity",
    "Journal",
    "ModelKey",
    "Packed",
    "file_identity",
    "journal_path",
    "model_key",
    "open_journal",
    "pack",
    "unpack",
]

_VERSION = 1
_LASTING = ("ok", "empty", "silent", "invalid_samples", "crashed")
"""What else a file may be (unreadable, of an unsupported format) is tried again in the next run:
a permission or a decoder may have come."""
_COLUMNS = (6, 7)
"""Journals of before had no digests."""
_BEGIN = b'{"journal":'
_SYNC_S = 1.0
"""A power cut costs what came within so many seconds; a kill costs nothing."""


class Identity(NamedTuple):
    """What tells that a file is the one that was heard."""

    path: str
    """Absolute, or a URL."""
    size: int
    """Bytes; -1 where there is no such file."""
    mtime_ns: int
    """Time of change, in nanoseconds."""


class ModelKey(NamedTuple):
    """What tells that a model is the one that has heard."""

    name: str
    """Name and version."""
    sha256: str
    """Of its file."""


class Packed(NamedTuple):
    """An answer without its path, small enough to keep by the million."""

    status: str
    answer: str
    """Base64 of a zlib stream of JSON."""
    embedding: str | None
    """Base64 of float32, little-endian; None where it was not asked for or there is none."""


def file_identity(path: str) -> Identity:
    """Of a local file, missing or not."""
    whole = os.path.abspath(path)
    try:
        found = os.stat(whole)
    except (OSError, ValueError):
        return Identity(whole, -1, -1)
    return Identity(whole, found.st_size, found.st_mtime_ns)


def model_key(path: Path, name: str) -> ModelKey:
    """Of a model file; ``name``: its name and version."""
    return ModelKey(name, hashlib.sha256(path.read_bytes()).hexdigest())


def pack(prediction: Prediction, *, embedding: bool = False) -> Packed:
    """Make small; ``embedding``: keep it."""
    values = prediction.to_dict()
    prefix = f"{values.pop('path')}: "  # every error begins so, and paths may be given otherwise
    if prediction.error is not None:
        values["error"] = prediction.error.removeprefix(prefix)
    values["timeline"] = [list(segment) for segment in prediction.timeline]
    text = json.dumps(values, separators=(",", ":")).encode()
    kept = None
    if embedding and prediction.embedding is not None:
        kept = base64.b64encode(prediction.embedding.astype("<f4").tobytes()).decode()
    return Packed(prediction.status, base64.b64encode(zlib.compress(text)).decode(), kept)


def unpack(packed: Packed, path: str) -> Prediction:
    """The prediction again, of the file that is now called ``path``."""
    values: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed.answer)))
    prediction = Prediction.from_dict({**values, "path": path})
    if prediction.error is not None:
        prediction = replace(prediction, error=f"{path}: {prediction.error}")
    if packed.embedding is None:
        return prediction
    embedding = np.frombuffer(base64.b64decode(packed.embedding), "<f4").astype(np.float32)
    return replace(prediction, embedding=embedding)


def journal_path(output: Path) -> Path:
    """Where the journal of an output file lies: beside it, however many links lead there."""
    return Path(f"{output.resolve()}.journal")


class Journal:
    """An open journal, locked for this process. Made by :func:`open_journal`."""

    def __init__(self, path: Path, model: ModelKey, file: FileIO, *, embedding: bool) -> None:
        self.path = path
        self._file = file
        self._lines = path.open("rb")
        self._synced = time.monotonic()
        self._known: dict[str, tuple[int, int, int]] = {}
        self._moved: dict[str, int] = {}
        self._tried: dict[str, int] = {}
        self._end = 0
        is_ours = self._read_all(model, embedding=embedding)
        file.truncate(self._end)  # of a row that a kill has torn
        if not is_ours:
            self._append({"journal": _VERSION, "model": model})

    def match(
        self,
        identities: Iterable[Identity],
        total: int,
        digest: Callable[[str], str | None] | None = None,
    ) -> "array[int]":
        """Where the answer for each of ``total`` files begins; -1 for one to be heard.

        ``digest``: of the audio at a path, for files that are not where, or as, they were; their
        answers get a row of their own. Call it once: what is not asked for is then forgotten.
        """
        offsets = array("q", [-1]) * total
        for i, identity in enumerate(identities):
            size, mtime_ns, offset = self._known.get(identity.path, (None, None, -1))
            if (size, mtime_ns) == identity[1:]:
                offsets[i] = offset
            elif digest is not None and self._moved and identity.size > 0:
                told = digest(identity.path)
                if told is not None and (offset := self._moved.get(told, -1)) >= 0:
                    offsets[i] = self._append([*identity, *self.read(offset), told])
        self._known, self._moved = {}, {}
        return offsets

    def add(self, identity: Identity, packed: Packed, digest: str | None = None) -> int:
        """Write an answer at the end, and return where. Raises OSError on a full disk.

        ``digest``: of the audio. A file that fails run after run, with the same error, keeps its
        row.
        """
        before = self._tried.get(identity.path)
        if before is not None and self._row(before)[:6] == [*identity, *packed]:
            return before
        offset = self._append([*identity, *packed, digest])
        if time.monotonic() - self._synced > _SYNC_S:
            self.sync()
        return offset

    def read(self, offset: int) -> Packed:
        """The answer that begins at ``offset``."""
        return Packed(*self._row(offset)[3:6])

    def sync(self) -> None:
        """Wait until the disk has it all.

        Raises OSError, and JournalError where the file is no more where it was: whoever goes on
        for hours would write into nothing.
        """
        flush_to_disk(self._file.fileno())
        self._synced = time.monotonic()
        try:
            is_there = os.path.samestat(os.fstat(self._file.fileno()), self.path.stat())
        except OSError:
            is_there = False
        if not is_there:
            raise JournalError(
                f"{self.path}: was moved or removed while it was written; put it back, and the "
                "same command goes on"
            )

    def close(self) -> None:
        """Write what is left and let other runs in. Raises what :meth:`sync` raises."""
        try:
            self.sync()
        finally:
            self._lines.close()
            self._file.close()

    def _row(self, offset: int) -> list[Any]:
        self._lines.seek(offset)
        return json.loads(self._lines.readline())

    def _append(self, values: Any) -> int:
        line = json.dumps(values, separators=(",", ":")).encode() + b"\n"
        offset = self._end
        self._file.seek(offset)
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError:
            self._file.truncate(offset)
            raise
        self._end = self._file.tell()
        return offset

    def _read_all(self, model: ModelKey, *, embedding: bool) -> bool:
        """Note what ``model`` has heard for good; True where the last header names it."""
        ours = False
        for line in self._lines:
            if not line.endswith(b"\n"):
                break
            row = _parsed(line)
            if isinstance(row, dict):
                ours = row.get("model") == list(model)
            elif ours and isinstance(row, list) and len(row) in _COLUMNS:
                path, size, mtime_ns, status, _, kept = row[:6]
                has_all = kept is not None or not embedding or status != "ok"
                if not isinstance(path, str):
                    pass
                elif status in _LASTING and has_all and _is_whole(row):
                    self._known[path] = size, mtime_ns, self._end
                    if len(row) > 6 and isinstance(row[6], str):
                        self._moved[row[6]] = self._end
                elif status not in _LASTING:
                    self._tried[path] = self._end
            self._end += len(line)
        return ours


@contextmanager
def open_journal(
    path: Path, model: ModelKey, *, embedding: bool = False, fresh: bool = False
) -> Iterator[Journal]:
    """Open ``path`` for this process alone; make it where it is not there.

    ``embedding``: answers of earlier runs count only if they have one. ``fresh``: forget them
    all. Raises JournalError: another run holds it, it is no journal, or it cannot be written.
    """
    try:
        file = _open_locked(path)
    except OSError as error:
        raise _unwritten(path, error) from None
    with file:
        try:
            head = file.read(len(_BEGIN))
            if head != _BEGIN[: len(head)]:
                raise JournalError(f"{path}: is no journal; move it away, or write to another file")
            if fresh:
                file.truncate(0)
            journal = Journal(path, model, file, embedding=embedding)
        except OSError as error:
            raise _unwritten(path, error) from None
        try:
            yield journal
        finally:
            try:
                journal.close()
            except OSError as error:
                raise _unwritten(path, error) from None


def _open_locked(path: Path) -> FileIO:
    path.touch()
    file = FileIO(path, "r+")
    try:
        lock(file)
    except OSError as error:
        file.close()
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        raise JournalError(
            f"{path}: another run writes it; wait for its end, or write to another file"
        ) from None
    return file


def _unwritten(path: Path, error: OSError) -> JournalError:
    return JournalError(f"{path}: cannot be written ({error.strerror or error})")


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # a power cut may leave zeros
        return None


def _is_whole(row: list[Any]) -> bool:
    """What it holds unpacks: zlib keeps a checksum, and a disk may have changed a bit."""
    answer, kept = row[4:6]
    try:
        zlib.decompress(base64.b64decode(answer))
        return kept is None or len(base64.b64decode(kept)) % 4 == 0
    except (ValueError, TypeError, zlib.error):
        return False
