"""Temperature and bars do what they are for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from melonnx.infer.model.calibration import scale
from melonnx.train.calibrate import (
    Judged,
    accept_rates,
    calibrate,
    fit_temperature,
    sure_bars,
    unsure_threshold,
    unsure_thresholds,
)
from melonnx.train.data.tracks import Track


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_answers_too_sure_is_found(temperature):
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((20_000, 5)) * 2
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    classes = np.array([rng.choice(5, p=row) for row in honest])
    found = fit_temperature(scale(honest, 1 / temperature), np.eye(5, dtype=bool)[classes])
    assert found == pytest.approx(temperature, rel=0.1)


def test_a_few_songs_that_are_all_told_right_make_no_network_certain():
    """The more there are, the more they may say."""
    probabilities, right = np.array([[0.7, 0.3]]), np.array([[True, False]])
    found = [fit_temperature(np.tile(probabilities, (n, 1)), np.tile(right, (n, 1)))
             for n in (5, 20, 100, 1000)]  # fmt: skip
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.7
    assert found[1] > 0.35
    assert found[-1] == pytest.approx(0.2, abs=0.01)


def judged(probabilities, classes):
    """Where one label is right for each song."""
    answers = probabilities.argmax(axis=1)
    return Judged(probabilities.max(axis=1), answers, answers == classes)


def test_threshold_is_the_lowest_score_that_keeps_the_rate():
    scores = np.array([0.95, 0.9, 0.8, 0.7, 0.6, 0.55])
    probabilities = np.stack([scores, 1 - scores], axis=1)
    classes = np.array([0, 0, 0, 1, 0, 1])  # right, right, right, wrong, right, wrong
    assert unsure_threshold(judged(probabilities, classes), 0.8) == 0.6
    assert unsure_threshold(judged(probabilities, classes), 0.9) == 0.8


def test_threshold_where_no_score_reaches_the_rate_is_that_of_the_best():
    scores = np.array([0.95, 0.9, 0.8, 0.7])
    probabilities = np.stack([scores, 1 - scores], axis=1)
    assert unsure_threshold(judged(probabilities, np.array([1, 0, 0, 1])), 0.9) == 0.8


def test_label_thresholds_worked_by_hand():
    # Label 0: twelve answers, all right. Label 1: eight, the surer half right.
    # Label 2: two wrong answers at the top, too few for a threshold of its own.
    scores = [0.52 + 0.04 * i for i in range(12)]
    answers = [(0, 0, score) for score in scores]
    answers += [(1, 1, 0.81), (1, 1, 0.85), (1, 1, 0.89), (1, 1, 0.93)]
    answers += [(1, 0, 0.51), (1, 0, 0.55), (1, 0, 0.62), (1, 0, 0.63)]
    answers += [(2, 0, 0.53), (2, 0, 0.57)]
    probabilities, classes = as_arrays(answers, 3)
    every = unsure_threshold(judged(probabilities, classes), 0.9)
    found = unsure_thresholds(judged(probabilities, classes), 3, 0.9)
    # All: 13 of 14 are right from 0.63 on, 13 of 15 from 0.62 on, and never 90% below that.
    assert every == pytest.approx(0.63)
    # Label 0 from 0.56 on: 11 of 11, and 16 at the rate of all, 15/18: 24.3 of 27, 0.901.
    # From 0.52 on: 12 of 12, and 16 at 16/21: 24.2 of 28, 0.864.
    assert found[0] == pytest.approx(0.56)
    # Label 1 from 0.63 on: 4 of 5, and 16 at 13/14: 18.9 of 21, 0.898. From 0.64 on: all right.
    assert found[1] == pytest.approx(0.64)
    assert found[2] == every


def as_arrays(answers, n_labels):
    """Probabilities and classes of (answer, truth, score)."""
    probabilities = np.zeros((len(answers), n_labels))
    for row, (answer, _, score) in enumerate(answers):
        probabilities[row] = (1 - score) / (n_labels - 1)
        probabilities[row, answer] = score
    return probabilities, np.array([truth for _, truth, _ in answers])


def test_a_label_that_is_wrong_where_the_model_is_surest_is_always_unsure():
    answers = [(0, 0, 0.6 + 0.01 * i) for i in range(20)]
    answers += [(1, 0, 0.9 + 0.01 * i) for i in range(9)]
    found = unsure_thresholds(judged(*as_arrays(answers, 2)), 2, 0.9)
    assert found[1] == 1


def draw(rng, songs, sureness):
    """Songs of labels whose scores say too little or too much, by label."""
    answer = rng.integers(0, len(sureness), songs)
    score = rng.uniform(0.4, 1, songs)
    right = rng.random(songs) < score ** np.array(sureness)[answer]
    truth = np.where(right, answer, (answer + 1) % len(sureness))
    return as_arrays(list(zip(answer, truth, score, strict=True)), len(sureness))


def right_rate_by_label(thresholds, probabilities, classes):
    answer, score = probabilities.argmax(axis=1), probabilities.max(axis=1)
    sure = score >= thresholds[answer]
    return np.array(
        [
            (answer == classes)[sure & (answer == label)].mean()
            if (sure & (answer == label)).any()
            else 1.0
            for label in range(probabilities.shape[1])
        ]
    )


def test_thresholds_by_label_keep_the_rate_where_one_for_all_does_not():
    """Labels that exaggerate need a higher one; few songs, so on the mean of many draws."""
    rng = np.random.default_rng(0)
    sureness = (0.3, 0.3, 2.5)
    big = draw(rng, 20_000, sureness)
    one, own = [], []
    for _ in range(40):
        small = draw(rng, 150, sureness)
        one.append(right_rate_by_label(np.full(3, unsure_threshold(judged(*small), 0.9)), *big))
        own.append(right_rate_by_label(unsure_thresholds(judged(*small), 3, 0.9), *big))
    assert np.mean(one, axis=0)[2] < 0.77
    assert np.mean(own, axis=0)[2] > 0.82
    assert np.mean(own, axis=0)[:2].min() > 0.87


def test_labels_that_are_alike_are_hardly_parted():
    rng = np.random.default_rng(1)
    spread, raw = [], []
    for _ in range(40):
        probabilities, classes = draw(rng, 120, (1, 1, 1, 1, 1, 1))
        spread.append(np.std(unsure_thresholds(judged(probabilities, classes), 6, 0.9)))
        answer = probabilities.argmax(axis=1)
        raw.append(
            np.std(
                [
                    unsure_threshold(judged(probabilities[answer == i], classes[answer == i]), 0.9)
                    for i in range(6)
                ]
            )
        )
    assert np.mean(spread) < 0.7 * np.mean(raw)


def test_answers_of_one_score_are_sure_together_or_not_at_all():
    """At 0.6 seven of ten are right, whichever of them comes first."""
    scores = np.array([0.9] * 10 + [0.6] * 10)
    probabilities = np.stack([scores, 1 - scores], axis=1)
    classes = np.array([0] * 10 + [0] * 7 + [1] * 3)
    assert unsure_threshold(judged(probabilities, classes), 0.9) == 0.9
    assert unsure_threshold(judged(probabilities, classes), 0.85) == 0.6
    for order in (slice(None), slice(None, None, -1)):
        found = unsure_thresholds(judged(probabilities[order], classes[order]), 2, 0.9)
        assert found.tolist() == [0.9, 0.9]


def songs(*rows):
    """Tracks of (genre, *also)."""
    return [
        Track(Path(f"{genre}/{number}.mp3"), genre, also=tuple(also))
        for number, (genre, *also) in enumerate(rows)
    ]


def test_the_temperature_counts_all_right_answers_together():
    """Of two right labels the network shares its belief as it likes: that is no doubt."""
    probabilities = np.tile([0.5, 0.4, 0.1], (2000, 1))
    right = np.tile([True, True, False], (2000, 1))
    one = np.tile([[True, False, False], [False, True, False]], (1000, 1))
    assert fit_temperature(probabilities, right) < 0.25
    assert fit_temperature(probabilities, one) > 0.4


def test_accept_rates_worked_by_hand():
    tracks = songs(
        *[("pop", "rock")] * 10, *[("pop",)] * 5, *[("rock", "pop")] * 5, *[("jazz",)] * 10
    )
    rates = accept_rates(tracks, ("jazz", "pop", "rock"))
    # Fifteen of thirty songs have one more right answer, of two: a rate of 1/4 for each.
    assert rates["rock"] == {"jazz": pytest.approx(1.25 / 15), "pop": pytest.approx(11.25 / 20)}
    assert rates["pop"] == {"jazz": pytest.approx(1.25 / 15), "rock": pytest.approx(6.25 / 10)}
    assert rates["jazz"] == {"pop": pytest.approx(1.25 / 20), "rock": pytest.approx(1.25 / 10)}
    assert accept_rates(songs(("pop",), ("rock",)), ("pop", "rock")) == {}


def test_near_synonyms_are_sure_together():
    """Pop and rock can never be told apart, and each is right for the other: both are sure."""
    rng = np.random.default_rng(2)
    rows, probabilities = [], []
    for _ in range(200):
        pop = rng.uniform(0.4, 0.55)
        rows.append(("pop", "rock") if rng.random() < 0.5 else ("rock", "pop"))
        probabilities.append([0.04, pop, 0.96 - pop])
    for _ in range(100):
        rows.append(("jazz",) if rng.random() < 0.6 else ("pop",))
        probabilities.append([0.6, 0.2, 0.2])
    genres = ("jazz", "pop", "rock")
    found = calibrate(np.array(probabilities), songs(*rows), genres, {})
    assert list(found.bars) == ["80", "90", "95"]
    assert found.accepts["pop"]["rock"] > 0.8
    scores = scale(np.array([[0.04, 0.5, 0.46]]), found.temperature)[0]
    chance = (
        scores[1]
        + found.accepts["pop"]["rock"] * scores[2]
        + (found.accepts["pop"]["jazz"] * scores[0])
    )
    assert chance >= found.bars["90"]["pop"]
    assert found.bars["90"]["jazz"] > scale(np.array([[0.6, 0.2, 0.2]]), found.temperature).max()


def test_songs_that_weigh_less_do_not_calibrate():
    tracks = songs(*[("a",), ("b",)] * 30)
    probabilities = np.tile([[0.8, 0.2], [0.3, 0.7]], (30, 1))
    doubted = [replace(track, weight=0.3, genre="b") for track in tracks]
    both = calibrate(np.vstack([probabilities] * 2), [*tracks, *doubted], ("a", "b"), {})
    assert both == calibrate(probabilities, tracks, ("a", "b"), {})
    assert calibrate(probabilities, doubted, ("a", "b"), {}).bars["90"]["a"] == 1


def test_a_higher_rate_has_higher_bars():
    rng = np.random.default_rng(3)
    bars = sure_bars(judged(*draw(rng, 2000, (1, 1, 1))), ("a", "b", "c"))
    for genre in ("a", "b", "c"):
        assert bars["80"][genre] < bars["90"][genre] < bars["95"][genre]


def test_bars_are_of_genres_whatever_the_labels():
    """Sub-genres that share their genre's probability are its answer together."""
    labels = ("Folk", "Rock", "Rock > Punk")
    parents = {"Folk": "Folk", "Rock": "Rock", "Rock > Punk": "Rock"}
    tracks = [
        Track(Path(f"{number}.mp3"), genre, subgenre=below)
        for number, (genre, below) in enumerate([("Folk", ""), ("Rock", "Punk")] * 20)
    ]
    probabilities = np.tile([[0.7, 0.2, 0.1], [0.34, 0.33, 0.33]], (20, 1))
    found = calibrate(probabilities, tracks, labels, parents)
    assert found.accepts == {}
    for bars in found.bars.values():
        assert bars.keys() == {"Folk", "Rock"}
        by_genre = scale(np.array([0.34, 0.33, 0.33]), found.temperature)
        assert bars["Rock"] <= by_genre[1:].sum() + 1e-9
