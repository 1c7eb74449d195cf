"""Conditions: what they mean, and one line for each that cannot be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from melonnx.infer.errors import ConditionError
from melonnx.infer.prediction import Prediction
from melonnx.infer.results.where import (
    COLUMNS,
    All,
    Comparison,
    Not,
    Some,
    columns_of,
    holds,
    parse_where,
    require_genres,
    require_tags,
)
from tests.conftest import examples

SONG = Prediction(
    "a/Song.mp3", label="hiphop", score=0.8, music=0.9, duration_s=200, energy=0.2, valence=0.9,
    tags={"alternative rock": 0.9, "mellow": 0.7, "instrumental": 0.6, "80s": 0.5, "sad": 0.1},
    said=("alternative rock", "mellow", "instrumental", "80s"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "is_true"),
    [
        ("energy<0.3 and voice=instrumental", True),
        ("energy<.3 and voice='male vocalists'", False),
        ("ENERGY >= 20%", True),
        ("energy<=.2", True),
        ("energy != 0.2", False),
        ("genre=Hip-Hop", True),
        ("label!=rock", True),
        ('style="Alternative  Rock"', True),
        ("styles != house", True),
        ("styles != 'alternative rock'", False),
        ("mood=calm", True),
        ("mood=mellow", True),
        ("mood=sad", False),
        ("era=80s and not era=90s", True),
        ("not energy>.5 and valence>.5", True),
        ("not (energy>.5 or valence>.5)", False),
        ("genre=rock or genre=hiphop and score>.9", False),
        ("(genre=rock or genre=hiphop) and score>.5", True),
        ("unsure=no", True),
        ("unsure==true", False),
        ("seconds>180 and music>.5", True),
        ("duration_s<+1e", None),
        ("path='a/song mp3'", True),
    ],
)
def test_what_a_condition_means(condition, is_true):
    if is_true is None:
        with pytest.raises(ConditionError):
            parse_where(condition)
    else:
        assert holds(parse_where(condition), SONG) is is_true


def test_it_is_a_tree_of_plain_values():
    assert parse_where("a=b".replace("a", "genre")) == Comparison("genre", "=", "b")
    tree = parse_where("not unsure=yes and (energy<30% or styles=house)")
    assert tree == All(
        (
            Not(Comparison("unsure", "=", True)),
            Some((Comparison("energy", "<", 0.3), Comparison("style", "=", "house"))),
        )
    )
    assert columns_of(tree) == {"unsure", "energy", "style"}


def test_what_a_song_lacks_meets_no_comparison():
    bare = Prediction("a", label="rock", score=0.5)
    for column in ("energy", "valence", "music", "seconds"):
        assert not holds(parse_where(f"{column}<2 or {column}>=2 or {column}!=2"), bare)
    assert not holds(parse_where("mood=calm or mood!=calm"), bare)
    assert holds(parse_where("not mood=calm"), bare)
    assert not holds(parse_where("mood=sad"), Prediction("a", energy=0.5, valence=0.5))
    assert holds(parse_where("mood!=sad"), Prediction("a", energy=0.5, valence=0.5))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("", "a column is expected, not the end; there are path, genre, "),
        ("energi<1", "energi is no column; there are path, genre, .*, did you mean energy"),
        ("os.system=1", "os.system is no column"),
        ("__class__=1", "__class__ is no column"),
        ("energy", "= != < <= > or >= behind energy is expected, not the end"),
        ("energy 1", 'behind energy is expected, not "1"'),
        ("energy<", "a value behind energy< is expected"),
        ("energy<and", '"and" is none'),
        ("energy<loud", 'energy is a number, and "loud" is none'),
        ("energy=nan", "is a number"),
        ("energy=1e9", "is a number"),
        ("style=alternative rock", 'not "rock"; a text of several words stands in quotes'),
        ("style<house", "style is no number: it goes with = and !=, not with <"),
        ("voice=instrumentl", "is no voice; there are .*, did you mean instrumental"),
        ("mood=angry", "is no mood; there are happy, tense, sad, calm, mellow"),
        ("unsure=maybe", "unsure is yes or no"),
        ("(energy<1", '"\\)" is expected, not the end'),
        ("energy<1)", 'or the end is expected, not "\\)"'),
        ("energy<1 & score>1", 'not "&"'),
        ("genre='rock", "a quote is not closed"),
        ("=1", "a column is expected"),
        ("(" * 60 + "energy<1" + ")" * 60, "more than 50 brackets"),
        ("not " * 60 + "energy<1", "more than 50 brackets"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_says_what_can(condition, message):
    with pytest.raises(ConditionError, match=message) as caught:
        parse_where(condition)
    assert str(caught.value).startswith("--where: ")
    assert "\n" not in str(caught.value)


_PARTS = st.sampled_from(
    [
        *(*COLUMNS, "and", "or", "not", "(", ")", "=", "<", ">=", "!="),
        *("0.5", "30%", "rock", "'", '"a b"'),
    ]
)


@examples(100)
@given(st.one_of(st.text(), st.lists(_PARTS, max_size=12).map(" ".join)))
def test_any_text_is_a_condition_or_one_of_these_lines(text):
    try:
        condition = parse_where(text)
    except ConditionError:
        return
    assert holds(condition, SONG) in {True, False}
    assert holds(Not(condition), SONG) is not holds(condition, SONG)
    assert columns_of(condition) <= COLUMNS.keys()


def test_a_genre_that_is_not_there_is_named_with_those_that_are():
    condition = parse_where("genre=Hip-Hop or not genre=rokc")
    require_genres(parse_where("genre=Hip-Hop"), ["hiphop"])
    with pytest.raises(ConditionError, match="are hiphop, rock, did you mean rock"):
        require_genres(condition, ["rock", "hiphop", "rock"])


def test_a_word_that_the_model_never_says_is_named_with_those_that_it_says():
    tags = ["House", "mellow", "Own word"]
    require_tags(parse_where("style=house or mood=Mellow and mood!=calm and genre=polka"), tags)
    with pytest.raises(ConditionError, match=r'"punk" is no style that the model tells; .* house$'):
        require_tags(parse_where("not style=punk"), tags)
