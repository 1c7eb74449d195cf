"""Visitors that have gone are forgotten; those that wait are not."""

import asyncio
import os
from types import SimpleNamespace

import pytest

pytest.importorskip("gradio", reason="needs the demo extra")
from melonnx.demo.page.layout import build_page
from melonnx.demo.page.limits import Limits
from melonnx.demo.page.models import Choice
from melonnx.demo.page.visitors import forget, forget_files, forgetting


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build_page(Choice(), Limits(), tmp_path_factory.mktemp("uploads"))


@pytest.fixture
def page(built):
    yield built
    queue = built._queue
    for memory in (
        queue.pending_messages_per_session, queue.pending_event_ids_session,
        queue.event_ids_to_events,
    ):  # fmt: skip
        memory.clear()
    queue.server_app = None


def come(page, session, *events, answers=1):
    """A visitor with ``events``, for whom messages lie there."""
    page._queue.pending_messages_per_session[session] = ["message"] * answers
    page._queue.pending_event_ids_session[session] = set(events)


def remembered(page):
    queue = page._queue
    assert queue.pending_messages_per_session.keys() == queue.pending_event_ids_session.keys()
    return set(queue.pending_messages_per_session)


def test_who_has_the_answer_is_forgotten_at_once(page):
    come(page, "done", answers=0)
    forget(page, {}, 0.0)
    assert remembered(page) == set()


def test_unread_answer_waits_a_minute_after_the_work(page):
    come(page, "slow", "event")
    page._queue.event_ids_to_events["event"] = object()
    unread = {}
    forget(page, unread, 0.0)
    forget(page, unread, 1000.0)
    assert remembered(page) == {"slow"}
    del page._queue.event_ids_to_events["event"]
    forget(page, unread, 1001.0)
    forget(page, unread, 1060.0)
    assert remembered(page) == {"slow"}
    forget(page, unread, 1062.0)
    assert remembered(page) == set()
    assert unread == {}


def test_who_comes_back_waits_anew(page):
    come(page, "back", "first")
    unread = {}
    forget(page, unread, 0.0)
    come(page, "back", "first", "second")
    page._queue.event_ids_to_events["second"] = object()
    forget(page, unread, 59.0)
    del page._queue.event_ids_to_events["second"]
    forget(page, unread, 61.0)
    assert remembered(page) == {"back"}


def test_session_without_messages_is_forgotten(page):
    page._queue.pending_event_ids_session["pushed out"] = {"event"}
    forget(page, {}, 0.0)
    assert page._queue.pending_event_ids_session == {}


def test_cancelled_events_are_forgotten(page):
    page._queue.server_app = SimpleNamespace(iterators_to_reset={"at work", "gone"})
    page._queue.event_ids_to_events["at work"] = object()
    forget(page, {}, 0.0)
    assert page._queue.server_app.iterators_to_reset == {"at work"}


def test_old_files_are_removed_and_paths_of_removed_ones_forgotten(page, tmp_path):
    new, old, gone = tmp_path / "new", tmp_path / "old", tmp_path / "gone"
    new.touch()
    old.touch()
    os.utime(old, (1, 1))
    paths = page.temp_file_sets[-1]
    paths.update(map(str, (new, old, gone, tmp_path)))
    forget_files(page, 3600)
    assert paths == {str(new), str(tmp_path)}
    assert new.exists()
    assert not old.exists()
    paths.clear()


def test_files_go_when_the_page_does(page, tmp_path):
    song = tmp_path / "song"
    song.touch()

    async def serve():
        async with forgetting(page, 0.02):
            page.upload_file_set.add(str(song))
            while song.exists():
                await asyncio.sleep(0.01)
            song.touch()
            page.upload_file_set.add(str(song))

    asyncio.run(serve())
    assert not song.exists()
    assert page.upload_file_set == set()


def test_gradio_keeps_no_record_of_requests(page):
    """Its names are misspelt, and may be mended."""
    queue = page._queue
    assert queue.ANALYTICS_MAX_EVENTS == 1
    queue.events_recorded = 50_000
    assert queue.compute_analytics_summary([{"function": "x"}]) == {"functions": {}}
    assert page.state_session_capacity == 40 + 2 + 16
