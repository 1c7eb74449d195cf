"""Says which seconds and which bands of a song spoke for its genre, and checks what it says."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melonnx.infer.errors import UnknownGenreError
from melonnx.infer.explain.evidence import Band, EvidenceMap, log_odds, map_evidence
from melonnx.infer.explain.examine import Examined
from melonnx.infer.explain.occlusion import Region, heard_frames, probabilities_without
from melonnx.infer.prediction import SILENT
from melonnx.infer.predictor import Predictor
from melonnx.infer.spelling import did_you_mean

__all__ = ["BandEffect", "Check", "Explanation", "Place", "explain", "rival_of"]

_SHARE = 0.1
"""Of what was heard, so much is named at most."""
_PLACES = 5
_DRAWS = 8


@dataclass(frozen=True)
class Place:
    """Some seconds of one band, and the scores with these alone silenced."""

    start_s: float
    end_s: float
    band: str
    low_hz: float
    high_hz: float
    score: float
    """Of the genre."""
    rival_score: float


@dataclass(frozen=True)
class BandEffect:
    """One of bass, low mid, high mid and treble, and the scores without it."""

    band: str
    low_hz: float
    high_hz: float
    score: float
    rival_score: float


@dataclass(frozen=True)
class Check:
    """What is left of the genre's score without all places that spoke for it together."""

    score: float
    rival_score: float
    random_score: float
    """With as many places of the same sizes elsewhere: the mean of ``draws`` draws."""
    random_rival_score: float
    log_odds_lost: float
    random_log_odds_lost: float
    """The mean."""
    draws: int
    share: float
    """Of what the network heard, so much is silenced."""


