"""The waveform twins in Chromium on one thread, through the page: seconds for a song.

python -m tests.benchmarks.browser [CLIP] [RUNS], after npm install in demo/web
"""

import re
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

from tests.browser.site import FLAGS, MODELS, PAGE, build_site, find_chromium, serve


def time_model(browser: Browser, model: Path, clip: str, runs: int) -> list[float]:
    """Seconds that the page shows for ``clip``, of a first run and ``runs`` more."""
    with TemporaryDirectory() as folder:
        dist = build_site(Path(folder) / "page", PAGE, model)
        with serve(dist) as (address, _), browser.new_context() as context:
            page = context.new_page()
            page.goto(address)
            for turn in range(1, runs + 2):
                page.set_input_files("#files", clip)
                page.locator(f"article:first-child:nth-last-child({turn}) .small").wait_for()
            shown = page.locator("article .small").all_inner_texts()
    seconds = [float(re.findall(r"(\d+\.\d+) s for", text)[0]) for text in shown]
    return seconds[::-1]  # the page has the newest on top


def main() -> None:
    """Time every released twin and print."""
    clip = sys.argv[1] if len(sys.argv) > 1 else str(MODELS / "sample.mp3")
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        print(f"{clip}, {runs} runs in Chromium {browser.version}, seconds on one thread")
        for model in sorted(MODELS.glob("*.wave.onnx")):
            first, *warm = time_model(browser, model, clip, runs)
            name, median = model.name.removesuffix(".wave.onnx"), statistics.median(warm)
            print(f"{name:12} median {median:.2f}, best {min(warm):.2f}, first of all {first:.2f}")
        browser.close()


if __name__ == "__main__":
    main()
