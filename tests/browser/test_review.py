"""``melonnx review`` in Chromium: a whole review by keys alone, and by touch alone."""

import json
import signal
import sys
from pathlib import Path

import pytest

from melonnx.infer.results.decisions import read_decisions
from tests.browser.site import find_chromium
from tests.demo.review.made import make_library
from tests.demo.running import run_page

pytest.importorskip("mutagen", reason="needs the extra tags")

from melonnx.infer.tags.fields import read_genres

WAIT_MS = 60_000
SCREENS = {"wide": (1440, 900), "narrow": (390, 844)}


@pytest.fixture
def library(tmp_path):
    return make_library(tmp_path)


@pytest.fixture
def server(library, tmp_path):
    with run_page(
        tmp_path, str(library), page="review", XDG_STATE_HOME=str(tmp_path / "state")
    ) as running:
        yield running


def visit(chromium, server, screen="wide", scheme="light"):
    """A visitor whose page is there, and what the browser complained of meanwhile."""
    width, height = SCREENS[screen]
    is_phone = screen == "narrow"
    context = chromium.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme,
        has_touch=is_phone, is_mobile=is_phone, bypass_csp=False,
    )  # fmt: skip
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on(
        "console",
        lambda said: page.complaints.append(said.text) if said.type == "error" else None,
    )
    page.goto(server.address)
    page.locator("#answers button").first.wait_for()
    return page


def decided(library):
    """Genres by the song's number, as they are on disk."""
    file = library.with_name("library.decisions.jsonl")
    made = read_decisions(file) if file.exists() else {}
    return {int(path.split("song ")[1][0]): one.genres for path, one in made.items()}


