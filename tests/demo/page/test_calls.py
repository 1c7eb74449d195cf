"""Only what the page can answer reaches it; all else is told why not."""

import pytest

pytest.importorskip("gradio", reason="needs the demo extra")
from melonnx.demo.page.calls import refusal
from melonnx.demo.page.layout import build_page
from melonnx.demo.page.limits import Limits
from melonnx.demo.page.models import Choice

MODEL = "genre-small"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return build_page(Choice(), Limits(), tmp_path_factory.mktemp("uploads"))


def file(path="x"):
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def number(page, name):
    return next(key for key, one in page.fns.items() if one.api_name == name)


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        ("call/classify", {"data": [file(), MODEL, 90]}),
        ("call/classify/", {"data": [None, None, None]}),
        ("call/classify", {"data": [file() | {"orig_name": "a", "size": 3}, MODEL, 80]}),
        ("call/picture", {"data": [file(), "all", MODEL, True, 95, "rock"]}),
        ("call/explain", {"data": [file(), "any text", MODEL, 90]}),
        ("call/v2/classify", {"song": file(), "model": MODEL}),
        ("cancel", {"session_hash": "x", "fn_index": 9999, "event_id": "x"}),
        ("login", ["anything"]),
    ],
)
def test_what_can_be_answered_passes(page, call, asked):
    assert refusal(page, call, asked) is None


def test_browser_passes(page):
    for name, data in (
        ("show", [file(), MODEL, 90, "light wide", False, []]),
        ("show", [None, MODEL, None, None, None, None]),
        ("ask", [file(), MODEL, "", "polka", None]),
        ("show_table", [[file(), file()], MODEL, 80, ["rock"]]),
        ("show_table", [None, MODEL, None, []]),
    ):
        asked = {"data": data, "fn_index": number(page, name), "session_hash": "x"}
        assert refusal(page, "queue/join", asked) is None, name
    for wrong in ("rock", ["polka"], [3], {}):
        data = [file(), MODEL, 90, "", False, wrong]
        asked = {"data": data, "fn_index": number(page, "show"), "session_hash": "x"}
        assert refusal(page, "queue/join", asked) == (422, "value 6 must be a list of its choices")


@pytest.mark.parametrize(
    ("call", "asked", "status", "reason"),
    [
        ("call/polka", {"data": []}, 404, "no such function"),
        ("run/0", {"data": []}, 404, "no such function"),
        ("call/v2/polka", {}, 404, "no such function"),
        ("queue/join", {"data": [], "fn_index": 9999}, 404, "no such function"),
        ("queue/join", {"data": [], "fn_index": -1}, 404, "no such function"),
        ("queue/join", {"data": [], "fn_index": "0"}, 404, "no such function"),
        ("queue/join", {"data": []}, 404, "no such function"),
        ("call/classify", [1, 2], 422, "a JSON object"),
        ("call/classify", {}, 422, "a list of 3"),
        ("call/classify", {"data": "xy"}, 422, "a list of 3"),
        ("call/classify", {"data": [None]}, 422, "a list of 3"),
        ("call/classify", {"data": [None] * 4}, 422, "a list of 3"),
        ("call/classify", {"data": [5, MODEL, 90]}, 422, "value 1 must be an uploaded file"),
        ("call/classify", {"data": [{"path": "x"}, MODEL, 90]}, 422, "an uploaded file"),
        (
            "call/classify",
            {"data": [file(), "polka", 90]},
            422,
            "value 2 must be one of its choices, which 'polka' is not",
        ),
        ("call/classify", {"data": [file(), {"a": [1]}, 90]}, 422, "value 2 must be one of"),
        ("call/picture", {"data": [file(), "mel", MODEL, "yes", 90, ""]}, 422, "true or false"),
        ("call/explain", {"data": [file(), ["a"], MODEL, 90]}, 422, "value 2 must be text"),
        ("call/v2/classify", {"song": file(), "polka": 1}, 422, "parameters are song, model"),
        ("call/classify", {"data": [file(), MODEL, "90"]}, 422, "value 3 must be a number"),
        ("call/classify", {"data": [file(), MODEL, True]}, 422, "value 3 must be a number"),
        ("call/v2/classify", {"data": []}, 422, "parameters are song, model"),
        ("call/v2/classify", {"song": 5, "model": MODEL}, 422, "an uploaded file"),
        ("call/classify", {"data": [None] * 3, "batched": True}, 422, "batched"),
    ],
)
def test_what_cannot_is_told_why(page, call, asked, status, reason):
    refused = refusal(page, call, asked)
    assert refused is not None
    assert refused[0] == status
    assert reason in refused[1]


def test_results_have_names(page):
    """Not ``value_40``, which is another one with each component."""
    endpoints = page.get_api_info()["named_endpoints"].items()
    names = {name: [one["label"] for one in told["returns"]] for name, told in endpoints}
    assert names == {
        "/classify": ["answer"], "/picture": ["picture"], "/explain": ["explanation"]
    }  # fmt: skip
