"""axe on the page of ``melonnx demo``: nothing that people with disabilities would stumble over."""

import pytest

from melonnx.infer.model.session import MODELS_FOLDER
from tests.conftest import encode, make_song
from tests.demo.running import run_page

SAMPLE = MODELS_FOLDER / "sample.mp3"
SCREENS = {"wide": (1440, 900), "narrow": (390, 844)}
FADING_MS = 600
"""In which what comes and goes is paler than it is afterwards."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with run_page(tmp_path_factory.mktemp("page")) as running:
        yield running


@pytest.fixture(scope="module")
def files():
    wav = encode(make_song(3.0, 22050), 22050, "WAV")
    return [
        {"name": "a song.wav", "mimeType": "audio/wav", "buffer": wav},
        {"name": "no song.mp3", "mimeType": "audio/mpeg", "buffer": b"no music"},
    ]


def violations(page, screen):
    """Of what is shown now, on each screen; it is left on ``screen``."""
    found = []
    for each in sorted(SCREENS, key=screen.__eq__):
        width, height = SCREENS[each]
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(FADING_MS)
        found += [
            (each, one["id"], [node["html"] for node in one["nodes"]])
            for one in page.evaluate("axe.run()")["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") != width:
            found.append((each, "scrolls sideways", []))
    return found


@pytest.mark.parametrize(("screen", "colours"), [("wide", "light"), ("narrow", "dark")])
def test_axe_finds_nothing(chromium, server, axe, files, screen, colours, tmp_path):
    """Used on one screen and looked at on both, in each of two colours."""
    width, height = SCREENS[screen]
    with chromium.new_context(
        viewport={"width": width, "height": height}, color_scheme=colours, reduced_motion="reduce"
    ) as context:
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(server.address)
        page.locator("#song input[type=file]").wait_for(state="attached")
        page.evaluate(axe)
        assert violations(page, screen) == []

        page.set_input_files("#song input[type=file]", SAMPLE)
        page.locator("#answer .plane").wait_for()
        page.locator("#picture-mel img").wait_for()
        page.get_by_role("button", name="Which genres it may be").click()
        page.get_by_label("reggae").wait_for()
        page.locator("#ask-why").click()
        page.locator("#why table").wait_for()
        page.locator("#ask-why:enabled").wait_for()
        assert violations(page, screen) == []

        page.get_by_role("tab", name="Several songs").click()
        page.locator("#songs input[type=file]").wait_for(state="attached")
        page.set_input_files("#songs input[type=file]", files)
        page.locator("#table .save").wait_for()
        page.locator("#answer .plane").wait_for(state="hidden")
        with page.expect_file_chooser() as chosen:
            page.get_by_role("button", name="Add songs").click()
        chosen.value.set_files([SAMPLE])
        page.locator("#table tbody tr").nth(2).wait_for()
        page.locator("#table .save").wait_for()
        assert violations(page, screen) == []
        large = tmp_path / "large.mp3"
        with large.open("wb") as file:
            file.truncate(60_000_000)
        page.get_by_role("tab", name="One song").click()
        page.get_by_label("Clear").first.click()
        page.locator("#song input[type=file]").wait_for(state="attached")
        page.set_input_files("#song input[type=file]", large)
        page.locator(".toast-body").wait_for()
        page.locator("#answer .idle").wait_for()
        assert violations(page, screen) == []
