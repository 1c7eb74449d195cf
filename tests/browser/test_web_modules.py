"""The page's own steps in Node: header, resampling, metadata and answer are the runtime's."""

import io
import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import soxr

from melonnx.infer import Predictor
from melonnx.infer.model.session import load_model
from tests.browser.site import MODELS, PAGE
from tests.conftest import SMALL_1, encode, make_song

RATE = """
const { sampleRate } = await import(process.argv[1]);
const { readFileSync } = await import("node:fs");
console.log(JSON.stringify(process.argv.slice(2).map((path) => sampleRate(readFileSync(path)))));
"""

RESAMPLE = """
const { resample } = await import(process.argv[1]);
const { readFileSync, writeFileSync } = await import("node:fs");
const [path, from, to] = process.argv.slice(2);
const waveform = new Float32Array(new Uint8Array(readFileSync(path)).buffer);
writeFileSync(path, resample(waveform, Number(from), Number(to)));
"""

INFO = """
const { readModelInfo } = await import(process.argv[1]);
const { readFileSync } = await import("node:fs");
const answers = process.argv.slice(2).map((path) => {
  try {
    return readModelInfo(readFileSync(path));
  } catch (error) {
    return error.message;
  }
});
console.log(JSON.stringify(answers));
"""

TELL = """
const { tell } = await import(process.argv[1]);
console.log(JSON.stringify(tell(...process.argv.slice(2).map((text) => JSON.parse(text)))));
"""


HEARS = {"window": 130, "mel_spec": {"hop_length": 1707, "sample_rate": 22050}}


def encode_m4a(song, rate):
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as file:
        stream = file.add_stream("aac", rate=rate)
        frame = av.AudioFrame.from_ndarray(song.T.copy(), format="fltp", layout="mono")
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            file.mux(packet)
    return buffer.getvalue()


def test_rate_is_read_from_the_headers_that_browsers_decode(run_js, tmp_path):
    song = make_song(1, 48000)
    id3 = b"ID3\x04\x00\x00\x00\x00\x02\x01" + b"\xff\xfb\x90\x00" + bytes(253)
    files = {
        48000: [encode(song, 48000, "WAV"), encode(song, 48000, "OGG", "OPUS")],
        22050: [encode(song, 22050, "WAV", "FLOAT"), encode(song, 22050, "MP3")],
        32000: [encode(song, 32000, "OGG", "VORBIS"), encode_m4a(song, 32000)],
        96000: [encode(song, 96000, "FLAC"), id3 + encode(song, 96000, "FLAC")],
        16000: [encode(song, 16000, "MP3"), id3 + encode(song, 16000, "MP3")],
        11025: [encode(song, 11025, "MP3")],
        44100: [b"no music", b"", b"RIFF1234WAVE", b"fLaC", b"OggS", id3[:7], bytes(99)],
    }
    paths, rates = [], []
    for rate, contents in files.items():
        for content in contents:
            paths.append(tmp_path / str(len(paths)))
            paths[-1].write_bytes(content)
            rates.append(rate)
    assert json.loads(run_js(RATE, PAGE / "sample_rate.js", *paths)) == rates


@pytest.mark.parametrize(
    ("rate", "to"), [(44100, 16000), (44100, 22050), (48000, 22050), (8000, 16000)]
)
def test_resampling_is_soxrs(run_js, tmp_path, rate, to):
    rng = np.random.default_rng(0)
    song = np.clip(rng.standard_normal(rate * 2) * 0.2, -1, 1).astype(np.float32)[: 2 * rate - 1]
    path: Path = tmp_path / "song.f32"
    song.tofile(path)
    run_js(RESAMPLE, PAGE / "resample.js", path, rate, to)
    wanted, made = soxr.resample(song, rate, to, "HQ"), np.fromfile(path, np.float32)
    assert len(made) == len(wanted)
    inner = slice(1, -1)  # at the very ends soxr differs from the sinc that it is
    np.testing.assert_allclose(made[inner], wanted[inner], rtol=0, atol=1e-3)


def test_metadata_is_read_from_the_twin_and_from_nothing_else(run_js, tmp_path):
    cut = tmp_path / "cut.onnx"
    cut.write_bytes((MODELS / "genre-small.wave.onnx").read_bytes()[:1000])
    files = [MODELS / "genre-base.wave.onnx", MODELS / "genre-base.onnx", cut, PAGE / "page.js"]
    info, *errors = json.loads(run_js(INFO, PAGE / "model_info.js", *files))
    assert info == json.loads(load_model("genre-base", device="cpu").info.to_json())
    assert ["no waveform twin" in error or "no ONNX file" in error for error in errors] == [
        True
    ] * 3


