"""Words each part of a report as Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from melonnx.train.evaluate.robustness import CorruptionScore
from melonnx.train.evaluate.scores import Report
from melonnx.train.evaluate.source_probe import SourceReport

__all__ = [
    "calibration_section",
    "corruption_section",
    "genre_section",
    "metal_section",
    "score_section",
    "source_section",
]

_FEW_SONGS = 10
_CONFUSIONS = 10
_SPLITS = {
    "artist": "artists parted",
    "official": "official split",
    "random": "random split (**flatters**: artists leak)",
    "": "these songs",
}


def score_section(scores: Report, split: str, random: Mapping[str, Any] | None) -> str:
    """Headline figures beside those of a random split and of the majority answer."""
    own = scores.to_dict()
    columns = [(_SPLITS[split], own)]
    if random is not None:
        columns.append((_SPLITS["random"] + ", another training", dict(random)))
    songs = {label: score.songs for label, score in scores.genres.items()}
    commonest = max(songs, key=lambda label: songs[label])
    falling = sorted(songs.values(), reverse=True)
    share = scores.majority_baseline
    f1 = 2 * share / (1 + share) / np.count_nonzero(falling)
    rows = [
        ("songs", [str(c["songs"]) for _, c in columns], str(scores.songs)),
        (
            "accuracy" + ", first genre only" * scores.has_several,
            [_share(c, "accuracy") for _, c in columns],
            f"{share:.1%}",
        ),
        *_accepted_rows(scores, [c for _, c in columns]),
        ("macro-F1", [_macro_f1(c) for _, c in columns], f"{f1:.3f}"),
        *(
            [
                (
                    "right answer among the top 3",
                    [f"{c['top3_accuracy']:.1%}" for _, c in columns],
                    f"{sum(falling[:3]) / scores.songs:.1%}",
                )
            ]
            if len(scores.labels) > 3  # of three, one of three is always right
            else []
        ),
        ("always the commonest genre", [f"{c['majority_baseline']:.1%}" for _, c in columns], ""),
        ("expected calibration error", [f"{c['ece']:.1%}" for _, c in columns], ""),
        ("answers not marked unsure", [f"{c['sure_share']:.1%}" for _, c in columns], ""),
        ("of those, right", [f"{c['sure_accuracy']:.1%}" for _, c in columns], ""),
    ]
    rows += [
        (
            f"accuracy with {' and '.join(merged.genres)} as one",
            [_share_of_merged(c, merged.genres) for _, c in columns],
            "",
        )
        for merged in scores.merged
    ]
    if scores.subgenres is not None:
        below = own["subgenres"]
        empty = [""] * (len(columns) - 1)
        rows.append(("sub-genre accuracy", [_share(below, "accuracy"), *empty], ""))
        rows.append(("sub-genre macro-F1", [_macro_f1(below), *empty], ""))
    table = _table(
        ["", *(name for name, _ in columns), f'always "{commonest}"'],
        ([name, *values, baseline] for name, values, baseline in rows),
    )
    note = {
        "artist": "No known artist of these songs was heard in training.",
        "official": "The split is the data set's own; the model's own line above says whether it "
        "parts artists.",
        "random": "Artists are in training and test: **these figures flatter**.",
        "": "The songs are all of the folder. Whether the model has learnt from some of them is "
        "said above; whether from others of their artists is not known, and would flatter, too.",
    }[split]
    return f"## Scores\n\n{table}\n\n{note}"


def _accepted_rows(
    scores: Report, columns: Sequence[Mapping[str, Any]]
) -> list[tuple[str, list[str], str]]:
    if not scores.has_several:
        return []

    def cell(figures: Mapping[str, Any], name: str) -> str:
        return f"{figures[name]:.3f}" if name in figures else ""

    return [
        (
            "accuracy, any right genre accepted",
            [_share(c, "accepted") if "accepted" in c else "" for c in columns],
            "",
        ),
        *(
            (
                f"accepted, {name} ({one.songs} songs)",
                [f"{one.accepted:.1%}", *[""] * (len(columns) - 1)],
                "",
            )
            for name, one in scores.folders.items()
        ),
        ("accepted, mean recall", [cell(c, "accepted_recall") for c in columns], ""),
    ]


def genre_section(scores: Report, bars: Mapping[str, float]) -> str:
    """Precision and recall by genre, and the confusion matrix."""
    several = scores.has_several
    table = _table(
        [
            "genre",
            "precision",
            "recall",
            *(["accepted"] if several else []),
            "songs",
            "unsure below",
            "sure answers",
            "of those, right",
        ],
        (
            [
                label + (" *" if score.songs <= _FEW_SONGS else ""),
                f"{score.precision:.2f}",
                f"{score.recall:.2f}",
                *([f"{score.accepted_recall:.2f}"] if several else []),
                str(score.songs),
                f"{bars.get(label, 0.0):.2f}",
                str(score.sure_answers),
                str(score.sure_right),
            ]
            for label, score in scores.genres.items()
        ),
    )
    counts = [
        (number, scores.labels[row], scores.labels[column])
        for row, numbers in enumerate(scores.mistakes)
        for column, number in enumerate(numbers)
        if number
    ]
    worst = sorted(counts, key=lambda entry: (-entry[0], entry[1:]))[:_CONFUSIONS]
    wrong = ", ".join(f"{true} taken for {answer} ({number})" for number, true, answer in worst)
    few = any(score.songs <= _FEW_SONGS for score in scores.genres.values())
    parts = [
        "## Genres",
        table,
        f"\\* {_FEW_SONGS} songs or fewer: hints, not figures." if few else "",
        "![Confusion matrix: a row is a true genre](confusion.png)",
        f"Commonest mistakes: {wrong}." if wrong else "No mistakes.",
    ]
    return "\n\n".join(part for part in parts if part)


def calibration_section(scores: Report, temperature: float) -> str:
    """How far scores can be believed."""
    table = _table(
        ["score", "songs", "mean score", "right"],
        (
            [f"{b.low:.2f} to {b.high:.2f}", str(b.songs), f"{b.score:.1%}", f"{b.accuracy:.1%}"]
            for b in scores.reliability
        ),
    )
    return (
        f"## Calibration\n\nThe expected calibration error (ECE; top answer, 15 equally wide bins, "
        f"Guo et al. 2017) is **{scores.ece:.1%}**. On {scores.songs} songs a model whose scores "
        f"were all true would show {scores.ece_if_calibrated:.1%} by chance. The temperature in "
        f"the file, {temperature:.2f}, was fitted on validation data.\n\n"
        f"![Reliability diagram: accuracy by score](reliability.png)\n\n{table}"
    )


def corruption_section(corruptions: Sequence[CorruptionScore]) -> str:
    """Accuracy under each corruption."""
    unanswered = any(score.unanswered for score in corruptions)
    table = _table(
        [
            "songs are", "accuracy", "change, points", "95% of the change", "other answer",
            *(["no answer"] if unanswered else []),
        ],
        (
            [
                score.name,
                f"{score.accuracy:.1%}",
                f"{score.change_points:+.1f}",
                f"{score.change_interval[0]:+.1f} to {score.change_interval[1]:+.1f}",
                f"{score.changed_share:.1%}",
                *([str(score.unanswered)] if unanswered else []),
            ]
            for score in corruptions
        ),
    )  # fmt: skip
    return (
        "## Changed audio\n\nThe same songs, decoded once and mixed to mono at the model's rate, "
        "changed and classified again. A gain changes the level only; in 16 bits it also rounds. "
        "The limiter takes the song at full scale, raises it and holds its peaks down (5 ms of "
        "look-ahead). The mp3s are encoded from the decoded song at that constant bit rate, in "
        "mono at the model's sample rate, on top of the codec that it came in. A song shorter "
        "than a length is whole. A song without an answer counts as wrong.\n\n"
        f"![Accuracy under each change](conditions.png)\n\n{table}"
    )


def metal_section(corruptions: Sequence[CorruptionScore]) -> str:
    """Rock and metal by level; empty where the model does not tell both."""
    rows = [(s.name, s.metal) for s in corruptions if s.family in ("level", "limiter") and s.metal]
    if not rows:
        return ""
    table = _table(
        ["songs are", "rock taken for metal", "metal taken for rock", "others taken for metal"],
        (
            [
                name,
                f"{metal.rock_as_metal} of {metal.rock_songs}",
                f"{metal.metal_as_rock} of {metal.metal_songs}",
                f"{metal.others_as_metal} of {metal.other_songs}",
            ]
            for name, metal in rows
        ),
    )
    return (
        "## Is loud metal?\n\nBefore (unchanged) and after a change of level or a limiter, which "
        f"makes a song as loud as a modern master:\n\n{table}"
    )


def source_section(report: SourceReport | None) -> str:
    """Whether the embeddings know the collection; empty where no sources are named."""
    if report is None:
        return ""
    by_source = _table(
        ["source", "songs", "accuracy (genre)"],
        ([name, str(s.songs), f"{s.accuracy:.1%}"] for name, s in report.sources.items()),
    )
    head = f"## Sources\n\n{by_source}\n\n"
    if report.balanced_accuracy is None:
        return (
            head + "The source test could not be made: no genre has five songs, of two artists or "
            "blocks or more, from each of two sources."
        )
    table = _table(
        ["genre", "songs", "source told right (balanced accuracy)", "chance"],
        (
            [
                genre,
                ", ".join(f"{name} {number}" for name, number in test.songs.items()),
                f"{test.balanced_accuracy:.2f} ({test.interval[0]:.2f} to {test.interval[1]:.2f})",
                f"{test.chance:.2f}",
            ]
            for genre, test in report.genres.items()
        ),
    )
    return (
        f"{head}Do the embeddings tell the collection? Within each genre that several sources "
        "have, a logistic regression on the embeddings, cross-validated over artists, tells the "
        f"source with a balanced accuracy of **{report.balanced_accuracy:.2f}** (chance: "
        f"{report.chance:.2f}), mean over genres weighted by songs. More than chance may be codec "
        "and bandwidth, or the music itself, which is by other artists in each source.\n\n"
        f"{table}"
    )


def _share(figures: Mapping[str, Any], name: str) -> str:
    low, high = figures[f"{name}_interval"]
    return f"**{figures[name]:.1%}** ({low:.1%} to {high:.1%})"


def _macro_f1(figures: Mapping[str, Any]) -> str:
    low, high = figures["macro_f1_interval"]
    return f"**{figures['macro_f1']:.3f}** ({low:.3f} to {high:.3f})"


def _share_of_merged(figures: Mapping[str, Any], genres: Sequence[str]) -> str:
    for merged in figures.get("merged", ()):
        if set(merged["genres"]) == set(genres):
            return _share(merged, "accuracy")
    return ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
