"""What the tests share: synthetic audio, a tiny model, and the way to the real data."""

import io
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Each of several processes has one core; threads for all cores would fight over them. This is
    # read when numpy and TensorFlow are imported, and goes to the commands that tests start.
    for _whose in ("OMP_NUM", "OPENBLAS_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP"):
        os.environ.setdefault(f"{_whose}_THREADS", "1")

import numpy as np
import soundfile
from hypothesis import settings
from numpy.typing import NDArray

from melonnx.infer.library.find import AUDIO_SUFFIXES
from tests.commands import Commands

# The same examples each time, so that chance fails no run; ``--hypothesis-profile=long`` looks for
# others, for as long as twenty such runs.
USUAL_EXAMPLES = 50
settings.register_profile(
    "fixed", derandomize=True, max_examples=USUAL_EXAMPLES, deadline=None, database=None
)
settings.register_profile("long", max_examples=20 * USUAL_EXAMPLES, deadline=None)
settings.load_profile("fixed")

RATE = 22050
REAL_DATA = Path(os.environ.get("MELONNX_DATA", Path(__file__).parents[2] / "shared" / "data"))
SMALL_1 = Path(__file__).parent / "models" / "genre-small-1.0.onnx"
"""The genre-small of before: a file of format version 2, which tells the bands apart, hears all of
a song in windows of 10 s, has bars for one rate and does not tell music."""

Run = Callable[..., subprocess.CompletedProcess[str]]

TOGETHER = {
    "a trained run": (
        *("export/keras/test_run", "train/evaluate/test_evaluation", "train/fit/test_loop"),
        "train/classical/test_networks",
    ),
    "the corpus": tuple(
        f"robustness/test_{name}" for name in ("corpus", "corpus_in_batches", "corpus_on_the_page")
    ),
    "npm's packages": ("browser/test_twin", "browser/test_web_modules", "browser/test_web_page"),
    "what numba compiles": (
        *("infer/explain/test_stages", "infer/frontend/test_mel", "train/classical/test_extract"),
        *("train/classical/test_features", "infer/frontend/test_mfcc", "export/keras/test_mfcc"),
        *("export/keras/test_check_input", "export/keras/test_tutorials"),
    ),
}
"""Test files that share what takes long to make, so that one process makes it, and for what."""

