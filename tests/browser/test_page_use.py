"""The page of ``melonnx demo`` in Chromium: what a visitor does, and what stands there then."""

import base64
import csv
import io
import re
import shutil

import pytest

from melonnx.infer import Predictor
from melonnx.infer.model.session import MODELS_FOLDER
from tests.conftest import encode, make_song
from tests.demo.running import run_page

SAMPLE = MODELS_FOLDER / "sample.mp3"
WAIT_MS = 120_000
"""For a machine that does much else; where all is well, nothing waits for its end."""


def a_file(name, content, kind="audio/mpeg"):
    return {"name": name, "mimeType": kind, "buffer": content}


def a_wav(name="song.wav", seconds=4.0, seed=0):
    song = make_song(seconds, 22050, channels=2, seed=seed)
    return a_file(name, encode(song, 22050, "WAV"), "audio/wav")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with run_page(tmp_path_factory.mktemp("page")) as running:
        yield running


@pytest.fixture(scope="module")
def visit(chromium, server):
    """A visitor with a desk's screen, and what the page asked for and complained of meanwhile."""
    with chromium.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on(
            "console",
            lambda said: page.complaints.append(said.text) if said.type == "error" else None,
        )
        yield page


@pytest.fixture
def page(visit, server):
    visit.goto(server.address)
    visit.locator("#song input[type=file]").wait_for(state="attached")
    return visit


def drop(page, song, awaited=".genre"):
    page.set_input_files("#song input[type=file]", song)
    page.locator(f"#answer {awaited}").wait_for()


def shown(page):
    """The genre, whether it is sure, and every genre's probability in whole percent."""
    rows = page.locator("#answer .genres tr").all_inner_texts()
    probabilities = dict(row.split() for row in rows)
    verdict = page.locator("#answer .verdict").inner_text()
    return page.locator("#answer .label").inner_text(), verdict, probabilities


def in_percent(probability):
    small = "0%" if probability < 0.0005 else "<1%"
    return f"{probability:.0%}" if probability >= 0.005 else small


def drawn(page, stage):
    """The bytes of a picture."""
    source = page.locator(f"#picture-{stage} img").get_attribute("src")
    return base64.b64decode(source.partition("base64,")[2])


@pytest.mark.parametrize("song", [SAMPLE, a_wav()], ids=["mp3", "wav"])
def test_answer_on_the_page_is_the_predictors(page, song):
    drop(page, song)
    expected = Predictor().predict(song["buffer"] if isinstance(song, dict) else song)
    label, verdict, probabilities = shown(page)
    assert label == expected.label
    assert verdict.startswith("Unsure" if expected.unsure else "Sure")
    assert probabilities == {
        genre: in_percent(probability) for genre, probability in expected.probabilities.items()
    }


def test_four_stages_stand_in_tabs_and_the_evidence_is_a_switch(page):
    drop(page, SAMPLE)
    pictures = []
    for stage, tab in (
        ("mel", "Mel"), ("spectrogram", "Spectrogram"), ("waveform", "Waveform"),
        ("periodogram", "Periodogram"),
    ):  # fmt: skip
        page.get_by_role("tab", name=tab, exact=True).click()
        page.locator(f"#picture-{stage} img").wait_for()
        pictures.append(drawn(page, stage))
    assert len(set(pictures)) == 4
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    page.get_by_role("tab", name="Mel", exact=True).click()
    page.locator("#overlay input").check()
    page.locator("#picture-mel img[alt^=Evidence]").wait_for()
    page.locator("#overlay input").uncheck()
    page.locator("#picture-mel img[alt^=Mel]").wait_for()
    assert drawn(page, "mel") == pictures[0]


def test_why_is_told_against_the_genre_that_is_chosen(page):
    drop(page, SAMPLE)
    expected = Predictor().predict(SAMPLE)
    rival, shares = expected.top(3)[2][0], expected.probabilities
    page.locator("#against input").click()
    page.get_by_role("option", name=rival).click()
    page.locator("#ask-why").click()
    page.locator("#why .busy").wait_for()  # at once, by the browser itself
    assert page.locator("#ask-why").is_disabled()
    page.locator("#why table").wait_for()
    told = page.locator("#why").inner_text()
    assert f"Why {expected.label}, and not {rival}" in told
    assert f"{shares[expected.label]:.0%}\t{shares[rival]:.0%}" in told
    assert 2 <= page.locator("#why tbody tr").count() <= 6
    assert page.locator("#why-picture img").is_visible()
    page.locator("#ask-why:enabled").wait_for()
    page.wait_for_function("document.activeElement.matches('#why .card')")
    assert page.locator("#said").inner_text() == page.locator("#why .verdict").inner_text()


