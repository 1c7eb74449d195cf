"""The steps of genre-base with nothing around them: the limit that the command is set against.

python tests/benchmarks/bare.py SONG MODEL
"""

import sys

import numpy as np
import onnxruntime
import soundfile
import soxr

N_FFT, HOP, N_MELS, RATE, WINDOW, WINDOWS, LEVEL, GAIN = 512, 256, 96, 16000, 187, 10, 25, 10000


def filterbank():
    def to_mel(hz):
        return np.where(
            hz < 1000, hz * 0.015, 15 + 27 * np.log(np.maximum(hz, 1) / 1000) / np.log(6.4)
        )

    mels = np.linspace(0, to_mel(np.array(RATE / 2)), N_MELS + 2)
    edges = np.where(mels < 15, mels / 0.015, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))
    bins = np.fft.rfftfreq(N_FFT, 1 / RATE)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])


samples, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
waveform = soxr.resample((samples[:, 0] + samples[:, -1]) * np.float32(0.5), rate, RATE)
padded = np.pad(waveform, N_FFT // 2)
frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
power = np.abs(np.fft.rfft(frames * hann)) ** 2 @ filterbank()
log_mel = np.log10(1 + GAIN * LEVEL * power / power.sum(axis=1).mean()).astype(np.float32)
starts = np.linspace(0, len(log_mel) - WINDOW, WINDOWS).astype(int)
patches = np.stack([log_mel[start : start + WINDOW] for start in starts])
session = onnxruntime.InferenceSession(sys.argv[2], providers=["CPUExecutionProvider"])
(probabilities,) = session.run(["probabilities"], {"log_mel": patches})
print(sys.argv[1], *probabilities.mean(axis=0).round(4))
