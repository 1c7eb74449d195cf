"""Makes the table of what EfficientAT's mn04_as says of songs, for ``melonnx train --teacher``.

    python -m tests.benchmarks.teacher_table MN04_AS.onnx OUT.npz SONGS PREVIEWS MUSIC

The network (F. Schmid, K. Koutini and G. Widmer, 2023; MIT licence; learnt from AudioSet) is not
part of melonnx, nor is its front end; ``MN04_AS.onnx`` takes ``power`` float32 [batch, 513, frames]
and gives ``hidden`` [batch, 512]. A song's row is the mean over windows of 10 s. The folders are
those of the training, their parent the one that holds them all.
"""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import librosa
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from melonnx.infer.audio.reader import load_audio
from melonnx.infer.library.find import find_music

_RATE, _WINDOW_S = 32000, 10
_PREEMPHASIS = 0.97


def main(model: str, out: str, *folders: str) -> None:
    """Write the table."""
    roots = [Path(folder).resolve() for folder in folders]
    root = Path(os.path.commonpath(roots)) if len(roots) > 1 else roots[0]
    paths = [path for one in roots for path in sorted(find_music(one, recursive=True))]
    with ProcessPoolExecutor() as pool:
        rows = list(pool.map(_hidden, [model] * len(paths), paths, chunksize=16))
    names = [path.relative_to(root).as_posix() for path in paths]
    np.savez(out, path=np.array(names), embedding=np.stack(rows))
    print(f"{out}: {len(rows)} songs")


def _hidden(model: str, path: Path) -> NDArray[np.float32]:
    """The hidden layer's mean over a song's windows (512,)."""
    windows = [_session(model).run(["hidden"], {"power": w[None]})[0] for w in _windows(path)]
    return np.concatenate(windows).mean(axis=0)


def _windows(path: Path) -> Iterator[NDArray[np.float32]]:
    """Power spectrograms [513, frames] of windows of 10 s, spread from start to end."""
    samples, size = load_audio(path, _RATE), _RATE * _WINDOW_S
    if len(samples) < size:
        samples = np.resize(samples, size)
    n_windows = max(1 + (len(samples) > 1.2 * size), round(len(samples) / size))
    for start in np.linspace(0, len(samples) - size, n_windows).astype(int):
        window = samples[start : start + size]
        emphasised = window[1:] - np.float32(_PREEMPHASIS) * window[:-1]
        spectrum = librosa.stft(
            emphasised, n_fft=1024, hop_length=320, win_length=800, window=np.hanning(800),
            pad_mode="reflect",
        )  # fmt: skip
        yield np.square(np.abs(spectrum)).astype(np.float32)


@cache
def _session(model: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main(*sys.argv[1:])
