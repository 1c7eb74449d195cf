"""What a user would write: librosa's mel spectrogram, and the network of genre-small 1.0.

The model's file is the third argument; nothing of melonnx is imported.
"""

import json
import sys

import librosa
import numpy as np
import onnxruntime
from timed import report

session = onnxruntime.InferenceSession(sys.argv[3], providers=["CPUExecutionProvider"])
info = json.loads(session.get_modelmeta().custom_metadata_map["melonnx"])
spec, window, hop = info["mel_spec"], info["window"], info["window_hop"]


def answer(path):
    waveform, _ = librosa.load(path, sr=spec["sample_rate"])
    mel = librosa.feature.melspectrogram(
        y=waveform,
        sr=spec["sample_rate"],
        n_fft=spec["n_fft"],
        hop_length=spec["hop_length"],
        n_mels=spec["n_mels"],
        fmin=spec["fmin"],
        fmax=spec["fmax"],
    )
    decibels = librosa.power_to_db(mel, ref=np.max, top_db=spec["top_db"]).T
    log_mel = (1 - decibels / decibels.min()).astype(np.float32)
    last = max(0, len(log_mel) - window)
    patches = np.stack([log_mel[at : at + window] for at in [*range(0, last, hop), last]])
    (probabilities,) = session.run(["probabilities"], {"log_mel": patches})
    return info["labels"][probabilities.mean(axis=0).argmax()]


report(answer)
