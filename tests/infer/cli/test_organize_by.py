"""``melonnx organize`` by mood, style and energy, and of those songs that meet a condition."""

import json
from dataclasses import replace

import pytest

from melonnx.infer.cli.group import app
from melonnx.infer.errors import ConditionError, ModelFileError, ResultsFileError
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.formats import open_output
from melonnx.infer.results.rows import View

SONG = Prediction("", label="rock", score=0.9, probabilities={"rock": 0.9, "pop": 0.1})
SONGS = {
    "happy": replace(SONG, energy=0.9, valence=0.9, said=("party",)),
    "calm": replace(SONG, energy=0.1, valence=0.9, said=("mellow", "rnb", "happy")),
    "torn": replace(SONG, energy=0.5, valence=0.5, unsure=True, said=("rock", "indie pop")),
    "talk": replace(SONG, energy=0.1, valence=0.9, warnings=("does not sound like music",)),
}


@pytest.fixture(params=["jsonl", "csv"])
def results(request, tmp_path):
    file = tmp_path / f"library.{request.param}"
    kind = "json" if request.param == "jsonl" else "csv"
    with open_output(file, kind, View(("rock", "pop"), tags=True), "x 1") as write:
        for name, song in SONGS.items():
            path = tmp_path / f"{name}.mp3"
            path.touch()
            write(replace(song, path=str(path), tags=dict.fromkeys(song.said, 0.8)))
    return file


def organize(capsys, results, *arguments):
    to = results.parent / "to"
    app(
        ["organize", *([f"--from={results}"]), f"--to={to}", "--write", *map(str, arguments)],
        standalone_mode=False,
    )
    told = capsys.readouterr()
    found = {
        file.relative_to(to).as_posix(): file.read_text().splitlines()
        for file in sorted(to.rglob("*"))
        if file.is_file()
    }
    return found, told


def members(found):
    return {
        name.removesuffix(".m3u8"): [line[3:-4] for line in lines if line.startswith("../")]
        for name, lines in found.items()
    }


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("mood", {"happy": ["happy", "calm"], "party": ["happy"], "calm": ["calm"],
                  "mellow": ["calm"], "unsure": ["torn"]}),
        ("style", {"rnb": ["calm"], "rock": ["torn"], "indie pop": ["torn"], "unsure": ["happy"]}),
        ("energy", {"high energy": ["happy"], "low energy": ["calm"], "medium energy": ["torn"]}),
    ],
)  # fmt: skip
def test_a_playlist_for_each_mood_style_or_energy(capsys, results, by, expected):
    found, told = organize(capsys, results, "--by", by, "--playlists")
    assert members(found) == expected
    assert f"{len(expected)} playlists made; 1 are left out: no music" in told.err
    assert organize(capsys, results, "--by", by)[0] == found


def test_copies_go_where_the_surest_word_is(capsys, results):
    found, _ = organize(capsys, results, "--by", "mood", "--copy", "--leave-unsure")
    assert list(found) == ["calm/calm.mp3", "happy/happy.mp3"]


def test_smart_playlists_ask_for_the_mood_that_tag_writes(capsys, results):
    found, _ = organize(capsys, results, "--by", "mood", "--playlist-format", "nsp")
    assert list(found) == ["Calm.nsp", "Happy.nsp", "Mellow.nsp", "Party.nsp"]
    rules = json.loads("\n".join(found["Mellow.nsp"]))
    assert rules == {"name": "Mellow", "all": [{"is": {"mood": "Mellow"}}], "sort": "random"}
    (results.parent / "to" / "Calm.nsp").unlink()
    found, _ = organize(capsys, results, "--by", "style", "--playlist-format", "nsp")
    assert json.loads("\n".join(found["R&B.nsp"]))["all"] == [{"is": {"genre": "R&B"}}]


def test_only_songs_that_meet_the_condition_are_sorted(capsys, results):
    found, _ = organize(capsys, results, "--where", "energy>.3 and not mood=party")
    assert members(found) == {"unsure": ["torn"]}
    _, told = organize(capsys, results, "--where", "valence<.1")
    assert told.err == "melonnx: no songs\n"


def test_styles_have_the_names_of_the_map(capsys, results):
    names = results.parent / "names.toml"
    names.write_text('rnb = "Soul"\n"indie pop" = ""\n')
    found, _ = organize(capsys, results, "--by", "style", "--map", names, "--leave-unsure")
    assert members(found) == {"Soul": ["calm"], "rock": ["torn"]}


def test_bad_input_is_one_line_that_lists_what_there_is(capsys, results):
    from tests.conftest import SMALL_1

    for asked, error, why in (
        (["--where", "tempo>1"], ConditionError, "there are path, genre, score"),
        (["--where", "genre=polka"], ConditionError, "there are pop, rock"),
        (["--by", "tempo"], Exception, "'genre', 'mood', 'style'"),
        (["--by", "energy", "--playlist-format", "nsp"], Exception, "Navidrome knows no energy"),
        (["--by", "mood", "--per", "folder"], Exception, "is about genres"),
        (["--by", "mood", "--genres", "rock"], Exception, "is about genres"),
    ):
        with pytest.raises(error, match=why):
            organize(capsys, results, *asked)
    old = results.parent / "old.jsonl"
    old.write_text(json.dumps(replace(SONG, path="a.mp3").to_dict()))
    for asked in (["--by", "mood"], ["--where", "mood=calm"]):
        with pytest.raises(ResultsFileError, match=r"old\.jsonl: tells no mood, but genres only"):
            organize(capsys, old, *asked)
    asked = ["organize", str(results.parent / "talk.mp3"), "--to", str(results.parent)]
    with pytest.raises(ModelFileError, match=r"genre-small 1\.0 tells no energy"):
        app([*asked, "--by", "energy", "--model", str(SMALL_1)], standalone_mode=False)
