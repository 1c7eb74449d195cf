"""``--sure`` and what is no music, as a user of the commands meets them."""

import csv
import io
import json
import os

import numpy as np
import pytest

from tests.conftest import RATE, SMALL_1, encode, make_song


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A song, and noise."""
    folder = tmp_path_factory.mktemp("songs")
    noise = np.random.default_rng(0).normal(0, 0.1, 12 * RATE).astype(np.float32)
    (folder / "noise.wav").write_bytes(encode(noise, RATE, "WAV", "PCM_16"))
    (folder / "song.wav").write_bytes(encode(make_song(25), RATE, "WAV", "PCM_16"))
    return folder


def rows_of(result):
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_rate_is_asked_for_and_noise_is_unsure_at_any(melonnx, folder, full_model):
    for rate, unsure in ((80, [True, False]), (90, [True, False]), (95, [True, True])):
        result = melonnx("classify", folder, "--json", "--model", full_model, "--sure", rate)
        rows = rows_of(result)
        assert [row["unsure"] for row in rows] == unsure
        assert rows[0]["music"] < 0.3 < rows[1]["music"] <= 1
        assert rows[0]["warnings"][0].startswith("does not sound like music (0.")


def test_noise_is_told_in_one_line_of_stderr(melonnx, folder, full_model):
    result = melonnx("classify", folder, "--model", full_model)
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"melonnx: {folder / 'noise.wav'}: does not sound like music (0.")
    assert line.endswith("): speech, noise or effects?")


def test_a_least_score_lowers_as_well_as_raises(melonnx, folder, full_model):
    for least, unsure in (("0", [True, False]), ("0.99", [True, True])):
        result = melonnx(
            "classify", folder, "--json", "--model", full_model, "--sure", 95, "--min-score", least
        )
        assert [row["unsure"] for row in rows_of(result)] == unsure


def test_tables_and_templates_have_music(melonnx, folder, full_model):
    result = melonnx("classify", folder, "--csv", "--model", full_model)
    noise, song = csv.DictReader(io.StringIO(result.stdout))
    assert float(noise["music"]) < 0.3 < float(song["music"])
    assert float(song["score"]) > float(song["score_2"])
    lines = melonnx("classify", folder, "--format", "{music:.1f} {sure}", "--model", full_model)
    shown = [f"{float(noise['music']):.1f} unsure", f"{float(song['music']):.1f} sure"]
    assert lines.stdout.splitlines() == shown
    nothing = melonnx("classify", folder, "--csv", "--model", SMALL_1)
    assert [row["music"] for row in csv.DictReader(io.StringIO(nothing.stdout))] == ["", ""]


@pytest.mark.parametrize(
    "command",
    [
        ("classify",),
        ("classify", "--workers", 1),
        ("listen",),
        ("explain",),
        ("tag",),
        ("tag", "--workers", 1),
        ("organize", "--to", "out"),
    ],
)
def test_a_rate_that_the_file_lacks_is_one_line(melonnx, folder, command):
    result = melonnx(*command, folder / "song.wav", "--sure", 80, "--model", SMALL_1)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "melonnx: genre-small 1.0 cannot say which answers are right in 80% of cases; it can for 90"
    )


def test_a_run_at_another_rate_hears_anew(melonnx, folder, full_model, tmp_path):
    out = tmp_path / "genres.jsonl"

    def run(rate):
        result = melonnx("classify", folder, "-o", out, "--model", full_model, "--sure", rate)
        assert result.returncode == 0, result.stderr
        return result.stderr, [json.loads(line)["unsure"] for line in out.open()]

    assert run(90)[1] == [True, False]
    said, unsure = run(95)
    assert "2 heard now" in said
    assert unsure == [True, True]
    assert "0 heard now" in run(95)[0]


def test_what_is_no_music_gets_no_tag_and_no_folder(melonnx, folder, full_model, tmp_path):
    results, out = tmp_path / "results.csv", tmp_path / "out"
    assert melonnx("classify", folder, "-o", results, "--model", full_model).returncode == 0
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path)}
    for source in (("--from", results), (folder, "--model", full_model)):
        tagged = melonnx("tag", *source, "--unsure", env=environment)
        assert "1 would get a genre (--write does it); 1 are left alone: no music" in tagged.stderr
        assert f"{folder / 'noise.wav'}\t-\t-\tno music" in tagged.stdout
        placed = melonnx("organize", *source, "--to", out, "--copy")
        assert "1 songs would be made (--write does it); 1 are left out: no music" in placed.stderr
    refused = melonnx("tag", "--from", results, "--sure", 80)
    assert refused.returncode == 2
    assert "what is unsure in RESULTS was told then" in refused.stderr


def test_what_plays_is_told_with_its_speech(melonnx, folder, full_model):
    result = melonnx("listen", folder / "noise.wav", "--model", full_model, "--length", 12)
    assert result.stderr.startswith("heard 0:12: no music 0:")


def test_a_table_says_no_music(melonnx, folder, full_model):
    import pty
    import subprocess
    import sys

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "melonnx.infer", "classify", str(folder), "--model"]
    subprocess.run([*command, str(full_model)], stdout=theirs, stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "no music" in shown
