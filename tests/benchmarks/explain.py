"""Whether explanations are true: named places silenced, beside others of the same sizes.

python tests/benchmarks/explain.py MUSIC [SONGS_A_GENRE]

MUSIC: <genre>/<file>. For each released model, what `melonnx explain` names as having spoken
for the answer; and, beside it, the tenth of the song's moments that the network's own class
activations name, against the same pattern of moments moved in time.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melonnx.infer import Predictor
from melonnx.infer.explain.evidence import activation_over_time, log_odds
from melonnx.infer.explain.examine import Examined, examine
from melonnx.infer.explain.explanation import Check, explain
from melonnx.infer.explain.occlusion import Region, probabilities_without
from melonnx.infer.library.find import find_music

_DRAWS = 8
_SHARE = 0.1


def main() -> None:
    """Print three lines for each model."""
    root = Path(sys.argv[1])
    n_each = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    songs: list[Path] = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        found = find_music(folder)
        songs += [found[i] for i in np.linspace(0, len(found) - 1, n_each).astype(int)]
    for name in ("genre-base", "genre-small"):
        predictor = Predictor(name, device="cpu")
        checks: list[Check] = []
        scores: list[float] = []
        by_activation: list[tuple[float, float]] = []
        for song in songs:
            examined = examine(predictor, song)
            explanation = explain(predictor, examined)
            if explanation.check:
                checks.append(explanation.check)
                scores.append(explanation.score)
            by_activation.append(_activation_check(predictor, examined))
        lost = np.array([(one.log_odds_lost, one.random_log_odds_lost) for one in checks])
        left = np.array([(one.score, one.random_score) for one in checks]).mean(axis=0)
        share = np.mean([one.share for one in checks])
        print(f"{name}, {len(checks)} songs; silenced: {share:.1%} of what was heard")
        print(f"  explain     {_told(lost)}")
        print(
            f"              score {np.mean(scores):.1%}, without them {left[0]:.1%}, {left[1]:.1%}"
        )
        print(f"  activations {_told(np.array(by_activation))}", flush=True)


def _told(lost: NDArray[np.float64]) -> str:
    named, random = lost.mean(axis=0)
    return (
        f"log-odds lost {named:.2f}, elsewhere {random:.2f}: {named / random:.2f} times; "
        f"more than elsewhere in {(lost[:, 0] > lost[:, 1]).mean():.0%} of the songs"
    )


def _activation_check(predictor: Predictor, examined: Examined) -> tuple[float, float]:
    """Log-odds lost without the moments of highest activation, and without others."""
    info, genre = examined.info, examined.prediction.label
    assert genre is not None
    activation, column_s = activation_over_time(examined, genre)
    heard = np.flatnonzero(np.isfinite(activation))
    n_silenced = max(1, round(_SHARE * len(heard)))
    every = round(column_s / info.mel_spec.frame_seconds)
    whole = log_odds(probabilities_without(predictor, examined, []), info.genres, genre)

    def lost(columns: NDArray[np.int64]) -> float:
        bands = (0, info.mel_spec.n_mels)
        regions = [Region((int(at) * every, int(at + 1) * every), bands) for at in columns]
        left = probabilities_without(predictor, examined, regions)
        return float(whole - log_odds(left, info.genres, genre))

    named = np.argsort(-activation[heard])[:n_silenced]
    shifts = np.random.default_rng(0).integers(1, len(heard), _DRAWS)
    draws = [lost(heard[(named + shift) % len(heard)]) for shift in shifts]
    return lost(heard[named]), float(np.mean(draws))


if __name__ == "__main__":
    main()