def test_keyboard_alone_seeks_and_goes_to_a_place(page):
    drop(page, SAMPLE)
    page.wait_for_function("document.querySelector('#song audio').duration > 29")
    strip = page.locator("#timeline .strip")
    strip.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "PageUp"):
        page.keyboard.press(key)
    page.wait_for_function("Math.abs(document.querySelector('#song audio').currentTime - 8) < .2")
    page.locator("#timeline .strip[aria-valuenow='8']").wait_for()
    assert strip.get_attribute("aria-valuetext").startswith("0:08 ")
    page.locator("#ask-why").focus()
    page.keyboard.press("Enter")
    page.locator("#why .seek").first.wait_for()
    page.wait_for_function("document.activeElement.matches('#why .card')")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "seek"


def test_tab_leaves_no_list_open_and_a_file_sent_off_leads_to_its_player(page):
    page.locator("#model input").focus()
    page.locator("#model [aria-expanded=true]").wait_for()
    page.keyboard.press("Tab")
    page.locator("#sure [aria-expanded=true]").wait_for()
    page.keyboard.press("Tab")
    page.wait_for_function("!document.querySelector('[role=combobox][aria-expanded=true]')")
    page.get_by_role("button", name="Drop an audio file").focus()
    drop(page, SAMPLE)
    page.wait_for_function("document.activeElement.matches('#song audio')")


def test_keyboard_alone_chooses_which_genres_it_may_be(page):
    drop(page, SAMPLE)
    page.get_by_role("button", name="Which genres it may be").focus()
    page.keyboard.press("Enter")
    for genre in ("jazz", "pop"):
        page.get_by_label(genre, exact=True).focus()
        page.keyboard.press("Space")
    page.wait_for_function("document.querySelectorAll('#answer .genres tr').length == 2")
    expected = Predictor(genres=["jazz", "pop"]).predict(SAMPLE)
    label, _, probabilities = shown(page)
    assert label == expected.label
    assert probabilities == {
        genre: in_percent(probability) for genre, probability in expected.probabilities.items()
    }


def test_the_way_through_the_plane_follows_the_player(page):
    drop(page, SAMPLE)
    page.wait_for_function("document.querySelector('#song audio').duration > 29")
    stops = page.locator("#answer .plane .stop")
    assert stops.count() == len(Predictor().predict(SAMPLE).timeline)
    begin = float(stops.nth(2).get_attribute("data-from"))
    stops.nth(2).dispatch_event("click")
    page.wait_for_function(
        f"document.querySelector('#song audio').currentTime >= {begin} && "
        "document.querySelectorAll('.plane .stop')[2].classList.contains('now')"
    )


def test_what_is_heard_can_be_seen(page):
    drop(page, SAMPLE)
    timeline = Predictor().predict(SAMPLE).timeline
    strip = page.locator("#timeline .strip")
    page.wait_for_function("document.querySelector('#song audio').duration > 29")
    box = strip.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + 20)
    page.locator("#timeline .strip.moving").wait_for()
    seconds = page.evaluate("document.querySelector('#song audio').currentTime")
    assert 26.5 < seconds < 27.5
    segment = next(one for one in timeline if one.end_s > seconds)
    assert page.locator("#timeline .now").inner_text().split() == [
        f"0:{int(seconds):02}", segment.label, f"{segment.score:.0%}"
    ]  # fmt: skip
    over = page.locator("#picture-mel .cursor").bounding_box()
    axes = page.locator("#picture-mel .over").bounding_box()
    assert (over["x"] - axes["x"]) / axes["width"] == pytest.approx(seconds / 30, abs=0.01)


def test_song_that_the_browser_cannot_play_is_answered_and_that_is_said(page):
    song = encode(make_song(3, 22050), 22050, "AU", "PCM_16")
    drop(page, a_file("song.au", song, "audio/basic"))
    page.locator("#timeline .now", has_text="cannot play the file").wait_for()


