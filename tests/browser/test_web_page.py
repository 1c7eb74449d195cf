"""The static page in Chromium: what a visitor sees, and that the music stays."""

import base64
import re

import numpy as np
import pytest

from melonnx.infer import Predictor
from tests.browser.site import MODELS, serve
from tests.conftest import encode, make_song

SAMPLE = MODELS / "sample.mp3"
NEAR = 0.002
"""Of a probability: browsers decode mp3 to the same samples within 1e-5, and the page's resampler
is within 4e-4 of the runtime's."""

WAIT_MS = 120_000


def a_file(name, content):
    return {"name": name, "mimeType": "", "buffer": content}


def a_song(name="song.wav", seconds=8, rate=44100, container="WAV", **how):
    return a_file(name, encode(make_song(seconds, rate, channels=2), rate, container, **how))


@pytest.fixture(scope="module")
def visit(chromium, site):
    """One visit to the page, with a log of every request that it made."""
    with chromium.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        requests = []
        page.on("request", lambda request: requests.append(request.url))
        page.on("filechooser", lambda _: None)  # from now on, so that no key is pressed too early
        page.goto(site)
        page.locator("#status", has_text="Ready").wait_for()
        yield page, requests


@pytest.fixture(scope="module")
def predictor():
    return Predictor("genre-base", device="cpu")


def wait_for_answer(page):
    page.locator("#songs article:first-child[aria-busy=false]").wait_for()
    return page.locator("#songs article").first


def announced(page):
    """What a screen reader says of the last song."""
    return page.get_by_role("status").last.inner_text()


def choose(page, *files):
    page.set_input_files("#files", list(files))
    return wait_for_answer(page)


def shown(card):
    """{genre: share} as the bars draw them, which the percentages must round."""
    shares = {}
    for row in card.locator(".genres li").all():
        name, percent = row.locator(".genre-name").inner_text(), row.locator(".share").inner_text()
        width = float(row.locator(".bar").evaluate("bar => parseFloat(bar.style.width)"))
        assert abs(float(percent.rstrip("%")) - width) <= 0.5
        shares[name] = width / 100
    return shares


def assert_same(card, prediction):
    shares = shown(card)
    assert list(shares)[:3] == list(prediction.probabilities)[:3]
    assert shares.keys() == prediction.probabilities.keys()
    for genre, share in shares.items():
        assert share == pytest.approx(prediction.probabilities[genre], abs=NEAR), genre
    label, _, percent = card.locator(".answer").inner_text().rpartition(" ")
    assert label == prediction.label
    assert int(percent.rstrip("%")) == pytest.approx(100 * prediction.score, abs=0.5 + 100 * NEAR)
    assert card.locator(".unsure").is_visible() == prediction.unsure


def test_chosen_mp3_is_what_python_says(visit, predictor):
    page, _ = visit
    card = choose(page, SAMPLE)
    assert card.locator("h2").inner_text() == "sample.mp3"
    prediction = predictor.predict(SAMPLE)
    assert_same(card, prediction)
    assert not prediction.unsure
    small = card.locator(".small").inner_text()
    assert re.search(r"genre-base 2\.2 · \d+\.\d\d s for 0:30 of music", small)
    assert announced(page) == f"sample.mp3: rock, {prediction.score:.0%}."


