"""What a training run is on disk: its settings, its tracks, its history and its network."""

import csv
import hashlib
import io
import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from melonnx.infer.errors import MelonnxError
from melonnx.infer.frontend.mel import MelSpec
from melonnx.infer.model.hierarchy import genres_above
from melonnx.infer.results.replace import write_text
from melonnx.train.data.splits import Part
from melonnx.train.data.tracks import Track
from melonnx.train.settings import Settings

__all__ = ["Run", "RunError", "differences", "has_learnt", "read_run"]

_COLUMNS = (
    "path", "genre", "artist", "split", "subgenre", "also", "source", "weight", "group", "part",
)  # fmt: skip


_LEARNT = ("state.json", "network.keras", "after-*.weights.h5")
"""Files of which one is there as soon as an epoch is."""


class RunError(MelonnxError):
    """The folder holds no run, an unfinished one, or one with other settings."""

    status = "run"


@dataclass(frozen=True)
class Run:
    """A training run: everything needed to make its model again, or to export it."""

    folder: Path
    data: Path
    """Folder of the data set; of several, the one that holds them all."""
    settings: Settings
    labels: tuple[str, ...]
    tracks: tuple[Track, ...]
    parts: tuple[Part, ...]
    temperature: float = 1.0
    accepts: dict[str, dict[str, float]] = field(default_factory=dict)
    bars: dict[str, dict[str, float]] = field(default_factory=dict)
    """As in :class:`melonnx.train.calibrate.Calibration`; empty where nothing was measured."""
    music_bar: float = 0.0
    """Songs whose ``music`` is below do not sound like music; 0 where the network does not say."""
    versions: dict[str, str] = field(default_factory=dict)
    finished: bool = False
    parents: dict[str, str] = field(default_factory=dict)
    """Genre by label; empty where no track has a sub-genre."""
    sources: dict[str, str] = field(default_factory=dict)
    """sha256 of what was learnt from besides the tracks, by kind."""
    data_hash: str = ""
    """:meth:`hash_data` when the run began."""

    @property
    def genres(self) -> tuple[str, ...]:
        """The labels, or the genres above them."""
        return genres_above(self.labels, self.parents)

    @property
    def network_path(self) -> Path:
        """The Keras network of the best epoch."""
        return self.folder / "network.keras"

    def part(self, wanted: Part) -> list[Track]:
        """The tracks of one part."""
        return [t for t, part in zip(self.tracks, self.parts, strict=True) if part == wanted]

    @property
    def model_path(self) -> Path:
        """The model file of a fold, once its run has been exported."""
        return self.folder / "model.onnx"

    @property
    def fold_folders(self) -> list[Path]:
        """A run for each fold; none where there is one split."""
        return [self.folder / f"fold-{number + 1}" for number in range(self.settings.folds)]

    def songs(self, wanted: Part) -> list[Track]:
        """The tracks of one part whose audio there is; where there is none at all, pictures."""
        only_pictures = all(track.is_picture for track in self.tracks)
        return [track for track in self.part(wanted) if only_pictures or not track.is_picture]

    @property
    def learnt(self) -> list[Track]:
        """The tracks that its network has learnt from, or that decided when it had."""
        return self.part("train") + self.part("valid")

    @property
    def tested(self) -> list[Track]:
        """The songs of the test part that are measured on: those that count as whole songs."""
        songs = self.songs("test")
        return [song for song in songs if song.weight >= 1] or songs

    def hash_data(self) -> str:
        """sha256 over each track's path, size, label, artist and part, as they are now."""
        digest = hashlib.sha256()
        for track, part in zip(self.tracks, self.parts, strict=True):
            size = (track.path.parent if track.is_picture else track.path).stat().st_size
            row = (self._relative(track), size, track.label, track.artist, part)
            if track.also or track.weight != 1:
                row += (track.also, track.weight)
            digest.update(repr(row).encode(errors="surrogateescape"))
        return digest.hexdigest()

    def _relative(self, track: Track) -> str:
        return Path(os.path.relpath(track.path, self.data)).as_posix()

    def write(self) -> None:
        """Write ``run.json`` and ``tracks.csv``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        table = io.StringIO(newline="")
        rows = csv.writer(table)
        rows.writerow(_COLUMNS)
        for track, part in zip(self.tracks, self.parts, strict=True):
            facts = (track.genre, track.artist, track.split, track.subgenre)
            more = (";".join(track.also), track.source, track.weight)
            rows.writerow([self._relative(track), *facts, *more, track.group, part])
        write_text(self.folder / "tracks.csv", table.getvalue())
        values = {
            "data": str(self.data),
            "data_hash": self.data_hash,
            "sources": self.sources,
            "settings": asdict(self.settings) | {"mel_spec": self.settings.mel_spec.to_dict()},
            "labels": self.labels,
            "parents": self.parents,
            "temperature": self.temperature,
            "accepts": self.accepts,
            "bars": self.bars,
            "music_bar": self.music_bar,
            "versions": self.versions,
            "finished": self.finished,
        }
        write_text(self.folder / "run.json", json.dumps(values, indent=2))


def differences(before: Run, now: Run) -> list[str]:
    """What a run that goes on must share with the one in its folder, and does not, in words."""
    old, new = asdict(before.settings), asdict(now.settings)
    told = [f"{name} was {old[name]}, is {new[name]}" for name in new if old[name] != new[name]]
    for what, known, wanted in (
        ("label", before.labels, now.labels),
        ("source", before.sources, now.sources),
    ):
        told += [f"{what} {name} is new" for name in wanted if name not in known]
        told += [f"{what} {name} is gone" for name in known if name not in wanted]
    shared = before.sources.keys() & now.sources.keys()
    told += [f"another {name}" for name in shared if before.sources[name] != now.sources[name]]
    if before.data_hash != now.data_hash:
        own, others = ({run._relative(track) for track in run.tracks} for run in (before, now))
        counts = ((len(others - own), "new"), (len(own - others), "gone"))
        moved = [f"{count} {how}" for count, how in counts if count]
        told.append(f"tracks: {', '.join(moved) or 'changed in size, label, artist or part'}")
    return told


def has_learnt(folder: Path) -> bool:
    """Whether an epoch's work lies in ``folder``, or in one of its folds."""
    return any(next(folder.rglob(name), None) is not None for name in _LEARNT)


