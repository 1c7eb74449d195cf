"""The live display fits its terminal, and lines say what JSON says."""

import json

from melonnx.infer import Prediction
from melonnx.infer.cli.live import Display, print_stream_lines, printable
from melonnx.infer.explain.stretches import Stretches

GENRES = ("rock", "pop", "a genre with a name that is far too long for its column")


def answers(n_hops):
    for hop in range(1, n_hops + 1):
        label = GENRES[hop % 3]
        answer = Prediction(
            "radio", label=label, score=0.6, unsure=True, start_s=0.0, duration_s=3.0 * hop,
            probabilities={label: 0.6, "jazz": 0.4}, subgenre="x > y", subgenres={"x > y": 0.3},
        )  # fmt: skip
        yield answer.end_s, [answer]
    yield 3.0 * n_hops + 1, []


def test_every_line_fits_and_the_height_is_bounded(capsys, monkeypatch):
    for width in (20, 40, 100):
        monkeypatch.setenv("COLUMNS", str(width))
        with Display("a very long name of a radio station" * 4, GENRES, top=4) as display:
            display.show(answers(300), Stretches())
            lines = display._console.render_lines(display._picture())
        assert len(lines) == 2 + 4 + 1 + 1 + 6
        assert all(sum(segment.cell_length for segment in line) <= width for line in lines)
        assert len(display._hops) <= 200
    assert "15:01" in capsys.readouterr().out


def test_what_is_no_music_has_no_bars(monkeypatch, capsys):
    answer = Prediction(
        "radio", label="rock", score=0.9, probabilities={"rock": 0.9}, start_s=0.0,
        duration_s=3.0, warnings=("does not sound like music (0.01): speech, noise or effects?",),
    )  # fmt: skip
    with Display("radio", GENRES, top=2) as display:
        display.show([(3.0, [answer])], Stretches())
    shown = capsys.readouterr().out
    assert "no music" in shown
    assert "90%" not in shown


def test_a_name_gives_a_terminal_no_orders():
    assert printable("Motörhead - a\x1b[31m\nb.mp3") == "Motörhead - a\\x1b[31m\\nb.mp3"


def test_lines_and_json_say_the_same(capsys):
    silent = Prediction("radio", status="silent", error="…", start_s=9.0, duration_s=3.0)
    heard = [*answers(3), (12.0, [silent])]
    lines, rows = Stretches(), Stretches()
    print_stream_lines(heard, lines, 1, as_json=False)
    shown = capsys.readouterr().out.splitlines()
    print_stream_lines(heard, rows, 1, as_json=True)
    printed = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert shown[0] == "3.0\tpop\t0.6000\tunsure\tx > y\t0.3000"
    assert shown[3] == "12.0\tsilent"
    assert [row["end_s"] for row in printed] == [3, 6, 9, 12]
    assert printed[3]["status"] == "silent"
    assert lines.summary() == rows.summary()


def test_mood_and_tags_are_a_line_of_their_own_where_the_model_tells_them(capsys, monkeypatch):
    from dataclasses import replace

    (_, (plain,)), _ = answers(1)
    moody = replace(plain, energy=0.9, valence=0.8, tags={"house": 0.9}, said=("house",))
    talk = replace(moody, warnings=("does not sound like music (0.01)",))
    monkeypatch.setenv("COLUMNS", "100")
    heights = []
    for heard in ([plain], [moody], [moody, talk]):
        with Display("radio", GENRES, top=2) as display:
            display.show([(3.0, heard)], Stretches())
            heights.append(len(display._console.render_lines(display._picture())))
        shown = capsys.readouterr().out
        assert ("happy (energy 90%, valence 80%); house" in shown) == (heard == [moody])
    assert heights == [heights[0], heights[0] + 2, heights[0] + 3]  # of two stretches, the last
