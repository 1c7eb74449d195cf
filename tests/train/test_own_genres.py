"""A head for somebody's own genres is measured on what it has not learnt, and says how well."""

from pathlib import Path

import numpy as np
import pytest

from melonnx.train.data.tracks import DataSetError, Track
from melonnx.train.own_genres import _folds, fit_own_genres, warnings_of


def songs(n, labels=("calm", "loud"), artists=True, spread=0.5, seed=0):
    """Tracks in turn of each label, two of an artist, and three windows' embeddings of each."""
    rng = np.random.default_rng(seed)
    tracks, embeddings = [], []
    for number in range(n):
        label = labels[number % len(labels)]
        artist = f"{label} {number // (2 * len(labels))}" if artists else ""
        tracks.append(Track(Path(label) / f"{number} of all.wav", label, artist))
        centre = np.eye(8)[labels.index(label)] * 4
        embeddings.append((centre + rng.normal(0, spread, (3, 8))).astype(np.float32))
    return tracks, embeddings


def test_what_is_apart_is_told_apart_and_calibrated():
    own = fit_own_genres(*songs(40))
    assert own.labels == ("calm", "loud")
    assert own.report.accuracy == 1
    assert own.report.majority_baseline == 0.5
    assert own.report.groups == 20
    assert own.split.startswith("5 folds: 40 songs, each asked of a head that had not heard its")
    assert 0 < own.calibration.temperature < 1  # a head of so few songs is too modest
    assert set(own.calibration.bars["90"]) == set(own.labels)
    assert own.flattered == ()
    assert warnings_of(own) == []


def test_labels_that_say_nothing_score_what_chance_scores():
    tracks, embeddings = songs(60, spread=1)
    order = np.random.default_rng(3).permutation(60)
    own = fit_own_genres(tracks, [embeddings[row] for row in order])
    low, high = own.report.accuracy_interval
    assert low < 0.5 < high
    assert "not shown to be better than always saying 'calm'" in "\n".join(warnings_of(own))


def test_an_artist_that_gives_the_label_away_does_not_help():
    """Each artist has a direction of its own, which a head that had heard it would know."""
    tracks, _ = songs(40)
    artists = sorted({track.artist for track in tracks})
    embeddings = [np.eye(20, dtype=np.float32)[[artists.index(t.artist)]] for t in tracks]
    own = fit_own_genres(tracks, embeddings)
    said = own.classifier.predict_proba(np.concatenate(embeddings))
    assert (said.argmax(axis=1) == [own.labels.index(t.genre) for t in tracks]).all()
    assert own.report.accuracy <= 0.6


def test_a_fold_is_calibrated_by_the_others(monkeypatch):
    """The file's temperature is that of all answers; the report's of a fold, that of the rest."""
    asked = []

    def fit(answers, classes):
        asked.append(len(classes))
        return 1.0 if len(classes) == 40 else 5.0

    monkeypatch.setattr("melonnx.train.calibrate.fit_temperature", fit)
    own = fit_own_genres(*songs(40))
    assert max(asked) == 40
    assert len(asked) == 6
    assert sum(asked) == 40 + 4 * 40
    assert own.calibration.temperature == 1
    assert own.report.ece > 0.3  # all are right, and at a temperature of 5 none is sure of it


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr("melonnx.train.evaluate.measures._RESAMPLES", 200)


def test_songs_of_one_artist_are_parted_one_by_one_and_it_is_said():
    tracks, embeddings = songs(24)
    one = [Track(t.path, t.genre, "she" if t.genre == "calm" else t.artist) for t in tracks]
    own = fit_own_genres(one, embeddings)
    assert own.flattered == ("calm",)
    assert "(calm: it only)" in own.split
    assert own.report.groups == 12 + 6
    assert "of one artist or unknown ones: calm;" in "\n".join(warnings_of(own))


def test_two_songs_of_a_label_will_do_and_are_said_to_be_few():
    tracks, embeddings = songs(4, artists=False)
    own = fit_own_genres(tracks, embeddings)
    assert own.report.songs == 4
    assert "fewer than 10 songs: calm (2), loud (2)" in warnings_of(own)[0]


@pytest.mark.parametrize("rare_groups", [["x", "y"], ["x", "x", "y"]])
def test_each_label_is_learnt_whenever_it_is_asked_for(rare_groups):
    """Were all groups of a rare label in one fold, its songs could not but be wrong."""
    classes = np.array([0, 1] * 30 + [2] * len(rare_groups))
    groups = np.array([f"artist {row // 4}" for row in range(60)] + rare_groups)
    folds, _ = _folds(classes, groups)
    assert sorted(np.concatenate([ask for _, ask in folds]).tolist()) == list(range(len(classes)))
    for learn, ask in folds:
        assert set(classes[learn].tolist()) == {0, 1, 2}
        assert not set(groups[learn]) & set(groups[ask])


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ({}, "no song was heard"),
        ({"calm": 3}, "all songs that could be heard are 'calm'"),
        ({"calm": 3, "loud": 1, "new": 1}, "one song only of loud, new: a head needs two"),
    ],
)
def test_too_little_is_one_clear_line(counts, reason):
    tracks = [
        Track(Path(label) / f"{number}.wav", label)
        for label, count in counts.items()
        for number in range(count)
    ]
    with pytest.raises(DataSetError, match=reason):
        fit_own_genres(tracks, [np.ones((1, 8), np.float32)] * len(tracks))
