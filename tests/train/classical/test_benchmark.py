"""Every classifier is asked of the same songs, none of which its artist has taught it."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

from melonnx.train.classical.benchmark import fit_best, make_folds, run_benchmark, score_cell
from melonnx.train.classical.classifiers import CLASSIFIERS, make_classifier
from melonnx.train.classical.feature_names import COLUMNS, FEATURE_SETS, columns_of
from melonnx.train.classical.feature_table import FeatureTable
from melonnx.train.data.tracks import DataSetError, Track

GENRES = ("calm", "loud", "odd")
SETS = ("MFCC", "contrast")


def made_table(songs=60, split=False):
    """Genres that MFCC and contrast tell, more or less; two songs an artist."""
    rng = np.random.default_rng(0)
    tracks, values = [], rng.normal(0, 1, (songs, len(COLUMNS)))
    for row in range(songs):
        genre = GENRES[row % 3]
        part = ("train", "train", "valid", "test")[row // 3 % 4] if split else ""
        tracks.append(Track(Path(f"{genre}/{row}.wav"), genre, f"{genre} {row // 6}", part))
    of_genre = np.arange(songs) % 3
    columns = columns_of(FEATURE_SETS["MFCC + contrast"])
    values[:, columns] += rng.normal(0, 1, (3, len(columns)))[of_genre]
    values[:, columns_of(["spectral_centroid"])] *= 1e4  # what a scaler is for
    return FeatureTable(tuple(tracks), values.astype(np.float32))


@pytest.fixture(scope="module")
def table():
    return made_table()


def quiet(line):
    return None


@pytest.fixture(scope="module")
def result(table):
    return run_benchmark(table, make_folds(table.tracks, 4), "fma-paper", quiet, feature_sets=SETS)


def test_folds_part_no_artist_and_ask_every_song_once(table):
    folds = make_folds(table.tracks, 4)
    np.testing.assert_array_equal(folds.rows, np.arange(60))
    for train, test in zip(folds.train, folds.test, strict=True):
        artists = [{table.tracks[row].artist for row in rows} for rows in (train, test)]
        assert not artists[0] & artists[1]
        assert len(train) + len(test) == 60


def test_official_split_learns_from_its_training_part_only():
    table = made_table(split=True)
    folds = make_folds(table.tracks, 5, official=True)
    (train,), (test,) = folds.train, folds.test
    assert {table.tracks[row].split for row in train} == {"train"}
    assert {table.tracks[row].split for row in test} == {"test"}
    result = run_benchmark(
        table, folds, "fma-paper", quiet, feature_sets=["MFCC"], classifiers=["RBF SVM"]
    )
    assert result.songs == len(test)
    with pytest.raises(DataSetError, match="no official split"):
        make_folds(made_table().tracks, 5, official=True)


def test_a_cell_is_what_scikit_learn_says_fold_by_fold(table, result):
    values = table.values[:, columns_of(["mfcc"])]
    genres = np.array([track.genre for track in table.tracks])
    folds = make_folds(table.tracks, 4)
    predicted = np.empty(60, genres.dtype)
    for train, test in zip(folds.train, folds.test, strict=True):
        pipeline = make_classifier("linear SVM", "fma-paper", len(train))
        predicted[test] = pipeline.fit(values[train], genres[train]).predict(values[test])
    (score,) = (s for s in result.scores if (s.classifier, s.features) == ("linear SVM", "MFCC"))
    assert score.accuracy == pytest.approx((predicted == genres).mean())
    assert score.macro_f1 == pytest.approx(f1_score(genres, predicted, average="macro"))
    assert score.columns == 140
    assert score.accuracy_interval[0] <= score.accuracy <= score.accuracy_interval[1]
    assert score.fit_s > 0
    assert score.predict_s > 0


def test_the_table_is_whole_and_what_can_be_told_is_told(result):
    cells = [(score.classifier, score.features) for score in result.scores]
    assert cells == [(name, features) for features in SETS for name in CLASSIFIERS]
    assert {score.songs for score in result.scores} == {60}
    assert result.best.accuracy == max(score.accuracy for score in result.scores) > 0.8
    assert result.majority.accuracy == pytest.approx(1 / 3)
    confusion = np.array(result.confusion)
    assert confusion.sum(axis=1).tolist() == [20, 20, 20]
    assert confusion.trace() / 60 == pytest.approx(result.best.accuracy)


def test_settings_of_the_preset_are_the_papers():
    made = {name: make_classifier(name, "fma-paper", 1000) for name in CLASSIFIERS}
    assert all(isinstance(one.named_steps["scaler"], StandardScaler) for one in made.values())
    settings = {name: one.named_steps["classifier"].get_params() for name, one in made.items()}
    assert settings["k-nearest neighbours"]["n_neighbors"] == 200
    assert settings["decision tree"]["max_depth"] == 5
    assert settings["MLP"]["hidden_layer_sizes"] == (100,)
    assert settings["MLP"]["max_iter"] == 2000
    assert settings["logistic regression"]["estimator__C"] == 1
    svm = {name: settings[name] for name in CLASSIFIERS if name.endswith("SVM")}
    assert [one["kernel"] for one in svm.values()] == ["linear", "poly", "rbf"]
    assert {one["C"] for one in svm.values()} == {1.0}
    assert svm["polynomial SVM"]["degree"] == 1
    assert isinstance(
        made["gradient boosting"].named_steps["classifier"], GradientBoostingClassifier
    )


@pytest.mark.parametrize(("songs", "asked"), [(1, 1), (50, 7), (300, 17), (301, 200)])
def test_of_few_songs_not_all_are_asked(songs, asked):
    few = make_classifier("k-nearest neighbours", "fma-paper", songs)
    assert few.named_steps["classifier"].n_neighbors == asked


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_tuned_classifier_chooses_by_artists_kept_apart(table, name):
    search = make_classifier(name, "tuned", 60)
    groups = [track.group for track in table.tracks]
    for train, test in search.cv.split(table.values, [t.genre for t in table.tracks], groups):
        assert not {groups[row] for row in train} & {groups[row] for row in test}
    assert {key.partition("__")[0] for key in search.param_grid} == {"classifier"}
    known = search.estimator.get_params()
    assert set(search.param_grid) <= set(known)


def test_tuned_picks_a_pipeline(table):
    result = run_benchmark(
        table, make_folds(table.tracks, 4), "tuned", quiet,
        feature_sets=["MFCC"], classifiers=["logistic regression"],
    )  # fmt: skip
    assert result.best.accuracy > 0.8
    pipeline = fit_best(table, result.best, "tuned")
    assert pipeline.classes_.tolist() == list(GENRES)
    assert pipeline.n_features_in_ == 140


def test_songs_of_one_artist_widen_the_interval():
    true = np.zeros(40, int)
    predicted = np.repeat([0, 1, 0, 1], 10)
    alone = score_cell("a", "b", true, predicted, [str(i) for i in range(40)])
    artists = score_cell("a", "b", true, predicted, [str(i // 10) for i in range(40)])
    assert np.ptp(artists.accuracy_interval) > 1.5 * np.ptp(alone.accuracy_interval)
