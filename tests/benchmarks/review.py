"""How ``melonnx review`` bears a large library: first paint, key to sound, map, memory.

    python -m tests.benchmarks.review [SONGS]

SONGS rows (100,000 by default) of made songs, of which 200 are there; in the system's Chromium.
"""

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.browser.site import FLAGS, find_chromium
from tests.demo.review.made import make_library
from tests.demo.running import run_page

_THERE = 200
_KEYS = "1212121212"
_SETTLE_MS = 1500
_PAINT = """async (n) => {
  const { SongMap } = await import("/map.js"), box = document.querySelector("#map");
  box.hidden = false;
  const map = new SongMap(box, {
    label: (song) => `genre ${song % 16}`, colour: (song) => `#${100000 + (song % 16)}`,
    here: () => 0, decided: (song) => song % 3 === 0, isChosen: () => false, isShown: () => true,
  });
  const some = () => Array.from({ length: n }, () => Math.floor(65535 * Math.random()));
  map.place(some(), some());
  map.whole();
  const began = performance.now();
  for (let time = 0; time < 20; time++) map.paint();
  box.hidden = true;
  return (performance.now() - began) / 20;
}"""
"""Mean milliseconds of a picture, as a drag asks for them."""


def main() -> None:
    """Print a line for each figure."""
    songs = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with TemporaryDirectory() as folder:
        results = _many(make_library(Path(folder), _THERE, 5.0), songs)
        began = time.monotonic()
        with run_page(Path(folder), str(results), page="review") as running:
            print(f"start {time.monotonic() - began:.1f} s")
            print(f"server {running.memory_mb:.0f} MB with {songs:,} songs")
            _visit(running.address)
            print(f"server {running.memory_mb:.0f} MB at the end")


def _many(results: Path, songs: int) -> Path:
    """The library, and behind it songs that are not there."""
    rows = [json.loads(line) for line in results.read_text().splitlines()][:_THERE]
    with results.open("a") as file:
        for number in range(len(rows), songs):
            row = dict(rows[number % 2 * 2], path=f"/none/album {number // 12}/{number} song.mp3")
            row["embedding"] = [number % 7 / 7] * len(rows[0]["embedding"])
            file.write(json.dumps(row) + "\n")
    return results


def _visit(address: str) -> None:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900}, bypass_csp=True)
        page.goto(address)
        page.locator("#answers button").first.wait_for()
        paint = page.evaluate("performance.getEntriesByType('paint')[0].startTime")
        rows = page.evaluate("performance.now()")
        print(f"first paint {paint:.0f} ms; the first song stands there after {rows:.0f} ms")
        page.keyboard.press("Space")
        page.evaluate("addEventListener('heard', () => { heardAt = performance.now(); }, true)")
        waits = []
        for key in _KEYS:
            page.wait_for_timeout(_SETTLE_MS)
            page.evaluate(
                "window.heardAt = 0; addEventListener('keydown',"
                "() => { window.keyAt = performance.now(); }, { once: true, capture: true })"
            )
            page.keyboard.press(key)
            page.wait_for_function("window.heardAt > 0")
            waits.append(page.evaluate("heardAt - keyAt"))
        print(f"from key to sound {min(waits):.0f} to {max(waits):.0f} ms")
        for points in (10_000, 100_000):
            took = page.evaluate(_PAINT, points)
            print(f"map of {points:,} points painted in {took:.0f} ms")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        told = session.send("Performance.getMetrics")["metrics"]
        heap = next(one["value"] for one in told if one["name"] == "JSHeapUsedSize")
        print(f"JavaScript's heap {heap / 1e6:.0f} MB")
        browser.close()


if __name__ == "__main__":
    main()
