"""How far a browser's own resampling moves the answers, and how far the page's does.

python -m tests.benchmarks.browser_resampling CLIP..., after npm install in demo/web

Prints the largest difference of any probability from ``Predictor.predict``, over all clips.
"""

import base64
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Error, Page, sync_playwright

from melonnx.infer import Predictor
from tests.browser.site import FLAGS, MODELS, PAGE, build_site, find_chromium, serve

_DECODE = """
async ([content, modelRate, byBrowser]) => {
  const { decode } = await import("/audio.js");
  const { resample } = await import("/resample.js");
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const { waveform, rate } = await decode(new File([bytes], ""), 0);
  let heard = resample(waveform, rate, modelRate);
  if (byBrowser) {
    const context = new OfflineAudioContext(1, 1, modelRate);
    const audio = await context.decodeAudioData(bytes.buffer);
    heard = new Float32Array(audio.length);
    for (let channel = 0; channel < audio.numberOfChannels; channel++) {
      const share = 1 / audio.numberOfChannels;
      audio.getChannelData(channel).forEach((sample, i) => (heard[i] += sample * share));
    }
  }
  let text = "";
  const out = new Uint8Array(heard.buffer);
  for (let i = 0; i < out.length; i += 8192) {
    text += String.fromCharCode(...out.subarray(i, i + 8192));
  }
  return btoa(text);
}
"""


def decode(page: Page, clip: Path, rate: int, *, by_browser: bool) -> NDArray[np.float32]:
    """The clip as mono samples at ``rate``, resampled by the browser or by the page."""
    content = base64.b64encode(clip.read_bytes()).decode()
    answer = page.evaluate(_DECODE, [content, rate, by_browser])
    return np.frombuffer(base64.b64decode(answer), np.float32)


def worst(predictor: Predictor, page: Page, clips: list[Path], *, by_browser: bool) -> float:
    """The largest difference from Python's probabilities."""
    rate = predictor.info.mel_spec.sample_rate
    largest = 0.0
    for clip in clips:
        try:
            waveform = decode(page, clip, rate, by_browser=by_browser)
        except Error:
            print(f"{clip}: Chromium does not decode it", file=sys.stderr)
            continue
        heard = predictor.predict_array(waveform, rate).probabilities
        python = predictor.predict(clip).probabilities
        largest = max([largest, *(abs(heard[genre] - python[genre]) for genre in python)])
    return largest


def main() -> None:
    """Compare on every clip with both released models."""
    clips = [Path(name) for name in sys.argv[1:]] or [MODELS / "sample.mp3"]
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        dist = build_site(Path(folder) / "page", PAGE, MODELS / "genre-base.wave.onnx")
        browser = driver.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        with serve(dist) as (address, _):
            page = browser.new_page()
            page.goto(f"{address}/page.css")  # of the same origin, with nothing going on
            for name in ("genre-base", "genre-small"):
                predictor = Predictor(name, device="cpu")
                its, pages = (
                    worst(predictor, page, clips, by_browser=by_browser)
                    for by_browser in (True, False)
                )
                print(f"{name:12} the browser's own {its:.4f}, the page's {pages:.4f}")
        browser.close()


if __name__ == "__main__":
    main()