@dataclass(frozen=True)
class Explanation:
    """Why a song is told to be ``genre``, and not ``rival``."""

    path: str
    genre: str
    score: float
    """Its probability, which the answer's own score is above where other genres are accepted."""
    unsure: bool
    rival: str
    """The runner-up, or the genre that was asked for."""
    rival_score: float
    spoke_for: tuple[Place, ...]
    """The genre's score would be lower without them; what matters most, for its size, first."""
    spoke_against_rival: tuple[Place, ...]
    """Without them, the genre would be less ahead of the rival."""
    spoke_for_rival: tuple[Place, ...]
    """Without them, the genre would be further ahead of the rival."""
    bands: tuple[BandEffect, ...]
    """Lowest first."""
    check: Check | None
    """Of ``spoke_for``; None where no place spoke for the genre."""
    rival_check: Check | None
    """Of ``spoke_against_rival``, its log-odds against the rival; None where no place did."""
    model: str
    silence: tuple[tuple[float, float], ...] = ()
    """Seconds from and to which there was nothing to hear; no place lies there."""

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON values."""
        return asdict(self)


def explain(
    predictor: Predictor,
    examined: Examined,
    evidence: EvidenceMap | None = None,
    *,
    against: str | None = None,
) -> Explanation:
    """Explain the answer for a song against ``against``, by default the runner-up.

    ``evidence``: the song's map, where it is there already. Every score that is given was
    asked of the network, with silence in that place. Raises UnknownGenreError.
    """
    prediction, info = examined.prediction, examined.info
    genre, score = prediction.top(1)[0]
    rival = rival_of(examined, against)
    evidence = evidence or map_evidence(predictor, examined)

    def scores(regions: Sequence[Region]) -> tuple[float, float]:
        left = probabilities_without(predictor, examined, regions)
        return float(left[info.genres.index(genre)]), float(left[info.genres.index(rival)])

    def places(spoken: NDArray[np.float64]) -> tuple[list[Region], tuple[Place, ...]]:
        named = _strongest(spoken, evidence)
        regions = [_region(one, evidence) for one in named]
        seconds = evidence.column_s
        return regions, tuple(
            Place(
                first * seconds, min(behind * seconds, prediction.duration_s),
                band.name, band.low_hz, band.high_hz, *scores([region]),
            )
            for (first, behind, band), region in zip(named, regions, strict=True)
        )  # fmt: skip

    regions, spoke_for = places(evidence.matters_for(genre))
    from_rival = evidence.matters_for(genre, rival)
    ahead, spoke_against_rival = places(from_rival)
    checked = partial(_check, predictor, examined, genre=genre, rival=rival)
    return Explanation(
        path=prediction.path,
        genre=genre,
        score=score,
        unsure=prediction.unsure,
        rival=rival,
        rival_score=prediction.probabilities[rival],
        spoke_for=spoke_for,
        spoke_against_rival=spoke_against_rival,
        spoke_for_rival=places(-from_rival)[1],
        bands=tuple(
            BandEffect(
                band.name, band.low_hz, band.high_hz,
                *scores([Region((0, examined.heard.n_frames), band.mels)]),
            )
            for band in _named_bands(evidence.bands)
        ),
        check=checked(regions) if regions else None,
        rival_check=checked(ahead, against=rival) if ahead else None,
        model=prediction.model,
        silence=tuple(
            (one.start_s, one.end_s) for one in prediction.timeline if one.label == SILENT
        ),
    )  # fmt: skip


def rival_of(examined: Examined, against: str | None = None) -> str:
    """``against``, or the runner-up. Raises UnknownGenreError for what cannot be a rival."""
    genre, genres = examined.prediction.label, examined.info.genres
    rival = examined.prediction.top(2)[1][0] if against is None else against
    if rival not in genres or rival == genre:
        rivals = [one for one in genres if one != genre]
        near, others = did_you_mean(rival, rivals), ", ".join(rivals)
        raise UnknownGenreError(
            f"{rival!r} is no rival of the answer, {genre}{near}; these are: {others}"
        )
    return rival


def _strongest(spoken: NDArray[np.float64], evidence: EvidenceMap) -> list[tuple[int, int, Band]]:
    """Stretches (first column, the one behind the last, band) of what spoke most for its size."""
    heights = np.array([np.diff(band.mels)[0] for band in evidence.bands])
    weight = np.nan_to_num(spoken / heights)
    order = np.argsort(-weight, axis=None, kind="stable")
    area = np.cumsum(np.broadcast_to(heights, weight.shape).ravel()[order])
    heard = np.isfinite(spoken).any(axis=1).sum() * heights.sum()
    chosen = order[(area <= max(_SHARE * heard, area[0])) & (weight.ravel()[order] > 0)]
    stretches: list[tuple[float, int, int, Band]] = []
    for row, band in enumerate(evidence.bands):
        columns = np.sort(chosen[chosen % len(heights) == row] // len(heights))
        for _, run in groupby(enumerate(columns.tolist()), lambda pair: pair[1] - pair[0]):
            first, *_, last = [column for _, column in run] * 2
            stretches.append((float(spoken[first : last + 1, row].sum()), first, last + 1, band))
    stretches.sort(key=lambda one: -one[0])
    return [(first, behind, band) for _, first, behind, band in stretches[:_PLACES]]


def _region(stretch: tuple[int, int, Band], evidence: EvidenceMap) -> Region:
    first, behind, band = stretch
    step = evidence.column_frames
    return Region((round(first * step), round(behind * step)), band.mels)


def _named_bands(bands: Sequence[Band]) -> list[Band]:
    """Octaves of one name joined."""
    joined = []
    for name, group in groupby(bands, lambda band: band.name):
        low, *_, high = list(group) * 2
        joined.append(Band(name, low.low_hz, high.high_hz, (low.mels[0], high.mels[1])))
    return joined


def _check(
    predictor: Predictor,
    examined: Examined,
    regions: Sequence[Region],
    *,
    genre: str,
    rival: str,
    against: str | None = None,
) -> Check:
    info, heard = examined.info, examined.heard
    listened = np.zeros(heard.n_frames, np.int64)
    for start in heard.starts:
        listened[start : start + heard_frames(heard, info)] = 1
    genres, chosen, other = info.genres, info.genres.index(genre), info.genres.index(rival)
    whole = probabilities_without(predictor, examined, [])
    left = probabilities_without(predictor, examined, regions)
    rng = np.random.default_rng(0)
    random = np.stack(
        [
            probabilities_without(
                predictor,
                examined,
                [_elsewhere(one, listened, info.mel_spec.n_mels, rng) for one in regions],
            )
            for _ in range(_DRAWS)
        ]
    )
    before = log_odds(whole, genres, genre, against)
    area = sum(np.diff(one.frames)[0] * np.diff(one.bands)[0] for one in regions)
    return Check(
        score=float(left[chosen]),
        rival_score=float(left[other]),
        random_score=float(random[:, chosen].mean()),
        random_rival_score=float(random[:, other].mean()),
        log_odds_lost=float(before - log_odds(left, genres, genre, against)),
        random_log_odds_lost=float((before - log_odds(random, genres, genre, against)).mean()),
        draws=_DRAWS,
        share=float(area / (listened.sum() * info.mel_spec.n_mels)),
    )


def _elsewhere(
    region: Region, listened: NDArray[np.int64], n_mels: int, rng: np.random.Generator
) -> Region:
    """A region of the same size anywhere in what the network listened to."""
    length, height = (int(np.diff(ends)[0]) for ends in (region.frames, region.bands))
    length = min(length, len(listened))
    sums = np.concatenate(([0], np.cumsum(listened)))
    inside = sums[length:] - sums[: len(sums) - length]
    start = int(rng.choice(np.flatnonzero(inside >= min(0.95 * length, inside.max()))))
    low = int(rng.integers(0, n_mels - height + 1))
    return Region((start, start + length), (low, low + height))
