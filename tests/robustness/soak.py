"""What odd files of every decoder leave behind in one process that goes on hearing them. On demand.

    python -m tests.robustness.soak [MINUTES]

The corpus, what public tools make, and each of these cut in half and with noise in its midst, one
after the other in chance order for so many (20) minutes, by path, as bytes and skimmed or not. Each
answer is compared with the first one. Prints a table; the exit code is 1 where memory, threads or
descriptors grow, or an answer changes.
"""

import os
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from melonnx.infer import Predictor
from melonnx.infer.errors import AudioError
from tests.benchmarks.process import look
from tests.benchmarks.soak import report
from tests.robustness.corpus import CORPUS
from tests.robustness.fuzz import little_model
from tests.robustness.made_by_tools import MADE_BY_TOOLS

_LARGEST = 8 << 20
"""Bytes: the file of ten hours would be all that is heard."""
_WARM_UP = 0.25
"""Of the minutes."""
_EVERY_S = 2.0


def make_files(folder: Path) -> list[Path]:
    """Whole and damaged ones."""
    rng = np.random.default_rng(0)
    made: list[Path] = []
    for number, entry in enumerate([*CORPUS, *MADE_BY_TOOLS]):
        if entry.lacks or b"ten_hours" in entry.name:
            continue
        place = folder / str(number)
        place.mkdir()
        path = place / os.fsdecode(entry.name)
        entry.make(path)
        if not path.is_file() or path.stat().st_size > _LARGEST:
            continue
        data = path.read_bytes()
        half, noisy = place / "half", place / "noisy"
        half.write_bytes(data[: len(data) // 2])
        hole = slice(len(data) // 3, len(data) // 3 + min(3000, len(data) // 10))
        noise = rng.integers(256, size=hole.stop - hole.start, dtype=np.uint8).tobytes()
        noisy.write_bytes(data[: hole.start] + noise + data[hole.stop :])
        made += [path, half, noisy]
    return made


def ask(predictor: Predictor, path: Path, *, as_bytes: bool) -> str:
    """The answer, or its error, as one line."""
    try:
        answer = predictor.predict(path.read_bytes() if as_bytes else path)
    except AudioError as error:
        return type(error).__name__
    said = " ".join(sorted(warning.partition(":")[0] for warning in answer.warnings))
    return f"{answer.label} {answer.score:.3f} {answer.duration_s:.2f} {said}"


def main() -> None:
    """Print the table."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    warnings.simplefilter("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the decoders' own words on damaged frames
    with TemporaryDirectory() as folder:
        model = Path(folder) / "little.onnx"
        model.write_bytes(little_model())
        predictors = [Predictor(model, "cpu", 1, skim=skim) for skim in (False, True)]
        asks = [
            (predictor, path, as_bytes)
            for path in make_files(Path(folder))
            for predictor in predictors
            for as_bytes in (False, True)
        ]
        first: dict[int, str] = {}
        changed: list[str] = []
        samples = [look(os.getpid(), 0)]
        began = looked = time.monotonic()
        rng = np.random.default_rng(1)
        before, done = None, 0
        while time.monotonic() < began + 60 * minutes:
            for one in rng.permutation(len(asks)).tolist():
                predictor, path, as_bytes = asks[one]
                answer = ask(predictor, path, as_bytes=as_bytes)
                if first.setdefault(one, answer) != answer:
                    changed.append(f"{path.name}: {first[one]}, then {answer}")
                done += 1
                now = time.monotonic()
                if now > looked + _EVERY_S:
                    looked = now
                    samples.append(look(os.getpid(), done))
                if (
                    before is None
                    and len(first) == len(asks)
                    and now > began + 60 * _WARM_UP * minutes
                ):
                    before = samples[-1]
                if now > began + 60 * minutes:
                    break
    if before is None:
        sys.exit(f"{done} of {len(asks)} asked in {minutes} minutes: take more of them")
    warm = [one for one in samples if one.done >= before.done]
    broken = report("answers in one process", warm, warm[0], warm[-1])
    good = sum(not answer[0].isupper() for answer in first.values())
    print(f"{len(asks)} ways to ask, {good} of them with an answer; changed: {len(changed)}")
    print(*changed[:9], *broken, sep="\n")
    sys.exit(bool(broken or changed))


if __name__ == "__main__":
    main()
