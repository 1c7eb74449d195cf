"""The source test finds a source where there is one to hear, and none where there is not."""

from pathlib import Path

import numpy as np
import pytest

from melonnx.train.data.tracks import Track
from melonnx.train.evaluate.predictions import Predictions
from melonnx.train.evaluate.source_probe import probe_sources


def predictions_and_sources(heard, songs=40):
    """Two genres of two sources with ten artists each; ``heard``: how loud the source is."""
    rng = np.random.default_rng(0)
    tracks = tuple(
        Track(Path(f"/{genre}/{source}{number}"), genre, f"{source} {genre} {number % 10}")
        for genre in ("a", "b")
        for source in ("one", "two")
        for number in range(songs)
    )
    sources = {track.path: track.artist.split()[0] for track in tracks}
    true = np.array([track.genre == "b" for track in tracks], dtype=np.int64)
    embeddings = rng.standard_normal((len(tracks), 8)).astype(np.float32)
    embeddings[:, 0] += 10 * true
    embeddings[:, 1] += heard * np.array([sources[t.path] == "two" for t in tracks])
    predictions = Predictions(
        labels=("a", "b"),
        tracks=tracks,
        true=true,
        accepted=np.eye(2, dtype=bool)[true],
        probabilities=np.eye(2)[np.where(np.arange(len(true)) % 4 == 0, 1 - true, true)],
        scores=np.ones(len(true)),
        unsure=np.zeros(len(true), bool),
        embeddings=embeddings,
        subgenres=(None,) * len(true),
        leaves=("a", "b"),
        failures={},
    )
    return predictions, sources


def test_a_source_that_is_heard_is_found_within_each_genre():
    report = probe_sources(*predictions_and_sources(heard=6))
    assert report is not None
    assert report.genres.keys() == {"a", "b"}
    for test in report.genres.values():
        assert test.balanced_accuracy > 0.95
        assert test.interval[0] > test.chance == 0.5
        assert test.songs == {"one": 40, "two": 40}
    assert report.balanced_accuracy == pytest.approx(
        np.mean([test.balanced_accuracy for test in report.genres.values()])
    )
    assert {name: score.songs for name, score in report.sources.items()} == {"one": 80, "two": 80}
    assert report.sources["one"].accuracy == 0.75


def test_a_source_that_is_not_heard_is_told_by_chance():
    report = probe_sources(*predictions_and_sources(heard=0))
    assert report is not None
    assert report.balanced_accuracy == pytest.approx(0.5, abs=0.12)


def test_artists_are_not_taken_for_sources():
    """Each artist sounds like nobody else; a classifier that had heard them would know them."""
    predictions, sources = predictions_and_sources(heard=0)
    rng = np.random.default_rng(3)
    voices = {track.artist: rng.standard_normal(8) * 20 for track in predictions.tracks}
    predictions.embeddings[:] += np.array([voices[track.artist] for track in predictions.tracks])
    report = probe_sources(predictions, sources)
    assert report is not None
    assert report.balanced_accuracy is not None
    assert report.balanced_accuracy < 0.8


def test_genre_alone_does_not_betray_the_source():
    """Source and genre are one: there is no genre in which to ask."""
    predictions, sources = predictions_and_sources(heard=6)
    sources = {
        path: "one" if track.genre == "a" else "two"
        for path, track in zip(sources, predictions.tracks, strict=True)
    }
    report = probe_sources(predictions, sources)
    assert report is not None
    assert (report.genres, report.balanced_accuracy) == ({}, None)
    assert report.sources["two"].songs == 80


def test_without_two_sources_there_is_no_test():
    predictions, sources = predictions_and_sources(heard=6)
    assert probe_sources(predictions, {}) is None
    assert probe_sources(predictions, dict.fromkeys(sources, "one")) is None
