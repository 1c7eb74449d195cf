"""The options of ``melonnx train`` become the settings that they name, or one clear line."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from melonnx.infer.model.session import find_model, load_model
from melonnx.train.cli.train import app
from melonnx.train.network.student import HEAVY_STUDENT, STUDENT
from melonnx.train.network.transfer import TRANSFER
from melonnx.train.settings import ORIGINAL, Settings


@pytest.fixture
def begin(genres, tmp_path, monkeypatch):
    """Run the command up to the training; returns the result and what training was given."""
    given = []

    def catch(root, tracks, out, settings, cache, say, sources, *, mirrored):
        given.append((settings, sources, mirrored, cache, len(tracks)))

    monkeypatch.setattr("melonnx.train.train.train", catch)

    def run(*options):
        line = ["train", str(genres), "--out", str(tmp_path / "run"), *map(str, options)]
        result = CliRunner().invoke(app, line)
        return result, given.pop() if given else None

    return run


def test_without_options_the_settings_are_the_defaults(begin, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result, given = begin()
    assert result.exit_code == 0, result.output
    settings, sources, mirrored, cache, n_tracks = given
    assert settings == Settings()
    assert set(vars(sources).values()) == {None}
    assert (mirrored, cache, n_tracks) == (False, tmp_path / "melonnx", 31)


def test_a_teacher_answers_half_of_each_target(begin, tmp_path):
    wheel, music = tmp_path / "musicnn.whl", tmp_path / "music"
    result, given = begin("--teacher", wheel, "--unlabelled", music, "--copies", 2, "--mirrored")
    assert result.exit_code == 0, result.output
    settings, sources, mirrored, *_ = given
    assert settings == Settings(taught=0.5, copies=2)
    assert (sources.backbone, sources.unlabelled) == (wheel, music)
    assert mirrored


def test_how_it_learns_can_be_said_and_goes_before_a_preset(begin):
    options = ("--optimizer", "adam", "--schedule", "constant", "--no-augment", "--last-weights")
    numbers = ("--learning-rate", 0.01, "--dropout", 0.4, "--batch-size", 8, "--test-share", 0.3)
    settings = begin(*options, *numbers)[1][0]
    assert settings == Settings(
        optimizer="adam", schedule="constant", augment=False, average_weights=False,
        learning_rate=0.01, dropout=0.4, batch_size=8, test_share=0.3,
    )  # fmt: skip
    assert begin("--preset", "original")[1][0] == ORIGINAL
    settings = begin("--preset", "original", "--split", "artist", "--augment")[1][0]
    assert settings == replace(ORIGINAL, split="artist", augment=True)


def test_transfer_has_the_backbones_settings(begin, tmp_path):
    result, given = begin("--transfer", tmp_path / "musicnn.whl", "--folds", 5, "--seed", 3)
    assert result.exit_code == 0, result.output
    settings, sources, *_ = given
    assert (settings.network, settings.mel_spec) == ("transfer", TRANSFER.mel_spec)
    assert (settings.folds, settings.seed, settings.taught) == (5, 3, 0)
    assert sources.backbone == tmp_path / "musicnn.whl"


@pytest.mark.parametrize("name", ["teacher.npz", "teacher.parquet"])
def test_a_table_teaches_a_student_of_the_backbone(begin, tmp_path, name):
    wheel, sounds = tmp_path / "musicnn.whl", tmp_path / "sounds"
    result, given = begin(
        "--transfer", wheel, "--teacher", tmp_path / name, "--not-music", sounds, "--epochs", 9
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    settings, sources, *_ = given
    assert settings == replace(STUDENT, epochs=9)
    assert (sources.backbone, sources.teacher) == (wheel, tmp_path / name)
    assert sources.not_music == sounds
    result, given = begin("--transfer", wheel, "--teacher", tmp_path / name, "--heavy")
    assert result.exit_code == 0, result.output
    assert given[0] == HEAVY_STUDENT


def test_each_option_is_passed_on(begin):
    options = {"--epochs": 7, "--patience": 3, "--mixup": 0.0, "--split": "random"}
    result, given = begin(*(word for pair in options.items() for word in pair))
    assert result.exit_code == 0, result.output
    assert given[0] == Settings(epochs=7, patience=3, mixup=0.0, split="random")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--split", "by colour"], "one of artist, official, random, none"),
        (["--folds", "1"], "0, or two or more"),
        (["--transfer", "a", "--teacher", "b"], "one of --transfer, --tags and --teacher"),
        (["--unlabelled", "a"], "needs a --teacher"),
        (["--teacher", "a.npz"], "a table needs --transfer"),
        (["--teacher", "a.npz", "--transfer", "a", "--unlabelled", "b"], "needs a --teacher, no"),
        (["--transfer", "a", "--heavy"], "needs a table as --teacher"),
        (["--transfer", "a", "--pictures", "b"], "are of another front end"),
        (["--base", "genre-small"], "needs --head"),
        (["--head", "--epochs", "3"], "is of a network, not a head"),
        (["--head", "--try"], "writes nothing, and is of genres"),
        (["--try"], "needs --head"),
        (["--optimizer", "sgd"], "one of adamw, adam"),
        (["--schedule", "steps"], "one of cosine, constant"),
        (["--preset", "mine"], "one of original"),
        (["--transfer", "a", "--learning-rate", "0.1"], "is of our own network"),
        (["--transfer", "a", "--preset", "original"], "is of our own network"),
        (["--teacher", "a", "--preset", "original"], "has no teacher"),
        (["--fine-tune", "genre-base", "--transfer", "a"], "does not go with --fine-tune"),
        (["--fine-tune", "genre-base", "--mixup", "0"], "does not go with --fine-tune"),
        (["--fine-tune", "genre-base", "--subgenres"], "does not go with --fine-tune"),
        (["--deeper"], "needs --fine-tune"),
        (["--folds", "5", "--test-share", "0.1"], "is of one split, not of folds"),
        (["--head"], "--out: is the model file to write: *.onnx"),
    ],
)
def test_options_that_do_not_go_together_are_one_clear_line(begin, options, reason):
    result, given = begin(*options)
    assert result.exit_code == 2
    assert given is None
    assert reason in " ".join(result.output.replace("│", " ").split())


def test_fine_tuning_has_the_settings_of_the_file_and_folds(begin):
    result, given = begin("--fine-tune", "genre-small", "--epochs", "3")
    assert result.exit_code == 0, result.output
    settings, sources, *_ = given
    info = load_model("genre-small").info
    assert (settings.network, settings.folds, settings.epochs) == ("fine_tuned", 5, 3)
    assert (settings.mel_spec, settings.max_windows) == (info.mel_spec, info.max_windows)
    assert sources.fine_tune == find_model("genre-small")
    result, given = begin("--fine-tune", "genre-small", "--deeper", "--split", "artist")
    assert (given[0].network, given[0].folds) == ("fine_tuned_deeper", 0)


def test_tags_learn_nothing(begin, tmp_path):
    result, given = begin("--tags", tmp_path / "musicnn.whl", "--folds", 5)
    assert result.exit_code == 0, result.output
    settings, sources, *_ = given
    assert (settings.network, settings.pooling, settings.copies) == ("genre_tags", "logits", 0)
    assert sources.backbone == tmp_path / "musicnn.whl"
    result, given = begin("--tags", tmp_path / "a", "--transfer", tmp_path / "a")
    assert (result.exit_code, given) == (2, None)
    assert "one of --transfer, --tags and --teacher" in " ".join(result.output.split())


def test_several_folders_weights_and_what_is_left_out(genres, tmp_path, monkeypatch):
    given = []

    def catch(root, tracks, *others, **more):
        given.append((root, tracks))

    monkeypatch.setattr("melonnx.train.train.train", catch)
    more = tmp_path / "more"
    for name in ("drone/a.wav", "hum/b.wav"):
        (more / name).parent.mkdir(parents=True)
        (more / name).touch()
    (more / "tracks.csv").write_text("path,artist,source\ndrone/a.wav,me,old\nhum/b.wav,me,old\n")
    line = ["train", str(genres), str(more), "--out", str(tmp_path / "run")]
    options = ["--without", "pulse", "--weight", "old=0.5"]
    result = CliRunner().invoke(app, [*line, *options])
    assert result.exit_code == 0, result.output
    (root, tracks), labels = given[0], {track.genre for track in given[0][1]}
    assert genres.is_relative_to(root)
    assert more.is_relative_to(root)
    assert labels == {"drone", "noise", "hum"}
    assert sum(track.weight == 0.5 for track in tracks) == 2


@pytest.mark.parametrize("weight", ["old", "old=", "=1", "old=0", "old=2", "old=nan", "old=x"])
def test_a_weight_that_is_none_is_refused(begin, weight):
    result, given = begin("--weight", weight)
    assert (result.exit_code, given) == (2, None)
    assert "expected SOURCE=W" in " ".join(result.output.split())