def test_text_that_is_called_mp3_is_said_to_be_none(page, server):
    drop(page, a_file("song.mp3", b"no music at all\n" * 100), ".problem")
    assert page.locator("#answer").inner_text().startswith("song.mp3: is not audio")
    assert str(server.temporary) not in page.locator("body").inner_text()
    assert not page.locator("#below").is_visible()


def test_file_that_is_too_large_is_refused(page, server, tmp_path):
    large = tmp_path / "large.mp3"
    with large.open("wb") as file:
        file.truncate(60_000_000)
    page.set_input_files("#song input[type=file]", large)
    page.get_by_text(
        re.compile(r"exceed the maximum allowed size of 50(\.0)? MB", re.IGNORECASE)
    ).wait_for()
    assert not [path for path in server.files if path.stat().st_size > 50_000_000]


def test_name_of_a_file_is_no_html(page):
    name = "<img src=x onerror=document.title='taken'>${document.title='taken'}.wav"
    drop(page, a_wav(name))
    page.locator("#picture-mel img").wait_for()
    assert page.title() == "melonnx"
    assert page.locator("#answer .song img").count() == 0


def test_ten_files_make_a_table_and_a_csv(page):
    page.get_by_role("tab", name="Several songs").click()
    files = [a_wav(f"song {seed}.wav", 3.0, seed) for seed in range(9)]
    files.append(a_file("=1+1.mp3", b"no music"))
    page.locator("#songs input[type=file]").wait_for(state="attached")
    page.set_input_files("#songs input[type=file]", files)
    link = page.locator("#table .save")
    link.wait_for()
    rows = page.locator("#table tr").all_inner_texts()[1:]
    predictor = Predictor()
    for row, file in zip(rows[:9], files[:9], strict=True):
        expected = predictor.predict(file["buffer"])
        name, genre, score, _, _ = row.split("\t")
        assert (name, genre.rstrip("?")) == (file["name"], expected.label)
        assert score == f"{expected.score:.0%}"
        assert genre.endswith("?") == expected.unsure
    assert "is not audio" in rows[9]
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "genres.csv"
    saved = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [row["path"] for row in saved] == [*(file["name"] for file in files[:9]), "'=1+1.mp3"]
    assert "is not audio" in saved[9]["error"]


def test_sample_and_another_model_are_a_click_away(page):
    page.get_by_role("button", name="Metal madness").click()
    page.locator("#answer .model", has_text="genre-base").wait_for()
    page.locator("#model input").click()
    page.get_by_role("option", name="genre-small").click()
    page.locator("#answer .model", has_text="genre-small").wait_for()
    assert shown(page)[0] == Predictor("genre-small").predict(SAMPLE).label


def test_nothing_comes_from_elsewhere(page, server):
    drop(page, SAMPLE)
    page.locator("#picture-mel img").wait_for()
    outside = [url for url in page.asked if not url.startswith((server.address, "data:", "blob:"))]
    assert len(page.asked) > 10
    assert not outside
    assert not [said for said in page.complaints if "Content Security Policy" in said]


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_telephone_shows_all_of_it_without_scrolling_sideways(chromium, server, colours):
    with chromium.new_context(
        viewport={"width": 390, "height": 844}, color_scheme=colours
    ) as context:
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(server.address)
        drop(page, a_wav())
        picture = page.locator("#picture-mel img")
        picture.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        corner = picture.evaluate(
            """(img) => { const canvas = document.createElement("canvas");
            canvas.getContext("2d").drawImage(img, 0, 0);
            return canvas.getContext("2d").getImageData(2, 2, 1, 1).data[0]; }"""
        )
        assert (corner < 64) == (colours == "dark")


def test_microphone_records_a_song(chromium, server):
    browser = chromium.browser_type.launch(
        executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
        args=[
            *("--headless", "--no-sandbox", "--disable-gpu"),
            *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
        ],
    )
    page = browser.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(server.address)
    page.get_by_label("Record audio").click()
    page.locator("#song .record-button").click()
    page.locator("#song .stop-button").wait_for()
    page.wait_for_timeout(1500)
    page.locator("#song .stop-button").click()
    page.locator("#answer .genre").wait_for()
    assert page.locator("#answer .genres tr").count() == len(Predictor().info.genres)
    browser.close()
