"""The page: its start, and what a song costs through it beside the runtime and the pictures alone.

python -m tests.benchmarks.page [CLIP] [RUNS]

Prints seconds from the command to the address; then, in turn with ``Predictor.predict`` and the
four pictures in this process, a song sent as the browser sends it: until the answer stands there,
and until the last picture does; and ``/classify``. With the ratios, pair by pair.
"""

import json
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from melonnx.demo.page.actions import TABS
from melonnx.demo.pictures.song import draw, to_png
from melonnx.infer.explain.examine import examine
from melonnx.infer.model.session import DEFAULT_MODEL
from melonnx.infer.predictor import Predictor
from tests.benchmarks.process import processor_s
from tests.demo.running import run_page

_STARTS = 5
_DPI = 130.0
"""The page's."""


def upload(client: httpx.Client, clip: Path) -> dict[str, Any]:
    """Send a file; what a request calls it by."""
    (path,) = client.post("/gradio_api/upload", files={"files": clip.open("rb")}).json()
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def through_page(client: httpx.Client, clip: Path, show: int) -> tuple[float, float]:
    """Seconds until the answer, and until the last picture."""
    began, session = time.perf_counter(), uuid.uuid4().hex
    data = [upload(client, clip), "genre-base", 90, "light wide", False, []]
    asked = {"data": data, "fn_index": show, "session_hash": session}
    client.post("/gradio_api/queue/join", json=asked).raise_for_status()
    times = [
        time.perf_counter() - began
        for message in _events(client, f"/gradio_api/queue/data?session_hash={session}")
        if message["msg"] in ("process_generating", "process_completed")
    ]
    return times[0], times[-1]


def through_classify(client: httpx.Client, clip: Path) -> float:
    """Seconds until the JSON."""
    began = time.perf_counter()
    data = [upload(client, clip), "genre-base", 90]
    event = client.post("/gradio_api/call/classify", json={"data": data}).json()["event_id"]
    for _ in _events(client, f"/gradio_api/call/classify/{event}"):
        pass
    return time.perf_counter() - began


def _events(client: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    with client.stream("GET", path) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                message = json.loads(line.removeprefix("data: "))
                if isinstance(message, list):
                    return
                yield message
                if message["msg"] == "process_completed":
                    return


def alone(predictor: Predictor, clip: Path) -> tuple[float, float]:
    """Seconds of the runtime, and of the four pictures."""
    began = time.perf_counter()
    predictor.predict(clip)
    middle = time.perf_counter()
    examined = examine(predictor, clip)
    drawing = time.perf_counter()
    for stage in TABS:
        to_png(draw(stage, examined), _DPI)
    return middle - began, time.perf_counter() - drawing


def main() -> None:
    """Run all in turn and print."""
    clip = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_MODEL.parent / "sample.mp3"
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    predictor = Predictor()
    with TemporaryDirectory() as folder:
        starts = []
        for _ in range(_STARTS):
            began = time.perf_counter()
            with run_page(Path(folder)) as page:
                starts.append((time.perf_counter() - began, processor_s(page.process.pid)))
        with run_page(Path(folder)) as page, httpx.Client(base_url=page.address) as client:
            config = client.get("/config").json()
            show = next(
                one["id"] for one in config["dependencies"] if len(one["outputs"]) > len(TABS)
            )
            rows = [
                (*alone(predictor, clip), *through_page(client, clip, show),
                 through_classify(client, clip))
                for _ in range(runs + 1)
            ]  # fmt: skip
    wall, processor = (sorted(column) for column in zip(*starts, strict=True))
    print(
        f"start: {wall[0]:.1f} s at least, {statistics.median(wall):.1f} s in the middle, "
        f"{wall[-1]:.1f} s at most; of the processor {statistics.median(processor):.1f} s"
    )
    print(f"{clip.name}, {runs} runs in turn, medians:")
    names = ("predict", "four pictures", "page, answer", "page, all", "/classify")
    columns = list(zip(*rows[1:], strict=True))
    for name, column in zip(names, columns, strict=True):
        print(f"{name:14} {statistics.median(column):.3f} s, {max(column):.3f} s at most")
    whole = [row[3] / (row[0] + row[1]) for row in rows[1:]]
    print(f"page / (predict + pictures): {statistics.median(whole):.2f}")
    print(f"/classify / predict: {statistics.median([row[4] / row[0] for row in rows[1:]]):.2f}")


if __name__ == "__main__":
    main()