def drop(page, name, content):
    data = base64.b64encode(content).decode()
    transfer = page.evaluate_handle(
        """([name, data]) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name));
            return transfer;
        }""",
        [name, data],
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    return wait_for_answer(page)


def test_dropped_wav_is_what_python_says(visit, predictor):
    page, _ = visit
    content = a_song()["buffer"]
    assert_same(drop(page, "song.wav", content), predictor.predict(content))


@pytest.mark.parametrize(
    ("rate", "container", "how"),
    [(48000, "FLAC", {}), (22050, "WAV", {}), (32000, "OGG", {"subtype": "VORBIS"})],
)
def test_other_rates_and_containers_are_what_python_says(visit, predictor, rate, container, how):
    page, _ = visit
    song = a_song("song.audio", rate=rate, container=container, **how)
    assert_same(choose(page, song), predictor.predict(song["buffer"]))


def test_channels_that_cancel_and_silence_are_what_python_says(visit, predictor):
    page, _ = visit
    mono = make_song(12, 44100)
    silence = np.zeros((44100 * 20, 2), np.float32)
    stored = np.concatenate((silence, np.hstack((mono, -mono)), silence))
    content = encode(stored, 44100, "WAV")
    prediction = predictor.predict(content)
    card = choose(page, a_file("wrongly wired.wav", content))
    assert_same(card, prediction)
    assert "for 0:52 of music" in card.locator(".small").inner_text()
    assert "mostly silence: 0:12 of 0:52 were heard" in card.locator(".small").inner_text()
    assert prediction.warnings == ("mostly silence: 0:12 of 0:52 were heard",)


def test_keyboard_is_enough(visit):
    page, _ = visit
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "files"
    assert page.get_by_label("Choose music").count() == 1
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([a_song("by keyboard.wav")])
    assert wait_for_answer(page).locator("h2").inner_text() == "by keyboard.wav"


BAD = {
    "notes.mp3": (b"these are notes\n" * 400, "not music that this browser can decode"),
    "empty.mp3": (b"", "is empty (0 bytes)"),
    "header.wav": (encode(np.zeros(0, np.float32), 22050, "WAV"), "or nothing is in it"),
    "silent.wav": (encode(np.zeros(22050 * 3, np.float32), 22050, "WAV"), "is silence"),
    "constant.wav": (encode(np.full(22050 * 3, 0.5, np.float32), 22050, "WAV"), "is silence"),
    "blink.wav": (encode(make_song(0.02), 22050, "WAV"), "lasts 20 ms"),
    "long.flac": (
        encode(np.zeros(8000 * 60 * 21, np.float32), 8000, "FLAC"),
        "lasts 21 minutes; this page takes 20",
    ),
    "nan.wav": (
        encode(np.full(22050, np.nan, np.float32), 22050, "WAV", "FLOAT"),
        "samples that are no numbers",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_named_with_its_reason(visit, name):
    page, _ = visit
    content, reason = BAD[name]
    card = choose(page, a_file(name, content))
    assert reason in card.locator(".answer").inner_text()
    assert not card.locator(".genres").is_visible()
    assert announced(page).startswith(name)
    assert reason in announced(page)


def test_several_files_are_heard_one_after_the_other(visit):
    page, _ = visit
    before = page.locator("#songs article").count()
    names = ["a.wav", "b.mp3", "c.wav"]
    files = [a_song(names[0]), a_file(names[1], b"no music"), a_song(names[2], seconds=4)]
    choose(page, *files)
    page.locator("#songs article:nth-child(3)[aria-busy=false]").wait_for()
    cards = page.locator("#songs article").all()
    assert len(cards) == before + 3
    assert [card.locator("h2").inner_text() for card in cards[:3]] == names
    assert [card.locator(".genres").is_visible() for card in cards[:3]] == [True, False, True]


def test_nothing_is_asked_of_anyone_else(visit, site):
    page, requests = visit
    choose(page, SAMPLE)
    assert f"{site}/ort.wasm" in requests
    assert [url for url in requests if not url.startswith((f"{site}/", f"blob:{site}/"))] == []


def test_it_works_without_the_network_once_it_is_ready(visit):
    page, _ = visit
    page.context.set_offline(True)
    card = choose(page, a_song())
    page.context.set_offline(False)
    assert card.locator(".genres").is_visible()


def test_not_even_its_own_scripts_could_send_the_music_away(visit, tmp_path):
    page, _ = visit
    send = "(url) => fetch(url, {method: 'POST', body: 'x', mode: 'no-cors'}).then(() => 'sent', () => 'refused')"  # noqa: E501
    (worker,) = page.workers
    with serve(tmp_path) as (elsewhere, asked):
        assert page.evaluate(send, elsewhere) == "refused"
        assert worker.evaluate(send, elsewhere) == "refused"
        assert asked == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone_in_light_and_dark(visit, scheme):
    page, _ = visit
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=scheme)
    choose(page, a_song("a name that is long " * 10 + ".wav"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = np.mean([int(number) for number in re.findall(r"\d+", paper)])
    assert brightness > 200 if scheme == "light" else brightness < 50


def test_missing_model_is_said(chromium, site):
    with chromium.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.route("**/model.wave.onnx", lambda route: route.fulfill(status=404))
        page.goto(site)
        page.locator("#status", has_text="cannot be loaded").wait_for()
        assert "404" in page.get_by_role("status").first.inner_text()
        assert "the model is not there" in choose(page, a_song()).inner_text()


def test_without_its_model_the_page_says_so_of_every_song(chromium, site):
    with chromium.new_context() as context:
        context.route("**/model.wave.onnx", lambda route: route.abort())
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(site)
        page.locator("#status", has_text="cannot be loaded").wait_for()
        page.set_input_files("#files", [a_song(f"{i}.wav", 1) for i in range(3)])
        for i in range(3):
            card = page.locator(".failed", has_text=f"{i}.wav")
            assert "the model is not there" in card.locator(".answer").inner_text()
