"""Checks that all of melonnx works here: what a bug report needs, and nothing secret in it."""

import hashlib
import importlib
import io
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

__all__ = ["CHECKSUMS", "KNOWN_ANSWERS", "Finding", "examine"]

_MODELS_FOLDER = Path(__file__).parents[2] / "models"
CHECKSUMS = _MODELS_FOLDER / "SHA256SUMS"
"""Of what is released; made in ``models/`` by ``sha256sum *.onnx sample.mp3 > SHA256SUMS``."""
KNOWN_ANSWERS = _MODELS_FOLDER / "sample.jsonl"
"""What each released model says of the sample clip: in ``models/``, the lines of ``melonnx
classify sample.mp3 --json --model NAME``."""

_TOLERANCE = 0.02
"""Of a probability: other decoders and devices round otherwise."""
_RATE = 44100
_PITCH = 440
_PACKAGES = ("numpy", "onnxruntime", "soundfile", "soxr", "typer", "rich")
_SHARING = ("onnxruntime", "onnxruntime-gpu")
_MUST_COME_UP = ("CPUExecutionProvider", "CUDAExecutionProvider")
"""Others are in some builds of onnxruntime whether their libraries are there or not."""
_FORMATS = (
    ("wav", "WAV", "PCM_16"),
    ("flac", "FLAC", "PCM_16"),
    ("ogg", "OGG", "VORBIS"),
    ("opus", "OGG", "OPUS"),
    ("mp3", "MP3", "MPEG_LAYER_III"),
    ("aiff", "AIFF", "PCM_16"),
    ("au", "AU", "PCM_16"),
    ("caf", "CAF", "PCM_16"),
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    part: str
    """"versions", "extras", "providers", "formats", "models" or "answers"."""
    name: str
    status: Literal["ok", "absent", "broken"]
    """"absent": not installed, and not needed."""
    detail: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    """The same for programs: milliseconds, versions."""


def examine() -> Iterator[Finding]:
    """Look at everything, in an order that goes from the ground up; never raises."""
    for part, look in (
        ("versions", _versions),
        ("extras", _extras),
        ("providers", _providers),
        ("formats", _formats),
        ("models", _models),
        ("answers", _answers),
    ):
        try:
            yield from look()
        except Exception as error:  # whatever is broken is the answer
            yield Finding(part, part, "broken", _say(error))


def _try(part: str, name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except Exception as error:  # whatever is broken is the answer
        return Finding(part, name, "broken", _say(error))


def _say(error: Exception) -> str:
    """In one line, without the name of the user's folder."""
    text = f"{error}".partition("\n")[0] or type(error).__name__
    with suppress(RuntimeError):  # a user without a home
        home = str(Path.home())
        text = text.replace(home, "~") if len(home) > 1 else text
    return text


def _versions() -> Iterator[Finding]:
    bits = f"{sys.implementation.name} {platform.python_version()}, {platform.platform()}"
    yield Finding("versions", "melonnx", "ok", metadata.version("melonnx"))
    yield Finding("versions", "python", "ok", f"{bits}, {platform.machine()}")
    for name in _PACKAGES:
        yield _try("versions", name, lambda name=name: _version(name))


def _version(name: str) -> Finding:
    module = importlib.import_module(name)
    version = metadata.version(name) if name != "onnxruntime" else module.__version__
    if name == "soundfile":
        version += f" with {module.__libsndfile_version__}"
    both = [one for one in _SHARING if _is_installed(one)]
    if name == "onnxruntime" and len(both) > 1:
        advice = f"{' and '.join(both)} share one folder: uninstall both, then install one"
        return Finding("versions", name, "broken", advice)
    return Finding("versions", name, "ok", version)


def _extras() -> Iterator[Finding]:
    """Whether what each extra brings is installed; ``dev`` is for those who work on melonnx."""
    wanted: dict[str, list[str]] = {}
    for line in metadata.requires("melonnx") or ():
        package, _, condition = line.partition(";")
        extra = re.search(r"extra == ['\"](.+?)['\"]", condition)
        name = re.match(r"[\w.-]+", package)
        if extra and name and extra[1] != "dev":
            wanted.setdefault(extra[1], []).append(name[0])
    for extra, packages in wanted.items():
        missing = [name for name in packages if not _is_installed(name)]
        detail = f"without {', '.join(missing)}" if missing else ", ".join(map(_named, packages))
        yield Finding("extras", extra, "absent" if missing else "ok", detail)


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _named(package: str) -> str:
    return f"{package} {metadata.version(package)}"


def _providers() -> Iterator[Finding]:
    import onnxruntime

    for name in onnxruntime.get_available_providers():
        yield _try("providers", name, lambda name=name: _provider(name))


def _provider(name: str) -> Finding:
    """A session is made: that a provider is listed says little."""
    from melonnx.infer.errors import DeviceError
    from melonnx.infer.model.session import load_model

    began = time.perf_counter()
    try:
        load_model(device=[name])
    except DeviceError:
        status = "broken" if name in _MUST_COME_UP else "absent"
        return Finding("providers", name, status, "is in this onnxruntime, but does not come up")
    milliseconds = round(1000 * (time.perf_counter() - began))
    return Finding("providers", name, "ok", f"up in {milliseconds} ms", {"ms": milliseconds})


def _formats() -> Iterator[Finding]:
    for name, format_, subtype in _FORMATS:
        yield _try("formats", name, lambda n=name, f=format_, s=subtype: _decoded(n, _encode(f, s)))
    if _is_installed("av"):
        yield _try("formats", "m4a", lambda: _decoded("m4a", _encode_m4a()))
    else:
        yield Finding("formats", "m4a", "absent", 'needs the extra "ffmpeg", as wma and webm do')


def _tone(rate: int) -> Any:
    import numpy as np

    return (0.5 * np.sin(2 * np.pi * _PITCH * np.arange(rate) / rate)).astype(np.float32)


def _encode(format_: str, subtype: str) -> bytes:
    import soundfile

    buffer = io.BytesIO()
    rate = 48000 if subtype == "OPUS" else _RATE
    soundfile.write(buffer, _tone(rate), rate, format=format_, subtype=subtype)
    return buffer.getvalue()


def _encode_m4a() -> bytes:
    av = importlib.import_module("av")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ipod") as container:
        stream = container.add_stream("aac", rate=_RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(_tone(_RATE)[None], format="fltp", layout="mono")
        frame.sample_rate = _RATE
        for part in av.AudioResampler(stream.format, "mono", _RATE).resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _decoded(name: str, data: bytes) -> Finding:
    """A second of 440 Hz must come back as long, as loud and as high as it was."""
    import numpy as np

    from melonnx.infer.audio.reader import load_audio

    began = time.perf_counter()
    waveform = load_audio(data, _RATE)
    milliseconds = round(1000 * (time.perf_counter() - began), 1)
    seconds = len(waveform) / _RATE
    level = float(np.sqrt(np.mean(waveform**2)))
    pitch = float(np.argmax(np.abs(np.fft.rfft(waveform)))) / seconds
    if abs(seconds - 1) > 0.15 or abs(level - 0.354) > 0.05 or abs(pitch - _PITCH) > 5:
        heard = f"{seconds:.2f} s of {pitch:.0f} Hz, level {level:.2f}"
        detail = f"a second of {_PITCH} Hz, level 0.35, comes back as {heard}"
        return Finding("formats", name, "broken", detail)
    return Finding("formats", name, "ok", "", {"ms": milliseconds})


def _models() -> Iterator[Finding]:
    for line in CHECKSUMS.read_text("utf-8").splitlines():
        digest, name = line.split()
        yield _try("models", name, lambda name=name, digest=digest: _model(name, digest))


def _model(name: str, digest: str) -> Finding:
    found = hashlib.sha256((_MODELS_FOLDER / name).read_bytes()).hexdigest()
    if found != digest:
        return Finding("models", name, "broken", f"is not what was released: sha256 {found[:12]}…")
    return Finding("models", name, "ok", f"sha256 {digest[:12]}…", {"sha256": digest})


def _answers() -> Iterator[Finding]:
    import json

    for line in KNOWN_ANSWERS.read_text("utf-8").splitlines():
        known = json.loads(line)
        yield _try("answers", known["model"], lambda known=known: _answer(known))


def _answer(known: dict[str, Any]) -> Finding:
    from melonnx.infer import Predictor

    name = known["model"]
    began = time.perf_counter()
    predictor = Predictor(name.rpartition(" ")[0])
    loaded = time.perf_counter()
    sample = _MODELS_FOLDER / known["path"]
    answer = predictor.predict(sample)
    took = time.perf_counter() - loaded
    facts = {
        "load_ms": round(1000 * (loaded - began)),
        "song_ms": round(1000 * took),
        "provider": predictor.providers[0],
    }
    worst = max(
        abs(answer.probabilities.get(label, 0.0) - score)
        for label, score in known["probabilities"].items()
    )
    said = f"{answer.label} {answer.score:.0%}"
    if answer.model != name or worst > _TOLERANCE:
        expected = f"{name} says {known['label']} {known['score']:.0%}"
        return Finding("answers", name, "broken", f"{answer.model} says {said}, {expected}", facts)
    times = f"loaded in {facts['load_ms']} ms, {answer.duration_s:.0f} s heard in"
    return Finding("answers", name, "ok", f"{said}, {times} {facts['song_ms']} ms", facts)