def test_metadata_of_either_version_are_read_and_of_others_refused(run_js, tmp_path):
    import onnx

    info = load_model("genre-base", device="cpu").info
    files = []
    for version, text in (
        (3, replace(info, accepts={"pop": {"rock": 0.5}}).to_json()),
        (6, json.dumps(json.loads(info.to_json()) | {"format_version": 6})),
    ):
        twin = onnx.load(MODELS / "genre-base.wave.onnx")
        onnx.helper.set_model_props(twin, {"melonnx.wave": text})
        files.append(tmp_path / f"{version}.onnx")
        onnx.save(twin, files[-1])
    read, refused = json.loads(run_js(INFO, PAGE / "model_info.js", *files))
    assert read["accepts"] == {"pop": {"rock": 0.5}}
    assert "format version is 6, this page reads 2 to 5" in refused


def test_answer_keeps_the_bar_of_its_genre(run_js):
    info = {
        "labels": ["blues", "constructor", "rock"],
        "bars": {"80": {"rock": 0.5}, "90": {"rock": 0.6}},
        "accepts": {},
        "music_bar": 0,
        "parents": {},
        **HEARS,
    }
    heard = {"probabilities": [0.1, 0.35, 0.55]}
    answer = json.loads(run_js(TELL, PAGE / "answer.js", json.dumps(heard), json.dumps(info), 30))
    assert answer == {
        "label": "rock",
        "score": 0.55,
        "bar": 0.6,
        "short": False,
        "noMusic": False,
        "unsure": True,
        "genres": [["rock", 0.55], ["constructor", 0.35], ["blues", 0.1]],
    }


def test_answers_and_doubts_are_those_of_python(run_js, full_model):
    noise = np.random.default_rng(0).normal(0, 0.1, 25 * 22050).astype(np.float32)
    for song in (make_song(25), noise):
        for sure in (80, 90, 95):
            expected = Predictor(full_model, "cpu", sure=sure).predict_array(song, 22050)
            info = load_model(full_model, device="cpu").info
            shares = [expected.probabilities[genre] for genre in info.genres]
            heard = {"probabilities": shares, "music": expected.music}
            arguments = json.dumps(heard), info.to_json(), 25, sure
            told = json.loads(run_js(TELL, PAGE / "answer.js", *arguments))
            assert told["score"] == pytest.approx(expected.score)
            assert (told["label"], told["unsure"]) == (expected.label, expected.unsure)
            assert told["noMusic"] is not expected.is_music


def test_answer_names_the_likeliest_subgenre_of_the_genre(run_js):
    info = {
        "labels": ["rock > punk", "pop > disco", "rock"],
        "parents": {"rock > punk": "rock", "pop > disco": "pop", "rock": "rock"},
        "bars": {},
        "accepts": {},
        "music_bar": 0,
        **HEARS,
    }
    heard = {"probabilities": [0.55, 0.45], "leaves": [0.3, 0.45, 0.25]}
    answer = json.loads(run_js(TELL, PAGE / "answer.js", json.dumps(heard), json.dumps(info), 30))
    assert (answer["label"], answer["unsure"], answer["subgenre"]) == ("rock", False, "rock > punk")


@pytest.mark.parametrize("samples", [1, 129 * 1707 - 1, 129 * 1707])
def test_less_than_the_model_hears_at_a_time_is_unsure_as_in_python(run_js, samples):
    predictor = Predictor(SMALL_1, "cpu")
    predictor.info = info = replace(predictor.info, bars={})
    heard, rate = {"probabilities": [1 / 11] * 11}, info.mel_spec.sample_rate
    arguments = json.dumps(heard), info.to_json(), samples / rate
    told = json.loads(run_js(TELL, PAGE / "answer.js", *arguments))
    song = make_song(samples / rate + 0.1)[: max(samples, info.mel_spec.n_fft)]
    assert told["unsure"] == predictor.predict_array(song, rate).unsure == (samples < 129 * 1707)


def test_a_header_that_is_cut_off_tells_no_rate(run_js, tmp_path):
    page = b"OggS" + bytes(22) + b"\x01\x1e"
    files = []
    for number, data in enumerate((page + b"\x01vorbis", b"RIFF\0\0\0\0WAVEfmt ", b"fLaC", b"ID3")):
        files.append(tmp_path / str(number))
        files[-1].write_bytes(data)
    assert json.loads(run_js(RATE, PAGE / "sample_rate.js", *files)) == [44100] * 4
