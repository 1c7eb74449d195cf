"""A song in, its genre out: decode, mel, windows, network, answer."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.audio.reader import AudioReader, Source, open_array, open_audio, require_sound
from melonnx.infer.frontend.long_tracks import Heard, hear
from melonnx.infer.frontend.windows import Patches, patch_batches
from melonnx.infer.model.acceptance import chances_accepted
from melonnx.infer.model.calibration import scale
from melonnx.infer.model.certainty import is_unsure
from melonnx.infer.model.heads import song_values, window_values
from melonnx.infer.model.hierarchy import sum_by_genre
from melonnx.infer.model.learnt import Learnt
from melonnx.infer.model.metadata import DEFAULT_SURE
from melonnx.infer.model.pooling import pool_windows
from melonnx.infer.model.session import MODELS_FOLDER, Device, Outputs, find_model, load_model
from melonnx.infer.prediction import (
    MOSTLY_SILENCE,
    NO_MUSIC,
    SHORT,
    SILENT,
    Prediction,
    Segment,
)
from melonnx.infer.skim import skim
from melonnx.infer.timeline import spans
from melonnx.infer.units import clock
from melonnx.infer.wanted import Wanted

if TYPE_CHECKING:
    from melonnx.infer.stream import Stream

__all__ = ["Predictor"]

_SCALES = ("energy", "valence")
_BATCH = 2
"""Windows a run: more make it no faster, and each needs 3 MB for its widest layer."""
_HAIR = 0.04
"""Skimming moves a probability by less in 99 of 100 songs (0.037): where two genres are nearer to
each other, only the whole song can tell."""


class Predictor:
    """One model, loaded once; use it for as many songs and from as many threads as you like.

    ``model``: path of a model file, or the name of a released one ("genre-base",
    "genre-small"); None takes the default one.
    ``device``: "auto", "cpu", "cuda", or a list of onnxruntime execution providers.
    ``threads``: threads of one run of the network; None takes one for each core.
    ``skim``: decode of a long song only the places that the network listens to. One of four
    minutes takes a third of the time; what is damaged elsewhere goes unseen, and the song's level
    is that of forty moments along it (``Prediction.skimmed`` says so). What allows no exact seeking
    (m4a, opus with speech, mp3 below 32 kHz or without a tag of its length, streams) is still read
    through, and so is what the model hears all of: short songs, and any where its ``max_windows``
    is 0; and where two genres are nearly as probable, the whole song decides. False reads every
    song to its end.
    ``sure``: of the answers that are not marked unsure, so many percent are right. 80 marks fewer
    songs, 95 more; which rates there are is in the model's file (``info.bars``).
    ``track``: which of several audio tracks (a video's, say), from 1 on; None takes the one that
    FFmpeg plays by default. Where there are several, a warning says which was heard.
    ``genres``: the only ones that may be answers, however they are spelt; None for all of the
    model's. Their probabilities are renormalised; ``score`` stays the chance that the answer is
    right, so that what is not marked unsure is right as often as ``sure`` says.

    Can be pickled: the file's path travels (of a released model, the name), and the process that
    unpickles it opens the file anew, on the same device, with as many threads. In a process that is
    forked (Linux), it opens the file anew when it is first used.

    Raises ModelFileError, DeviceError, UnknownRateError (the file has no bars for ``sure``) and
    UnknownGenreError (a genre that the model does not tell; the nearest is named).
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        device: Device = "auto",
        threads: int | None = None,
        skim: bool = True,
        sure: int = DEFAULT_SURE,
        track: int | None = None,
        genres: Sequence[str] | None = None,
    ) -> None:
        self._model = load_model(model, device=device, threads=threads)
        self.info = self._model.info
        self._wanted = Wanted.of_model(self.info, genres, sure=sure)
        self.sure = sure
        if track is not None and track < 1:
            raise ValueError(f"track={track} must be 1 or more")
        self.skim = skim
        self.track = track
        self.providers = self._model.providers
        self._opened_with = _for_elsewhere(model), device, threads, skim, sure, track, genres

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        return type(self), self._opened_with

    @property
    def genres(self) -> tuple[str, ...]:
        """Those that may be answers, in the model's order."""
        return self._wanted.genres

    @property
    def learnt(self) -> Learnt | None:
        """Which songs the model has learnt from; None where its file does not say."""
        return self._model.learnt

    def among(self, genres: Sequence[str]) -> Self:
        """One that answers with ``genres`` only, on the same open model.

        Raises UnknownGenreError.
        """
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._wanted = Wanted.of_model(self.info, genres, sure=self.sure)
        *opened_with, _ = self._opened_with
        other._opened_with = (*opened_with, other._wanted.genres)
        return other

    def predict(
        self,
        source: Source,
        *,
        top: int | None = None,
        offset: float = 0.0,
        duration: float | None = None,
    ) -> Prediction:
        """Classify a path, the bytes of a file, or a binary stream.

        ``top``: keep only so many genres' probabilities, 1 or more. ``offset``, ``duration``:
        seconds of the source to skip and to use at most.

        Raises an AudioError for what cannot be classified: NoMusicError, UnreadableAudioError,
        UnsupportedFormatError, EmptyAudioError, SilentAudioError, InvalidSamplesError.
        """
        _require_top(top)
        info, rate = self.info, self.info.mel_spec.sample_rate
        if self.skim and not offset and duration is None and _opens_twice(source):
            with open_audio(source, rate, track=self.track) as reader:
                heard = skim(reader, info.mel_spec, info.window, info.window_hop, info.max_windows)
                if heard is not None:
                    answer = self.answer(reader, heard, self.run(self.patches(heard)))
                    if not _hangs_on_a_hair(answer):
                        return replace(answer.shown(top, parents=info.parents), skimmed=True)
        with open_audio(source, rate, offset=offset, duration=duration, track=self.track) as reader:
            return self._predict(reader, top)

    def predict_array(
        self,
        waveform: NDArray[Any],
        sample_rate: int,
        *,
        top: int | None = None,
        name: str = "<array>",
    ) -> Prediction:
        """Classify samples at ``sample_rate`` Hz: (samples,) or (samples, channels).

        Float, or integer PCM. ``name``: the answer's ``path``.
        Raises InvalidSamplesError, EmptyAudioError, SilentAudioError.
        """
        _require_top(top)
        with open_array(waveform, sample_rate, self.info.mel_spec.sample_rate, name) as reader:
            return self._predict(reader, top)

    def stream(
        self,
        sample_rate: int,
        *,
        length: float = 30.0,
        hop: float = 3.0,
        top: int | None = None,
        name: str = "<stream>",
    ) -> "Stream":
        """Classify what comes block by block at ``sample_rate`` Hz, and has no end yet.

        ``length``: seconds that an answer rests on; those of the songs that the released models
        were measured on by default. ``hop``: seconds from one answer to the next. ``name``: the
        answers' ``path``. :class:`Stream` says what is promised.

        Raises ValueError (length, hop, top) and InvalidSamplesError (no rate of audio).
        """
        from melonnx.infer.stream import Stream

        return Stream(self, sample_rate, length=length, hop=hop, top=top, name=name)

    def _predict(self, reader: AudioReader, top: int | None) -> Prediction:
        info = self.info
        heard = hear(reader, info.mel_spec, info.window, info.window_hop, info.max_windows)
        require_sound(reader, info.mel_spec.n_fft)
        return self.answer(reader, heard, self.run(self.patches(heard)), top)

    def patches(self, heard: Heard) -> Iterator[Patches]:
        """Batches [at most 2, window, n_mels] of the windows of what was heard, in order."""
        return patch_batches(heard.log_mel, self.info.window, heard.rows, _BATCH)

    def run(self, batches: Iterable[Patches], *, evidence: bool = False) -> Outputs:
        """The network's outputs for all windows, joined."""
        return self._model.run_batches(batches, evidence=evidence)

    def answer(
        self, reader: AudioReader, heard: Heard, outputs: Outputs, top: int | None = None
    ) -> Prediction:
        """What the network's outputs for the windows say of a song that was read to its end."""
        info, warnings, duration_s = self.info, reader.warnings, reader.duration_s
        sound_s = duration_s * heard.n_sounding / heard.n_frames
        is_short = heard.n_sounding < info.window
        if is_short:
            whole = info.window * info.mel_spec.frame_seconds
            warnings += (f"{SHORT} {sound_s:.1f} s, the model hears {whole:.1f} s",)
        if sound_s < duration_s / 2:
            warnings += (f"{MOSTLY_SILENCE} {clock(sound_s)} of {clock(duration_s)} were heard",)
        music = None if outputs.music is None else float(outputs.music.mean(dtype=np.float64))
        is_music = music is None or music >= info.music_bar
        if not is_music:
            warnings += (f"{NO_MUSIC} ({music:.2f}): speech, noise or effects?",)
        by_window = outputs.probabilities
        leaves = scale(pool_windows(by_window, info.pooling), info.temperature)
        by_genre = sum_by_genre(leaves, info.labels, info.parents)
        probabilities = _falling(info.genres, by_genre)
        label = next(iter(probabilities))
        accepted = chances_accepted(by_genre, info.genres, info.accepts)
        score = float(accepted[info.genres.index(label)])
        bar = info.bars_at(self.sure).get(label, 0.0)
        subgenres = _falling(info.labels, leaves) if info.parents else {}
        heads = self._heads(outputs)
        tags = heads.pop("tags", {})
        bars = info.heads["tags"].bars if tags else {}
        energy, valence = (heads.pop(name, {}).get(name) for name in _SCALES)
        whole = Prediction(
            path=reader.name,
            label=label,
            score=score,
            unsure=is_unsure(score, bar, is_short=is_short, is_music=is_music),
            music=music,
            probabilities=probabilities,
            subgenre=next((leaf for leaf in subgenres if info.parents[leaf] == label), None),
            subgenres=subgenres,
            tags=tags,
            said=tuple(tag for tag, value in tags.items() if value >= bars.get(tag, inf)),
            energy=energy,
            valence=valence,
            heads=heads,
            timeline=self._timeline(outputs, heard, duration_s),
            embedding=outputs.embedding.mean(axis=0),
            duration_s=duration_s,
            model=f"{info.name} {info.version}",
            warnings=warnings,
        )
        wanted = replace(self._wanted.answer(whole), timeline=whole.timeline)
        return wanted.shown(top, parents=info.parents)

    def _heads(self, outputs: Outputs) -> dict[str, dict[str, float]]:
        """Values by label, highest first, of each further head of the file."""
        found: dict[str, dict[str, float]] = {}
        for name, logits in outputs.heads.items():
            head = self.info.heads[name]
            values = _falling(head.labels, song_values(logits, head.temperature))
            found[name] = {name: next(iter(values.values()))} if head.kind == "scale" else values
        return found

    def _timeline(self, outputs: Outputs, heard: Heard, duration_s: float) -> tuple[Segment, ...]:
        info = self.info
        leaves = scale(outputs.probabilities, info.temperature)
        probabilities = sum_by_genre(leaves, info.labels, info.parents)
        if not self._wanted.changes_nothing:
            probabilities = self._wanted.among(probabilities)
        best = probabilities.argmax(axis=1)
        scales = [self._by_window(outputs, name) for name in _SCALES]
        return tuple(
            Segment(begin, end, SILENT, 0.0)
            if window is None
            else Segment(
                *(begin, end, info.genres[best[window]]),
                float(probabilities[window, best[window]]),
                *(None if values is None else values[window] for values in scales),
            )
            for begin, end, window in spans(heard, info, duration_s)
        )

    def _by_window(self, outputs: Outputs, name: str) -> list[float] | None:
        """What a head of one number says of each window; None where the file has no such head."""
        if name not in outputs.heads:
            return None
        return window_values(outputs.heads[name], self.info.heads[name].temperature)[:, 0].tolist()


def _for_elsewhere(model: str | os.PathLike[str] | None) -> str:
    """What names the model in another process, folder or, if it is a released one, machine."""
    path = find_model(model)
    return path.stem if path.parent == MODELS_FOLDER else str(path.absolute())


def _require_top(top: int | None) -> None:
    if top is not None and top < 1:
        raise ValueError(f"top={top} must be 1 or more")


def _hangs_on_a_hair(answer: Prediction) -> bool:
    """Whether another genre is nearly as probable."""
    shares = list(answer.probabilities.values())
    return len(shares) > 1 and shares[0] - shares[1] < _HAIR


def _opens_twice(source: Source) -> bool:
    """Not what a pipe holds."""
    if isinstance(source, str | os.PathLike):
        # Path.is_file raises where a name is too long.
        return os.path.isfile(source)  # noqa: PTH113
    return isinstance(source, bytes)


def _falling(names: tuple[str, ...], probabilities: NDArray[np.float64]) -> dict[str, float]:
    """The most probable first."""
    order = np.argsort(-probabilities, kind="stable")
    return {names[i]: float(probabilities[i]) for i in order}