def eventually(page, condition):
    for _ in range(WAIT_MS // 50):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it has not come")


def until(page, expression):
    """Asked from outside: the page's policy forbids what Playwright would wait with."""
    eventually(page, lambda: page.evaluate(expression))


def title(page):
    return page.locator("#title").inner_text()


def at_song(page, number):
    """Waits until the answers are those of this song."""
    until(
        page,
        f"document.querySelector('#title').textContent === 'song {number}.wav'"
        " && document.querySelector('#answers').children.length === 4",
    )


def test_a_review_by_keys_alone(chromium, server, library):
    page = visit(chromium, server)
    press = page.keyboard.press
    page.get_by_text("these songs were heard by made 1.0").wait_for()
    press("e")
    page.complaints.clear()  # of the picture that there cannot be
    first = int(title(page)[5])
    assert "token" not in page.url
    press("Space")
    until(page, "document.querySelector('#play').ariaLabel === 'Pause'")
    until(page, "/^0:0[23]/.test(document.querySelector('#clock').textContent)")
    press("[")
    until(page, "/^0:00/.test(document.querySelector('#clock').textContent)")
    press("Space")
    best = page.locator("#answers button").first.get_attribute("data-genre")

    press("Enter")
    eventually(page, lambda: decided(library) == {first: (best,)})
    second = int(title(page)[5])
    assert second != first
    at_song(page, second)
    runner = page.locator("#answers button").nth(1).get_attribute("data-genre")
    press("2")
    eventually(page, lambda: decided(library).get(second) == (runner,))
    third = int(title(page)[5])
    at_song(page, third)
    press("/")
    page.keyboard.type("Trip hop")
    press("Enter")
    eventually(page, lambda: decided(library).get(third) == ("Trip hop",))
    press("u")
    eventually(page, lambda: third not in decided(library))
    at_song(page, third)
    press("Shift+Digit1")
    press("Shift+Digit3")
    eventually(page, lambda: len(decided(library).get(third, ())) == 2)
    press("s")
    fourth = int(title(page)[5])
    at_song(page, fourth)
    press("n")
    eventually(page, lambda: decided(library).get(fourth) == ())

    press("Home")
    at_song(page, first)
    album = [number for number in range(6) if number // 3 == first // 3]
    press("a")
    page.get_by_text("3 songs selected").wait_for()
    press("1")
    eventually(page, lambda: all(decided(library).get(one) == (best,) for one in album))
    press("u")
    eventually(page, lambda: decided(library).get(first) == (best,))
    press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    press("Escape")
    press("j")
    at_song(page, second)
    press("k")
    at_song(page, first)
    page.locator("#text").fill("no such song")
    page.get_by_role("button", name="Show all songs").press("Enter")
    at_song(page, int(title(page)[5]))
    assert page.locator("#shown").inner_text() == "6 songs"
    page.locator("#text").fill(f"song {second}.wav")
    press("Enter")
    at_song(page, second)
    press("j")  # it goes to the list, not into the search
    assert page.locator("#text").input_value() == f"song {second}.wav"
    assert page.complaints == []
    page.context.close()


def drag_by_finger(page, *path):
    session = page.context.new_cdp_session(page)
    kinds = ["touchStart", *["touchMove"] * (len(path) - 1)]
    for kind, (x, y) in zip(kinds, path, strict=True):
        points = [{"x": x, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(100)  # a finger that is thrown makes the next tap stop the throw
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_review_by_touch_alone_written_and_undone(chromium, server, library):
    page = visit(chromium, server, "narrow", "dark")
    first = int(title(page)[5])
    page.locator("#folder").tap()
    until(page, "document.querySelector('#shown').textContent === '3 songs'")
    page.locator("#folder").tap()
    until(page, "document.querySelector('#shown').textContent === '6 songs'")
    at_song(page, first)
    page.locator("#mapped").tap()
    until(page, "document.querySelector('#meaning').textContent.startsWith('The two')")
    page.get_by_role("button", name="Lasso", exact=True).tap()
    around = page.locator("#map canvas").bounding_box()
    left, top = around["x"] + 8, around["y"] + 8
    right, bottom = left + around["width"] - 16, top + around["height"] - 16
    drag_by_finger(page, (left, bottom), (right, bottom), (right, top), (left + 1, top))
    until(page, "document.querySelector('#shown').textContent === '6 songs selected'")
    page.locator("#none").tap()
    page.locator("#mapped").tap()
    page.locator("#play").tap()
    until(page, "document.querySelector('#play').ariaLabel === 'Pause'")
    page.locator("#answers button").nth(1).tap()
    eventually(page, lambda: len(decided(library).get(first, ())) == 1)
    second = int(title(page)[5])
    at_song(page, second)
    page.locator("#adding").tap()
    page.locator("#answers button").nth(0).tap()
    page.locator("#answers button").nth(2).tap()
    eventually(page, lambda: len(decided(library).get(second, ())) == 2)
    page.locator("#undo").tap()
    eventually(page, lambda: len(decided(library).get(second, ())) == 1)
    page.locator("#several").tap()
    for number in (2, 3):
        page.locator(".row", has_text=f"song {number}.wav").tap()
    page.get_by_text("2 songs selected").wait_for()
    page.locator("#nomusic").tap()
    eventually(page, lambda: decided(library).get(3) == ())
    page.select_option("#state", "decided")
    until(page, "document.querySelectorAll('.row').length >= 3")

    page.locator("#write").tap()
    button = page.locator("#do-write")
    button.wait_for()
    count = sum(bool(genres) for genres in decided(library).values())
    assert button.inner_text() == f"Write {count} genre{'s' * (count != 1)}"
    button.tap()
    page.locator("#un-write").wait_for()
    songs = {int(path.stem[5]): path for path in library.parent.rglob("*.wav")}
    assert read_genres(songs[first])[0].lower() == decided(library)[first][0]
    page.locator("#un-write").tap()
    page.get_by_text("as before").wait_for()
    assert read_genres(songs[first]) == []
    assert page.complaints == []
    page.context.close()


def test_a_folder_is_reviewed_as_it_is_heard(chromium, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_library(tmp_path, 4, 12.0)
    with run_page(tmp_path, "music", "-r", "--model", "genre-small", page="review") as running:
        page = visit(chromium, running)  # which begins without a song, and is not loaded again
        page.keyboard.press("1")
        until(page, "document.querySelector('#shown').textContent === '4 songs'")
        until(page, "document.querySelector('#hearing').hidden")
        made = tmp_path / "music.decisions.jsonl"
        eventually(page, lambda: made.exists() and len(read_decisions(made)) == 1)
        until(page, "document.querySelector('#evidence').naturalWidth > 500")
        page.keyboard.press("e")
        assert not page.locator("#evidence").is_visible()
        assert page.complaints == []
        page.context.close()


def test_songs_are_played_selected_and_decided_on_the_map(chromium, server, library):
    page = visit(chromium, server)
    first = int(title(page)[5])
    page.keyboard.press("m")
    page.get_by_text("The two directions").wait_for()
    canvas = page.locator("#map canvas")
    assert canvas.evaluate("canvas => canvas === document.activeElement")
    corner = canvas.bounding_box()
    seen = {first}
    for way in ("Right", "Down", "Left", "Up"):
        for _ in range(3):
            page.keyboard.press(f"Arrow{way}")
            seen.add(int(title(page)[5]))
    assert len(seen) > 2
    until(page, "document.querySelector('#play').ariaLabel === 'Pause'")

    for shape in ("Rectangle", "Lasso"):
        page.get_by_role("button", name=shape, exact=True).click()
        left, top = corner["x"] + 4, corner["y"] + 4
        right, bottom = left + corner["width"] - 8, top + corner["height"] - 8
        path = [(left, bottom)]
        if shape == "Lasso":
            path = [(right, bottom), (left, bottom), (left, top + 50), (left + 500, top)]
        page.mouse.move(right, top)
        page.mouse.down()
        for x, y in path:
            page.mouse.move(x, y, steps=4)
        page.mouse.up()
        page.get_by_text("6 songs selected").wait_for(timeout=9000)
        page.keyboard.press("a")
        page.get_by_text("6 songs", exact=True).wait_for()
    page.keyboard.press("Shift+ArrowRight")
    page.get_by_text("1 song selected").wait_for()
    chosen = int(title(page)[5])
    at_song(page, chosen)
    page.keyboard.press("n")
    eventually(page, lambda: decided(library) == {chosen: ()})
    page.get_by_role("button", name="All", exact=True).click()
    page.keyboard.press("m")
    assert page.locator("#list").is_visible()
    assert all("404" in one for one in page.complaints)  # of the picture that there cannot be
    page.context.close()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """A page for several visitors."""
    folder = tmp_path_factory.mktemp("lasting")
    with run_page(folder, str(make_library(folder)), page="review") as running:
        yield running


def test_how_right_the_model_was_is_told_with_an_interval(chromium, lasting):
    page = visit(chromium, lasting)
    told = "(async () => (await import('/judged.js')).toldRight(21, 54))()"
    assert page.evaluate(told) == (  # Wilson's interval: 27.0 to 52.2%
        "of the 54 unsure answers that you judged, 39% were right (27 to 52%)"
    )
    assert page.locator("#right").inner_text() == ""  # of six songs there is none
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing(chromium, lasting, axe, screen, scheme):
    page = visit(chromium, lasting, screen, scheme)
    look = f"(async () => {{ {axe}; return (await axe.run()).violations; }})()"
    session = page.context.new_cdp_session(page)  # the page's policy lets no script be added

    def violations():
        found = session.send(
            "Runtime.evaluate", {"expression": look, "awaitPromise": True, "returnByValue": True}
        )
        return [
            (one["id"], [node["html"] for node in one["nodes"]]) for one in found["result"]["value"]
        ]

    assert violations() == []
    page.locator("#answers button").nth(1).click()
    page.locator(".decided").first.wait_for()
    assert violations() == []
    page.locator("#write").click()
    page.locator("#do-write").wait_for()
    assert violations() == []
    page.locator("#close-write").click()
    page.locator("#mapped").click()
    page.locator("#map canvas").wait_for()
    assert violations() == []
    wide = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(wide)
    page.context.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_what_is_decided_while_the_server_is_gone_is_sent_again(chromium, library, tmp_path):
    assert find_chromium()
    with run_page(tmp_path, str(library), page="review") as running:
        page = visit(chromium, running)
        first = int(title(page)[5])
        running.process.send_signal(signal.SIGSTOP)
        page.keyboard.press("1")
        page.wait_for_timeout(200)
        assert decided(library) == {}
        running.process.send_signal(signal.SIGCONT)
        eventually(page, lambda: first in decided(library))
        running.process.send_signal(signal.SIGKILL)
        running.process.wait()
        page.keyboard.press("1")
        page.get_by_text("will be sent again").wait_for()
        page.context.close()
    lines = library.with_name("library.decisions.jsonl").read_text().splitlines()
    assert [len(json.loads(line)["songs"]) for line in lines] == [1]
    assert Path(library).exists()