LONGEST = (
    *("train/fit/test_loop", "test_package", "browser/test_page_use", "robustness/test_faults"),
    *("train/test_student", "train/evaluate/test_report", "train/classical/test_extract"),
    *("browser/test_web_page", "test_house", "robustness/test_corpus", "test_readme"),
    *("infer/cli/test_main", "infer/library/test_collection", "train/cli/test_benchmark"),
    *("robustness/test_corpus_in_batches", "robustness/test_fuzz", "demo/page/test_serving"),
    *("models/test_released", "train/test_train", "test_subgenres", "infer/library/test_cluster"),
)
"""Test files that begin first: one that began last would be waited for by idle processes."""


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background jobs ignore Ctrl-C, and so would every command that tests start.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):  # one of several processes that share the tests
        # Two that fill numba's cache at once can leave one that crashes whoever reads it.
        cache = Path(tempfile.gettempdir()) / f"melonnx-numba-{config.workerinput['workerid']}"
        os.environ.setdefault("NUMBA_CACHE_DIR", str(cache))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(_test_file(item.nodeid), len(order)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Networks begin with the same weights each time, whatever ran before."""
    keras = sys.modules.get("keras")
    if keras is not None and _test_file(item.nodeid).startswith(("train/", "export/")):
        keras.utils.set_random_seed(0)


def _test_file(nodeid: str) -> str:
    return nodeid.partition(".py")[0].removeprefix("tests/")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """As ``--dist loadfile`` says, but for the files that stay together."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            name = _test_file(nodeid)
            shared = (what for what, names in TOGETHER.items() if name in names)
            return next(shared, super()._split_scope(nodeid))

    return Scheduling(config, log)


def examples(usual: int) -> settings:
    """So many of a property in a usual run, and as many more as of any in a long one."""
    return settings(max_examples=usual * settings.default.max_examples // USUAL_EXAMPLES)


def real_data(name: str) -> Path:
    """A part of the real music; the test skips where it is not there."""
    path = REAL_DATA / name
    if not path.exists():
        pytest.skip(f"needs real music in {path}; MELONNX_DATA names another place")
    return path


@pytest.fixture(scope="session")
def real_music() -> Path:
    """The folder of real songs with genre and artist."""
    return real_data("music")


def songs_in(folder: Path, name: str = "*") -> list[Path]:
    """The songs below ``folder`` of that name, in whatever format; the test skips without any."""
    paths = folder.rglob(f"{name}.*")
    songs = sorted(path for path in paths if path.suffix.lower() in AUDIO_SUFFIXES)
    if not songs:
        pytest.skip(f"needs songs called {name} in {folder}, where there are none")
    return songs


@pytest.fixture(scope="session")
def originals() -> Path:
    """Songs as published: 44.1 kHz stereo mp3, one wav, one au."""
    return real_data("originals")


def make_song(seconds: float, rate: int = RATE, channels: int = 1, seed: int = 0) -> NDArray:
    """Float32 (samples, channels): a chord that changes each half second, drums and noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    beat = (time * 2).astype(int)
    root = 110 * 2 ** (rng.integers(0, 12, beat.max(initial=0) + 1) / 12)
    song = sum(np.sin(2 * np.pi * root[beat] * k * time) / k for k in (1, 2, 3, 5))
    song = song + rng.standard_normal(len(time)) * np.exp(-((time * 2) % 1) * 12)
    parts = [song * 0.1 * (1 + 0.2 * channel) for channel in range(channels)]
    return np.stack(parts, axis=1).astype(np.float32)


def encode(samples: NDArray, rate: int, format_: str, subtype: str | None = None, **how) -> bytes:
    """The samples as the bytes of a file."""
    buffer = io.BytesIO()
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with soundfile.SoundFile(
        buffer, "w", rate, channels, format=format_, subtype=subtype, **how
    ) as file:
        file.write(samples)
    return buffer.getvalue()


def write_tiny_model(path: Path, labels: Sequence[str], seed: int = 1, **facts: Any) -> Path:
    """An untrained network of the real shape, exported by the real door."""
    import keras

    from melonnx.export.keras.convert import to_onnx
    from melonnx.infer import MelSpec
    from melonnx.infer.model.metadata import ModelInfo
    from melonnx.train.network.cnn import build_network

    keras.utils.set_random_seed(seed)
    network = build_network(128, len(labels))
    info = ModelInfo(
        name="tiny",
        version="0",
        labels=tuple(labels),
        mel_spec=MelSpec(),
        window=130,
        window_hop=65,
        **facts,
    )
    path.write_bytes(to_onnx(network, info).SerializeToString(deterministic=True))
    return path


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It tells three genres, and is sure of nothing."""
    bars = {"drone": 0.99, "noise": 0.99, "pulse": 0.99}
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    return write_tiny_model(path, tuple(bars), bars={"90": bars})


@pytest.fixture(scope="session")
def tree_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It tells two genres by six sub-genres, whose order is not the genres'."""
    drones = ("drone > hum", "drone > buzz", "drone")
    pulses = ("pulse > fast", "pulse > slow", "pulse")
    return write_tiny_model(
        tmp_path_factory.mktemp("model") / "tree.onnx",
        [label for pair in zip(drones, pulses, strict=True) for label in pair],
        parents=dict.fromkeys(drones, "drone") | dict.fromkeys(pulses, "pulse"),
        bars={"90": {"drone": 0.99, "pulse": 0.0}},
    )


def add_music(path: Path, per_variance: float = 10.0) -> Path:
    """Give the network of a model file the output ``music``: what does not change is none."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper, parser

    from melonnx.export.seal import seal

    text = """
        music_mean = ReduceMean <axes = [1]> (log_mel)
        music_change = Sub (log_mel, music_mean)
        music_square = Mul (music_change, music_change)
        music_variance = ReduceMean <axes = [1, 2], keepdims = 0> (music_square)
        music_much = Mul (music_variance, music_scale)
        music = Min (music_much, music_most)
    """
    model = onnx.load(path)
    model.graph.node.extend(parser.parse_graph(f"music () => () {{{text}}}").node)
    for name, value in (("music_scale", per_variance), ("music_most", 1)):
        model.graph.initializer.append(numpy_helper.from_array(np.float32(value), name))
    model.graph.output.append(helper.make_tensor_value_info("music", TensorProto.FLOAT, ["batch"]))
    path.write_bytes(seal(model))
    return path


@pytest.fixture(scope="session")
def full_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It has all that the format has: logits pooled, answers that are accepted for one another,
    bars at three rates, and ``music``."""
    pytest.importorskip("keras", reason="needs the train extra")
    path = write_tiny_model(
        tmp_path_factory.mktemp("model") / "full.onnx",
        ("drone", "noise", "pulse"),
        temperature=0.9,
        pooling="logits",
        accepts={
            "drone": {"noise": 0.4, "pulse": 0.3},
            "noise": {"noise": 0.9, "drone": 0.5},
            "pulse": {"drone": 0.6},
        },
        bars={
            "80": dict.fromkeys(("drone", "noise", "pulse"), 0.1),
            "90": dict.fromkeys(("drone", "noise", "pulse"), 0.5),
            "95": dict.fromkeys(("drone", "noise", "pulse"), 0.99),
        },
        music_bar=0.3,
    )
    return add_music(path)


@pytest.fixture(scope="session")
def melonnx() -> Iterator[Run]:
    """Run the installed command as a user does."""
    commands = Commands()
    yield commands
    commands.close()


@pytest.fixture(scope="session")
def genres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three genres that any network can tell, five artists each, one file that is none."""
    root = tmp_path_factory.mktemp("genres")
    rows = ["path,artist"]
    rng = np.random.default_rng(0)
    for genre in ("drone", "noise", "pulse"):
        (root / genre).mkdir()
        for number in range(10):
            samples = {
                "drone": lambda n=number: np.sin(np.arange(12 * RATE) * 0.02 * (1 + n / 10)),
                "noise": lambda: rng.standard_normal(12 * RATE) * 0.1,
                "pulse": lambda n=number: make_song(12, seed=n)[:, 0],
            }[genre]()
            name = f"{genre}/{number}.wav"
            (root / name).write_bytes(encode(samples.astype(np.float32), RATE, "WAV", "PCM_16"))
            rows.append(f"{name},{genre} artist {number // 2}")
    (root / "drone" / "broken.mp3").write_text("no music")
    (root / "tracks.csv").write_text("\n".join(rows))
    return root


@pytest.fixture(scope="session")
def run_folder(genres: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on ``genres``."""
    from melonnx.train.data.readers.dataset import read_folder
    from melonnx.train.settings import Settings
    from melonnx.train.train import train

    settings = Settings(epochs=6, batches_per_epoch=8, batch_size=16, copies=0)
    folder = tmp_path_factory.mktemp("runs") / "run"
    cache = tmp_path_factory.mktemp("cache")
    train(genres, read_folder(genres), folder, settings, cache, lambda line: None)
    return folder
