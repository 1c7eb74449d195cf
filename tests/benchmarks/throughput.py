"""Songs a second in worker processes: melonnx, decoding alone, and a pipeline of librosa.

python -m tests.benchmarks.throughput MUSIC [SONGS] [WORKERS] [ROUNDS] [MODEL]

All three go through the same worker processes, in turn, and are timed from the first answers on.
"decoding alone" is soundfile.read of the whole file; the librosa pipeline is librosa.load, its
mel spectrogram and decibels, and the same network. Cold start, from the prompt to one song's
answer, is `melonnx classify` against a script of that pipeline. Needs the "train" extra. With the
name of a released MODEL, there is no such pipeline beside it. Under `taskset -c 0` and `-c 0,1`,
with as many WORKERS, it tells how far cores add up.

musicnn's published tool needs TensorFlow 1 or 2.x with Keras 2, so an environment of its own:
python3.7 -m venv musicnn && musicnn/bin/pip install musicnn, then
time musicnn/bin/python -m musicnn.tagger SONG --print. Compare it with the cold start.
"""

import itertools
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import soundfile

from melonnx.infer import Predictor
from melonnx.infer.library import workers
from melonnx.infer.library.find import find_music
from melonnx.infer.library.journal import Packed
from melonnx.infer.library.workers import Hearing, Job, hear_file, hear_in_processes
from melonnx.infer.model.session import find_model

MODEL = Path(__file__).parents[1] / "models" / "genre-small-1.0.onnx"
"""Of a front end that librosa has, too."""
HEARING = Hearing(MODEL, "genre-small 1.0", "cpu")


def serve(connection: Any, answer: Callable[[str], object]) -> None:
    """What a worker does, with another way to answer."""
    connection.send(None)
    try:
        while True:
            answer(connection.recv())
            connection.send(Packed("ok", "", None))
    except EOFError:
        return


def decode(connection: Any, hearing: Hearing) -> None:
    """Only decode."""
    serve(connection, lambda path: soundfile.read(path, dtype="float32"))


def with_librosa(connection: Any, hearing: Hearing) -> None:
    """Librosa's front end and the same network."""
    serve(connection, librosa_pipeline())


def librosa_pipeline() -> Callable[[str], object]:
    """A function from a path to probabilities."""
    import librosa
    import numpy as np

    from melonnx.infer.frontend.windows import patch_batches, window_starts
    from melonnx.infer.model.session import load_model

    model = load_model(MODEL, device="cpu", threads=1)
    info, spec = model.info, model.info.mel_spec

    def answer(path: str) -> object:
        waveform, _ = librosa.load(path, sr=spec.sample_rate)
        mel = librosa.feature.melspectrogram(
            y=waveform, sr=spec.sample_rate, n_fft=spec.n_fft, hop_length=spec.hop_length
        )
        decibels = librosa.power_to_db(mel, ref=np.max).T
        log_mel = (decibels / -decibels.min() + 1).astype(np.float32)
        starts = window_starts(len(log_mel), info.window, info.window_hop, info.max_windows)
        batches = patch_batches(log_mel, info.window, starts, 2)
        outputs = [model.run(patches, evidence=False).probabilities for patches in batches]
        return np.concatenate(outputs).mean(axis=0)

    return answer


def songs_a_second(work: Any, songs: list[str], n_workers: int, hearing: Hearing) -> float:
    """From the answer that ends the first two songs of each worker on."""
    workers._work = work
    warm_up = 2 * n_workers
    paths = [*songs[:warm_up], *songs]
    answers = hear_in_processes((Job(i, path) for i, path in enumerate(paths)), n_workers, hearing)
    for _ in itertools.islice(answers, warm_up):
        pass
    began = time.perf_counter()
    n_songs = sum(1 for _ in answers)
    return n_songs / (time.perf_counter() - began)


def processor_ms(songs: list[str], rounds: int, model: str | Path) -> tuple[float, float]:
    """Of a song, in one process: answered, and only decoded. Other load hardly moves it."""
    predictor = Predictor(model, "cpu", 1)
    ways: list[Callable[[str], object]] = [
        lambda path: hear_file(predictor, path),
        lambda path: soundfile.read(path, dtype="float32"),
    ]
    times: list[list[float]] = [[], []]
    for _ in range(rounds + 1):
        for way, figures in zip(ways, times, strict=True):
            began = time.process_time()
            for path in songs:
                way(path)
            figures.append(1000 * (time.process_time() - began) / len(songs))
    heard, decoded = (statistics.median(figures[1:]) for figures in times)
    return heard, decoded


def cold_s(song: str) -> dict[str, tuple[float, float]]:
    """Seconds from the prompt to one answer, and of processor time; the best of three."""
    program = "import sys; from tests.benchmarks.throughput import librosa_pipeline as make;"
    commands = {
        "melonnx": [str(Path(sys.executable).parent / "melonnx"), "classify", song],
        "librosa": [sys.executable, "-c", f"{program} print(make()(sys.argv[1]))", song],
    }
    commands["melonnx"] += ["--model", str(MODEL)]
    times: dict[str, tuple[float, float]] = {}
    for name, command in commands.items():
        runs = []
        for _ in range(4):
            began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            seconds, after = (
                time.perf_counter() - began,
                resource.getrusage(resource.RUSAGE_CHILDREN),
            )
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            runs.append((seconds, cpu))
        times[name] = min(runs[1:])
    return times


def main() -> None:
    """Run all in turn and print."""
    music = Path(sys.argv[1])
    n_songs, n_workers, rounds = (
        int(sys.argv[i]) if len(sys.argv) > i else default
        for i, default in ((2, 100), (3, 2), (4, 3))
    )
    found = itertools.cycle(map(str, find_music(music, recursive=True)))
    songs = list(itertools.islice(found, n_songs))
    kinds = {"melonnx": workers._work, "decoding alone": decode, "librosa pipeline": with_librosa}
    hearing, released = HEARING, sys.argv[5] if len(sys.argv) > 5 else None
    if released is not None:
        hearing = replace(hearing, model=find_model(released), model_name=released)
        del kinds["librosa pipeline"]
    speeds: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, work in kinds.items():
            speeds[name].append(songs_a_second(work, songs, n_workers, hearing))
    print(f"{n_songs} songs, {n_workers} workers, {rounds} rounds in turn; songs a second, warm:")
    for name, figures in speeds.items():
        ratios = [ours / theirs for ours, theirs in zip(speeds["melonnx"], figures, strict=True)]
        shown = ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios))
        print(f"{name:18} {statistics.median(figures):6.1f}  melonnx / this, by round: {shown}")
    heard, decoded = processor_ms(songs[:20], rounds, released or MODEL)
    print(
        f"processor time a song: melonnx {heard:.1f} ms, decoding {decoded:.1f} ms: "
        f"{decoded / heard:.0%}"
    )
    if released is not None:
        return
    times = cold_s(songs[0])
    for name, (seconds, cpu) in times.items():
        print(f"cold: {name:18} {seconds:.2f} s, {cpu:.2f} s of processor time")


if __name__ == "__main__":
    main()