def read_run(folder: Path) -> Run:
    """Read a run back. Raises RunError where ``folder`` holds none that this version reads."""
    try:
        values: dict[str, Any] = json.loads((folder / "run.json").read_text("utf-8"))
        settings = values["settings"]
        known = {entry.name for entry in fields(Settings)}
        if settings.keys() != known or "sources" not in values:
            raise RunError(f"{folder}: was made by another version of melonnx")
        settings["mel_spec"] = MelSpec.from_dict(settings["mel_spec"])
        data = Path(values["data"])
        with (folder / "tracks.csv").open(
            newline="", encoding="utf-8", errors="surrogateescape"
        ) as file:
            rows = list(csv.DictReader(file))
        return Run(
            folder=folder,
            data=data,
            settings=Settings(**settings),
            labels=tuple(values["labels"]),
            tracks=tuple(
                Track(
                    Path(os.path.normpath(data / row["path"])),
                    row["genre"],
                    row["artist"],
                    row["split"],
                    row["subgenre"],
                    tuple(filter(None, row["also"].split(";"))),
                    row["source"],
                    float(row["weight"]),
                )
                for row in rows
            ),
            parts=tuple(row["part"] for row in rows),  # type: ignore[misc]
            temperature=values["temperature"],
            accepts=values["accepts"],
            bars=values["bars"],
            music_bar=values["music_bar"],
            versions=values["versions"],
            finished=values["finished"],
            parents=values["parents"],
            sources=values["sources"],
            data_hash=values["data_hash"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise RunError(f"{folder}: holds no training run ({error})") from None
