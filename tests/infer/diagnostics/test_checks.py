"""The doctor sees what is broken, and tells nothing that is nobody's business."""

import hashlib
import json
import sys
from pathlib import Path

import pytest

from melonnx.infer.diagnostics import checks as doctor
from melonnx.infer.diagnostics.checks import CHECKSUMS, KNOWN_ANSWERS, Finding, examine
from melonnx.infer.model.session import released_models


@pytest.fixture(scope="module")
def findings():
    return list(examine())


def of(findings, part):
    return {finding.name: finding for finding in findings if finding.part == part}


def test_here_nothing_is_broken(findings):
    assert [finding for finding in findings if finding.status == "broken"] == []
    assert of(findings, "providers")["CPUExecutionProvider"].status == "ok"
    assert {"numpy", "onnxruntime", "soundfile", "soxr"} <= of(findings, "versions").keys()
    assert {"ffmpeg", "tags", "train"} <= of(findings, "extras").keys()
    formats = of(findings, "formats")
    assert {name for name, row in formats.items() if row.status == "ok"} >= {
        *("wav", "flac", "ogg", "opus", "mp3", "aiff", "au", "caf", "m4a"),
    }
    answers = of(findings, "answers")
    assert set(answers) == {"genre-base 2.2", "genre-small 2.1", "genre-open 1.2"}
    assert all(row.facts["song_ms"] > 0 for row in answers.values())


def test_released_files_are_those_of_the_checksums():
    """After a change: cd models && sha256sum *.onnx sample.mp3 > SHA256SUMS."""
    models = CHECKSUMS.parent
    lines = [line.split() for line in CHECKSUMS.read_text().splitlines()]
    assert {name for _, name in lines} == {p.name for p in models.glob("*.onnx")} | {"sample.mp3"}
    for digest, name in lines:
        assert hashlib.sha256((models / name).read_bytes()).hexdigest() == digest, name


def test_every_released_model_has_a_known_answer():
    """After a change, in models/, for each: melonnx classify sample.mp3 --json --model NAME."""
    known = [json.loads(line)["model"] for line in KNOWN_ANSWERS.read_text().splitlines()]
    assert [name.rpartition(" ")[0] for name in known] == sorted(released_models())


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A copy of what is released, to be damaged."""
    for path in (CHECKSUMS, KNOWN_ANSWERS, CHECKSUMS.with_name("sample.mp3")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    for path in CHECKSUMS.parent.glob("*.onnx"):
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.setattr(doctor, "_MODELS_FOLDER", tmp_path)
    monkeypatch.setattr(doctor, "CHECKSUMS", tmp_path / "SHA256SUMS")
    monkeypatch.setattr(doctor, "KNOWN_ANSWERS", tmp_path / "sample.jsonl")
    return tmp_path


def test_a_changed_or_missing_file_is_found(models):
    (models / "genre-small.onnx").unlink()
    with (models / "sample.mp3").open("ab") as file:
        file.write(b"x")
    rows = of(doctor._models(), "models")
    assert rows["sample.mp3"].status == rows["genre-small.onnx"].status == "broken"
    assert "is not what was released" in rows["sample.mp3"].detail
    assert rows["genre-base.onnx"].status == "ok"


def test_another_answer_is_found(models):
    text = (models / "sample.jsonl").read_text().splitlines()[-1]
    row = json.loads(text)
    row["probabilities"]["metal"] += 0.05
    (models / "sample.jsonl").write_text(json.dumps(row))
    (finding,) = doctor._answers()
    assert (finding.status, finding.name) == ("broken", "genre-small 2.1")


def test_a_decoder_that_turns_sound_into_something_else_is_found(monkeypatch):
    from melonnx.infer.audio import reader as audio

    load = audio.load_audio
    monkeypatch.setattr(audio, "load_audio", lambda data, rate: load(data, rate) * 0.5)
    rows = of(doctor._formats(), "formats")
    assert {row.status for row in rows.values()} == {"broken"}
    assert "comes back as" in rows["mp3"].detail


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_provider_that_is_listed_but_does_not_come_up_is_found(monkeypatch):
    import onnxruntime

    listed = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: listed)
    rows = of(doctor._providers(), "providers")
    assert [rows[name].status for name in listed] == ["absent", "broken", "ok"]


def test_what_does_not_import_is_a_finding_not_a_crash(monkeypatch):
    monkeypatch.setitem(sys.modules, "soxr", None)
    rows = of(doctor._versions(), "versions")
    assert rows["soxr"].status == "broken"
    assert rows["numpy"].status == "ok"


def test_the_users_folder_is_not_told(monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/home/secret"))
    error = OSError("/home/secret/lib/libsndfile.so: cannot open\nmore")
    assert doctor._say(error) == "~/lib/libsndfile.so: cannot open"


def test_text_for_people_and_json_for_programs(melonnx):
    text = melonnx("doctor")
    assert text.returncode == 0, text.stdout
    assert text.stdout.splitlines()[0] == "versions"
    assert str(Path.home()) not in text.stdout
    told = melonnx("doctor", "--json")
    report = json.loads(told.stdout)
    assert (told.returncode, report["ok"]) == (0, True)
    assert len(report["findings"]) + len({row["part"] for row in report["findings"]}) == len(
        text.stdout.splitlines()
    )


def test_what_is_broken_is_the_exit_code(monkeypatch, capsys):
    from typer.testing import CliRunner

    from melonnx.infer.cli.doctor import app

    broken = Finding("formats", "mp3", "broken", "no decoder")
    monkeypatch.setattr(doctor, "examine", lambda: iter([broken]))
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 1
    assert "BROKEN mp3" in result.output


def test_no_home_is_no_obstacle(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr(doctor, "_versions", lambda: 1 / 0)
    findings = {finding.part: finding for finding in doctor.examine()}
    assert findings["versions"].status == "broken"
    assert "division" in findings["versions"].detail
