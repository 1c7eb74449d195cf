"""What the page says of a file, good or bad, and that it names it without its place."""

import csv
import io

import av
import pytest

from melonnx.demo.page.analysis import EvidenceMaps, classify, classify_each, hear, to_csv
from melonnx.demo.page.limits import Limits
from melonnx.infer import Predictor
from melonnx.infer.errors import AudioError, NoMusicError
from tests.conftest import RATE, encode, make_song


@pytest.fixture(scope="module")
def predictor():
    return Predictor("genre-small", device="cpu")


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(encode(make_song(9, 22050), 22050, "WAV"))
    return path


def test_answer_is_the_predictors_under_the_songs_name(predictor, song):
    answer = classify(predictor, song, Limits())
    expected = predictor.predict(song)
    assert answer.path == "song.wav"
    assert answer.probabilities == expected.probabilities
    assert hear(predictor, song, Limits()).prediction.label == expected.label


def test_only_so_much_is_listened_to_and_that_is_said(predictor, song):
    answer = classify(predictor, song, Limits(minutes=0.1))
    assert answer.duration_s == pytest.approx(6.0)
    assert answer.warnings[-1] == "long: only the first 0.1 minutes were listened to"


@pytest.mark.parametrize("content", [b"", b"some text\n" * 50, b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_error_names_the_file_and_not_its_folder(predictor, tmp_path, content):
    path = tmp_path / "bad.mp3"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"^bad\.mp3: ") as told:
        classify(predictor, path, Limits())
    assert str(tmp_path) not in str(told.value)
    assert "stream" not in str(told.value)


def test_song_that_was_removed_is_asked_for_again(predictor, tmp_path):
    with pytest.raises(NoMusicError, match=r"^gone\.mp3: is no longer here"):
        hear(predictor, tmp_path / "gone.mp3", Limits())


def test_bad_file_is_a_row_of_the_table(predictor, song, tmp_path):
    bad = tmp_path / "=HYPERLINK(1).mp3"
    bad.write_bytes(b"no music")
    good, failed = classify_each(predictor, [song, bad], Limits())
    rows = list(csv.DictReader(io.StringIO(to_csv([good, failed], predictor.info))))
    assert rows[0]["label"] == good.label
    assert float(rows[0]["score"]) == pytest.approx(good.score, abs=1e-6)
    assert rows[0]["label_2"] == good.top(2)[1][0]
    assert rows[1]["path"] == "'=HYPERLINK(1).mp3"
    assert (rows[1]["label"], rows[1]["status"]) == ("", "unreadable")


def test_columns_are_those_of_the_prompt(predictor, melonnx, song):
    told = to_csv(classify_each(predictor, [song], Limits()), predictor.info)
    prompt = melonnx("classify", song.name, "--csv", "--model", "genre-small", cwd=song.parent)
    assert told.splitlines()[0] == prompt.stdout.splitlines()[0]
    (page_row,), (prompt_row,) = (
        list(csv.DictReader(io.StringIO(text))) for text in (told, prompt.stdout)
    )
    assert page_row["folder"] == ""  # where the page was started is nobody's business
    assert page_row == prompt_row | {"folder": ""}


def test_evidence_is_looked_for_once(predictor, song, monkeypatch):
    asked = []

    def look(predictor, examined):
        asked.append(examined)
        return object()

    monkeypatch.setattr("melonnx.demo.page.analysis.map_evidence", look)
    maps, examined = EvidenceMaps(most=1), hear(predictor, song, Limits())
    first = maps.of(predictor, song, examined)
    assert maps.of(predictor, song, examined) is first
    maps.of(predictor, song.with_name("other.wav"), examined)
    assert len(asked) == 2
    assert maps.of(predictor, song, examined) is not first


def test_models_of_one_name_have_maps_of_their_own(predictor, song, monkeypatch):
    monkeypatch.setattr("melonnx.demo.page.analysis.map_evidence", lambda *_: object())
    maps, examined = EvidenceMaps(), hear(predictor, song, Limits())
    other = Predictor("genre-small")
    assert maps.of(predictor, song, examined) is not maps.of(other, song, examined)


def test_what_ends_just_before_the_limit_was_listened_to_whole(predictor, tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(encode(make_song(11.95), 22050, "WAV"))
    assert not classify(predictor, path, Limits(minutes=0.2)).warnings
    path.write_bytes(encode(make_song(12.05), 22050, "WAV"))
    (warning,) = classify(predictor, path, Limits(minutes=0.2)).warnings
    assert warning.startswith("long: only the first 0.2 minutes")


def test_of_several_tracks_it_says_which_was_heard(predictor, tmp_path):
    path, samples = tmp_path / "film.mka", make_song(9)
    with av.open(path, "w", format="matroska") as out:
        streams = [out.add_stream("aac", rate=RATE, layout="mono") for _ in range(2)]
        for stream in streams:
            frame = av.AudioFrame.from_ndarray(samples.T.copy(), format="fltp", layout="mono")
            frame.sample_rate = RATE
            out.mux([*stream.encode(frame), *stream.encode(None)])
    assert classify(predictor, path, Limits()).warnings == ("heard track 1 of 2",)
