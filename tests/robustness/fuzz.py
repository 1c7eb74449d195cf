"""Coverage-guided fuzzing of what strangers hand us: ``fuzz.py audio|model [libFuzzer options]``.

    python tests/robustness/fuzz.py audio -runs=1000000

An input that crashes, hangs for 10 s or takes 1 GB ends the run and is kept as a file; it then
becomes a test. Seeds are made here. Needs atheris (``pip install '.[dev]'``).
"""

import io
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris
import numpy as np
import onnx
from onnx import TensorProto, helper

with atheris.instrument_imports(include=["melonnx"]):
    from melonnx.infer import MelonnxError, MelSpec, Predictor
    from melonnx.infer.model.metadata import METADATA_KEY, ModelInfo
    from melonnx.infer.model.session import INPUT, load_model

import soundfile
from numpy.typing import NDArray

LIMITS = ("-timeout=10", "-rss_limit_mb=1024", "-max_len=16384", "-len_control=0")
RATE = 22050


def little_model() -> bytes:
    """A model file with one layer: the mean over frames, to two labels."""
    spec = MelSpec(n_mels=16, n_fft=512, hop_length=256)
    info = ModelInfo(
        name="little", version="0", labels=("drone", "noise"), mel_spec=spec, window=4,
        window_hop=4, max_windows=2, bars={"90": {"drone": 0.5}},
    )  # fmt: skip
    weights = np.linspace(-1, 1, 32, dtype=np.float32).reshape(16, 2)
    nodes = [
        helper.make_node("ReduceMean", [INPUT], ["embedding"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["embedding", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
        helper.make_node("Unsqueeze", ["logits", "places"], ["evidence"]),
    ]
    shapes = {
        "probabilities": ["batch", 2], "embedding": ["batch", 16], "evidence": ["batch", 1, 1, 2]
    }  # fmt: skip
    graph = helper.make_graph(
        nodes, "little",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", "frames", 16])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()],
        [
            onnx.numpy_helper.from_array(weights, "weights"),
            onnx.numpy_helper.from_array(np.array([1, 2]), "places"),
        ],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {METADATA_KEY: info.to_json()})
    return model.SerializeToString()


def songs() -> list[bytes]:
    """A third of a second in each format, and each cut short."""
    time = np.arange(RATE // 3) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 440 * time) + 0.01 * np.cos(2 * np.pi * 3000 * time)
    made: list[bytes] = []
    for format_, subtype, rate in (
        *(("WAV", kind, RATE) for kind in ("PCM_16", "PCM_24", "FLOAT", "ULAW", "IMA_ADPCM")),
        *((kind, "PCM_16", RATE) for kind in ("FLAC", "AIFF", "AU", "CAF", "W64", "RF64")),
        ("OGG", "VORBIS", RATE), ("OGG", "OPUS", 24000), ("MP3", "MPEG_LAYER_III", RATE),
    ):  # fmt: skip
        buffer = io.BytesIO()
        soundfile.write(buffer, tone, rate, subtype, format=format_)
        made.append(buffer.getvalue())
    mp3 = made[-1]
    slow = io.BytesIO()
    soundfile.write(slow, tone[: len(tone) // 2], 16000, "MPEG_LAYER_III", format="MP3")
    vorbis, opus, flac = made[11], made[12], made[5]
    made += [slow.getvalue() + mp3, vorbis + vorbis, vorbis + opus, flac + flac, *by_ffmpeg(tone)]
    made += [mp3[400:], b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + mp3, mp3 + mp3]
    return made + [song[: len(song) // 2] for song in made]


def by_ffmpeg(tone: NDArray[np.float64]) -> list[bytes]:
    """The same by PyAV, in what needs it to be heard; AC-3 in bursts as a wav, too."""
    import av

    made: list[bytes] = []
    for format_, codec, rate in (
        ("mp4", "aac", RATE), ("matroska", "libopus", 48000), ("wv", "wavpack", RATE),
        ("tta", "tta", RATE), ("ac3", "ac3", 48000), ("spdif", "ac3", 48000),
        ("mpegts", "mp2", 44100), ("flv", "aac", RATE), ("ogg", "flac", RATE),
    ):  # fmt: skip
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=format_) as out:
            stream = out.add_stream(codec, rate=rate, layout="mono")
            samples = tone[None].astype(np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate = RATE
            resampler = av.AudioResampler(stream.format, "mono", rate, stream.frame_size or 1024)
            for part in resampler.resample(frame):
                out.mux(stream.encode(part))
            if codec in ("wavpack", "tta"):  # the others need no end
                out.mux(stream.encode(None))
        made.append(buffer.getvalue())
    bursts = np.frombuffer(made[5], "<i2").reshape(-1, 2)[:6000]
    coat = io.BytesIO()
    soundfile.write(coat, bursts, 48000, "PCM_16", format="FLAC")
    return [*made, coat.getvalue()]


def fuzz_audio(folder: Path) -> Callable[[bytes], None]:
    """Any bytes have a genre or one of our errors, skimmed where that can be, else read through."""
    model = folder / "little.onnx"
    model.write_bytes(little_model())
    predictor = Predictor(model, device="cpu", threads=1, skim=True)

    def predict(data: bytes) -> None:
        try:
            song = predictor.predict(data)
        except MelonnxError as error:
            assert "\n" not in str(error)
        else:
            assert abs(sum(song.probabilities.values()) - 1) < 1e-6

    return predict


def fuzz_model(folder: Path) -> Callable[[bytes], None]:
    """Any file is a model that answers or one of our errors."""
    path = folder / "fuzzed.onnx"

    def load(data: bytes) -> None:
        path.write_bytes(data)
        try:
            load_model(path, device="cpu", threads=1)
        except MelonnxError as error:
            assert "\n" not in str(error)

    return load


def main() -> None:
    """Make the seeds and run until an option says stop."""
    what, *options = sys.argv[1:]
    folder = Path(tempfile.mkdtemp(prefix="melonnx-fuzz-"))
    seeds = folder / "seeds"
    seeds.mkdir()
    for number, data in enumerate(songs() if what == "audio" else [little_model()]):
        (seeds / str(number)).write_bytes(data)
    target = {"audio": fuzz_audio, "model": fuzz_model}[what](folder)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    atheris.Setup([sys.argv[0], *LIMITS, *options, str(seeds)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
