"""The contract in models/README.md is true: a reader written from its text alone says the same."""

import json
import re
from dataclasses import fields

import numpy as np
import onnxruntime
import pytest

from melonnx.infer import MelSpec, Predictor
from melonnx.infer.audio.reader import load_audio
from melonnx.infer.frontend.mfcc import Mfcc
from melonnx.infer.frontend.windows import CELLS, MOST_WINDOWS, window_starts
from melonnx.infer.model.heads import HeadInfo
from melonnx.infer.model.metadata import FORMAT_VERSION, METADATA_KEY, WAVE_KEY, ModelInfo
from melonnx.infer.model.onnx_file import CHECKSUM_KEY
from melonnx.infer.model.session import MODELS_FOLDER, TWIN_SUFFIX, find_model
from tests.conftest import RATE, make_song

TEXT = (MODELS_FOLDER / "README.md").read_text("utf-8")
EXAMPLE, DESCRIPTION = re.findall(r"^```json\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
SAMPLE = MODELS_FOLDER / "sample.mp3"
TOLERANCE = 1e-4


def table(first_header):
    """The rows of the table that begins with this header, as lists of cells."""
    rows = TEXT[TEXT.index(f"\n| {first_header} |") :].strip().split("\n\n")[0].splitlines()
    return [line.strip("| ").split(" | ") for line in rows[2:]]


# The reader. It knows nothing of melonnx: numpy, onnxruntime and the text.


def read(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    about = json.loads(session.get_modelmeta().custom_metadata_map["melonnx"])
    if about["format_version"] == 2:
        bars = {"90": about.pop("thresholds")}
        about |= {"pooling": "probabilities", "bars": bars, "accepts": {}, "music_bar": 0}
    else:
        older = 4 if "heads" in about else 3
        assert about["format_version"] == (5 if "mfcc" in about["mel_spec"] else older)
    return session, about


def mel_filters(mel):
    def to_mel(f):
        return 3 * f / 200 if f < 1000 else 15 + 27 * np.log(f / 1000) / np.log(6.4)

    def to_hz(m):
        return 200 * m / 3 if m < 15 else 1000 * np.exp((m - 15) / 27 * np.log(6.4))

    steps = np.linspace(to_mel(mel["fmin"]), to_mel(mel["fmax"]), mel["n_mels"] + 2)
    e = [to_hz(step) for step in steps]
    f = np.arange(mel["n_fft"] // 2 + 1) * mel["sample_rate"] / mel["n_fft"]
    columns = []
    for m in range(mel["n_mels"]):
        up, down = (f - e[m]) / (e[m + 1] - e[m]), (e[m + 2] - f) / (e[m + 2] - e[m + 1])
        columns.append(2 / (e[m + 2] - e[m]) * np.maximum(0, np.minimum(up, down)))
    return np.stack(columns, axis=1)


def front_end(x, mel):
    n_fft, hop = mel["n_fft"], mel["hop_length"]
    padded = np.concatenate([np.zeros(n_fft // 2), x, np.zeros(n_fft // 2)])
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    filters = mel_filters(mel)
    rows = []
    for t in range(1 + len(x) // hop):
        spectrum = np.fft.rfft(hann * padded[t * hop : t * hop + n_fft])
        rows.append((np.abs(spectrum) ** 2) @ filters)
    s = np.array(rows)
    if mel["log_gain"]:
        mean = s.sum(axis=1).mean()
        return np.log10(1 + mel["log_gain"] * mel["level"] * s / mean)
    if mel.get("reference") == "full scale":
        floor = max(1e-10, s.max() * 10 ** (-mel["top_db"] / 10))
        return 1 + np.log10(np.maximum(s, floor)) / 10
    d = np.log10(np.maximum(s / s.max(), 10 ** (-mel["top_db"] / 10)))
    if mel.get("reference") == "loudest":
        return 1 + 10 * d / mel["top_db"]
    return (d - d.min()) / -d.min()


def coefficients(patch, mel):
    """Of one window, [frames, features]; of the orthonormal type 2 alone."""
    about = mel.get("mfcc")
    if about is None:
        return patch
    assert (about["dct_type"], about["norm"]) == (2, "ortho")
    b = (patch - 1) * (100 if mel["reference"] == "full scale" else mel["top_db"])
    m, n = np.arange(mel["n_mels"]), np.arange(about["n_mfcc"])
    c = 2 * b @ np.cos(np.pi * (2 * m[:, None] + 1) * n / (2 * len(m))) / np.sqrt(2 * len(m))
    c[:, 0] /= np.sqrt(2)
    if q := about["lifter"]:
        c *= 1 + q / 2 * np.sin(np.pi * (n + 1) / q)
    features = [c]
    for order in range(1, about["deltas"] + 1):
        firsts = [min(max(0, t - 4), len(c) - 9) for t in range(len(c))]
        fits = [np.polyfit(np.arange(9), c[first : first + 9], order)[0] for first in firsts]
        features.append(np.array(fits) * order)
    return np.concatenate(features, axis=1)


def starts_of(n_frames, about):
    window, hop, most = about["window"], about["window_hop"], about["max_windows"]
    if n_frames < window:
        return [0]
    last = n_frames - window
    starts = []
    while len(starts) * hop < last:
        starts.append(len(starts) * hop)
    starts.append(last)
    if not 0 < most < len(starts):
        return starts
    if most == 1:
        starts = [last // 2]
    else:
        step = last / (most - 1)
        starts = [int(i * step) for i in range(most - 1)] + [last]
    q = 1
    while -(-n_frames // window) / q > 256:
        q *= 2
    return [s - s % (window * q) if q > 1 else s for s in starts]


def answer(x, session, about):
    log_mel = front_end(x, about["mel_spec"])
    window = about["window"]
    is_short = len(log_mel) < window
    if is_short:
        log_mel = log_mel[np.arange(window) % len(log_mel)]
    patches = [log_mel[s : s + window] for s in starts_of(len(log_mel), about)]
    names = ["probabilities", "embedding", "evidence"] + ["music"] * (about["music_bar"] > 0)
    taken = [coefficients(patch, about["mel_spec"])[None].astype(np.float32) for patch in patches]
    outputs = [session.run(names, {"log_mel": one}) for one in taken]
    by_window, embedding, evidence, *music = (
        np.concatenate(parts) for parts in zip(*outputs, strict=True)
    )
    if about["pooling"] == "logits":
        p = np.exp(np.log(np.maximum(by_window.astype(float), 1e-30)).mean(axis=0))
        p /= p.sum()
    else:
        p = by_window.mean(axis=0)
    p = np.maximum(p, 1e-12).astype(float) ** (1 / about["temperature"])
    p /= p.sum()
    parents = about["parents"] or {label: label for label in about["labels"]}
    genres = {}
    for label, probability in zip(about["labels"], p, strict=True):
        genres[parents[label]] = genres.get(parents[label], 0) + probability
    best = max(genres, key=lambda genre: genres[genre])
    accepts = {best: 1} | about["accepts"].get(best, {})
    score = min(1, sum(genres[other] * chance for other, chance in accepts.items()))
    music = music[0].mean() if music else None
    is_music = music is None or music >= about["music_bar"]
    unsure = is_short or not is_music or score < about["bars"]["90"].get(best, 0)
    heard = (by_window, evidence)
    return genres, (best, score, unsure), music, embedding.mean(axis=0), heard


# What holds it to the code.


def agree(model, x, rate):
    session, about = read(find_model(model))
    genres, (best, score, unsure), music, embedding, _ = answer(x, session, about)
    expected = Predictor(model, device="cpu").predict_array(x, rate)
    assert genres == pytest.approx(expected.probabilities, abs=TOLERANCE)
    assert (best, unsure) == (expected.label, expected.unsure)
    assert score == pytest.approx(expected.score, abs=TOLERANCE)
    assert music == (expected.music and pytest.approx(expected.music, abs=TOLERANCE))
    np.testing.assert_allclose(
        embedding, expected.embedding, atol=TOLERANCE * max(1, abs(expected.embedding).max())
    )


@pytest.mark.parametrize("seconds", [0.2, 4, 30])
@pytest.mark.parametrize("name", ["genre-base", "genre-small"])
def test_a_reader_from_the_text_alone_says_what_melonnx_says(name, seconds):
    rate = Predictor(name, device="cpu").info.mel_spec.sample_rate
    agree(name, load_audio(SAMPLE, rate)[10 * rate :][: round(seconds * rate)], rate)


@pytest.mark.parametrize("seconds", [4, 40])
def test_so_it_does_with_all_that_the_format_has(full_model, seconds):
    noise = np.random.default_rng(0).normal(0, 0.1, seconds * RATE).astype(np.float32)
    for x in (make_song(seconds)[:, 0], noise):
        agree(full_model, x, RATE)


def test_so_it_does_of_a_track_that_is_not_held_whole():
    rate, seconds = 16000, 13.5 * 60
    song = load_audio(SAMPLE, rate)
    song = np.tile(song, round(seconds * rate / len(song)) + 1)[: round(seconds * rate)]
    assert 1 + len(song) // 256 > 256 * 187
    loudness = np.linspace(0.2, 1, len(song), dtype=np.float32)
    agree("genre-base", song * loudness, rate)


@pytest.mark.parametrize("most", [0, 1, 2, 10, 128])
def test_windows_of_the_text_are_those_of_the_code(most):
    about = {"window": 7, "window_hop": 5, "max_windows": most}
    for n_frames in (*range(1, 120), 1791, 1792, 1793, 3584, 3585, 5000, 9999):
        assert starts_of(n_frames, about) == window_starts(n_frames, 7, 5, most), n_frames
    assert f"C > {CELLS}" in TEXT
    assert f"integer 0 to {MOST_WINDOWS}" in TEXT


@pytest.mark.parametrize("name", ["genre-base", "genre-small"])
def test_evidence_averages_to_the_logits_as_the_text_says(name):
    session, about = read(MODELS_FOLDER / f"{name}.onnx")
    x = load_audio(SAMPLE, about["mel_spec"]["sample_rate"])[:200_000]
    by_window, evidence = answer(x, session, about)[-1]
    powers = np.exp(evidence.astype(float).mean(axis=(1, 2)))
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), by_window, atol=1e-5)


def test_the_example_is_a_whole_metadata_entry():
    info = ModelInfo.from_json(EXAMPLE)
    assert json.loads(info.to_json()) == json.loads(EXAMPLE)
    assert MelSpec.from_dict(json.loads(DESCRIPTION)["mel_spec"]) == MelSpec()


def test_each_field_is_in_the_tables_and_no_other():
    def named(header):
        return {name for row in table(header) for name in re.findall(r"`(\w+)`", row[0])}

    of_info = {field.name for field in fields(ModelInfo)}
    assert named("field of a head") == {field.name for field in fields(HeadInfo)}
    assert named("field") == of_info | {"format_version"}
    assert named("field of `mel_spec`") == {field.name for field in fields(MelSpec)}
    assert named("field of `mfcc`") == {field.name for field in fields(Mfcc)}
    assert f"| `format_version` | integer | {FORMAT_VERSION} |" in TEXT
    for key in (METADATA_KEY, WAVE_KEY):
        assert f"key `{key}`" in TEXT
    assert f"entry `{CHECKSUM_KEY}`" in TEXT


@pytest.mark.parametrize("name", ["genre-base", "genre-open", "genre-small"])
@pytest.mark.parametrize(
    ("section", "suffix"), [("## The network", ".onnx"), ("twin\n", TWIN_SUFFIX)]
)
def test_the_tensors_are_those_of_the_tables(name, section, suffix):
    session = onnxruntime.InferenceSession(MODELS_FOLDER / f"{name}{suffix}")
    part = TEXT[TEXT.index(section) :].split("\n## ")[0]
    rows = re.findall(r"^\| (input|output) `(\w+)` \| (\w+) \| \[(.*?)\]", part, re.MULTILINE)
    about = Predictor(name, device="cpu").info
    n_labels = len(about.labels)
    sizes = {"n_mels": about.mel_spec.n_mels, "labels": n_labels, "genres": n_labels}
    there = {value.name: value for value in (*session.get_inputs(), *session.get_outputs())}
    documented = {tensor for _, tensor, _, _ in rows}
    absent = set() if about.parents else {"label_probabilities"}
    absent |= set() if about.music_bar else {"music"}
    assert set(there) - set(about.heads) == documented - absent
    for _, tensor, kind, shape in rows:
        if tensor not in there:
            continue
        assert there[tensor].type == {"float32": "tensor(float)"}[kind]
        axes = there[tensor].shape
        if tensor == "music":  # [batch, 1] may be, too
            axes = axes[:1]
        for axis, actual in zip(shape.split(", "), axes, strict=True):
            if axis in sizes:
                assert actual == sizes[axis], tensor
            elif axis in ("batch", "frames", "samples", "windows"):
                assert actual == axis, tensor
