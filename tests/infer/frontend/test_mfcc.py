"""MFCC and their deltas equal librosa's, whatever kind of DCT, scale and lifter."""

from dataclasses import asdict, replace

import librosa
import numpy as np
import pytest

from melonnx.infer.frontend.features import as_features
from melonnx.infer.frontend.long_tracks import hear
from melonnx.infer.frontend.mel import log_mel
from melonnx.infer.frontend.mel_spec import FULL_SCALE, LOUDEST, RANGE, MelSpec
from melonnx.infer.frontend.mfcc import Mfcc
from tests.conftest import RATE, make_song

SPEC = MelSpec(hop_length=512, reference=FULL_SCALE, mfcc=Mfcc(13))
SONG = make_song(3, seed=4)[:, 0]
KINDS = {
    "default": Mfcc(),
    "lifted": Mfcc(13, lifter=22.0),
    "with deltas": Mfcc(13, deltas=2),
    "type 1": Mfcc(12, dct_type=1),
    "type 1, no norm": Mfcc(12, dct_type=1, norm="none"),
    "type 2, no norm": Mfcc(40, norm="none", deltas=1),
    "type 3": Mfcc(13, dct_type=3),
    "type 3, no norm": Mfcc(13, dct_type=3, norm="none", lifter=30.0),
    "as many as bands": Mfcc(128, dct_type=1),
}


def reference(waveform, spec):
    """[frames, n_features], by librosa in double precision."""
    power = librosa.feature.melspectrogram(
        y=waveform.astype(np.float64), sr=spec.sample_rate, n_fft=spec.n_fft,
        hop_length=spec.hop_length, n_mels=spec.n_mels, fmin=spec.fmin, fmax=spec.fmax,
    )  # fmt: skip
    decibels = librosa.power_to_db(
        power, ref=np.max if spec.reference == LOUDEST else 1.0, top_db=spec.top_db
    )
    mfcc = librosa.feature.mfcc(
        S=decibels, n_mfcc=spec.mfcc.n_mfcc, dct_type=spec.mfcc.dct_type,
        norm=None if spec.mfcc.norm == "none" else "ortho", lifter=spec.mfcc.lifter,
    )  # fmt: skip
    orders = range(1, spec.mfcc.deltas + 1)
    return np.concatenate([mfcc, *(librosa.feature.delta(mfcc, order=n) for n in orders)]).T


@pytest.mark.parametrize("reference_of", [FULL_SCALE, LOUDEST])
@pytest.mark.parametrize("mfcc", KINDS.values(), ids=KINDS)
def test_coefficients_equal_librosa(mfcc, reference_of):
    spec = replace(SPEC, reference=reference_of, mfcc=mfcc)
    (got,) = as_features(log_mel(SONG, spec)[None], spec)
    wanted = reference(SONG, spec)
    assert got.dtype == np.float32
    assert got.shape == wanted.shape == (spec.n_frames(len(SONG)), spec.n_features)
    np.testing.assert_allclose(got, wanted, atol=1e-5 * np.abs(wanted).max() / 10, rtol=0)


@pytest.mark.parametrize("gain", [1e-4, 1.0, 30.0])
def test_the_plain_call_on_samples_is_full_scale_decibels(gain):
    """What a tutorial writes: librosa.feature.mfcc(y=…), of quiet and of loud clips."""
    waveform = SONG * np.float32(gain)
    (got,) = as_features(log_mel(waveform, SPEC)[None], SPEC)
    wanted = librosa.feature.mfcc(y=waveform, sr=RATE, n_mfcc=13).T
    np.testing.assert_allclose(got, wanted, atol=1e-5 * np.abs(wanted).max(), rtol=0)


def test_decibels_below_the_loudest_know_no_gain():
    spec = replace(SPEC, reference=LOUDEST)
    np.testing.assert_allclose(log_mel(SONG * np.float32(8), spec), log_mel(SONG, spec), atol=1e-6)


def test_silence_is_zero_before_the_coefficients():
    assert not log_mel(np.zeros(RATE, np.float32), SPEC).any()


def test_a_window_has_the_same_coefficients_wherever_it_is_cut():
    """Deltas at the ends of a window are of its own frames, as in a segment of a tutorial."""
    spec = replace(SPEC, mfcc=Mfcc(13, deltas=1))
    song = make_song(20, seed=5)[:, 0]
    heard = hear([song], spec, 40, 40, 3)
    row = heard.rows[1]
    (got,) = as_features(heard.log_mel[None, row : row + 40], spec)
    start = heard.starts[1]
    mfcc = reference(song, SPEC)[start : start + 40].T
    wanted = np.concatenate([mfcc, librosa.feature.delta(mfcc)]).T
    np.testing.assert_allclose(got, wanted, atol=1e-5 * np.abs(wanted).max(), rtol=0)


def test_a_spec_survives_json_and_one_without_coefficients_is_as_before():
    assert MelSpec.from_dict(SPEC.to_dict()) == SPEC
    assert MelSpec.from_dict(asdict(MelSpec())) == MelSpec()
    assert not {"reference", "mfcc"} & MelSpec().to_dict().keys()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reference": "the moon"}, "not one of"),
        ({"reference": RANGE}, "mfcc needs decibels"),
        ({"n_mels": 8}, "n_mfcc=13 are made of n_mels=8"),
        ({"log_gain": 10.0, "level": 1.0}, "is of decibels"),
        ({"mfcc": {"n_mfcc": 13}}, "mfcc must have the fields n_mfcc, dct_type"),
        ({"mfcc": asdict(Mfcc()) | {"n_mfcc": 0}}, "must be positive"),
        ({"mfcc": asdict(Mfcc()) | {"dct_type": 4}}, "dct_type=4 1, 2 or 3"),
        ({"mfcc": asdict(Mfcc()) | {"norm": "slaney"}}, "ortho or none"),
        ({"mfcc": asdict(Mfcc()) | {"deltas": True}}, "deltas is True"),
        ({"mfcc": asdict(Mfcc()) | {"lifter": float("nan")}}, "lifter=nan"),
    ],
)
def test_what_cannot_be_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        MelSpec.from_dict(SPEC.to_dict() | change)
