"""An inventory counts what is there, not what names and headers claim."""

import json
import shutil

import pytest

from melonnx.train.data.inventory.take import take_inventory
from melonnx.train.data.readers.dataset import read_dataset
from tests.conftest import encode, make_song


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    """A GTZAN with its lists, a broken file, a copy under another name, and one in mp3."""
    root = tmp_path_factory.mktemp("messy")
    for seed, name in enumerate(["blues.00000", "blues.00001", "rock.00000", "rock.00001"]):
        path = root / "genres" / name.partition(".")[0] / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(make_song(9, seed=seed), 22050, "WAV", "PCM_16"))
    (root / "genres/blues/blues.00002.wav").write_text("no music\n" * 99)
    shutil.copy(root / "genres/rock/rock.00000.wav", root / "genres/rock/rock.00002.wav")
    copy = encode(make_song(9, seed=1), 22050, "MP3", "MPEG_LAYER_III")
    (root / "genres/rock/rock.00003.mp3").write_bytes(copy)
    (root / "genres/rock/rock.00009.wav").touch()
    for part, numbers in (("train", (0, 3)), ("valid", (1,)), ("test", (2,))):
        names = [f"{g}/{g}.{n:05}.wav\n" for g in ("blues", "rock") for n in numbers]
        (root / f"{part}_filtered.txt").write_text("".join(names))
    return root


def test_everything_is_counted_once(messy):
    inventory = take_inventory(read_dataset(messy), lambda results, total: results)
    assert inventory.kind == "gtzan"
    assert inventory.genres["blues"].parts == {"train": 1, "valid": 1}
    assert inventory.genres["rock"].parts == {"train": 2, "valid": 1, "test": 1}
    assert inventory.total.tracks == 6
    assert inventory.total.artists == 0
    assert inventory.total.hours == pytest.approx(6 * 9 / 3600, abs=3e-4)
    assert inventory.skipped == {"in none of the fault-filtered lists": 1, "no such file": 1}
    assert list(inventory.unreadable) == ["genres/blues/blues.00002.wav"]
    assert inventory.same_audio == [["genres/rock/rock.00000.wav", "genres/rock/rock.00002.wav"]]
    assert inventory.same_recording == [
        ["genres/blues/blues.00001.wav", "genres/rock/rock.00003.mp3"]
    ]


def test_the_command_prints_a_table_and_what_is_wrong(melonnx, messy):
    result = melonnx("data", messy)
    assert (result.returncode, result.stderr) == (0, "")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[:4] == [
        ["genre", "tracks", "train", "valid", "test", "artists", "hours"],
        ["blues", "2", "1", "1", "0", "0", "0.01"],
        ["rock", "4", "2", "1", "1", "0", "0.01"],
        ["all", "6", "3", "2", "1", "0", "0.01"],
    ]
    assert "left out: in none of the fault-filtered lists (1)" in result.stdout
    assert "blues.00002.wav: is not audio: it looks like text" in result.stdout
    assert "the same audio (1):" in result.stdout
    assert "  genres/rock/rock.00000.wav = genres/rock/rock.00002.wav\n" in result.stdout
    assert "  genres/blues/blues.00001.wav = genres/rock/rock.00003.mp3\n" in result.stdout


def test_json_is_for_programs(melonnx, genres):
    result = melonnx("data", genres, "--json")
    assert result.returncode == 0
    values = json.loads(result.stdout)
    assert values["total"] == {"tracks": 30, "parts": {}, "artists": 15, "hours": 0.1}
    assert list(values["unreadable"]) == ["drone/broken.mp3"]
    assert values["same_audio"] == values["same_recording"] == []


def test_a_folder_that_is_no_data_set_is_one_line(melonnx, tmp_path):
    result = melonnx("data", tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith(f"melonnx: {tmp_path}: holds 0 tracks of fewer than two")
